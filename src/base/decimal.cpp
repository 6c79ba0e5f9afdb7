// decimal.cpp - numeric's digits to integers of 64, 128 and any number of bits, and to text.
// n digits d0..dn-1 mean sum d_k * 10000^(weight-k). Scaling by 10^scale leaves an exponent e for the
// last digit: e >= 0 multiplies, e < 0 must divide without remainder.
#include "base/decimal.hpp"

#include <cstring>

#include "base/digits.hpp"

#include "base/no_postgres.hpp"

namespace spout
{
namespace
{
using U128 = unsigned __int128;

struct Powers {
    U128 ten[39];
    constexpr Powers() : ten{}
    {
        ten[0] = 1;
        for (int i = 1; i < 39; i++)
            ten[i] = ten[i - 1] * 10;
    }
};
constexpr Powers kPow128;

uint32_t digit(const Digits &d, int k)
{
    uint16_t v;
    memcpy(&v, d.p + 2 * k, 2);
    return v;
}

// Exponent of the last digit after scaling by 10^scale.
int exponent(const Digits &d, int scale) { return scale + 4 * (d.weight - (d.n - 1)); }

// Trailing zero digits say nothing but would count as fraction.
uint16_t significant(const Digits &d)
{
    uint16_t n = d.n;
    while (n > 0 && digit(d, n - 1) == 0)
        n--;
    return n;
}

// Magnitude below 10^precision, precision <= 38.
Fit magnitude128(Digits d, int precision, int scale, U128 *out)
{
    d.n = significant(d);
    *out = 0;
    if (d.n == 0) return Fit::ok;
    int e = exponent(d, scale);
    int last = d.n; // digits folded whole
    if (e < 0) {
        if (e <= -4) return Fit::inexact; // the last digit is not zero, and all of it lies beyond the scale
        last--;
    }
    U128 v = 0;
    for (int k = 0; k < last; k++) {
        if (v >= kPow128.ten[38] / 10000) return Fit::overflow;
        v = v * 10000 + digit(d, k);
    }
    if (e < 0) {
        uint32_t unit = static_cast<uint32_t>(kPowersOfTen[-e]), rest = digit(d, last);
        if (rest % unit) return Fit::inexact;
        uint32_t shift = 10000 / unit;
        if (v > kPow128.ten[38] / shift) return Fit::overflow;
        v = v * shift + rest / unit;
        e = 0;
    }
    if (e > precision || v >= kPow128.ten[precision - e]) return Fit::overflow;
    *out = v * kPow128.ten[e];
    return Fit::ok;
}

// An unsigned integer of up to 1000 decimal digits, little-endian limbs.
struct Big {
    static constexpr int kLimbs = 110; // 3320 bits for 10^1000, and room for one factor more
    uint32_t limb[kLimbs];
    int n = 0;

