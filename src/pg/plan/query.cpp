// query.cpp - start and end of a query; between them its receiver gets the rows.
#include "pg/plan/query.hpp"

extern "C" {
#include "executor/executor.h"
#include "utils/snapmgr.h"
}

namespace spout
{
QueryDesc *query_start(const Planned *p, PlannedStmt *stmt, DestReceiver *receiver)
{
    PushCopiedSnapshot(GetActiveSnapshot());
    UpdateActiveSnapshotCommandId();
    QueryDesc *qd = CreateQueryDesc(stmt, p->source_text, GetActiveSnapshot(), InvalidSnapshot, receiver,
                                    nullptr, nullptr, 0);
    ExecutorStart(qd, 0);
    return qd;
}

void check_columns(TupleDesc rows, TupleDesc query)
{
    bool same = rows->natts == query->natts;
    for (int i = 0; same && i < query->natts; i++)
        same = TupleDescAttr(rows, i)->atttypid == TupleDescAttr(query, i)->atttypid;
    if (same) return;
    ereport(ERROR,
            (errcode(ERRCODE_DATATYPE_MISMATCH), errmsg("the plan's columns are not those of its query"),
             errdetail("A planner of another extension has changed them.")));
}

void query_end(QueryDesc *qd)
{
    ExecutorFinish(qd);
    ExecutorEnd(qd);
    FreeQueryDesc(qd);
    PopActiveSnapshot();
}
} // namespace spout
