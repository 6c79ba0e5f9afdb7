// csv_options.hpp - the options of CSV that core knows too: core checks them, with its own messages.
#pragma once
#include "engine/wall.hpp"
#include "pg/bind/bind.hpp"
#include "pg/server/pg.hpp"

extern "C" {
#include "nodes/parsenodes.h"
#include "parser/parse_node.h"
}

namespace spout
{
// What only the columns of the result can settle.
struct ForceQuote {
    bool all;
    List *names; // of String
};
// `core` is a list of DefElem without format; pstate may be null. Fills options->csv but for force_quote.
ForceQuote read_csv_options(ParseState *pstate, List *core, Options *options);
void relink_csv(CsvOptions *); // after a copy from another process: what `encoding` implies
// Flags per column, palloc'd; null: none. `relation` and its `relation_desc`, which tells a column that
// exists but is not exported, are null for a query.
const bool *force_quote_flags(const ForceQuote *, const ColumnChoice *, uint32 n, const char *relation,
                              TupleDesc relation_desc);
} // namespace spout
