// file_text.hpp - bytes that were read from files or given by core, on their way to become text: nothing that
// the database encoding does not have gets through, and nothing raises for that.
#pragma once
#include "pg/server/pg.hpp"

namespace spout
{
// Bytes of a file that are UTF-8 or, where they are not, valid in the database encoding; null: neither, or
// characters that the database encoding lacks. Palloc'd.
char *text_from_file(const char *bytes);
// The same for people to read: what is no character of the database encoding is escaped, `\xff` for a byte
// and
// `\u{65e5}` for a character. Palloc'd; never null.
char *readable(const char *bytes);
} // namespace spout
