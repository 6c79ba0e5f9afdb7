// utf8.cpp - eight ASCII bytes at a time, else by the first byte's class.
#include "base/utf8.hpp"

#include <cstring>

#include "base/no_postgres.hpp"

namespace spout
{
namespace
{
// The length of a character by its first byte, or 0 when there is none.
size_t length_of(uint8_t c)
{
    return c < 0x80 ? 1 : c < 0xC2 ? 0 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : c < 0xF5 ? 4 : 0;
}

// The length of the character at p, or 0 when it is not well-formed.
size_t character(const uint8_t *p, size_t n)
{
    uint8_t c = p[0];
    if (c < 0x80) return 1;
    size_t length = length_of(c);
    if (length == 0 || length > n) return 0;
    // Only the second byte's range depends on the first.
    uint8_t low = c == 0xE0 ? 0xA0 : c == 0xF0 ? 0x90 : 0x80;
    uint8_t high = c == 0xED ? 0x9F : c == 0xF4 ? 0x8F : 0xBF;
    if (p[1] < low || p[1] > high) return 0;
    for (size_t i = 2; i < length; i++)
        if ((p[i] & 0xC0) != 0x80) return 0;
    return length;
}
} // namespace

bool is_utf8(const uint8_t *p, size_t n) noexcept
{
    while (n) {
        uint64_t word;
        if (n >= sizeof word && (memcpy(&word, p, sizeof word), !(word & 0x8080808080808080))) {
            p += sizeof word;
            n -= sizeof word;
            continue;
        }
        size_t length = character(p, n);
        if (!length) return false;
        p += length;
        n -= length;
    }
    return true;
}

bool Utf8Pieces::feed(const uint8_t *p, size_t n) noexcept
{
    while (n_ && n) {
        held_[n_++] = *p++;
        n--;
        if (n_ < length_of(held_[0])) continue;
        if (!is_utf8(held_, n_)) return false;
        n_ = 0;
    }
    if (!n) return true;
    // A character's first byte among the last three may want more bytes than there are.
    for (size_t back = 1; back <= 3 && back <= n; back++) {
        const uint8_t c = p[n - back];
        if ((c & 0xC0) == 0x80) continue;
        if (length_of(c) > back) {
            memcpy(held_, p + n - back, back);
            n_ = back;
            n -= back;
        }
        break;
    }
    return is_utf8(p, n);
}
} // namespace spout
