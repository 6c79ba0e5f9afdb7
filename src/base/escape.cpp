// escape.cpp - looks at 16 bytes at a time for the three things that need an escape.
#include "base/escape.hpp"

#include "base/no_postgres.hpp"

namespace spout
{
namespace
{
constexpr size_t kSlice = 4096; // bounds the worst case that is reserved: six times a slice
constexpr size_t kSlack = 16;   // what a wide store may write beyond the text

template <bool kTwice> uint8_t *escape_char(uint8_t *p, uint8_t c)
{
    char letter = 0;
    switch (c) {
    case '\b': letter = 'b'; break;
    case '\f': letter = 'f'; break;
    case '\n': letter = 'n'; break;
    case '\r': letter = 'r'; break;
    case '\t': letter = 't'; break;
    case '"': letter = '"'; break;
    case '\\': letter = '\\'; break;
    default: break;
    }
    *p++ = '\\';
    if (letter) {
        *p++ = static_cast<uint8_t>(letter);
        if (kTwice && letter == '"') *p++ = '"';
        return p;
    }
    memcpy(p, "u00", 3);
    p[3] = static_cast<uint8_t>('0' + (c >> 4));
    p[4] = static_cast<uint8_t>((c & 15) < 10 ? '0' + (c & 15) : 'a' + (c & 15) - 10);
    return p + 5;
}

bool special(uint8_t c) { return JsonSpecial()(c); }

// True when any of the 8 bytes needs an escape.
bool any_special(uint64_t w)
{
    constexpr uint64_t kOnes = 0x0101010101010101, kHigh = 0x8080808080808080;
    uint64_t quote = w ^ (kOnes * '"'), slash = w ^ (kOnes * '\\');
    return (((w - kOnes * 0x20) & ~w) | ((quote - kOnes) & ~quote) | ((slash - kOnes) & ~slash)) & kHigh;
}

// Up to kSlice bytes; p has room for six times that and kSlack.
template <bool kTwice> uint8_t *escape_slice(uint8_t *p, const uint8_t *s, size_t n)
{
#ifdef __SSE2__
    while (n >= 16) {
        __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i *>(s));
        _mm_storeu_si128(reinterpret_cast<__m128i *>(p), v);
        auto mask = static_cast<uint32_t>(_mm_movemask_epi8(JsonSpecial()(v)));
        if (mask == 0) {
            p += 16;
            s += 16;
            n -= 16;
            continue;
        }
        auto plain = static_cast<size_t>(__builtin_ctz(mask));
        p = escape_char<kTwice>(p + plain, s[plain]);
        s += plain + 1;
        n -= plain + 1;
    }
#endif
    for (; n >= 8; s += 8, n -= 8) {
        uint64_t w;
        memcpy(&w, s, 8);
        if (any_special(w)) break;
        memcpy(p, &w, 8);
        p += 8;
    }
    if (n >= 4) {
        uint32_t w;
        memcpy(&w, s, 4);
        if (!any_special(0x6161616161616161 ^ ((0x61616161u ^ w) & 0xFFFFFFFFull))) {
            memcpy(p, &w, 4);
            p += 4;
            s += 4;
            n -= 4;
        }
    }
    for (; n > 0; s++, n--) {
        if (special(*s))
            p = escape_char<kTwice>(p, *s);
        else
            *p++ = *s;
    }
    return p;
}

template <bool kTwice> uint8_t *escape(Cursor &out, uint8_t *p, const char *text, size_t n, size_t tail)
{
    auto *s = reinterpret_cast<const uint8_t *>(text);
    for (; n > kSlice; s += kSlice, n -= kSlice) {
        p = out.room(p, 6 * kSlice + kSlack);
        p = escape_slice<kTwice>(p, s, kSlice);
    }
    p = out.room(p, 6 * n + kSlack + tail);
    return escape_slice<kTwice>(p, s, n);
}
} // namespace

uint8_t *escape_json(Cursor &out, uint8_t *p, const char *s, size_t n, size_t tail)
{
    return escape<false>(out, p, s, n, tail);
}

uint8_t *escape_json_quotes_twice(Cursor &out, uint8_t *p, const char *s, size_t n, size_t tail)
{
    return escape<true>(out, p, s, n, tail);
}

void append_json_string(std::string &out, std::string_view s)
{
    out += '"';
    for (char c : s) {
        auto u = static_cast<uint8_t>(c);
        if (special(u)) {
            uint8_t text[6];
            out.append(reinterpret_cast<char *>(text),
                       static_cast<size_t>(escape_char<false>(text, u) - text));
        } else {
            out += c;
        }
    }
    out += '"';
}
} // namespace spout
