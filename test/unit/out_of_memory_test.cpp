// out_of_memory_test.cpp - operator new fails at the first, second, ... Nth call of a whole export, a whole
// check and a whole description: each time the wall says so, nothing aborts, and nothing is lost.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <new>

#include "avro_files.hpp"
#include "avro_rows.hpp"

namespace
{
thread_local size_t calls_left = 0; // 0: never fail
thread_local bool failed = false;

void *allocate(size_t n)
{
    if (calls_left && --calls_left == 0) {
        failed = true;
        throw std::bad_alloc();
    }
    if (void *p = malloc(n ? n : 1)) return p;
    throw std::bad_alloc();
}
} // namespace

void *operator new(size_t n) { return allocate(n); }
void *operator new[](size_t n) { return allocate(n); }
void operator delete(void *p) noexcept { free(p); }
void operator delete[](void *p) noexcept { free(p); }
void operator delete(void *p, size_t) noexcept { free(p); }
void operator delete[](void *p, size_t) noexcept { free(p); }

using namespace spout;
using namespace spout::test;

namespace
{
// Runs `work` with call 1, 2, ... failing until it needs no more calls than that; `work` returns its Code.
void expect_out_of_memory_each_time(const std::function<Code()> &work)
{
    size_t n = 1;
    for (;; n++) {
        failed = false;
        calls_left = n;
        Code rc = work();
        calls_left = 0;
        if (!failed) {
            EXPECT_EQ(rc, Code::ok);
            break;
        }
        // What only costs a warning may go on.
        ASSERT_TRUE(rc == Code::no_memory || rc == Code::ok) << "call " << n;
        ASSERT_LT(n, 20'000u);
    }
    EXPECT_GT(n, 2u);
}

struct Table {
    Type items = array_of(kText, "text[]");
    Type amount = scalar(Kind::numeric, Repr::digits, "numeric(10,2)", 10, 2);
    Type document = scalar(Kind::json, Repr::text, "json");
    Type markup = scalar(Kind::xml, Repr::text, "xml");
    Field fields[7] = {{"id", &kInt8},        {"größe", &kText},  {"amount", &amount}, {"items", &items},
                       {"at", &kTimestamptz}, {"doc", &document}, {"mark", &markup}};
    std::vector<Cell> texts = {text("one"), null()};
    std::vector<int16_t> digits = {12, 3400};
    std::vector<Cell> row = {integer(1),
                             text("value"),
                             numeric(digits, 0, 2),
                             list(texts),
                             integer(INT64_MAX - 1),
                             text(R"({"a": [1, {"b c": null}]})"),
                             text("<a b=\"c\">x</a>")};
};

struct Case {
    const char *format;
    uint32_t columns; // of Table: of those behind, CSV and JSON get the server's own text
    std::vector<RawOption> options;
};
const Case kAvroCase = {
    "avro", 7, {{"on_infinity", "clamp"}, {"block_size", "1kB"}, {"metadata", R"({"a":"b"})"}}};
const Case kCsvCase = {"csv", 3, {}}, kJsonCase = {"json", 3, {{"force_array", "on"}, {"nulls", "omit"}}};
const Case kXmlCase = {"xml", 7, {{"root_name", "my rows"}, {"nulls", "omit"}}};

// A whole export into `file`; what it holds is complete only when the result is ok.
Code run_export(const Table &t, const Case &c, const char *codec, std::string *file)
{
    Spec spec = {};
    spec.row = {"public", "t", t.fields, c.columns};
    spec.allocator = &Export::kTestAllocator;
    RawOption options[8] = {{"compression", codec}};
    std::copy(c.options.begin(), c.options.end(), options + 1);
    Failure why = {};
    Writer *writer = nullptr;
    BytesRef edge = {};
    Code rc =
        options_parse(c.format, options, static_cast<uint32_t>(c.options.size()) + 1, &spec.options, &why);
    spec.options.csv = {',', '"', '"', true, "", "", nullptr, 0, nullptr};
    if (rc == Code::ok) rc = writer_open(&spec, &writer, &why);
    if (rc == Code::ok) rc = file_begin(writer, 0, &edge);
    if (rc == Code::ok) file->append(reinterpret_cast<const char *>(edge.p), edge.n);
    bool first = true;
    for (int i = 0; i < 100 && rc == Code::ok; i++) {
        rc = writer_add(writer, t.row.data(), c.columns);
        BlockRef b = {};
        if (rc != Code::ok || (i != 30 && i != 60 && i < 99)) continue;
        rc = writer_take(writer, 0, &b);
        if (rc == Code::ok) rc = file_place(writer, {0, first, false}, &b);
        if (rc != Code::ok) continue;
        first = false;
        file->append(reinterpret_cast<const char *>(b.bytes.p), b.bytes.n);
    }
    if (rc == Code::ok) rc = file_end(writer, 0, first ? Ending::empty : Ending::open, &edge);
    if (rc == Code::ok) file->append(reinterpret_cast<const char *>(edge.p), edge.n);
    if (rc == Code::ok) writer_warning(writer, 0);
    writer_free(writer);
    return rc;
}

std::vector<const char *> codecs_of(const Case &c)
{
    if (&c == &kAvroCase) return {"null", "snappy", "zstandard", "deflate"};
    return {"none", "gzip", "zstd", "lz4"};
}
} // namespace

TEST(OutOfMemory, Export)
{
    const Table t;
    for (const Case *c : {&kAvroCase, &kCsvCase, &kJsonCase, &kXmlCase})
        for (const char *codec : codecs_of(*c))
            expect_out_of_memory_each_time([&] {
                std::string file; // its own growth is not what is tested
                size_t armed = calls_left;
                calls_left = 0;
                file.reserve(1 << 20);
                calls_left = armed;
                return run_export(t, *c, codec, &file);
            });
}

TEST(OutOfMemory, Check)
{
    const Table t;
    for (const Case *c : {&kAvroCase, &kCsvCase, &kJsonCase, &kXmlCase}) {
        std::vector<const char *> codecs = codecs_of(*c);
        if (c == &kAvroCase) codecs.insert(codecs.end(), {"bzip2", "xz"});
        for (const char *codec : codecs) {
            std::string file;
            ASSERT_EQ(run_export(t, *c, codec, &file), Code::ok);
            const ReadAs as = {c->format, "", false, '"', '"', true, 0, nullptr};
            Verdict whole = read_back(Memory{file}, as);
            EXPECT_EQ(whole.message, "");
            EXPECT_EQ(whole.stats.rows, 100u);
            expect_out_of_memory_each_time([&] {
                Memory memory{file};
                ReadOps ops = memory.ops();
                Reader *reader = nullptr;
                Failure why = {};
                Code rc = reader_open(&ops, &as, &reader, &why);
                for (bool more = true; rc == Code::ok && more;)
                    rc = reader_next(reader, &more, &why);
                reader_free(reader);
                return rc;
            });
        }
    }
}

TEST(OutOfMemory, Description)
{
    const Table t;
    expect_out_of_memory_each_time([&] {
        Spec spec = {};
        spec.row = {nullptr, nullptr, t.fields, 7};
        spec.allocator = &Export::kTestAllocator;
        Failure why = {};
        Described *d = nullptr;
        Code rc = options_parse("avro", nullptr, 0, &spec.options, &why);
        if (rc == Code::ok) rc = describe_open(&spec, &d, &why);
        describe_free(d);
        return rc;
    });
}

TEST(OutOfMemory, SchemaOfTheUser)
{
    const std::string schema = R"({"type":"record","name":"r","fields":[
        {"name":"a","type":["null",{"type":"array","items":{"type":"enum","name":"e","symbols":["A","B"]}}]},
        {"name":"b","type":{"type":"map","values":{"type":"fixed","name":"f","size":4}},"default":{}}]})";
    const RawOption options[] = {{"schema", schema.c_str()}};
    expect_out_of_memory_each_time([&] {
        Options out = {};
        Failure why = {};
        return options_parse("avro", options, 1, &out, &why);
    });
}
