// short_decimal.hpp - a numeric as text in line, for what nearly all of them are. The others: decimal.hpp.
#pragma once
#include "core/cell.hpp"
#include "core/digits.hpp"

namespace spout
{
constexpr size_t kShortDecimal = 28; // bytes that may be written

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
} // namespace spout
