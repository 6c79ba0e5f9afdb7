// avro_reader_test.cpp - the reader takes what is legal, names what is not, and believes nothing it has not
// checked: no defect of a file crashes it or makes it take more memory than the file has bytes for.
#include "format/avro/reader.hpp"

#include <gtest/gtest.h>

#include "allocators.hpp"
#include "avro_files.hpp"
#include "avro_rows.hpp"
#include "base/error.hpp"

using namespace spout;
using namespace spout::test;

namespace
{
const std::string kLong = with_field("\"long\"");

// Formats, section 3: five rows 0..4 in one block, snappy.
std::string golden()
{
    return header(kLong, "snappy") + unhex("0a 16 05 10 00 02 04 06 08 33 a3 b8 fe") + kSync;
}

struct Defect {
    const char *why; // what the message must hold
    std::string file;
};

void expect_defects(const std::vector<Defect> &defects)
{
    for (auto &d : defects) {
        Verdict v = read_back(d.file);
        EXPECT_TRUE(v.code == Code::corrupt || v.code == Code::limit) << d.why;
        EXPECT_NE(v.message.find(d.why), std::string::npos) << d.why << " / " << v.message;
    }
}
} // namespace

TEST(AvroReader, GoldenFile)
{
    std::string file = golden();
    ASSERT_EQ(file.size(), 149u);
    Verdict v = read_back(file);
    EXPECT_EQ(v.code, Code::ok) << v.message;
    EXPECT_EQ(v.stats.rows, 5u);
    EXPECT_EQ(v.stats.blocks, 1u);
    EXPECT_EQ(v.stats.bytes, 149u);
    EXPECT_EQ(v.stats.raw_bytes, 5u);
    EXPECT_EQ(v.stats.crc32c, 0x3855b512u);
}

TEST(AvroReader, HeaderAloneIsAFileWithoutRows)
{
    Verdict v = read_back(header(kLong));
    EXPECT_EQ(v.code, Code::ok) << v.message;
    EXPECT_EQ(v.stats.rows, 0u);
    EXPECT_EQ(v.stats.bytes, 118u);
    EXPECT_EQ(v.stats.crc32c, 0xdefc8d16u);
}

TEST(AvroReader, HeaderMapInAnyLegalForm)
{
    std::string schema = sized("avro.schema") + sized(kLong);
    std::string more = sized("x") + sized("y");
    std::string data = block(1, number(7));
    // No codec means null; a negative count is followed by a size; a map may come in parts.
    EXPECT_EQ(read_back("Obj\1" + number(1) + schema + '\0' + kSync + data).code, Code::ok);
    EXPECT_EQ(read_back("Obj\1" + number(-1) + number(static_cast<int64_t>(schema.size())) + schema +
                        number(1) + more + '\0' + kSync + data)
                  .code,
              Code::ok);
}

TEST(AvroReader, DefectsOfTheHeader)
{
    std::string good = header(kLong);
    std::string schema = sized("avro.schema") + sized(kLong);
    expect_defects({
        {"file is empty", ""},
        {"not an Avro file", "PAR1" + good},
        {"not an Avro file", "Obj\2" + good.substr(4)},
        {"there is no schema", header({{"avro.codec", "null"}})},
        {"there is no schema", header(std::vector<std::pair<std::string, std::string>>())},
        {"the codec is unknown", header(kLong, "lzo")},
        {"the codec is unknown", header(kLong, "")},
        {"the codec is unknown", header(kLong, "Snappy")},
        {"schema: not valid JSON", header("{")},
        {"schema: type \"foo\" is not defined", header("\"foo\"")},
        {"key \"x\" is given twice", header({{"avro.schema", kLong}, {"x", ""}, {"x", ""}})},
        {"a key is not valid UTF-8", header({{"avro.schema", kLong}, {"\xff", ""}})},
        {"an entry is too long", "Obj\1" + number(1) + number(-1)},
        {"an entry is too long", "Obj\1" + number(1) + number(INT64_MAX)},
        {"an entry is too long", header({{"avro.schema", kLong}, {"x", std::string(3 << 20, ' ')}})},
        {"longer than 1048576 bytes", header(kLong + std::string(1 << 20, ' '))},
        {"number of entries is out of range", "Obj\1" + number(INT64_MIN) + number(0)},
        {"number of entries is out of range", "Obj\1" + number(-1) + number(-1) + schema},
        {"number has more than 64 bits", "Obj\1" + std::string(10, '\xff')},
        {"number has more than 64 bits", "Obj\1" + std::string(9, '\xff') + '\2'},
        {"file ends too early", "Obj\1" + number(INT64_MAX)},
    });
}

