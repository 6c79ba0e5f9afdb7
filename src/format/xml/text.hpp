// text.hpp - characters and text of XML 1.0 (section 2.2, production 2; section 2.4).
// Text is well-formed UTF-8 already. Knows no element and no name.
#pragma once
#include <cstddef>
#include <cstdint>

#include "base/cursor.hpp"

namespace spout::xml
{
// What an XML 1.0 document may hold, raw or as a reference.
inline bool is_character(uint32_t c)
{
    if (c < 0x20) return c == '\t' || c == '\n' || c == '\r';
    return c < 0xD800 || (c >= 0xE000 && c < 0xFFFE) || (c >= 0x10000 && c < 0x110000);
}
// Throws Error(Code::bad_text), which names the code point.
[[noreturn]] void bad_character(uint32_t c);

// The character at p, which moves behind it; p < end. Never reads beyond end; surrogates that were
// encoded like characters come back as such.
uint32_t next_character(const char *&p, const char *end);
// The bytes of a character, up to 4; surrogates too. Returns the end.
char *put_character(char *to, uint32_t c);

// Character data: & < > and CR become references, everything else stays. Leaves room for `tail` bytes
// behind the result. Throws Error(Code::bad_text) for what XML cannot hold.
uint8_t *escape(Cursor &, uint8_t *p, const char *s, size_t n, size_t tail);
} // namespace spout::xml
