// parallel_plan.cpp - a plan whose workers encode. The planner is asked with costs that fit: one tuple per
// block crosses the queue, not one per row. They are set for the length of planning only.
#include "pg/plan/parallel_plan.hpp"

#include "pg/parallel/encode_node.hpp"
#include "pg/server/guc.hpp"
#include "pg/plan/parallel_safe.hpp"

extern "C" {
#include "access/parallel.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
}

namespace spout
{
Wish wish_of(const Options *o)
{
    Wish w = {};
    w.off = o->parallel == 0;
    w.workers = o->parallel == kParallelAuto ? parallel_workers : o->parallel;
    if (!blocks_commute(o)) w.why = "blocks of this format must stay in order";
    w.required = o->required;
    return w;
}

static void set(const char *name, const char *value)
{
    set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

// Starting workers costs something, even if carrying rows does not: in the planner's units, a few hundred
// rows.
constexpr const char *kSetupCost = "10";

static PlannedStmt *plan_for_workers(Query *query, const char *source_text, int workers)
{
    int nest = NewGUCNestLevel();
    set("parallel_tuple_cost", "0");
    set("parallel_setup_cost", kSetupCost);
    if (workers > 0) {
        char n[16];
        pg_snprintf(n, sizeof n, "%d", workers);
        set("max_parallel_workers_per_gather", n);
        // Who asks for workers gets them: a table's size is no reason to refuse.
        set("min_parallel_table_scan_size", "0");
        set("min_parallel_index_scan_size", "0");
        set("parallel_setup_cost", "0");
    }
    PlannedStmt *stmt = pg_plan_query(query, source_text, CURSOR_OPT_PARALLEL_OK, nullptr);
    AtEOXact_GUC(true, nest);
    return stmt;
}

// --- can it be done? ---------------------------------------------------------------------------------------

static const char *why_not_query(const Query *q, const Wish *w)
{
    if (w->off) return "parallel is off";
    if (w->why) return w->why;
    if (q->commandType != CMD_SELECT || q->hasModifyingCTE) return "the query changes data";
    if (q->sortClause) return "the query has an ORDER BY";
    if (q->limitCount || q->limitOffset) return "the query has a LIMIT";
    if (q->rowMarks) return "the query locks rows";
    if (IsInParallelMode()) return "the export runs inside a parallel query";
    if (w->workers == 0) return "pg_spout.parallel_workers is 0";
    if (w->workers < 0 && max_parallel_workers_per_gather == 0) return "max_parallel_workers_per_gather is 0";
    return nullptr;
}

static const Expr *output(const Plan *plan, int n)
{
    return list_nth_node(TargetEntry, plan->targetlist, n)->expr;
}

// Is the Gather's nth column its child's? setrefs repeats a constant, and of a column selected twice it names
// the first: both are the same values.
static bool passes_on(const Gather *g, const Plan *child, int n)
{
    const Expr *e = output(&g->plan, n);
    if (list_nth_node(TargetEntry, g->plan.targetlist, n)->resjunk) return false;
    if (IsA(e, Const)) return equal(e, output(child, n));
    auto *v = (const Var *)e;
    if (!IsA(v, Var) || v->varno != OUTER_VAR || v->varattno < 1) return false;
    return v->varattno == n + 1 || equal(output(child, v->varattno - 1), output(child, n));
}

static const char *why_not_plan(const PlannedStmt *stmt)
{
    if (!IsA(stmt->planTree, Gather)) return "the planner has no Gather on top";
    auto *g = (const Gather *)stmt->planTree;
    if (g->invisible) return "the planner has no Gather on top"; // a developer's setting put it there
    if (g->single_copy) return "the plan can run in one process only";
    const Plan *child = g->plan.lefttree;
    if (g->plan.qual || list_length(g->plan.targetlist) != list_length(child->targetlist))
        return "the plan computes something after its Gather";
    for (int n = 0; n < list_length(child->targetlist); n++)
        if (!passes_on(g, child, n)) return "the plan computes something after its Gather";
    return nullptr;
}

PlannedStmt *plan_query(Query *query, const char *source_text, const Wish *w, const char **why)
{
    *why = why_not_query(query, w);
    if (!*why) {
        auto *copy = (Query *)copyObjectImpl(query);
        PlannedStmt *stmt = plan_for_workers(copy, source_text, w->workers);
        *why = why_not_plan(stmt);
        if (!*why) *why = why_not_output(stmt->planTree->targetlist);
        if (!*why) return stmt;
    }
    return pg_plan_query(query, source_text, w->off ? 0 : CURSOR_OPT_PARALLEL_OK, nullptr);
}

// In the planner's units: about as many pages read one after the other.
constexpr Cost kCheap = 10000;
constexpr Cost kSmallPart = 0.1; // of the export itself

PlannedStmt *plan_first_rows(const Query *query, const PlannedStmt *whole, const char *source_text,
                             int64 rows, const char **why)
{
    *why = "a look at its arrays would call volatile functions twice (array_dimensions saves it)";
    if (contain_volatile_functions((Node *)query)) return nullptr;
    auto *copy = (Query *)copyObjectImpl(query);
    copy->limitCount =
        (Node *)makeConst(INT8OID, -1, InvalidOid, sizeof(int64), Int64GetDatum(rows), false, true);
    copy->limitOption = LIMIT_OPTION_COUNT;
    PlannedStmt *stmt = pg_plan_query(copy, source_text, 0, nullptr);
    *why = "a look at its arrays would take too long (array_dimensions saves it)";
    Cost limit = Max(kCheap, kSmallPart * whole->planTree->total_cost);
    if (stmt->planTree->total_cost > limit) return nullptr;
    *why = nullptr;
    return stmt;
}

// --- the node ----------------------------------------------------------------------------------------------

constexpr int kUnusedNodeId = INT_MAX - 1; // the planner counts from 0

static TargetEntry *entry(Expr *e, int n)
{
    return makeTargetEntry(e, (AttrNumber)n, pstrdup("block"), false);
}

// Three lists that say the same, so that nothing is projected: setrefs is over, Vars are final.
static void set_target_lists(Gather *g, CustomScan *node)
{
    List *scan = NIL, *index = NIL, *outer = NIL;
    for (int i = 0; i < kPieceColumns; i++) {
        Oid type = kPieceTypes[i];
        scan = lappend(scan, entry((Expr *)makeNullConst(type, -1, InvalidOid), i + 1));
        index = lappend(index, entry((Expr *)makeVar(INDEX_VAR, i + 1, type, -1, InvalidOid, 0), i + 1));
        outer = lappend(outer, entry((Expr *)makeVar(OUTER_VAR, i + 1, type, -1, InvalidOid, 0), i + 1));
    }
    node->custom_scan_tlist = scan;
    node->scan.plan.targetlist = index;
    g->plan.targetlist = outer;
}

void insert_encode_node(PlannedStmt *stmt)
{
    auto *g = castNode(Gather, stmt->planTree);
    Plan *child = g->plan.lefttree;
    CustomScan *node = makeNode(CustomScan);
    Plan *plan = &node->scan.plan;
    plan->startup_cost = child->startup_cost;
    plan->total_cost = child->total_cost;
    plan->plan_rows = child->plan_rows;
    plan->plan_width = child->plan_width;
    plan->plan_node_id = kUnusedNodeId;
    plan->parallel_safe = true;
    plan->parallel_aware = true; // else its shared memory is never set up
    plan->lefttree = child;
    plan->extParam = bms_copy(child->extParam);
    plan->allParam = bms_copy(child->allParam);
    node->methods = &kEncodeScan;
    set_target_lists(g, node);
    g->plan.lefttree = plan;
}
} // namespace spout
