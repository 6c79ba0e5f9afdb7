// decimal.hpp - exact arithmetic on numeric's base-10000 digits. Never goes through floating point.
// Source: PostgreSQL's numeric_out for the text; Avro 1.12 "Decimal" for two's complement.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/cell.hpp"

namespace spout
{
constexpr int kMaxPrecision = 1000; // numeric(p,s) itself ends there

enum class Fit : uint8_t { ok, overflow, inexact }; // inexact: digits beyond the scale would be lost

// Smallest n with 10^precision - 1 <= 2^(8n-1) - 1; precision 1..1000.
uint32_t decimal_bytes(int precision);

constexpr uint64_t kPowersOfTen[] = {1,
                                     10,
                                     100,
                                     1000,
                                     10000,
                                     100000,
                                     1000000,
                                     10000000,
                                     100000000,
                                     1000000000,
                                     10000000000,
                                     100000000000,
                                     1000000000000,
                                     10000000000000,
                                     100000000000000,
                                     1000000000000000,
                                     10000000000000000,
                                     100000000000000000,
                                     1000000000000000000};

// The value times 10^scale as an integer below 10^precision. Digits must be finite.
// unscaled64: precision <= 18. Up to four digits that need no division, nearly every value, are done in line.
struct Unscaled {
    int64_t value;
    Fit fit;
};
Unscaled unscaled64_rare(Digits, int precision,
                         int scale); // all by value: nothing of the caller's lies in memory
inline Fit unscaled64(const Digits &d, int precision, int scale, int64_t *out)
{
    int e = scale + 4 * (d.weight - (d.n - 1)); // exponent of the last digit
    if (__builtin_expect(d.n > 4 || e < 0 || e > precision, 0)) {
        Unscaled rare = unscaled64_rare(d, precision, scale);
        *out = rare.value;
        return rare.fit;
    }
    uint64_t v = 0;
    for (const char *p = d.p, *end = p + 2 * d.n; p < end; p += 2) {
        uint16_t digit;
        memcpy(&digit, p, 2);
        v = v * 10000 + digit;
    }
    if (v >= kPowersOfTen[precision - e]) return Fit::overflow;
    v *= kPowersOfTen[e];
    *out = static_cast<int64_t>(d.sign == Sign::minus ? -v : v);
    return Fit::ok;
}
Fit unscaled128(const Digits &, int precision, int scale, __int128 *out); // precision <= 38
// Any precision up to 1000, as big-endian two's complement, sign-extended to `width` bytes.
Fit unscaled_bytes(const Digits &, int precision, int scale, uint8_t *out, uint32_t width);
// +-(10^precision - 1), the same way.
void largest_bytes(int precision, bool negative, uint8_t *out, uint32_t width);
// An integer as a numeric's digits; the digits live in `room`.
Digits digits_of(int64_t v, int16_t room[5]);

// The text numeric_out gives, without a terminator. decimal_text returns its end.
size_t decimal_text_size(const Digits &);
uint8_t *decimal_text(uint8_t *to, const Digits &); // may write up to 4 bytes beyond the text

// A numeric as it lies on disk, varlena header included (1 or 4 bytes); n bytes are readable.
// False when it is damaged.
bool read_numeric(const uint8_t *p, size_t n, Digits *out);
} // namespace spout
