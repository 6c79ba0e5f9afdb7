/*
 * neighbour.c - an extension of somebody else, in one file: a planner that leaves in a plan only what the executor
 * asks for, as Citus does, and a utility hook that may own a COPY format. Built and preloaded by
 * test/t/planner_test.py; neighbour.planner and neighbour.copies say what it does.
 */
#include "postgres.h"

#include "executor/executor.h"
#include "fmgr.h"
#include "nodes/extensible.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/planner.h"
#include "tcop/utility.h"
#include "utils/guc.h"

PG_MODULE_MAGIC;
void _PG_init(void);

static planner_hook_type next_planner;
static ProcessUtility_hook_type next_utility;
static char *planner_mode; /* off, hide: no names and no relations, wrap: a node of its own on top, drop: a column */
static char *copies;       /* the COPY format it owns */

/* --- a node that hands on the rows of the plan below ------------------------------------------------------------ */

static void begin(CustomScanState *node, EState *estate, int eflags)
{
    CustomScan *plan = (CustomScan *)node->ss.ps.plan;
    node->custom_ps = list_make1(ExecInitNode(linitial(plan->custom_plans), estate, eflags));
}

static TupleTableSlot *next_row(ScanState *node)
{
    TupleTableSlot *slot = ExecProcNode(linitial(((CustomScanState *)node)->custom_ps));
    return TupIsNull(slot) ? NULL : ExecCopySlot(node->ss_ScanTupleSlot, slot);
}

static bool recheck(ScanState *node, TupleTableSlot *slot) { return true; }
static TupleTableSlot *exec(CustomScanState *node) { return ExecScan(&node->ss, next_row, recheck); }
static void end(CustomScanState *node) { ExecEndNode(linitial(node->custom_ps)); }
static void rescan(CustomScanState *node) { ExecReScan(linitial(node->custom_ps)); }

static const CustomExecMethods exec_methods = {
    .CustomName = "Neighbour", .BeginCustomScan = begin, .ExecCustomScan = exec, .EndCustomScan = end, .ReScanCustomScan = rescan};

static Node *create(CustomScan *plan)
{
    CustomScanState *node = makeNode(CustomScanState);
    node->methods = &exec_methods;
    return (Node *)node;
}

static const CustomScanMethods scan_methods = {.CustomName = "Neighbour", .CreateCustomScanState = create};

static Plan *wrapped(Plan *below)
{
    CustomScan *node = makeNode(CustomScan);
    ListCell *lc;
    node->methods = &scan_methods;
    node->custom_plans = list_make1(below);
    node->scan.plan.plan_rows = below->plan_rows;
    node->scan.plan.plan_width = below->plan_width;
    foreach (lc, below->targetlist)
    {
        TargetEntry *te = lfirst(lc);
        Oid type = exprType((Node *)te->expr), collation = exprCollation((Node *)te->expr);
        int32 typmod = exprTypmod((Node *)te->expr);
        node->custom_scan_tlist = lappend(node->custom_scan_tlist, makeTargetEntry((Expr *)makeNullConst(type, typmod, collation), te->resno, NULL, te->resjunk));
        node->scan.plan.targetlist = lappend(node->scan.plan.targetlist, makeTargetEntry((Expr *)makeVar(INDEX_VAR, te->resno, type, typmod, collation, 0), te->resno, NULL, te->resjunk));
    }
    return &node->scan.plan;
}

/* --- the planner ------------------------------------------------------------------------------------------------ */

static PlannedStmt *plan(Query *parse, const char *query_string, int cursor_options, ParamListInfo params)
{
    PlannedStmt *stmt = (next_planner ? next_planner : standard_planner)(parse, query_string, cursor_options, params);
    ListCell *lc;
    if (strcmp(planner_mode, "off") == 0 || stmt->commandType != CMD_SELECT) return stmt;
    stmt->relationOids = NIL;
    foreach (lc, stmt->planTree->targetlist)
    {
        TargetEntry *te = lfirst(lc);
        te->resname = NULL;
        te->resorigtbl = InvalidOid;
        te->resorigcol = 0;
    }
    if (strcmp(planner_mode, "wrap") == 0) stmt->planTree = wrapped(stmt->planTree);
    if (strcmp(planner_mode, "drop") == 0) stmt->planTree->targetlist = list_delete_last(stmt->planTree->targetlist);
    return stmt;
}

/* --- a format of its own ------------------------------------------------------------------------------------------ */

static void utility(PlannedStmt *stmt, const char *text, bool read_only, ProcessUtilityContext context, ParamListInfo params, QueryEnvironment *env, DestReceiver *dest, QueryCompletion *qc)
{
    if (*copies && IsA(stmt->utilityStmt, CopyStmt))
    {
        ListCell *lc;
        foreach (lc, ((CopyStmt *)stmt->utilityStmt)->options)
        {
            DefElem *def = lfirst(lc);
            if (strcmp(def->defname, "format") == 0 && strcmp(strVal(def->arg), copies) == 0)
            {
                ereport(NOTICE, errmsg("the neighbour writes %s", copies));
                if (qc) SetQueryCompletion(qc, CMDTAG_COPY, 0);
                return;
            }
        }
    }
    (next_utility ? next_utility : standard_ProcessUtility)(stmt, text, read_only, context, params, env, dest, qc);
}

void _PG_init(void)
{
    DefineCustomStringVariable("neighbour.planner", "off, hide, wrap or drop.", NULL, &planner_mode, "off", PGC_USERSET, 0, NULL, NULL, NULL);
    DefineCustomStringVariable("neighbour.copies", "A COPY format.", NULL, &copies, "", PGC_USERSET, 0, NULL, NULL, NULL);
    RegisterCustomScanMethods(&scan_methods);
    next_planner = planner_hook;
    planner_hook = plan;
    next_utility = ProcessUtility_hook;
    ProcessUtility_hook = utility;
}