    bool multiply_add(uint32_t factor, uint32_t add)
    {
        uint64_t carry = add;
        for (int i = 0; i < n; i++) {
            carry += static_cast<uint64_t>(limb[i]) * factor;
            limb[i] = static_cast<uint32_t>(carry);
            carry >>= 32;
        }
        if (carry == 0) return true;
        if (n == kLimbs) return false;
        limb[n++] = static_cast<uint32_t>(carry);
        return true;
    }
    // Big-endian two's complement; width has room for the value and its sign.
    void store(bool negative, uint8_t *out, uint32_t width) const
    {
        uint32_t carry = negative;
        for (uint32_t i = 0; i < width; i++) {
            int at = static_cast<int>(i / 4);
            uint32_t byte = at < n ? limb[at] >> (8 * (i % 4)) & 0xFF : 0;
            if (negative) {
                byte = (~byte & 0xFF) + carry;
                carry = byte >> 8;
            }
            out[width - 1 - i] = static_cast<uint8_t>(byte);
        }
    }
};

// Number of decimal digits before the exponent: what must not exceed the precision.
int decimal_length(const Digits &d)
{
    uint32_t first = digit(d, 0);
    int head = first >= 1000 ? 4 : first >= 100 ? 3 : first >= 10 ? 2 : 1;
    return head + 4 * (d.n - 1);
}

Fit magnitude_big(Digits d, int precision, int scale, Big *out)
{
    d.n = significant(d);
    while (d.n > 0 && digit(d, 0) == 0) { // not normalised: allowed, just unusual
        d.p += 2;
        d.n--;
        d.weight--;
    }
    if (d.n == 0) return Fit::ok;
    int e = exponent(d, scale);
    if (e <= -4) return Fit::inexact;
    if (decimal_length(d) + e > precision) return Fit::overflow;
    int last = e < 0 ? d.n - 1 : d.n;
    for (int k = 0; k < last; k++)
        if (!out->multiply_add(10000, digit(d, k))) return Fit::overflow;
    if (e < 0) {
        uint32_t unit = static_cast<uint32_t>(kPowersOfTen[-e]), rest = digit(d, last);
        if (rest % unit) return Fit::inexact;
        return out->multiply_add(10000 / unit, rest / unit) ? Fit::ok : Fit::overflow;
    }
    for (; e > 0; e--)
        if (!out->multiply_add(10, 0)) return Fit::overflow;
    return Fit::ok;
}

// More than 9999 is only in damaged data; the text of digits ends there.
uint32_t digit_or_zero(const Digits &d, int k)
{
    uint32_t v = k >= 0 && k < d.n ? digit(d, k) : 0;
    return v <= 9999 ? v : 9999;
}

int first_width(const Digits &d)
{
    uint32_t v = digit_or_zero(d, 0);
    return v >= 1000 ? 4 : v >= 100 ? 3 : v >= 10 ? 2 : 1;
}

const char *special_text(Sign s)
{
    switch (s) {
    case Sign::nan: return "NaN";
    case Sign::plus_infinity: return "Infinity";
    case Sign::minus_infinity: return "-Infinity";
    default: return nullptr;
    }
}
} // namespace

uint32_t decimal_bytes(int precision)
{
    // 10^p needs floor(p * log2(10)) + 1 bits, and one more for the sign; 10^p is never a power of two.
    uint32_t bits = static_cast<uint32_t>(precision * 3321928095ull / 1000000000ull) + 1;
    return bits / 8 + 1;
}

Unscaled unscaled64_rare(Digits d, int precision, int scale)
{
    U128 wide;
    Fit fit = magnitude128(d, precision, scale, &wide);
    auto v = static_cast<uint64_t>(wide);
    return {static_cast<int64_t>(d.sign == Sign::minus ? -v : v), fit};
}

Fit unscaled128(const Digits &d, int precision, int scale, __int128 *out)
{
    U128 v;
    Fit fit = magnitude128(d, precision, scale, &v);
    *out = static_cast<__int128>(d.sign == Sign::minus ? -v : v);
    return fit;
}

Fit unscaled_bytes(const Digits &d, int precision, int scale, uint8_t *out, uint32_t width)
{
    Big big;
    Fit fit = magnitude_big(d, precision, scale, &big);
    if (fit == Fit::ok) big.store(d.sign == Sign::minus && big.n > 0, out, width);
    return fit;
}

void largest_bytes(int precision, bool negative, uint8_t *out, uint32_t width)
{
    Big big;
    for (int i = 0; i < precision; i++)
        big.multiply_add(10, 9);
    big.store(negative, out, width);
}

Digits digits_of(int64_t v, int16_t room[5])
{
    uint64_t u = v < 0 ? -static_cast<uint64_t>(v) : static_cast<uint64_t>(v);
    int at = 5;
    for (; u; u /= 10000)
        room[--at] = static_cast<int16_t>(u % 10000);
    auto n = static_cast<uint16_t>(5 - at);
    return {reinterpret_cast<const char *>(room + at), n, static_cast<int16_t>(n - 1), 0,
            v < 0 ? Sign::minus : Sign::plus};
}

size_t decimal_text_size(const Digits &d)
{
    if (const char *word = special_text(d.sign)) return strlen(word);
    size_t whole =
        d.weight < 0 ? 1 : static_cast<size_t>(first_width(d)) + 4u * static_cast<size_t>(d.weight);
    return (d.sign == Sign::minus) + whole + (d.dscale ? 1u + d.dscale : 0u);
}

uint8_t *decimal_text(uint8_t *p, const Digits &d)
{
    if (const char *word = special_text(d.sign)) {
        size_t n = strlen(word);
        memcpy(p, word, n);
        return p + n;
    }
    if (d.sign == Sign::minus) *p++ = '-';
    if (d.weight < 0) {
        *p++ = '0';
    } else {
        p = put_short(p, digit_or_zero(d, 0));
        for (int k = 1; k <= d.weight; k++, p += 4)
            put_word(p, four_digits_of(digit_or_zero(d, k)), 4);
    }
    if (d.dscale == 0) return p;
    *p++ = '.';
    uint8_t *end = p + d.dscale;
    for (int k = d.weight + 1; p < end; k++, p += 4)
        put_word(p, four_digits_of(digit_or_zero(d, k)), 4);
    return end;
}

bool read_numeric(const uint8_t *p, size_t n, Digits *out)
{
    size_t head = 4, size;
    if (n < 1) return false;
    if (*p & 1) { // short varlena; little-endian layout, as everywhere we build
        head = 1;
        size = *p >> 1;
    } else {
        uint32_t v;
        if (n < 4) return false;
        memcpy(&v, p, 4);
        size = v >> 2;
    }
    if (size < head + 2 || size > n) return false;
    uint16_t h;
    memcpy(&h, p + head, 2);
    size_t digits_at = head + 2;
    *out = {};
    if ((h & 0xC000) == 0xC000) {
        out->sign = (h & 0xF000) == 0xC000   ? Sign::nan
                    : (h & 0xF000) == 0xD000 ? Sign::plus_infinity
                                             : Sign::minus_infinity;
        return true;
    }
    if (h & 0x8000) {
        out->sign = h & 0x2000 ? Sign::minus : Sign::plus;
        out->dscale = (h & 0x1F80) >> 7;
        out->weight = static_cast<int16_t>((h & 0x0040 ? ~0x003F : 0) | (h & 0x003F));
    } else {
        if (size < head + 4) return false;
        out->sign = (h & 0xC000) == 0x4000 ? Sign::minus : Sign::plus;
        out->dscale = h & 0x3FFF;
        memcpy(&out->weight, p + head + 2, 2);
        digits_at += 2;
    }
    out->p = reinterpret_cast<const char *>(p + digits_at);
    out->n = static_cast<uint16_t>((size - digits_at) / 2);
    return true;
}
} // namespace spout
