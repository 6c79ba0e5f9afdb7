// text_fuzz.cpp - whatever the bytes are, the reader of text formats ends with rows or with a reason, the
// same in pieces of any size. The first byte says how the rest is read: the format, and whether it is packed
// before.
#include <cstdio>
#include <cstdlib>

#include "../unit/avro_files.hpp"
#include "codec/codec.hpp"

using namespace spout;
using namespace spout::test;

namespace
{
[[noreturn]] void fail(const char *what, const Verdict &v)
{
    fprintf(stderr, "%s: code %d, \"%s\"\n", what, static_cast<int>(v.code), v.message.c_str());
    abort();
}

int length_of(int, const char *s) { return *s < 0 ? (s[1] & 3) + 1 : 1; }
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (n < 2) return 0;
    const uint8_t how = p[0], step = p[1];
    std::string data(reinterpret_cast<const char *>(p) + 2, n - 2);
    ReadAs as = {
        nullptr, "", false, '"', how & 16 ? '\\' : '"', (how & 32) != 0, 0, how & 64 ? length_of : nullptr};
    const char *formats[] = {"csv", "json", "xml", nullptr};
    as.format = formats[how & 3];
    if (how & 4) {
        const char *codecs[] = {"gzip", "zstd_checked", "lz4"};
        Buffer out;
        find_codec(codecs[how >> 3 & 1 ? 2 : step % 2])
            ->make(1, kMalloc)
            ->compress({reinterpret_cast<const uint8_t *>(data.data()), data.size()}, out);
        data = out.view();
    }
    Verdict whole = read_back(Memory{data}, as);
    if (whole.code != Code::ok && whole.code != Code::corrupt && whole.code != Code::limit)
        fail("unexpected", whole);
    if (whole.code == Code::ok && whole.stats.bytes != data.size()) fail("bytes are missing", whole);
    if (whole.code != Code::ok && whole.message.empty()) fail("no reason", whole);
    Memory pieces{data};
    pieces.step = step % 32 + 1;
    Verdict again = read_back(pieces, as);
    if (again.code != whole.code || (whole.code == Code::ok && again.stats.rows != whole.stats.rows))
        fail("depends on the pieces", again);
    return 0;
}
