// text.cpp - looks at 16 bytes at a time for what cannot stand in character data as it is.
#include "format/xml/text.hpp"

#include <cstdio>

#include "base/error.hpp"
#include "base/scan.hpp"

#include "base/no_postgres.hpp"

namespace spout::xml
{
namespace
{
constexpr size_t kSlice = 4096; // bounds the worst case that is reserved: six times a slice
constexpr size_t kSlack = 16;   // what a wide store may write beyond the text
// U+FFFE and U+FFFF are EF BF BE and EF BF BF; no other character that is forbidden begins so.
constexpr uint8_t kNonCharacterLead = 0xEF;

struct XmlSpecial {
#ifdef __SSE2__
    __m128i operator()(__m128i v) const
    {
        __m128i hit = _mm_cmpeq_epi8(_mm_min_epu8(v, _mm_set1_epi8(0x1F)), v);
        for (char c : {'&', '<', '>', static_cast<char>(kNonCharacterLead)})
            hit = _mm_or_si128(hit, _mm_cmpeq_epi8(v, _mm_set1_epi8(c)));
        return hit;
    }
#endif
    bool operator()(uint8_t c) const
    {
        return c < 0x20 || c == '&' || c == '<' || c == '>' || c == kNonCharacterLead;
    }
};

bool special(uint8_t c) { return XmlSpecial()(c); }

// One special byte at s, its look-ahead ends at `end`.
uint8_t *put_special(uint8_t *p, const uint8_t *s, const uint8_t *end)
{
    switch (*s) {
    case '&': return copy(p, "&amp;", 5);
    case '<': return copy(p, "&lt;", 4);
    case '>': return copy(p, "&gt;", 4);
    case '\r': return copy(p, "&#x0d;", 6); // a raw one would be read as a line feed
    case '\t':
    case '\n': break;
    case kNonCharacterLead:
        if (end - s >= 3 && s[1] == 0xBF && s[2] >= 0xBE) bad_character(0xFF40u + s[2]);
        break;
    default: bad_character(*s);
    }
    *p = *s;
    return p + 1;
}

#ifdef __SSE2__
uint32_t specials(__m128i v) { return static_cast<uint32_t>(_mm_movemask_epi8(XmlSpecial()(v))); }
#endif

// Up to kSlice bytes; p has room for six times that and kSlack. The value ends at `end`.
uint8_t *escape_slice(uint8_t *p, const uint8_t *s, size_t n, const uint8_t *end)
{
    const uint8_t *stop = s + n;
#ifdef __SSE2__
    while (stop - s >= 8) {
        bool wide = stop - s >= 16;
        auto *from = reinterpret_cast<const __m128i *>(s);
        __m128i v = wide ? _mm_loadu_si128(from) : _mm_loadl_epi64(from);
        _mm_storeu_si128(reinterpret_cast<__m128i *>(p), v);
        uint32_t mask = specials(v) & (wide ? 0xFFFF : 0xFF);
        if (mask == 0) {
            p += wide ? 16 : 8;
            s += wide ? 16 : 8;
            continue;
        }
        int plain = __builtin_ctz(mask);
        s += plain;
        p = put_special(p + plain, s++, end);
    }
#endif
    for (; s < stop; s++) {
        if (special(*s))
            p = put_special(p, s, end);
        else
            *p++ = *s;
    }
    return p;
}
} // namespace

void bad_character(uint32_t c)
{
    char text[48];
    snprintf(text, sizeof text, "character U+%04X cannot be stored in XML", static_cast<unsigned>(c));
    throw Error(Code::bad_text, text, "Remove or replace it in the query, for example with translate().");
}

uint32_t next_character(const char *&p, const char *end)
{
    auto c = static_cast<uint8_t>(*p++);
    if (c < 0x80) return c;
    int more = c >= 0xF0 ? 3 : c >= 0xE0 ? 2 : 1;
    uint32_t v = c & (0x3Fu >> more);
    for (; more && p < end; more--)
        v = v << 6 | (static_cast<uint8_t>(*p++) & 0x3F);
    return v;
}

char *put_character(char *to, uint32_t c)
{
    if (c < 0x80) {
        *to++ = static_cast<char>(c);
        return to;
    }
    int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    *to++ = static_cast<char>((0xF0 << (3 - more) & 0xFF) | c >> (6 * more));
    while (more--)
        *to++ = static_cast<char>(0x80 | (c >> (6 * more) & 0x3F));
    return to;
}

uint8_t *escape(Cursor &out, uint8_t *p, const char *text, size_t n, size_t tail)
{
    if (n <= kShortText) {
        p = out.room(p, n + kWide + tail);
        if (uint8_t *done = copy_unless(p, text, n, XmlSpecial())) return done;
    }
    auto *s = reinterpret_cast<const uint8_t *>(text), *end = s + n;
    for (; n > kSlice; s += kSlice, n -= kSlice) {
        p = out.room(p, 6 * kSlice + kSlack);
        p = escape_slice(p, s, kSlice, end);
    }
    p = out.room(p, 6 * n + kSlack + tail);
    return escape_slice(p, s, n, end);
}
} // namespace spout::xml
