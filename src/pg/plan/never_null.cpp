// never_null.cpp - a proof by the shape of the query. A table's column is never NULL when it is declared NOT
// NULL in the table and in all whose rows come with it, and when no outer join or grouping set above puts
// NULL in its place; then it is followed through subqueries, views, CTEs, set operations and a few
// expressions. The joins are walked as they were written, so all versions and all planners prove the same.
// Domains prove nothing: the server lets NULL into a column whose domain is NOT NULL. Neither do foreign
// tables, whose constraints nobody enforces.
#include "pg/plan/never_null.hpp"

extern "C" {
#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
}

namespace spout
{
// A query and those around it, as a Var counts them.
struct Scope {
    const Query *query;
    const Scope *outer;
};

static bool proved(const Scope *, const Node *);

// --- tables ------------------------------------------------------------------------------------------------

static bool declared_not_null(Oid relid, const char *column)
{
    Relation rel = relation_open(relid, NoLock); // locked by the query, or by the look for children
    char kind = rel->rd_rel->relkind;
    AttrNumber attnum = get_attnum(relid, column);
    bool sure = (kind == RELKIND_RELATION || kind == RELKIND_PARTITIONED_TABLE) && attnum > 0 &&
                is_not_null(rel, attnum);
    relation_close(rel, NoLock);
    return sure;
}

static bool in_table(const RangeTblEntry *rte, AttrNumber attnum)
{
    const char *column = get_attname(rte->relid, attnum, true);
    if (!column) return false;
    if (!rte->inh) return declared_not_null(rte->relid, column);
    ListCell *lc;
    foreach (lc, find_all_inheritors(rte->relid, AccessShareLock, nullptr))
        if (!declared_not_null(lfirst_oid(lc), column)) return false;
    return true;
}

// --- joins -------------------------------------------------------------------------------------------------

static bool holds(const Node *tree, int rti)
{
    if (!tree) return false;
    if (IsA(tree, RangeTblRef)) return ((const RangeTblRef *)tree)->rtindex == rti;
    if (IsA(tree, JoinExpr)) {
        auto *j = (const JoinExpr *)tree;
        return holds(j->larg, rti) || holds(j->rarg, rti);
    }
    ListCell *lc;
    foreach (lc, castNode(FromExpr, (Node *)tree)->fromlist)
        if (holds((const Node *)lfirst(lc), rti)) return true;
    return false;
}

// Does a join in the tree replace the columns of this table by NULL in some rows?
static bool nulled(const Node *tree, int rti)
{
    if (!tree || IsA(tree, RangeTblRef)) return false;
    if (IsA(tree, JoinExpr)) {
        auto *j = (const JoinExpr *)tree;
        bool left = j->jointype != JOIN_INNER && j->jointype != JOIN_LEFT;
        bool right = j->jointype != JOIN_INNER && j->jointype != JOIN_RIGHT;
        return (left && holds(j->larg, rti)) || (right && holds(j->rarg, rti)) || nulled(j->larg, rti) ||
               nulled(j->rarg, rti);
    }
    ListCell *lc;
    foreach (lc, castNode(FromExpr, (Node *)tree)->fromlist)
        if (nulled((const Node *)lfirst(lc), rti)) return true;
    return false;
}

// --- queries -----------------------------------------------------------------------------------------------

static bool in_query(const Scope *, AttrNumber resno);

static bool in_set(const Scope *s, const Node *tree, AttrNumber resno)
{
    check_stack_depth();
    if (IsA(tree, SetOperationStmt)) {
        auto *op = (const SetOperationStmt *)tree;
        return in_set(s, op->larg, resno) && in_set(s, op->rarg, resno);
    }
    const RangeTblEntry *leaf = rt_fetch(castNode(RangeTblRef, (Node *)tree)->rtindex, s->query->rtable);
    Scope inner = {leaf->subquery, s};
    return in_query(&inner, resno);
}

static bool in_query(const Scope *s, AttrNumber resno)
{
    check_stack_depth();
    const Query *q = s->query;
    if (q->commandType != CMD_SELECT || q->groupingSets) return false;
    if (q->setOperations) return in_set(s, q->setOperations, resno);
    TargetEntry *te = get_tle_by_resno(q->targetList, resno);
    return te && proved(s, (const Node *)te->expr);
}

static bool in_cte(const Scope *s, const RangeTblEntry *rte, AttrNumber resno)
{
    for (Index up = rte->ctelevelsup; up > 0 && s; up--)
        s = s->outer;
    ListCell *lc;
    foreach (lc, s ? s->query->cteList : NIL) {
        auto *cte = lfirst_node(CommonTableExpr, lc);
        if (strcmp(cte->ctename, rte->ctename) != 0) continue;
        Scope inner = {castNode(Query, cte->ctequery), s};
        return !cte->cterecursive && in_query(&inner, resno);
    }
    return false;
}

static bool in_values(const Scope *s, const RangeTblEntry *rte, AttrNumber attnum)
{
    ListCell *lc;
    foreach (lc, rte->values_lists)
        if (!proved(s, (const Node *)list_nth((List *)lfirst(lc), attnum - 1))) return false;
    return true;
}

static bool in_subquery(const Scope *s, const RangeTblEntry *rte, AttrNumber attnum)
{
    Scope inner = {rte->subquery, s};
    return in_query(&inner, attnum);
}

// What a column of a join, or of a grouped query, is another name for; null: it stands for itself.
static const Node *stands_for(const RangeTblEntry *rte, AttrNumber attnum)
{
    const List *others = rte->rtekind == RTE_JOIN ? rte->joinaliasvars : group_expressions(rte);
    return others ? (const Node *)list_nth(others, attnum - 1) : nullptr;
}

static bool of_column(const Scope *s, const Var *v)
{
    for (Index up = v->varlevelsup; up > 0 && s; up--)
        s = s->outer;
    if (!s || v->varattno <= 0) return false;
    const RangeTblEntry *rte = rt_fetch(v->varno, s->query->rtable);
    if (const Node *other = stands_for(rte, v->varattno)) return proved(s, other);
    if (nulled((const Node *)s->query->jointree, v->varno)) return false;
    switch (rte->rtekind) {
    case RTE_RELATION: return in_table(rte, v->varattno);
    case RTE_SUBQUERY: return in_subquery(s, rte, v->varattno);
    case RTE_CTE: return in_cte(s, rte, v->varattno);
    case RTE_VALUES: return in_values(s, rte, v->varattno);
    default: return false;
    }
}

// --- expressions -------------------------------------------------------------------------------------------

static bool all(const Scope *s, const List *args)
{
    ListCell *lc;
    foreach (lc, args)
        if (!proved(s, (const Node *)lfirst(lc))) return false;
    return true;
}

static bool any(const Scope *s, const List *args)
{
    ListCell *lc;
    foreach (lc, args)
        if (proved(s, (const Node *)lfirst(lc))) return true;
    return false;
}

static bool of_case(const Scope *s, const CaseExpr *c)
{
    ListCell *lc;
    foreach (lc, c->args)
        if (!proved(s, (const Node *)lfirst_node(CaseWhen, lc)->result)) return false;
    return c->defresult && proved(s, (const Node *)c->defresult);
}

static bool counts(Oid function)
{
    return function == F_COUNT_ || function == F_COUNT_ANY || function == F_ROW_NUMBER ||
           function == F_RANK_ || function == F_DENSE_RANK_;
}

static bool proved(const Scope *s, const Node *e)
{
    check_stack_depth();
    switch (nodeTag(e)) {
    case T_Var: return of_column(s, (const Var *)e);
    case T_Const: return !((const Const *)e)->constisnull;
    case T_RelabelType: return proved(s, (const Node *)((const RelabelType *)e)->arg);
    case T_CollateExpr: return proved(s, (const Node *)((const CollateExpr *)e)->arg);
    case T_CoalesceExpr: return any(s, ((const CoalesceExpr *)e)->args);
    case T_MinMaxExpr: return any(s, ((const MinMaxExpr *)e)->args); // passes over NULL
    case T_BoolExpr: return all(s, ((const BoolExpr *)e)->args);
    case T_CaseExpr: return of_case(s, (const CaseExpr *)e);
    case T_Aggref: return counts(((const Aggref *)e)->aggfnoid);
    case T_WindowFunc: return counts(((const WindowFunc *)e)->winfnoid);
    case T_SQLValueFunction: return ((const SQLValueFunction *)e)->op != SVFOP_CURRENT_SCHEMA;
    case T_NullTest:
    case T_BooleanTest:
    case T_DistinctExpr:
    case T_ArrayExpr:
    case T_RowExpr:
    case T_GroupingFunc: return true;
    case T_SubLink: {
        SubLinkType type = ((const SubLink *)e)->subLinkType;
        return type == EXISTS_SUBLINK || type == ARRAY_SUBLINK;
    }
    default: return false;
    }
}

bool column_never_null(const Query *q, AttrNumber resno)
{
    Scope s = {q, nullptr};
    return in_query(&s, resno);
}
} // namespace spout
