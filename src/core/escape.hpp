// escape.hpp - JSON string escaping as PostgreSQL's escape_json does it: \b \f \n \r \t \" \\, other
// control characters as \u00xx, nothing else. Text is UTF-8 already and stays as it is.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "core/cursor.hpp"

namespace spout
{
// The text between the quotes; leaves room for `tail` bytes behind the result.
uint8_t *escape_json(Cursor &, uint8_t *p, const char *s, size_t n, size_t tail);
// The same for the common short text: n <= 16, 16 bytes are readable at s and writable at p.
// Null when something needs an escape.
inline uint8_t *escape_json_short(uint8_t *p, const uint8_t *s, size_t n)
{
#ifdef __SSE2__
    const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i *>(s));
    const __m128i hit = _mm_or_si128(
        _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')), _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'))),
        _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1F)), v));
    if (static_cast<uint32_t>(_mm_movemask_epi8(hit)) & ((1u << n) - 1)) return nullptr;
    _mm_storeu_si128(reinterpret_cast<__m128i *>(p), v);
    return p + n;
#else
    return nullptr;
#endif
}
// With quotes, for texts built once per export.
void append_json_string(std::string &out, std::string_view s);
} // namespace spout
