// escape.hpp - JSON string escaping as PostgreSQL's escape_json does it: \b \f \n \r \t \" \\, other
// control characters as \u00xx, nothing else. Text is UTF-8 already and stays as it is.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "base/cursor.hpp"
#include "base/scan.hpp"

namespace spout
{
// The bytes that need an escape.
struct JsonSpecial {
#ifdef __SSE2__
    __m128i operator()(__m128i v) const
    {
        __m128i quote = _mm_cmpeq_epi8(v, _mm_set1_epi8('"')), slash = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));
        __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1F)), v);
        return _mm_or_si128(_mm_or_si128(quote, slash), control);
    }
#endif
    bool operator()(uint8_t c) const { return c < 0x20 || c == '"' || c == '\\'; }
};

// Copies a text of up to 16 bytes that needs no escape and returns its end; null when it is another one, or
// when no 16 bytes around it may be read. Bytes from begin to end may; 16 are written, whatever n is.
inline uint8_t *copy_plain(uint8_t *to, const uint8_t *s, size_t n, const uint8_t *begin, const uint8_t *end)
{
#ifdef __SSE2__
    // The text stands at the start of what is loaded or, near the end of the bytes, at its end.
    const bool from_start = end - s >= 16;
    const auto before = static_cast<uint32_t>(16 - n);
    if (n > 16 || n == 0 || (!from_start && s - begin < before)) return nullptr;
    const uint8_t *from = from_start ? s : s - before;
    __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i *>(from));
    auto mask = static_cast<uint32_t>(_mm_movemask_epi8(JsonSpecial()(v)));
    if (__builtin_expect(from_start, 1)) {
        _mm_storeu_si128(reinterpret_cast<__m128i *>(to), v);
        return mask & ((1u << n) - 1) ? nullptr : to + n;
    }
    unsigned __int128 bytes;
    memcpy(&bytes, from, 16);
    bytes >>= 8 * before;
    memcpy(to, &bytes, 16);
    return mask >> before ? nullptr : to + n;
#else
    return nullptr;
#endif
}

// The text between the quotes; leaves room for `tail` bytes behind the result.
uint8_t *escape_json(Cursor &, uint8_t *p, const char *s, size_t n, size_t tail);
// With `"` as `\""`: inside a value of a CSV file.
uint8_t *escape_json_quotes_twice(Cursor &, uint8_t *p, const char *s, size_t n, size_t tail);
// With quotes, for texts built once per export.
void append_json_string(std::string &out, std::string_view s);
} // namespace spout
