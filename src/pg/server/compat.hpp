// compat.hpp - every difference between PostgreSQL 15, 16, 17 and 18 that we meet, in one place.
// Included by pg.hpp; the rest of the code has no PG_VERSION_NUM.
#pragma once

#if PG_VERSION_NUM < 150000
#error "pg_spout needs PostgreSQL 15 or newer"
#endif
// Minor releases that broke the binary interface and took it back one release later.
#if PG_VERSION_NUM == 150009 || PG_VERSION_NUM == 160005 || PG_VERSION_NUM == 170001
#error "this minor release has a broken extension ABI; build against the next one"
#endif

extern "C" {
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif
#include "executor/executor.h"
#include "nodes/parsenodes.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "utils/rel.h"
}

namespace spout
{
constexpr int kServerVersion = PG_VERSION_NUM; // of the build
constexpr bool kHasInfiniteIntervals = PG_VERSION_NUM >= 170000;
// MERGE ... RETURNING came with 17; before, COPY refuses every MERGE.
constexpr bool kMergeReturning = PG_VERSION_NUM >= 170000;
// Materialized views can be copied as a table since 18.
constexpr bool kCopyMatview = PG_VERSION_NUM >= 180000;

// A background worker may run as a role that cannot log in since 17.
#ifdef BGWORKER_BYPASS_ROLELOGINCHECK
constexpr bool kWorkerOfNologinRole = true;
constexpr uint32 kWorkerOfNologinFlag = BGWORKER_BYPASS_ROLELOGINCHECK;
#else
constexpr bool kWorkerOfNologinRole = false;
constexpr uint32 kWorkerOfNologinFlag = 0;
#endif

// Moves while a checkpoint runs, begins or ends.
inline int64 checkpointer_activity()
{
    pgstat_clear_snapshot();
    const PgStat_CheckpointerStats *s = pgstat_fetch_stat_checkpointer();
#if PG_VERSION_NUM >= 170000
    return s->num_timed + s->num_requested + s->buffers_written + s->write_time + s->sync_time;
#else
    return s->timed_checkpoints + s->requested_checkpoints + s->buf_written_checkpoints +
           s->checkpoint_write_time + s->checkpoint_sync_time;
#endif
}

// NOT NULL, and checked for every row: since 18 a constraint may be NOT VALID.
inline bool is_not_null(Relation rel, AttrNumber attnum)
{
#if PG_VERSION_NUM >= 180000
    return TupleDescCompactAttr(RelationGetDescr(rel), attnum - 1)->attnullability == ATTNULLABLE_VALID;
#else
    return TupleDescAttr(RelationGetDescr(rel), attnum - 1)->attnotnull;
#endif
}

// What the columns of a GROUP BY are, where they have an entry of their own in the range table: since 18.
inline const List *group_expressions(const RangeTblEntry *rte)
{
#if PG_VERSION_NUM >= 180000
    return rte->rtekind == RTE_GROUP ? rte->groupexprs : NIL;
#else
    return NIL;
#endif
}

// What the tree walkers take: before 16 a function without a prototype, which C++ does not have.
#if PG_VERSION_NUM >= 160000
using Walker = bool (*)(Node *, void *);
inline Walker as_walker(Walker f) { return f; }
#else
using Walker = bool (*)();
inline Walker as_walker(bool (*f)(Node *, void *)) { return (Walker)(void (*)())f; }
#endif

inline void executor_run(QueryDesc *qd)
{
#if PG_VERSION_NUM >= 180000
    ExecutorRun(qd, ForwardScanDirection, 0);
#else
    ExecutorRun(qd, ForwardScanDirection, 0, true);
#endif
}

// COPY's refusal of a role that may not write server files was reworded in 16; for use inside ereport().
inline int errmsg_copy_to_file_denied()
{
#if PG_VERSION_NUM >= 160000
    errdetail("Only roles with privileges of the \"%s\" role may COPY to a file.", "pg_write_server_files");
    return errmsg("permission denied to COPY to a file");
#else
    return errmsg("must be superuser or have privileges of the pg_write_server_files role to COPY to a file");
#endif
}

inline int errmsg_copy_to_program_denied()
{
#if PG_VERSION_NUM >= 160000
    errdetail("Only roles with privileges of the \"%s\" role may COPY to or from an external program.",
              "pg_execute_server_program");
    return errmsg("permission denied to COPY to or from an external program");
#else
    return errmsg(
        "must be superuser or have privileges of the pg_execute_server_program role to COPY to or from "
        "an external program");
#endif
}
} // namespace spout
