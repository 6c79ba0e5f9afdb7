// avro_test.cpp - the bytes of Avro files: verified vectors, block framing,
// and the promise that a refused row leaves no trace.
#include "base/crc32.hpp"

#include "avro_rows.hpp"

using namespace spout;
using namespace spout::test;

namespace
{
constexpr char kSync[] = "000102030405060708090a0b0c0d0e0f";
constexpr char kGoldenSchema[] = R"({"type":"record","name":"r","fields":[{"name":"a","type":"long"}]})";
} // namespace

TEST(Avro, LongVectors)
{
    const std::pair<int64_t, const char *> vectors[] = {
        {0, "00"},
        {-1, "01"},
        {1, "02"},
        {-2, "03"},
        {63, "7e"},
        {-64, "7f"},
        {64, "8001"},
        {-65, "8101"},
        {8191, "fe7f"},
        {8192, "808001"},
        {INT32_MAX, "feffffff0f"},
        {INT32_MIN, "ffffffff0f"},
        {INT64_MAX, "feffffffffffffffff01"},
        {INT64_MIN, "ffffffffffffffffff01"},
    };
    for (auto &v : vectors)
        EXPECT_EQ(one(kInt8, integer(v.first)), std::string("02") + v.second) << v.first;
}

TEST(Avro, EveryVarintLengthReadsBack)
{
    for (int bit = 0; bit < 63; bit++)
        for (int64_t near : {-1, 0, 1}) {
            int64_t v = (int64_t{1} << bit) + near;
            for (int64_t x : {v, -v}) {
                std::string h = one(kInt8, integer(x)), bytes;
                for (size_t i = 2; i < h.size(); i += 2)
                    bytes += static_cast<char>(std::stoi(h.substr(i, 2), nullptr, 16));
                uint64_t z = 0;
                for (size_t i = 0; i < bytes.size(); i++)
                    z |= static_cast<uint64_t>(bytes[i] & 0x7F) << (7 * i);
                EXPECT_EQ(static_cast<int64_t>(z >> 1) ^ -static_cast<int64_t>(z & 1), x);
                EXPECT_TRUE(bytes.size() == 1 || bytes.back() != 0) << "shortest form";
            }
        }
}

TEST(Avro, DateAndTimestampVectors)
{
    EXPECT_EQ(one(kDate, integer(0)), "029aab01");
    EXPECT_EQ(one(kTimestamptz, integer(0)), "028080bfb3a7c0ae03");
    EXPECT_EQ(one(kTimestamp, integer(-946684800000001)), "0201"); // one microsecond before 1970
}

TEST(Avro, DecimalVectors)
{
    Type d = scalar(Kind::numeric, Repr::digits, "numeric(10,2)", 10, 2);
    EXPECT_EQ(one(d, numeric({12, 3400}, 0, 2)), "020a00000004d2");
    EXPECT_EQ(one(d, numeric({12, 3400}, 0, 2, Sign::minus)), "020afffffffb2e");
    EXPECT_EQ(one(d, numeric({}, 0, 2)), "020a0000000000");
    EXPECT_EQ(one(d, null()), "00");
}

TEST(Avro, DoubleAndArrayVectors)
{
    EXPECT_EQ(one(kFloat8, real(1.5)), "02000000000000f83f");
    Type longs = array_of(kInt8, "bigint[]");
    std::vector<Cell> items = {null(), integer(7)};
    EXPECT_EQ(one(longs, list(items)), "020400020e00");
    EXPECT_EQ(one(longs, list({})), "0200");
    EXPECT_EQ(one(kInt8, null()), "00");
    EXPECT_EQ(one(kInt8, integer(5)), "020a");
}

TEST(Avro, GoldenFile)
{
    Export e({{"a", &kInt8}}, {{"schema", kGoldenSchema}, {"sync_marker", kSync}});
    ASSERT_TRUE(e.ok()) << e.failure.message;
    std::string file = e.header();
    EXPECT_EQ(file.size(), 120u);
    for (int64_t i = 0; i < 5; i++)
        ASSERT_EQ(e.add({integer(i)}), Code::ok);
    std::string block = e.take();
    EXPECT_EQ(hex(block), std::string("0a1605100002040608") + "33a3b8fe" + kSync);
    file += block;
    EXPECT_EQ(file.size(), 149u);
    EXPECT_EQ(crc32c(0, file.data(), file.size()), 0x3855b512u);

    Export empty({{"a", &kInt8}},
                 {{"schema", kGoldenSchema}, {"sync_marker", kSync}, {"compression", "null"}});
    std::string header = empty.header();
    EXPECT_EQ(header.size(), 118u);
    EXPECT_EQ(crc32c(0, header.data(), header.size()), 0xdefc8d16u);
}

TEST(Avro, HeaderHasMetadataInByteOrder)
{
    Export e({{"a", &kInt8}},
             {{"metadata", R"({"b":"2","B":"1","a":"ä"})"}, {"sync_marker", kSync}, {"compression", "None"}});
    std::string h = e.header(), schema = e.schema();
    std::string want("Obj\1", 4);
    auto put = [&](const std::string &s) {
        ASSERT_LT(s.size(), 8192u);
        size_t z = 2 * s.size();
        if (z >= 128) want += static_cast<char>(z | 0x80), z >>= 7;
        want += static_cast<char>(z);
        want += s;
    };
    want += static_cast<char>(2 * 5);
    for (const std::string &s : {std::string("avro.schema"), schema, std::string("avro.codec"),
                                 std::string("null"), std::string("B"), std::string("1"), std::string("a"),
                                 std::string("ä"), std::string("b"), std::string("2")})
        put(s);
    want += '\0';
    EXPECT_EQ(hex(h), hex(want) + kSync);
}

