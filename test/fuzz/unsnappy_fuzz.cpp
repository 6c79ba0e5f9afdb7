// unsnappy_fuzz.cpp - what snappy's own library unpacks, ours in steps does, to the same bytes, and what it
// refuses, ours does: whatever the data are, in pieces of any size.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <snappy.h>
#include <string>

#include "codec/codec.hpp"
#include "base/error.hpp"

using namespace spout;

namespace
{
constexpr size_t kMost = 4 << 20; // of content; copies reach back as far

// Exactly one frame; false: it is none.
bool unpack(const std::string &in, size_t step, std::string *out)
{
    auto u = find_codec("snappy")->unpacker(kMalloc);
    std::string room(step, '\0');
    try {
        for (size_t at = 0;;) {
            Bytes piece = {reinterpret_cast<const uint8_t *>(in.data()) + at, std::min(step, in.size() - at)};
            const size_t had = piece.n, n = u->unpack(&piece, reinterpret_cast<uint8_t *>(room.data()), step);
            at += had - piece.n;
            out->append(room, 0, n);
            if (u->frames()) return at == in.size() && u->between_frames() && u->frames() == 1;
            if (!n && piece.n == had) return false;
        }
    } catch (const Error &) {
        return false;
    }
}
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    if (!n) return 0;
    const std::string data(reinterpret_cast<const char *>(p) + 1, n - 1);
    size_t length = 0;
    if (snappy::GetUncompressedLength(data.data(), data.size(), &length) && length > kMost) return 0;
    std::string theirs, whole, pieces;
    const bool good = snappy::Uncompress(data.data(), data.size(), &theirs);
    if (unpack(data, 1 << 20, &whole) != good || unpack(data, p[0] % 70 + 1, &pieces) != good) abort();
    if (good && (whole != theirs || pieces != theirs)) abort();
    return 0;
}
