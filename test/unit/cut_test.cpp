// cut_test.cpp - a block may be closed behind any of its rows, in every format: exact rotation when several
// processes encode. The measure is a writer that was only ever given the rows of the part.
#include <gtest/gtest.h>

#include <cstring>

#include "avro_files.hpp"
#include "avro_rows.hpp"
#include "format/text/json_tree.hpp"

using namespace spout;
using namespace spout::test;

namespace
{
using Raw = std::vector<RawOption>;

struct Target {
    const char *format;
    Raw options;
    bool packed; // blocks are frames of a codec
};

const Target kTargets[] = {
    {"avro", {{"compression", "null"}, {"sync_marker", "000102030405060708090a0b0c0d0e0f"}}, false},
    {"avro", {{"compression", "deflate"}, {"sync_marker", "000102030405060708090a0b0c0d0e0f"}}, true},
    {"avro", {{"compression", "snappy"}, {"sync_marker", "000102030405060708090a0b0c0d0e0f"}}, true},
    {"csv", {}, false},
    {"csv", {{"compression", "gzip"}}, true},
    {"json", {}, false},
    {"json", {{"force_array", "on"}}, false},
    {"json", {{"force_array", "on"}, {"compression", "gzip"}}, true},
    {"xml", {}, false},
};

// Rows of different lengths; every third has a NULL.
class Rows
{
  public:
    static constexpr uint32_t kRows = 7;
    Field fields[2] = {{"id", &kInt8}, {"t", &kText}};

    std::vector<Cell> row(uint32_t i) const
    {
        return {integer(i),
                i % 3 == 2 ? null() : text(std::string_view("a\"b\n,<c>dddddddddd").substr(0, 3 * i))};
    }
};

class File
{
  public:
    File(const Target &t, bool cut_rows)
    {
        Failure why = {};
        EXPECT_EQ(options_parse(t.format, t.options.data(), static_cast<uint32_t>(t.options.size()),
                                &spec_.options, &why),
                  Code::ok)
            << why.message;
        spec_.row = {nullptr, nullptr, rows_.fields, 2};
        spec_.allocator = &Export::kTestAllocator;
        spec_.cut_rows = cut_rows;
        spec_.options.csv.delimiter = ',';
        spec_.options.csv.quote = spec_.options.csv.escape = '"';
        spec_.options.csv.header = true;
        spec_.options.csv.null_text = spec_.options.csv.null_server = "";
        EXPECT_EQ(writer_open(&spec_, &writer, &why), Code::ok) << why.message;
    }
    ~File() { writer_free(writer); }
    File(const File &) = delete;
    File &operator=(const File &) = delete;

    void add(uint32_t from, uint32_t to)
    {
        for (uint32_t i = from; i < to; i++)
            EXPECT_EQ(writer_add(writer, rows_.row(i).data(), 2), Code::ok);
    }
    void begin(uint32_t file = 0)
    {
        BytesRef b = {};
        EXPECT_EQ(file_begin(writer, file, &b), Code::ok);
        blocks = 0;
        bytes = Export::string(b);
    }
    void end(uint32_t file = 0)
    {
        BytesRef b = {};
        EXPECT_EQ(file_end(writer, file, bytes.empty() ? Ending::empty : Ending::open, &b), Code::ok);
        bytes += Export::string(b);
    }
    void take(uint32_t rows, uint32_t file = 0)
    {
        uint32_t pending = writer_pending_rows(writer);
        BlockRef b = {};
        EXPECT_EQ(writer_take(writer, rows, &b), Code::ok);
        EXPECT_EQ(b.rows, rows ? rows : pending);
        EXPECT_EQ(writer_pending_rows(writer), pending - b.rows);
        place(&b, file);
    }
    void place(BlockRef *b, uint32_t file = 0)
    {
        EXPECT_EQ(file_place(writer, {file, blocks++ == 0, false}, b), Code::ok);
        bytes += Export::string(b->bytes);
    }

    Writer *writer = nullptr;
    std::string bytes;

  private:
    uint32_t blocks = 0; // of the current file
    Rows rows_;
    Spec spec_ = {};
};

// The file of these rows, in one block.
std::string whole(const Target &t, uint32_t from, uint32_t to)
{
    File f(t, false);
    f.begin();
    f.add(from, to);
    f.take(0);
    f.end();
    return f.bytes;
}

void expect_readable(const Target &t, const std::string &file, uint32_t rows)
{
    if (strcmp(t.format, "avro") == 0) {
        EXPECT_EQ(read_back(file).stats.rows, rows);
    } else if (strcmp(t.format, "json") == 0 && !t.packed && !t.options.empty()) {
        json::Value all = json::parse(file);
        EXPECT_EQ(all.tag, json::Tag::array);
        EXPECT_EQ(all.items.size(), rows);
    }
}
} // namespace