TEST(AvroReader, DefectsOfABlock)
{
    std::string h = header(kLong), ok = block(1, number(7));
    std::string wrong = kSync;
    wrong[15] ^= 1;
    std::string snappy = golden();
    snappy[snappy.size() - 17] ^= 1;
    expect_defects({
        {"block 1: is empty", h + block(0, "")},
        {"block 2: is empty", h + ok + block(0, "") + ok},
        {"block 1: number of rows is out of range", h + block(-1, number(7))},
        {"block 1: number of rows is out of range", h + block(INT64_MIN, number(7))},
        {"block 1: number of rows is out of range", h + block(int64_t{1} << 31, number(7))},
        {"block 1: size is out of range", h + number(1) + number(-1) + kSync},
        {"block 1: size is out of range", h + number(1) + number(int64_t{1} << 31) + kSync},
        {"block 2: has bytes after its last row", h + ok + number(1) + number(INT32_MAX) + number(7) + kSync},
        {"block 2: file ends too early", h + ok + number(2) + number(INT32_MAX) + number(7)},
        {"block 1: is not followed by the sync marker", h + number(1) + sized(number(7)) + wrong},
        {"block 2: file ends too early", h + ok + "\x80"},
        {"block 2: number of rows is out of range", h + ok + "\x01"},
        {"block 1: is too small for its number of rows", h + block(2, number(7))},
        {"block 1: has bytes after its last row", h + block(1, number(7) + number(8))},
        {"block 1: row 2, field \"a\": data ends inside a value", h + block(2, number(7) + "\x80")},
        {"block 1: checksum is wrong", snappy},
        {"block 1: is too short for a checksum", header(kLong, "snappy") + block(1, "abc")},
        {"block 1: snappy data is damaged", header(kLong, "snappy") + block(1, "abcdefgh")},
        {"block 1: deflate data is damaged", header(kLong, "deflate") + block(1, "\xff")},
        {"block 1: zstandard data is damaged", header(kLong, "zstandard") + block(1, "\xff")},
        {"block 1: bzip2 data is damaged", header(kLong, "bzip2") + block(1, "\xff")},
        {"block 1: xz data is damaged", header(kLong, "xz") + block(1, "\xff")},
    });
}

