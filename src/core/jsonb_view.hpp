// jsonb_view.hpp - prints a jsonb value where it lies as jsonb_out prints it. Trusts nothing: every offset
// is checked, a damaged value is Error(Code::corrupt).
#pragma once
#include "core/cursor.hpp"

namespace spout
{
// Appends the text of the container of n bytes at root; leaves room for `tail` bytes behind the result.
uint8_t *print_jsonb(Cursor &, uint8_t *p, const uint8_t *root, size_t n, size_t tail);
} // namespace spout
