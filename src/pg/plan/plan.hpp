// plan.hpp - from a statement to a plan whose rows can be exported. Rights are never checked here: running
// the SELECT as the caller checks them, columns and row-level security included.
#pragma once
#include "pg/bind/bind.hpp"
#include "pg/plan/parallel_plan.hpp"
#include "pg/server/pg.hpp"

extern "C" {
#include "nodes/parsenodes.h"
#include "nodes/plannodes.h"
}

namespace spout
{
struct Planned {
    PlannedStmt *stmt;
    const char *source_text;
    const ColumnOrigin *origins; // per result column
    TupleDesc desc;              // of the rows, as the query says; the executor's is checked against it
    const char *serial_why;      // null: parallel workers can encode; else why the leader does
    Query *query;                // where workers can: to be planned again, for the leader or for a look
    PlannedStmt *look;           // the first rows, to be read before workers start (look.hpp); null: no need
};

// COPY: `raw` is the query of COPY (query), or the SELECT built for a relation, whose oid is then given.
// Raises what core's COPY raises: 0A000 for SELECT INTO, rules, missing RETURNING; 55000 when the relation
// was swapped.
Planned plan_copy(RawStmt *raw, const char *source_text, Oid relid, const Wish *);
// Functions: `query` must be one SELECT, VALUES, TABLE or WITH that changes nothing, else 0A000.
Planned plan_select(const char *query, const Wish *);
} // namespace spout