namespace
{
// A row of one field, in hexadecimal; an empty `why`: it is legal.
struct Value {
    const char *type, *bytes, *why;
};
constexpr char kDecimal[] = R"({"type":"bytes","logicalType":"decimal","precision":4,"scale":2})";
constexpr char kFixedDecimal[] =
    R"({"type":"fixed","name":"f","size":3,"logicalType":"decimal","precision":4,"scale":2})";
constexpr char kTimeMicros[] = R"({"type":"long","logicalType":"time-micros"})";
constexpr char kTimeMillis[] = R"({"type":"int","logicalType":"time-millis"})";
constexpr char kUuidText[] = R"({"type":"string","logicalType":"uuid"})";
constexpr char kColour[] = R"({"type":"enum","name":"e","symbols":["X","Y"]})";
constexpr char kLongs[] = R"({"type":"array","items":"long"})";
constexpr char kNulls[] = R"({"type":"array","items":"null"})";
constexpr char kNothings[] = R"({"type":"array","items":{"type":"record","name":"n","fields":[]}})";
constexpr char kMap[] = R"({"type":"map","values":["null","long"]})";

const Value kValues[] = {
    {"\"null\"", "", ""},
    {"\"boolean\"", "00", ""},
    {"\"boolean\"", "01", ""},
    {"\"boolean\"", "02", "boolean is neither 0 nor 1"},
    {"\"int\"", "fe ff ff ff 0f", ""},
    {"\"int\"", "ff ff ff ff 0f", ""},
    {"\"int\"", "80 80 80 80 10", "int is out of range"},
    {"\"int\"", "81 80 80 80 10", "int is out of range"},
    {"\"long\"", "ff ff ff ff ff ff ff ff ff 01", ""},
    {"\"long\"", "ff ff ff ff ff ff ff ff ff 02", "more than 64 bits"},
    {"\"long\"", "80 80 80 80 80 80 80 80 80 80 01", "more than 64 bits"},
    {"\"long\"", "80 00", ""}, // longer than needed, and legal
    {"\"float\"", "00 00 c0 7f", ""},
    {"\"float\"", "00 00 c0", "too small"},
    {"\"double\"", "00 00 00 00 00 00 f8 3f", ""},
    {"\"bytes\"", "04 ff 00", ""},
    {"\"bytes\"", "04 ff", "data ends inside a value"},
    {"\"bytes\"", "01", "length is negative"},
    {"\"bytes\"", "fe ff ff ff ff ff ff ff ff 01", "data ends inside a value"},
    {"\"string\"", "04 c3 a9", ""},
    {"\"string\"", "02 00", ""},
    {"\"string\"", "08 f4 8f bf bf", ""},
    {"\"string\"", "02 ff", "not valid UTF-8"},
    {"\"string\"", "02 c3", "not valid UTF-8"},
    {"\"string\"", "04 c0 80", "not valid UTF-8"},
    {"\"string\"", "06 e0 80 80", "not valid UTF-8"},
    {"\"string\"", "06 ed a0 80", "not valid UTF-8"},
    {"\"string\"", "08 f0 80 80 80", "not valid UTF-8"},
    {"\"string\"", "08 f4 90 80 80", "not valid UTF-8"},
    {"\"string\"", "14 61 62 63 64 65 66 67 68 c3 28", "not valid UTF-8"},
    {kUuidText, "02 61", "not a UUID"},
    {kColour, "02", ""},
    {kColour, "04", "index of an enum symbol is out of range"},
    {kColour, "01", "index of an enum symbol is out of range"},
    {"[\"null\",\"long\"]", "00", ""},
    {"[\"null\",\"long\"]", "02 0a", ""},
    {"[\"null\",\"long\"]", "04", "index of a union branch is out of range"},
    {"[\"null\",\"long\"]", "01", "index of a union branch is out of range"},
    {R"({"type":"fixed","name":"f","size":2})", "00 ff", ""},
    {R"({"type":"fixed","name":"f","size":2})", "00", "too small"},
    {kDecimal, "02 00", ""},
    {kDecimal, "00", "decimal has no bytes"},
    {kDecimal, "04 27 0f", ""},                           // 9999
    {kDecimal, "04 27 10", "decimal has more digits"},    // 10000
    {kDecimal, "04 d8 f1", ""},                           // -9999
    {kDecimal, "04 d8 f0", "decimal has more digits"},    // -10000
    {kDecimal, "06 00 27 0f", ""},                        // padded
    {kDecimal, "08 ff ff d8 f1", ""},                     // padded
    {kDecimal, "06 00 80 00", "decimal has more digits"}, // 32768
    {kDecimal, "06 01 00 00", "decimal has more digits"},
    {kDecimal, "06 ff 7f ff", "decimal has more digits"},
    {kFixedDecimal, "00 27 0f", ""},
    {kFixedDecimal, "00 27 10", "decimal has more digits"},
    {kTimeMicros, "fe ff ba dd 83 05", ""},                            // 23:59:59.999999
    {kTimeMicros, "80 80 bb dd 83 05", "time of day is out of range"}, // 24:00
    {kTimeMicros, "01", "time of day is out of range"},
    {kTimeMillis, "fe ef b2 52", ""},
    {kTimeMillis, "80 f0 b2 52", "time of day is out of range"},
    {kLongs, "00", ""},
    {kLongs, "04 02 04 00", ""},
    {kLongs, "02 02 02 04 00", ""}, // in two blocks
    {kLongs, "03 04 02 04 00", ""}, // count -2, two bytes
    {kLongs, "03 02 02 04 00", "size of a block of items is wrong"},
    {kLongs, "03 06 02 04 00", "size of a block of items is wrong"},
    {kLongs, "03 80 01 02 04 00", "size of a block of items is wrong"},
    {kLongs, "03 01 02 04 00", "size of a block of items is out of range"},
    {kLongs, "ff ff ff ff ff ff ff ff ff 01 00 00", "number of items is out of range"}, // INT64_MIN
    {kLongs, "fe ff ff ff ff ff ff ff ff 01 00", "data ends inside a value"},
    {kLongs, "0a 02 00", "data ends inside a value"},
    {kLongs, "04 02 04", "data ends inside a value"},
    {kNulls, "0a 00", ""},
    {kNulls, "fe ff ff ff ff ff ff ff ff 01 00", "number of items is out of range"},
    {kNulls, "80 dd db 01 00", "too much memory"}, // 1.8 million values in five bytes
    {kNothings, "0a 00", ""},
    {kMap, "02 02 61 02 0a 00", ""},
    {kMap, "02 02 ff 02 0a 00", "key of a map is not valid UTF-8"},
    {kMap, "02 01", "length is negative"},
};
} // namespace

