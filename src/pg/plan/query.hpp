// query.hpp - a plan that runs under the caller's snapshot.
#pragma once
#include "pg/plan/plan.hpp"

extern "C" {
#include "executor/execdesc.h"
#include "tcop/dest.h"
}

namespace spout
{
// Checks the caller's rights on the tables, too. `stmt` is the plan itself or one of its look.
QueryDesc *query_start(const Planned *, PlannedStmt *stmt, DestReceiver *);
// A plan that is not core's may have columns that are not the query's: never read one type as another.
void check_columns(TupleDesc rows, TupleDesc query);
void query_end(QueryDesc *);
} // namespace spout
