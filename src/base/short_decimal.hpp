// short_decimal.hpp - a numeric as text in line, for what nearly all of them are. The others: decimal.hpp.
#pragma once
#include "base/cell.hpp"
#include "base/digits.hpp"

namespace spout
{
constexpr size_t kShortDecimal = 28, kPackedDecimal = 16; // bytes that may be written

// Below 10^16, not below 1 unless zero stands in front of the point, at most four decimal places; null
// for any other.
inline uint8_t *short_decimal_text(uint8_t *p, const Digits &d)
{
    if (d.sign > Sign::minus || d.dscale > 4 || static_cast<uint16_t>(d.weight + 1) > 4) return nullptr;
    auto digit = [&](int k) -> uint32_t {
        uint16_t v = 0;
        if (k < d.n) memcpy(&v, d.p + 2 * k, 2);
        return v <= 9999 ? v : 9999; // more only in damaged data
    };
    *p = '-';
    p += d.sign == Sign::minus;
    int k = 0;
    if (d.weight < 0)
        *p++ = '0';
    else
        for (p = put_short(p, digit(k++)); k <= d.weight; k++)
            p = put_word(p, four_digits_of(digit(k)), 4);
    if (d.dscale == 0) return p;
    *p++ = '.';
    return put_word(p, four_digits_of(digit(k)), d.dscale);
}

// The same of a number inside jsonb, as it lies there in n bytes: below 10^8, at most four decimal places,
// not longer than it must be on disk. Null for any other; else up to 16 bytes were written.
__attribute__((always_inline)) inline uint8_t *packed_decimal_text(uint8_t *to, const uint8_t *p, size_t n)
{
    uint32_t size;
    uint16_t h;
    if (n < 6) return nullptr;
    memcpy(&size, p, 4);
    memcpy(&h, p + 4, 2);
    // A varlena header of four bytes, as everywhere inside jsonb, which holds 4 * (6 + 2 * digits); numeric's
    // short header with a weight of 0 or 1.
    uint32_t scale = h >> 7 & 0x3F, weight = h & 1, digits = (size >> 3) - 3;
    if ((size & 7) || digits > 3 || size > 4 * n || (h & 0xC07E) != 0x8000 || scale > 4) return nullptr;
    auto digit = [=](uint32_t k) -> uint32_t {
        uint16_t v = 0;
        if (k < digits) memcpy(&v, p + 6 + 2 * k, 2);
        return v <= 9999 ? v : 9999; // more only in damaged data
    };
    *to = '-';
    to = put_short(to + (h >> 13 & 1), digit(0));
    if (weight) to = put_word(to, four_digits_of(digit(1)), 4);
    if (scale == 0) return to;
    *to = '.';
    return put_word(to + 1, four_digits_of(digit(weight + 1)), scale);
}
} // namespace spout