TEST(AvroReader, EveryValueIsWalked)
{
    for (const Value &v : kValues) {
        std::string file = header(with_field(v.type)) + block(1, unhex(v.bytes));
        Verdict got = read_back(file);
        if (!*v.why) {
            EXPECT_EQ(got.code, Code::ok) << v.type << ' ' << v.bytes << ' ' << got.message;
            EXPECT_EQ(got.stats.rows, 1u);
            continue;
        }
        EXPECT_TRUE(got.code == Code::corrupt || got.code == Code::limit) << v.type << ' ' << v.bytes;
        EXPECT_NE(got.message.find(v.why), std::string::npos)
            << v.type << ' ' << v.bytes << ' ' << got.message;
    }
}

TEST(AvroReader, MessagesNameThePlaceOfANestedValue)
{
    std::string schema = with_field(
        R"(["null",{"type":"array","items":{"type":"record","name":"l","fields":[{"name":"b","type":"boolean"}]}}])");
    Verdict v = read_back(header(schema) + block(2, unhex("00  02 06 00 01 02 00")));
    EXPECT_EQ(v.message, "block 1: row 2, field \"a[2].b\": boolean is neither 0 nor 1");
}

TEST(AvroReader, ValuesWithoutBytesCannotKeepItBusy)
{
    std::string empty = header(R"({"type":"record","name":"r","fields":[]})");
    Verdict v = read_back(empty + block(1000, ""));
    EXPECT_EQ(v.code, Code::ok) << v.message;
    EXPECT_EQ(v.stats.rows, 1000u);
    EXPECT_EQ(read_back(empty + block(INT32_MAX, "")).code, Code::limit);

    // Types that double 16 times: every row is a byte and 65536 nulls.
    std::string type = "\"null\"", schema;
    for (int i = 0; i < 16; i++)
        type = R"({"type":"record","name":"t)" + std::to_string(i) + R"(","fields":[{"name":"a","type":)" +
               type + R"(},{"name":"b","type":)" + (i ? "\"t" + std::to_string(i - 1) + '"' : "\"null\"") +
               "}]}";
    schema = R"({"type":"record","name":"r","fields":[{"name":"n","type":"int"},{"name":"t","type":)" + type +
             "}]}";
    EXPECT_EQ(read_back(header(schema) + block(1, number(0))).code, Code::ok);
    EXPECT_EQ(read_back(header(schema) + block(100000, std::string(100000, '\0'))).code, Code::limit);
}

TEST(AvroReader, StepsOfReadingMakeNoDifference)
{
    std::string file = golden() + unhex("0a 16 05 10 00 02 04 06 08 33 a3 b8 fe") + kSync;
    Verdict whole = read_back(file);
    EXPECT_EQ(whole.stats.rows, 10u);
    for (size_t step : {1, 2, 3, 7, 64}) {
        Verdict v = read_back(Memory{file, step});
        EXPECT_EQ(v.code, Code::ok) << v.message;
        EXPECT_EQ(v.stats.rows, 10u);
        EXPECT_EQ(v.stats.bytes, file.size());
        EXPECT_EQ(v.stats.crc32c, whole.stats.crc32c);
    }
}

TEST(AvroReader, FailedReadsAreNotCalledDamage)
{
    std::string file = golden();
    for (size_t at = 0; at <= file.size(); at++) {
        Verdict v = read_back(Memory{file, 16, at});
        EXPECT_EQ(v.code, Code::internal) << at;
        EXPECT_EQ(v.message, "read failed") << at;
    }
}

TEST(AvroReader, EveryCutIsSeen)
{
    std::string second = unhex("0a 16 05 10 00 02 04 06 08 33 a3 b8 fe") + kSync;
    std::string first = golden(), file = first + second;
    for (size_t n = 0; n < file.size(); n++) {
        Verdict v = read_back(std::string_view(file).substr(0, n));
        bool between = n == first.size() || n == first.size() - second.size();
        EXPECT_EQ(v.code == Code::ok, between) << n;
    }
}

