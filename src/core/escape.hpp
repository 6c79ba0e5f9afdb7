// escape.hpp - JSON string escaping as PostgreSQL's escape_json does it: \b \f \n \r \t \" \\, other
// control characters as \u00xx, nothing else. Text is UTF-8 already and stays as it is.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "core/cursor.hpp"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace spout
{
// copy_plain for what stands too near the end of what may be read.
uint8_t *copy_plain_narrow(uint8_t *to, const uint8_t *s, size_t n);

// Copies a text of up to 16 bytes that needs no escape and returns its end; null when it is another one.
// Writes 16 bytes, whatever n is. Bytes before `readable` may be read, of this text or not.
inline uint8_t *copy_plain(uint8_t *to, const uint8_t *s, size_t n, const uint8_t *readable)
{
    if (n > 16) return nullptr;
#ifdef __SSE2__
    if (__builtin_expect(readable - s >= 16, 1)) {
        const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'), control = _mm_set1_epi8(0x1F);
        __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i *>(s));
        __m128i hit = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, slash)),
                                   _mm_cmpeq_epi8(_mm_min_epu8(v, control), v));
        _mm_storeu_si128(reinterpret_cast<__m128i *>(to), v);
        auto mask = static_cast<uint32_t>(_mm_movemask_epi8(hit));
        return mask & ((1u << n) - 1) ? nullptr : to + n;
    }
#endif
    return copy_plain_narrow(to, s, n);
}

// The text between the quotes; leaves room for `tail` bytes behind the result.
uint8_t *escape_json(Cursor &, uint8_t *p, const char *s, size_t n, size_t tail);
// With quotes, for texts built once per export.
void append_json_string(std::string &out, std::string_view s);
} // namespace spout
