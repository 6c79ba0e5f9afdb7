// read_avro_fuzz.cpp - whatever the bytes are, the reader ends with ok or with a reason, in bounded memory.
// Bytes alone rarely get past a header, so most inputs are wrapped: the first byte says in what.
#include <cstdio>
#include <cstdlib>

#include "../unit/avro_files.hpp"

using namespace spout;
using namespace spout::test;

namespace
{
constexpr const char *kCodecs[] = {"null", "snappy", "deflate", "zstandard", "bzip2", "xz"};

// Every type, and every logical type that the reader looks at.
constexpr const char *kSchemas[] = {
    R"({"type":"record","name":"r","namespace":"n","fields":[
        {"name":"a","type":["null","boolean","int","long","float","double","bytes","string"]},
        {"name":"b","type":{"type":"array","items":["null",{"type":"array","items":"null"}]}},
        {"name":"c","type":{"type":"map","values":{"type":"enum","name":"e","symbols":["X","Y"]}}},
        {"name":"d","type":["null","e",{"type":"fixed","name":"f","size":3}]}]})",
    R"({"type":"record","name":"r","fields":[
        {"name":"a","type":{"type":"bytes","logicalType":"decimal","precision":20,"scale":2}},
        {"name":"b","type":{"type":"fixed","name":"f","size":4,"logicalType":"decimal","precision":9}},
        {"name":"c","type":{"type":"string","logicalType":"uuid"}},
        {"name":"d","type":{"type":"long","logicalType":"time-micros"}},
        {"name":"e","type":{"type":"record","name":"s","fields":[
            {"name":"t","type":{"type":"array","items":{"type":"record","name":"u","fields":[]}}}]}},
        {"name":"g","type":["null","s"]}]})",
    R"({"type":"record","name":"r","fields":[]})",
    R"(["null","string",{"type":"map","values":["null","string"]}])",
};

[[noreturn]] void fail(const char *what, const Verdict &v)
{
    fprintf(stderr, "%s: code %d, \"%s\"\n", what, static_cast<int>(v.code), v.message.c_str());
    abort();
}

void check(const std::string &file)
{
    Verdict v = read_back(file);
    if (v.code != Code::limit && v.stats.rows < 100000) { // those take long enough once
        // Wherever it has to stop in the midst of a value, it goes on as if it had not.
        Verdict again = read_back(Memory{file, file.size() % 13 + 1});
        bool same = (again.code == Code::ok) == (v.code == Code::ok);
        if (!same || (v.code == Code::ok && again.stats.rows != v.stats.rows))
            fail("depends on the pieces", again);
    }
    switch (v.code) {
    case Code::ok:
        if (v.stats.bytes != file.size()) fail("bytes are missing", v);
        if (v.stats.rows < v.stats.blocks) fail("an empty block passed", v);
        return;
    case Code::corrupt:
    case Code::limit:
        if (v.message.empty()) fail("no reason", v);
        return;
    default: fail("unexpected", v);
    }
}
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n < 2) return 0;
    const uint8_t how = p[0], detail = p[1];
    std::string data(reinterpret_cast<const char *>(p) + 2, n - 2);
    std::string codec = kCodecs[how / 4 % 6];
    const char *schema = kSchemas[detail % 4];
    switch (how % 4) {
    case 0: check(data); break;                                                // a whole file
    case 1: check(header(schema, codec) + data); break;                        // blocks
    case 2: check(header(schema, codec) + block(detail / 4 + 1, data)); break; // what is in a block
    case 3: { // a schema, and rows behind a zero
        size_t end = std::min(data.find('\0'), data.size());
        std::string rows = end < data.size() ? data.substr(end + 1) : "";
        check(header(data.substr(0, end)) + block(detail + 1, rows));
        break;
    }
    }
    return 0;
}