TEST(AvroReader, EveryFlippedBitIsHarmless)
{
    std::string schema = with_field(R"(["null","string",{"type":"array","items":["null","long"]}])");
    for (const char *codec : {"null", "snappy"}) {
        std::string row = unhex("04 04 00 02 0e 00  02 06 61 62 63");
        std::string data = row;
        if (*codec == 's') {
            data.clear();
            Buffer packed;
            find_codec("snappy")
                ->make(0, kMalloc)
                ->compress({reinterpret_cast<const uint8_t *>(row.data()), row.size()}, packed);
            uint32_t sum = __builtin_bswap32(crc32(0, row.data(), row.size()));
            data = std::string(packed.view()) + std::string(reinterpret_cast<char *>(&sum), 4);
        }
        std::string file = header(schema, codec) + block(2, data);
        ASSERT_EQ(read_back(file).code, Code::ok) << read_back(file).message;
        for (size_t bit = 0; bit < file.size() * 8; bit++) {
            std::string bad = file;
            bad[bit / 8] ^= static_cast<char>(1 << (bit % 8));
            Verdict v = read_back(bad);
            EXPECT_TRUE(v.code == Code::ok || v.code == Code::corrupt || v.code == Code::limit) << bit;
        }
    }
}

TEST(AvroReader, ClaimsGetNoMemory)
{
    // A block that says 2 GB, a text that says 2 GB, and nothing behind them.
    for (std::string file : {header(kLong) + number(1) + number(INT32_MAX) + "x",
                             header(with_field("\"string\"")) + block(1, number(INT32_MAX) + "x")}) {
        CountingAllocator memory;
        Memory source{file};
        try {
            avro::FileReader reader(source.ops(), *memory.get());
            while (reader.next())
                ;
            ADD_FAILURE();
        } catch (const Error &e) {
            EXPECT_EQ(e.code, Code::corrupt);
        }
        EXPECT_LT(memory.peak(), size_t{2} << 20);
        EXPECT_EQ(memory.live(), 0u);
    }
}

namespace
{
constexpr const char *kCodecs[] = {"null", "deflate", "snappy", "zstandard", "bzip2", "xz"};

std::string packed(const std::string &codec, const std::string &raw)
{
    if (codec == "null") return raw;
    Buffer out;
    find_codec(codec == "zstandard" ? "zstd" : codec)
        ->make(1, kMalloc)
        ->compress({reinterpret_cast<const uint8_t *>(raw.data()), raw.size()}, out);
    std::string s(out.view());
    if (codec != "snappy") return s;
    uint32_t sum = __builtin_bswap32(crc32(0, raw.data(), raw.size()));
    return s + std::string(reinterpret_cast<char *>(&sum), 4);
}

// Reads in steps; tells how many, and what memory it took.
Verdict read_counting(const std::string &file, size_t *steps, size_t *peak)
{
    CountingAllocator memory;
    ReadAs as = {"avro", "", false, '"', '"', false, 0, nullptr};
    as.allocator = memory.get();
    Memory source{file};
    ReadOps ops = source.ops();
    Reader *reader = nullptr;
    Failure why = {};
    Verdict v;
    v.code = reader_open(&ops, &as, &reader, &why);
    *steps = 0;
    for (bool more = true; v.code == Code::ok && more; ++*steps)
        v.code = reader_next(reader, &more, &why);
    if (v.code != Code::ok) v.message = why.message;
    if (reader) reader_stats(reader, &v.stats);
    reader_free(reader);
    *peak = memory.peak();
    return v;
}
} // namespace

// Whatever a block unpacks to, a step is a step, and memory is a window's: one large row, rows that are not
// there, rows of a byte, rows of none.
TEST(AvroReader, StepsAndMemoryDoNotGrowWithTheBlock)
{
    constexpr size_t kLarge = 12 << 20, kRows = 300'000;
    const std::string bytes = with_field("\"bytes\""), text = with_field("\"string\"");
    for (const char *codec : kCodecs) {
        const size_t most = strcmp(codec, "snappy") == 0 ? 64u << 20 : 20u << 20; // its window is 32 MB
        size_t steps, peak;
        Verdict v = read_counting(header(text, codec) +
                                      block(1, packed(codec, number(kLarge) + std::string(kLarge, 'x'))),
                                  &steps, &peak);
        EXPECT_EQ(v.message, "") << codec;
        EXPECT_EQ(v.stats.raw_bytes, kLarge + 4) << codec;
        EXPECT_GT(steps, 45u) << codec;
        EXPECT_LT(peak, most) << codec;
        v = read_counting(header(bytes, codec) + block(1, packed(codec, std::string(kLarge, '\0'))), &steps,
                          &peak);
        EXPECT_EQ(v.message, "block 1: has bytes after its last row") << codec;
        EXPECT_LT(steps, 6u) << codec;
        EXPECT_LT(peak, most) << codec;
        v = read_counting(header(bytes, codec) + block(kRows, packed(codec, std::string(kRows, '\0'))),
                          &steps, &peak);
        EXPECT_EQ(v.message, "") << codec;
        EXPECT_EQ(v.stats.rows, kRows) << codec;
        EXPECT_GE(steps, 4u) << codec;
        EXPECT_LT(peak, most) << codec;
    }
    size_t steps, peak;
    const std::string nothing = header(R"({"type":"record","name":"r","fields":[]})");
    Verdict v = read_counting(nothing + block(kRows, ""), &steps, &peak);
    EXPECT_EQ(v.stats.rows, kRows) << v.message;
    EXPECT_GE(steps, 4u);
    EXPECT_LT(peak, size_t{2} << 20);
}

