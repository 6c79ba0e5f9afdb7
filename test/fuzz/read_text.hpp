// read_text.hpp - what the fuzzers of text formats share: whatever the bytes are, the reader ends with rows
// or with a reason, the same in pieces of any size. The first bytes say how the rest is read, and whether it
// is packed before, so that what is inside a codec is reached.
#pragma once
#include <cstdio>
#include <cstdlib>

#include "../unit/avro_files.hpp"
#include "codec/codec.hpp"

namespace spout::test
{
[[noreturn]] inline void fail(const char *what, const Verdict &v)
{
    fprintf(stderr, "%s: code %d, \"%s\"\n", what, static_cast<int>(v.code), v.message.c_str());
    abort();
}

inline int fuzz_length_of(int, const char *s) { return *s < 0 ? (s[1] & 3) + 1 : 1; }

inline std::string pack_for(const char *codec, const std::string &data)
{
    Buffer out;
    find_codec(codec)
        ->make(1, kMalloc)
        ->compress({reinterpret_cast<const uint8_t *>(data.data()), data.size()}, out);
    return std::string(out.view());
}

// `format` null: the reader has to find out.
inline void fuzz_text(const char *format, const uint8_t *p, size_t n)
{
    if (n < 2) return;
    const uint8_t how = p[0], step = p[1];
    std::string data(reinterpret_cast<const char *>(p) + 2, n - 2);
    ReadAs as = {format,
                 "",
                 false,
                 '"',
                 how & 16 ? '\\' : '"',
                 (how & 32) != 0,
                 0,
                 how & 64 ? fuzz_length_of : nullptr};
    constexpr const char *kCodecs[] = {"gzip", "zstd_checked", "lz4"};
    if (how & 4) data = pack_for(kCodecs[step % 3], data);
    if (how & 8) data += pack_for(kCodecs[step % 3], "{}\n"); // several frames
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
}
} // namespace spout::test
