// parallel_plan.hpp - decides before the first row whether parallel workers can encode, and makes the plan.
// Nothing here runs a query.
#pragma once
#include "base/options.hpp"
#include "pg/server/pg.hpp"

extern "C" {
#include "nodes/parsenodes.h"
#include "nodes/plannodes.h"
}

namespace spout
{
// What an export would like: filled from the options, before planning.
struct Wish {
    bool off;        // the user's `parallel off`: no workers at all, and the scan's own order
    int workers;     // at most; kParallelAuto: as the server's settings say
    const char *why; // not null: the format or the target rules it out
    bool required;   // columns that cannot be NULL are asked for
};
Wish wish_of(const Options *);

// A plan for `query`, which is not changed. *why: null when the plan has a Gather whose child can be given an
// Encode node, else the reason, as a clause, why the leader encodes.
PlannedStmt *plan_query(Query *query, const char *source_text, const Wish *, const char **why);
// The first rows of a query that workers could encode, by this process alone and before they do. Null when it
// may not be run twice or when that is a good part of the work; *why says so.
PlannedStmt *plan_first_rows(const Query *, const PlannedStmt *whole, const char *source_text, int64 rows,
                             const char **why);
// Puts an Encode node between the Gather on top and its child.
void insert_encode_node(PlannedStmt *);
} // namespace spout
