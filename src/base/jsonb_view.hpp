// jsonb_view.hpp - prints a jsonb value where it lies as jsonb_out prints it. Trusts nothing: every offset
// is checked, a damaged value is Error(Code::corrupt).
#pragma once
#include "base/cursor.hpp"

namespace spout
{
// Appends the text of the container of n bytes at root; leaves room for `tail` bytes behind the result.
uint8_t *print_jsonb(Cursor &, uint8_t *p, const uint8_t *root, size_t n, size_t tail);
// The same as a quoted value of a CSV file: in quotes, every quote twice.
uint8_t *quote_jsonb(Cursor &, uint8_t *p, const uint8_t *root, size_t n, size_t tail);
// An object that is not empty: its text has quotes. Damage is not found here.
bool is_jsonb_object(const uint8_t *root, size_t n);
} // namespace spout
