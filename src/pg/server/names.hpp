// names.hpp - names of the catalog in a file's encoding. In an SQL_ASCII database they may be any bytes, in
// others characters that the encoding does not have: only a name that is written can be wrong.
#pragma once
#include "pg/server/pg.hpp"

namespace spout
{
// False: it is no text there, and nothing was converted. The result may be `s` itself.
bool convert_name(const char *s, int encoding, const char **converted);
// For a file: raises `<what> cannot be written in encoding "UTF8": "a\xff"` with this hint.
const char *written_text(const char *s, int encoding, const char *what, const char *hint);
const char *option_text(const char *name, const char *value); // the same for an option's value
// For people, in UTF-8: of what is no text the bytes outside ASCII are escaped.
const char *shown_name(const char *s);
const char *message_name(const char *s);  // the same in the database encoding
const char *escaped_bytes(const char *s); // a\xff
int bad_name_sqlstate();                  // of what cannot be converted
} // namespace spout
