// plan.cpp - analysis, rewriting and planning, with core COPY's refusals word for word.
#include "pg/plan/plan.hpp"

#include "pg/plan/never_null.hpp"

extern "C" {
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "parser/parser.h"
#include "tcop/tcopprot.h"
#include "executor/executor.h"
#include "utils/snapmgr.h"
}

namespace spout
{
static bool is_data_changing(CmdType c)
{
    return c == CMD_INSERT || c == CMD_UPDATE || c == CMD_DELETE || c == CMD_MERGE;
}

// A rule on the target may turn one statement into many or none (copyto.c, BeginCopyTo).
static Query *only_rewritten(List *rewritten)
{
    if (rewritten == NIL)
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                        errmsg("DO INSTEAD NOTHING rules are not supported for COPY")));
    if (list_length(rewritten) == 1) return linitial_node(Query, rewritten);
    ListCell *lc;
    foreach (lc, rewritten) {
        Query *q = lfirst_node(Query, lc);
        if (q->querySource == QSRC_QUAL_INSTEAD_RULE)
            ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                            errmsg("conditional DO INSTEAD rules are not supported for COPY")));
        if (q->querySource == QSRC_NON_INSTEAD_RULE)
            ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                            errmsg("DO ALSO rules are not supported for COPY")));
    }
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
                    errmsg("multi-statement DO INSTEAD rules are not supported for COPY")));
    pg_unreachable();
}

static void check_copy_query(const Query *q)
{
    if (q->utilityStmt && IsA(q->utilityStmt, CreateTableAsStmt))
        ereport(ERROR,
                (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("COPY (SELECT INTO) is not supported")));
    if (q->utilityStmt)
        ereport(ERROR,
                (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("COPY query must not be a utility command")));
    if (q->commandType == CMD_MERGE && !kMergeReturning)
        ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("MERGE not supported in COPY")));
    if (is_data_changing(q->commandType) && q->returningList == NIL)
        ereport(ERROR,
                (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("COPY query must have a RETURNING clause")));
}

// Everything about the result comes from the analysed query, never from its plan: the plan may be another
// planner's, who says no more in it than the executor asks for.
static List *result_of(const Query *q)
{
    return q->commandType == CMD_SELECT ? q->targetList : q->returningList;
}

static const ColumnOrigin *origins_of(const Query *q, const Wish *wish)
{
    auto *origins = (ColumnOrigin *)palloc0(sizeof(ColumnOrigin) * Max(list_length(result_of(q)), 1));
    ListCell *lc;
    int n = 0;
    foreach (lc, result_of(q)) {
        TargetEntry *te = lfirst_node(TargetEntry, lc);
        if (te->resjunk) continue;
        bool never_null = wish->required && column_never_null(q, te->resno);
        origins[n++] = {te->resorigtbl, te->resorigcol, never_null};
    }
    return origins;
}

static bool reads_relation(const Query *q, Oid relid)
{
    ListCell *lc;
    foreach (lc, q->rtable) {
        RangeTblEntry *rte = lfirst_node(RangeTblEntry, lc);
        if (rte->rtekind == RTE_RELATION && rte->relid == relid) return true;
    }
    return false;
}

static Planned planned(Query *q, const char *source_text, const Wish *wish)
{
    Planned p = {};
    p.source_text = source_text;
    p.origins = origins_of(q, wish); // planning scribbles on the query
    p.desc = ExecCleanTypeFromTL(result_of(q));
    p.stmt = plan_query(q, source_text, wish, &p.serial_why);
    if (!p.serial_why) p.query = q;
    return p;
}

Planned plan_copy(RawStmt *raw, const char *source_text, Oid relid, const Wish *wish)
{
    List *rewritten = pg_analyze_and_rewrite_fixedparams(raw, source_text, nullptr, 0, nullptr);
    Query *q = only_rewritten(rewritten);
    check_copy_query(q);
    // Between our look at the relation and its analysis its schema's name may have come to mean another one.
    if (OidIsValid(relid) && !reads_relation(q, relid))
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("relation referenced by COPY statement has changed")));
    return planned(q, source_text, wish);
}

[[noreturn]] static void refuse_query(const char *must)
{
    ereport(ERROR, (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("query to export must %s", must),
                    errhint("Pass one SELECT, VALUES, TABLE or WITH query that changes no data.")));
    pg_unreachable();
}

// An error's position is one in `query`, not in the statement that called the function.
static void query_context(void *arg)
{
    int position = geterrposition();
    if (position <= 0) return;
    errposition(0);
    internalerrposition(position);
    internalerrquery(static_cast<const char *>(arg));
}

Planned plan_select(const char *query, const Wish *wish)
{
    ErrorContextCallback context = {error_context_stack, query_context, (void *)query};
    error_context_stack = &context;
    List *parsed = pg_parse_query(query);
    if (list_length(parsed) != 1) refuse_query("be exactly one statement");
    RawStmt *raw = linitial_node(RawStmt, parsed);
    if (!IsA(raw->stmt, SelectStmt)) refuse_query("be a SELECT");
    if (((SelectStmt *)raw->stmt)->intoClause) refuse_query("not be a SELECT INTO");
    List *rewritten = pg_analyze_and_rewrite_fixedparams(raw, query, nullptr, 0, nullptr);
    if (list_length(rewritten) != 1) refuse_query("be exactly one statement");
    Query *q = linitial_node(Query, rewritten);
    if (q->utilityStmt) refuse_query("not be a SELECT INTO");
    if (q->commandType != CMD_SELECT) refuse_query("be a SELECT");
    // SQL has data-modifying WITH at the top only: no view, subquery or CTE brings another. Row locks change
    // no data and may stand at any depth: allowed, as in COPY.
    if (q->hasModifyingCTE) refuse_query("not change data in a WITH clause");
    Planned p = planned(q, query, wish);
    error_context_stack = context.previous;
    return p;
}
} // namespace spout
