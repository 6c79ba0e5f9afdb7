// scan.hpp - copies short texts while looking for bytes that cannot stay as they are. Reads no byte outside
// the text; writes up to kWide bytes beyond it. Knows no format: it is told which bytes are special.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace spout
{
constexpr size_t kWide = 16;      // bytes of a step
constexpr size_t kShortText = 64; // longer ones are not worth a second look when the first finds something

#ifdef __SSE2__
// Copies n bytes and returns their end; null when there is a special one among them, the copy is void then.
// special(v): which of 16 bytes are special, as _mm_cmpeq_epi8 tells it.
template <class Special>
inline uint8_t *copy_unless(uint8_t *p, const char *s, size_t n, const Special &special)
{
    auto copy16 = [&](uint8_t *to, const char *from) {
        __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i *>(from));
        _mm_storeu_si128(reinterpret_cast<__m128i *>(to), v);
        return _mm_movemask_epi8(special(v)) != 0;
    };
    auto any = [&](__m128i v) { return _mm_movemask_epi8(special(v)) != 0; };
    uint8_t *end = p + n;
    // Every length is looked at in steps that overlap, so no byte is looked at alone.
    if (n >= 16) {
        const char *last = s + n - 16;
        for (; s < last; s += 16, p += 16)
            if (__builtin_expect(copy16(p, s), 0)) return nullptr;
        return copy16(end - 16, last) ? nullptr : end;
    }
    if (n >= 8) {
        int64_t a, b;
        memcpy(&a, s, 8);
        memcpy(&b, s + n - 8, 8);
        memcpy(p, &a, 8);
        memcpy(end - 8, &b, 8);
        return any(_mm_set_epi64x(b, a)) ? nullptr : end;
    }
    if (n >= 4) {
        int32_t a, b;
        memcpy(&a, s, 4);
        memcpy(&b, s + n - 4, 4);
        memcpy(p, &a, 4);
        memcpy(end - 4, &b, 4);
        return any(_mm_set_epi32(b, a, b, a)) ? nullptr : end;
    }
    if (n == 0) return end;
    p[0] = static_cast<uint8_t>(s[0]);
    p[n / 2] = static_cast<uint8_t>(s[n / 2]);
    p[n - 1] = static_cast<uint8_t>(s[n - 1]);
    uint32_t bytes = p[0] | static_cast<uint32_t>(p[n / 2]) << 8 | static_cast<uint32_t>(p[n - 1]) << 16 |
                     static_cast<uint32_t>(p[0]) << 24;
    return any(_mm_set1_epi32(static_cast<int>(bytes))) ? nullptr : end;
}
#else
// special(c): whether the byte is.
template <class Special>
inline uint8_t *copy_unless(uint8_t *p, const char *s, size_t n, const Special &special)
{
    for (size_t i = 0; i < n; i++)
        if (special(p[i] = static_cast<uint8_t>(s[i]))) return nullptr;
    return p + n;
}
#endif
} // namespace spout