TEST(Avro, MarkersDifferByFileAndAgreeWithBlocks)
{
    Export e({{"a", &kInt8}}, {{"compression", "null"}});
    std::string first = e.header(0), second = e.header(1);
    EXPECT_NE(first.substr(first.size() - 16), second.substr(second.size() - 16));
    ASSERT_EQ(e.add({integer(1)}), Code::ok);
    std::string block = e.take(1);
    EXPECT_EQ(block.substr(block.size() - 16), second.substr(second.size() - 16));
    Export again({{"a", &kInt8}}, {{"compression", "null"}});
    EXPECT_EQ(again.header(1), second); // same random bytes in the Spec
}

TEST(Avro, RefusedRowLeavesNoTrace)
{
    Type d = scalar(Kind::numeric, Repr::digits, "numeric(4,2)", 4, 2);
    Export e({{"a", &kText}, {"b", &d}}, {{"compression", "null"}, {"sync_marker", kSync}});
    std::vector<int16_t> fits = {12, 3400}, large = {1234};
    std::string big(100000, 'x');
    ASSERT_EQ(e.add({text("one"), numeric(fits, 0, 2)}), Code::ok);
    size_t before = writer_pending_bytes(e.writer);
    EXPECT_EQ(e.add({text(big), numeric(large, 0, 2)}), Code::out_of_range);
    EXPECT_EQ(e.failure.column, 1);
    EXPECT_STREQ(e.failure.message, "value is out of range for Avro decimal(4,2)");
    EXPECT_EQ(writer_pending_bytes(e.writer), before);
    EXPECT_EQ(writer_pending_rows(e.writer), 1u);
    ASSERT_EQ(e.add({text("two"), null()}), Code::ok);
    EXPECT_EQ(hex(e.take()), std::string("041e") +
                                 "02066f6e65"
                                 "020404d2"
                                 "020674776f"
                                 "00" +
                                 kSync);
}

TEST(Avro, RowLargerThanABlockIsOneBlockAndMemoryComesBack)
{
    static size_t held = 0;
    static const Allocator counting = {[](void *, size_t n) -> void * {
                                           auto *p = static_cast<size_t *>(malloc(n + 16));
                                           held += *p = n;
                                           return p + 2;
                                       },
                                       [](void *, void *p) {
                                           auto *q = static_cast<size_t *>(p) - 2;
                                           held -= *q;
                                           free(q);
                                       },
                                       nullptr};
    for (const char *codec : {"null", "snappy"}) {
        Export e({{"a", &kText}}, {{"compression", codec}}, nullptr, nullptr, &counting);
        std::string huge(50 << 20, 'x');
        ASSERT_EQ(e.add({text(huge)}), Code::ok);
        EXPECT_TRUE(writer_full(e.writer));
        EXPECT_GT(e.take().size(), codec[0] == 'n' ? huge.size() : 1000);
        for (int i = 0; i < 2; i++) {
            ASSERT_EQ(e.add({text("x")}), Code::ok);
            e.take();
        }
        EXPECT_LT(held, size_t{3} << 20) << codec;
    }
    EXPECT_EQ(held, 0u);
}

TEST(Avro, NoColumnsIsARowOfNoBytes)
{
    Export e({}, {{"compression", "null"}, {"sync_marker", kSync}});
    ASSERT_EQ(e.add(std::vector<Cell>{}), Code::ok);
    ASSERT_EQ(e.add(std::vector<Cell>{}), Code::ok);
    EXPECT_EQ(hex(e.take()), std::string("0400") + kSync);
    EXPECT_EQ(e.schema(), R"({"type":"record","name":"row","namespace":"pg_spout","fields":[]})");
}

TEST(Avro, SixteenHundredColumns)
{
    std::vector<Field> fields;
    std::deque<std::string> names;
    std::vector<Cell> row;
    std::string value(1000, 'v');
    for (int i = 0; i < 1600; i++) {
        names.push_back("c" + std::to_string(i));
        fields.push_back({names.back().c_str(), i % 2 ? &kText : &kInt8});
        row.push_back(i % 2 ? text(value) : integer(INT64_MIN));
    }
    Export e(fields, {{"compression", "null"}});
    ASSERT_TRUE(e.ok()) << e.failure.message;
    for (int i = 0; i < 20; i++)
        ASSERT_EQ(e.add(row), Code::ok);
    EXPECT_EQ(writer_pending_bytes(e.writer), 20u * 800 * (11 + 1 + 2 + 1000));
}

TEST(Avro, AllocationThatFailsIsOutOfMemoryEveryTime)
{
    static int left;
    static const Allocator failing = {[](void *, size_t n) { return left-- > 0 ? malloc(n) : nullptr; },
                                      [](void *, void *p) { free(p); }, nullptr};
    std::vector<Cell> items(100, integer(5));
    Type ints = array_of(kInt4, "integer[]");
    std::string long_text(5000, 't');
    bool finished = false;
    for (int n = 0; n < 200 && !finished; n++) {
        left = n;
        Export e({{"a", &kText}, {"b", &ints}, {"c", &kInterval}}, {{"block_size", "1kB"}}, nullptr, nullptr,
                 &failing);
        Code rc = e.code;
        for (int i = 0; i < 50 && rc == Code::ok; i++) {
            Cell span = {};
            rc = e.add({text(std::string_view(long_text).substr(0, static_cast<size_t>(100 * i))),
                        list(items), span});
            BlockRef b;
            if (rc == Code::ok && writer_full(e.writer)) rc = writer_take(e.writer, 0, &b);
        }
        BytesRef header;
        if (rc == Code::ok) rc = file_begin(e.writer, 0, &header);
        EXPECT_TRUE(rc == Code::ok || rc == Code::no_memory);
        finished = rc == Code::ok;
    }
    EXPECT_TRUE(finished);
}