TEST(AvroReader, ABlockIsExactlyOneFrame)
{
    const std::string row = number(7);
    for (const char *codec : {"deflate", "zstandard", "bzip2", "xz"}) {
        const std::string one = packed(codec, row), h = header(kLong, codec), name = codec;
        EXPECT_EQ(read_back(h + block(1, one)).message, "") << codec;
        for (const std::string &data : {one + one, one + '\0', one.substr(0, one.size() - 1), std::string()})
            EXPECT_EQ(read_back(h + block(1, data)).message, "block 1: " + name + " data is damaged")
                << codec;
    }
}

TEST(AvroReader, AllocationThatFailsIsOutOfMemoryEveryTime)
{
    std::string row = number(1 << 20) + std::string(1 << 20, 'x');
    std::string file = header(with_field("\"string\"")) + block(1, row);
    size_t failures = 0;
    for (size_t n = 1;; n++, failures++) {
        CountingAllocator memory(n);
        Memory source{file, 1 << 16};
        bool out_of_memory = false;
        try {
            avro::FileReader reader(source.ops(), *memory.get());
            while (reader.next())
                ;
        } catch (const std::bad_alloc &) {
            out_of_memory = true;
        }
        EXPECT_EQ(memory.live(), 0u);
        if (!out_of_memory) break;
        ASSERT_LT(n, 1000u);
    }
    EXPECT_GT(failures, 3u);
}

TEST(AvroReader, ReadsWhatTheWriterWrites)
{
    const Type numbers = array_of(kInt4, "integer[]"), matrix = array_of(numbers, "integer[]");
    Type amount = scalar(Kind::numeric, Repr::digits, "numeric(10,2)", 10, 2);
    for (const char *codec : {"null", "deflate", "snappy", "zstandard", "bzip2", "xz"}) {
        Export e({{"id", &kInt8},
                  {"name", &kText},
                  {"amount", &amount},
                  {"at", &kTimestamptz},
                  {"raw", &kBytea},
                  {"n", &matrix}},
                 {{"compression", codec}});
        ASSERT_TRUE(e.ok()) << e.failure.message;
        std::string file = e.header();
        const std::vector<int16_t> digits = {12, 3400};
        const std::vector<Cell> inner = {integer(1), null()};
        const std::vector<Cell> outer = {list(inner), list(inner)};
        for (int i = 0; i < 1000; i++) {
            std::string name(static_cast<size_t>(i), 'n');
            Code rc = e.add({integer(i), i % 7 ? text(name) : null(), numeric(digits, 0, 2),
                             integer(i * 1000000000LL), text("\xff\x00"), list(outer)});
            ASSERT_EQ(rc, Code::ok) << e.failure.message;
            if (i % 300 == 299 || i == 999) file += e.take();
        }
        Verdict v = read_back(file);
        EXPECT_EQ(v.code, Code::ok) << codec << ": " << v.message;
        EXPECT_EQ(v.stats.rows, 1000u) << codec;
        EXPECT_EQ(v.stats.blocks, 4u) << codec;
        EXPECT_EQ(v.stats.bytes, file.size()) << codec;
        EXPECT_EQ(v.stats.crc32c, crc32c(0, file.data(), file.size())) << codec;
    }
}

TEST(AvroReader, TablesMayBeCalledLikeTypes)
{
    for (const char *name : {"int", "null", "record", "array"}) {
        Export e({{"a", &kInt4}}, {}, name, "public");
        ASSERT_TRUE(e.ok()) << e.failure.message;
        Verdict v = read_back(e.header());
        EXPECT_EQ(v.code, Code::ok) << name << ": " << v.message;
    }
    EXPECT_EQ(Export({{"a", &kInt4}}, {{"record_name", "int"}}).code, Code::bad_value);
}
