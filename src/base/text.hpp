// text.hpp - any cell as the text its output function prints under pinned settings.
// The slow, general way, for conversions a user's own schema asks for. The fast ways are beside it.
#pragma once
#include "base/buffer.hpp"
#include "base/schema.hpp"

namespace spout
{
struct Cell;

// Two lower-case digits for each byte; returns the end.
uint8_t *hex_text(uint8_t *to, const char *bytes, size_t n);
constexpr size_t kUuidText = 36;
void uuid_text(uint8_t to[kUuidText], const char bytes[16]);
// 36 characters, hexadecimal digits in any case and four hyphens.
bool is_uuid_text(const char *p, size_t n);

// The cell is not null. Array lower bounds are gone; everything else is the server's own text.
void append_text(const Type &, const Cell &, Buffer &);
} // namespace spout
