// escape.hpp - JSON string escaping as PostgreSQL's escape_json does it: \b \f \n \r \t \" \\, other
// control characters as \u00xx, nothing else. Text is UTF-8 already and stays as it is.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

#include "core/cursor.hpp"

namespace spout
{
// The text between the quotes; leaves room for `tail` bytes behind the result.
uint8_t *escape_json(Cursor &, uint8_t *p, const char *s, size_t n, size_t tail);
// With quotes, for texts built once per export.
void append_json_string(std::string &out, std::string_view s);
} // namespace spout