TEST(Cut, PartsAreFilesOfTheirRows)
{
    for (const Target &t : kTargets)
        for (uint32_t at : {1u, 3u, Rows::kRows - 1}) {
            SCOPED_TRACE(std::string(t.format) + " cut behind row " + std::to_string(at));
            File f(t, true);
            f.add(0, Rows::kRows - 2);
            f.begin(0);
            if (at > Rows::kRows - 2) f.add(Rows::kRows - 2, Rows::kRows);
            f.take(at, 0);
            f.end(0);
            EXPECT_EQ(f.bytes, whole(t, 0, at));
            expect_readable(t, f.bytes, at);
            // Rows may follow before the rest is closed.
            if (at <= Rows::kRows - 2) f.add(Rows::kRows - 2, Rows::kRows);
            f.begin(1);
            f.take(0, 1);
            f.end(1);
            EXPECT_EQ(f.bytes, whole(t, at, Rows::kRows));
            expect_readable(t, f.bytes, Rows::kRows - at);
        }
}

TEST(Cut, PartsInOneFileAreTheWhole)
{
    for (const Target &t : kTargets) {
        SCOPED_TRACE(t.format);
        File f(t, true);
        f.begin();
        f.add(0, Rows::kRows);
        for (uint32_t rows : {1u, 2u, 1u, 0u})
            f.take(rows);
        f.end();
        EXPECT_EQ(writer_pending_bytes(f.writer), 0u);
        expect_readable(t, f.bytes, Rows::kRows);
        const bool one_run = !t.packed && strcmp(t.format, "avro") != 0; // blocks leave no trace
        EXPECT_EQ(f.bytes == whole(t, 0, Rows::kRows), one_run);
    }
}

// What several processes have left is packed by one of them.
TEST(Cut, RowsOfOneWriterBecomeThoseOfAnother)
{
    for (const Target &t : kTargets) {
        if (strcmp(t.format, "avro") == 0) continue; // no codec wraps its blocks
        SCOPED_TRACE(t.format);
        File giver(t, true), taker(t, true);
        taker.begin();
        taker.add(0, 2);
        giver.add(2, 6);
        BlockRef given = {};
        const size_t *ends = nullptr;
        ASSERT_EQ(writer_give(giver.writer, &given, &ends), Code::ok);
        EXPECT_EQ(writer_pending_rows(giver.writer), 0u);
        EXPECT_EQ(ends[given.rows - 1], given.bytes.n);
        ASSERT_EQ(writer_absorb(taker.writer, given.bytes, given.rows, ends), Code::ok);
        taker.add(6, Rows::kRows);
        taker.take(3); // behind a row that was given
        taker.end();
        EXPECT_EQ(taker.bytes, whole(t, 0, 3));
        taker.begin(1);
        taker.take(0, 1);
        taker.end(1);
        EXPECT_EQ(taker.bytes, whole(t, 3, Rows::kRows));
    }
    File avro(kTargets[0], true);
    EXPECT_EQ(writer_absorb(avro.writer, {}, 0, nullptr), Code::internal);
}

TEST(Cut, APartStaysWhileTheRestGrows)
{
    for (const Target &t : kTargets) {
        SCOPED_TRACE(t.format);
        File f(t, true);
        f.begin();
        f.add(0, 5);
        BlockRef b = {};
        ASSERT_EQ(writer_take(f.writer, 4, &b), Code::ok);
        std::string then = Export::string(b.bytes);
        for (int i = 0; i < 1000; i++)
            f.add(5, Rows::kRows);
        EXPECT_EQ(Export::string(b.bytes), then);
        f.place(&b);
        f.end();
        EXPECT_EQ(f.bytes, whole(t, 0, 4));
    }
}

TEST(Cut, ARefusedRowKeepsTheEnds)
{
    Type jsonb = kJsonb;
    for (const char *format : {"csv", "json", "xml", "avro"}) {
        SCOPED_TRACE(format);
        const Field fields[] = {{"id", &kInt8}, {"j", &jsonb}};
        Spec spec = {};
        spec.row = {nullptr, nullptr, fields, 2};
        spec.allocator = &Export::kTestAllocator;
        spec.cut_rows = true;
        Failure why = {};
        ASSERT_EQ(options_parse(format, nullptr, 0, &spec.options, &why), Code::ok);
        spec.options.csv.delimiter = ',';
        spec.options.csv.quote = spec.options.csv.escape = '"';
        spec.options.csv.null_text = spec.options.csv.null_server = "";
        Writer *w = nullptr;
        ASSERT_EQ(writer_open(&spec, &w, &why), Code::ok);
        const Cell good[] = {integer(1), null()}, bad[] = {integer(2), text("damaged!")};
        EXPECT_EQ(writer_add(w, good, 2), Code::ok);
        size_t one = writer_pending_bytes(w);
        EXPECT_EQ(writer_add(w, bad, 2), Code::corrupt);
        EXPECT_EQ(writer_failure(w)->column, 1);
        EXPECT_EQ(writer_pending_bytes(w), one);
        EXPECT_EQ(writer_add(w, good, 2), Code::ok);
        BlockRef b = {};
        EXPECT_EQ(writer_take(w, 1, &b), Code::ok);
        EXPECT_EQ(b.raw_bytes, one);
        EXPECT_EQ(writer_pending_bytes(w), one);
        EXPECT_EQ(writer_take(w, 2, &b), Code::internal); // more than there are
        writer_free(w);
    }
}

TEST(Cut, MustBeAnnounced)
{
    File f(kTargets[0], false);
    f.add(0, 2);
    BlockRef b = {};
    EXPECT_EQ(writer_take(f.writer, 1, &b), Code::internal);
    EXPECT_EQ(writer_take(f.writer, 2, &b), Code::ok);
}
