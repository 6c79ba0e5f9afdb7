// briefing.hpp - what a parallel worker must know to encode as the leader does, as bytes in shared memory.
// A worker is the same program, but its libraries may lie elsewhere: no pointer travels.
#pragma once
#include "base/spec.hpp"
#include "pg/bind/bind.hpp"
#include "pg/server/pg.hpp"
#include "pg/target/sink.hpp"

extern "C" {
#include "lib/stringinfo.h"
}

namespace spout
{
// The leader's, borrowed; or a worker's copy, palloc'd in the current context.
struct Briefing {
    Options options; // csv.force_quote set
    uint8 random[16];
    const char *schema, *relation; // UTF-8; null for a query
    const ColumnChoice *columns;
    const ColumnOrigin *origins; // per column of the result, as ColumnChoice::attnum counts
    uint32 ncolumns, norigins;
    const uint8 *dimensions; // Binder::dimensions as the leader knows them; null: not told
    uint32 narrays;
};
void write_briefing(StringInfo to, const Briefing *);
void read_briefing(StringInfo from, Briefing *); // raises XX000 if the library is another one
} // namespace spout
