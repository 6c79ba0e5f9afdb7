// suggest.hpp - "perhaps you meant": the nearest of the names that would have been right.
#pragma once
#include "engine/wall.hpp"
#include "pg/server/pg.hpp"

extern "C" {
#include "parser/parse_node.h"
}

namespace spout
{
struct Suggestion {
    const char *typed;
    const char *best; // null: nothing is near
    int distance;
};
void consider(Suggestion *, const char *candidate); // the first of equally near ones wins; borrowed

const char *suggest_option(const char *format, const char *typed); // null: nothing is near
const char *suggest_format(const char *typed);
const char *suggest_column(TupleDesc, const char *typed);

// Raises what options_parse() found wrong; `raw` and `locations` are what it was given, locations null for a
// function's options.
[[noreturn]] void raise_option(const char *format, const RawOption *raw, const Failure *, ParseState *,
                               const int *locations);
} // namespace spout
