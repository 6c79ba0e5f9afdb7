// digits.hpp - small numbers as decimal digits, two at a time, in line. Stores are wide: each function says
// how far it may write beyond its result.
#pragma once
#include <cstdint>
#include <cstring>

namespace spout
{
inline constexpr char kDigitPairs[] = "0001020304050607080910111213141516171819"
                                      "2021222324252627282930313233343536373839"
                                      "4041424344454647484950515253545556575859"
                                      "6061626364656667686970717273747576777879"
                                      "8081828384858687888990919293949596979899";

// Below 100; the first character in the lowest byte.
inline uint32_t two_digits(uint32_t v)
{
    uint16_t text;
    memcpy(&text, kDigitPairs + 2 * v, 2);
    return text;
}
// Below 10000.
inline uint32_t four_digits_of(uint32_t v) { return two_digits(v / 100) | two_digits(v % 100) << 16; }

// The lowest `n` bytes count; writes all four or eight.
inline uint8_t *put_word(uint8_t *p, uint32_t text, uint32_t n)
{
    memcpy(p, &text, 4);
    return p + n;
}
inline uint8_t *put_word(uint8_t *p, uint64_t text, uint32_t n)
{
    memcpy(p, &text, 8);
    return p + n;
}

// Below 10000, without leading zeros. No branch: widths are random.
inline uint8_t *put_short(uint8_t *p, uint32_t v)
{
    uint32_t zeros = (v < 1000) + (v < 100) + (v < 10);
    return put_word(p, four_digits_of(v) >> (8 * zeros), 4 - zeros);
}

uint8_t *put_long_integer(uint8_t *p, uint64_t magnitude);
// At most 20 characters and 3 bytes beyond them.
inline uint8_t *put_integer(uint8_t *p, int64_t v)
{
    uint64_t u = v < 0 ? -static_cast<uint64_t>(v) : static_cast<uint64_t>(v);
    *p = '-';
    p += v < 0;
    if (u < 10000) return put_short(p, static_cast<uint32_t>(u));
    if (u >= 100000000) return put_long_integer(p, u);
    auto w = static_cast<uint32_t>(u);
    return put_word(put_short(p, w / 10000), four_digits_of(w % 10000), 4);
}
} // namespace spout
