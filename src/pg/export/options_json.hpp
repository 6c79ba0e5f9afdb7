// options_json.hpp - options of the functions: named arguments and keys of `options jsonb`.
#pragma once
#include "engine/wall.hpp"
#include "pg/bind/csv_options.hpp"
#include "pg/server/pg.hpp"

extern "C" {
#include "utils/jsonb.h"
}

namespace spout
{
struct OptionList {
    RawOption *items; // palloc'd
    Node **nodes;     // the same values as COPY's parser gives them, for options that the server checks
    uint32 n, room;
};

// Keys of a JSON object; strings give their text, other values their JSON text. Null gives an empty list.
// Raises 22023 for anything but an object. JSON null values are left out.
OptionList options_from_json(Jsonb *);
void add_option(OptionList *, const char *name, const char *value);
// For arguments whose default 0 means off: absent then, so that the same key in `options` is no repetition.
void add_nonzero_option(OptionList *, const char *name, int64 value);
// Where compression is not among them, the file's name tells it.
void add_compression_by_name(OptionList *, const char *format, const char *path);
// Raises what is wrong.
void parse_option_list(const char *format, const OptionList *, Options *, ForceQuote *);
} // namespace spout
