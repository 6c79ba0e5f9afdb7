// parse.cpp - numbers, sizes and switches of option values. Locale plays no part.
#include "base/parse.hpp"

#include <cstring>

#include "base/no_postgres.hpp"

namespace spout
{
namespace
{
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

// The digits at *s; moves *s behind them. False without a digit or when the number does not fit.
bool digits(const char **s, uint64_t *out)
{
    uint64_t n = 0;
    const char *p = *s;
    for (; *p >= '0' && *p <= '9'; p++)
        if (__builtin_mul_overflow(n, 10, &n) || __builtin_add_overflow(n, *p - '0', &n)) return false;
    if (p == *s) return false;
    *s = p;
    *out = n;
    return true;
}

constexpr int kMaxDecimals = 6;

// Of a unit of sizes, as a power of 2; -1: it is none.
int unit_shift(std::string_view unit)
{
    static constexpr char kPrefixes[] = "kmgt";
    if (unit.empty() || iequals(unit, "B")) return 0;
    const char *prefix = strchr(kPrefixes, lower(unit[0]));
    if (!prefix || !*prefix) return -1;
    std::string_view rest = unit.substr(1);
    if (!rest.empty() && !iequals(rest, "B") && !iequals(rest, "iB")) return -1;
    return static_cast<int>(prefix - kPrefixes + 1) * 10;
}

int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}
} // namespace

bool iequals(std::string_view a, std::string_view b) noexcept
{
    if (a.size() != b.size()) return false;
    for (size_t i = 0; i < a.size(); i++)
        if (lower(a[i]) != lower(b[i])) return false;
    return true;
}

bool parse_bool(const char *s, bool *out) noexcept
{
    for (const char *word : {"true", "on", "yes", "1"})
        if (iequals(s, word)) return *out = true;
    for (const char *word : {"false", "off", "no", "0"})
        if (iequals(s, word)) {
            *out = false;
            return true;
        }
    return false;
}

bool parse_u64(const char *s, uint64_t *out) noexcept
{
    uint64_t n;
    if (!digits(&s, &n) || *s) return false;
    *out = n;
    return true;
}

bool parse_size(const char *s, uint64_t *out) noexcept
{
    uint64_t whole, parts = 0, per = 1; // whole + parts / per
    if (!digits(&s, &whole)) return false;
    if (*s == '.') {
        const char *start = ++s;
        if (!digits(&s, &parts) || s - start > kMaxDecimals) return false;
        for (; start < s; start++)
            per *= 10;
    }
    while (*s == ' ')
        s++;
    int shift = unit_shift(s);
    if (shift < 0 || (shift == 0 && per > 1) || whole > UINT64_MAX >> shift) return false;
    // parts < 10^6 and shift <= 40: the product fits.
    uint64_t rest = ((parts << shift) + per / 2) / per;
    return !__builtin_add_overflow(whole << shift, rest, out);
}

bool parse_hex(const char *s, size_t n, uint8_t *out) noexcept
{
    if (strlen(s) != n) return false;
    for (size_t i = 0; i + 1 < n; i += 2) {
        int high = hex_digit(s[i]), low = hex_digit(s[i + 1]);
        if (high < 0 || low < 0) return false;
        out[i / 2] = static_cast<uint8_t>(high << 4 | low);
    }
    return true;
}
} // namespace spout
