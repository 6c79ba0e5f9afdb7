// only_relation.cpp - the relation that is measured is the one that was looked at.
#include "bench/measure/only_relation.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_class.h"
#include "nodes/nodeFuncs.h"
#include "parser/analyze.h"
#include "storage/lmgr.h"
#include "utils/syscache.h"
}

namespace spout
{
static Oid only;
static post_parse_analyze_hook_type previous;

[[noreturn]] static void changed()
{
    ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                    errmsg("the relation that is to be measured has changed")));
    pg_unreachable();
}

void hold_relation(const OnlyRelation *r)
{
    LockRelationOid(r->oid, AccessShareLock);
    HeapTuple t = SearchSysCache1(RELOID, ObjectIdGetDatum(r->oid));
    if (!HeapTupleIsValid(t)) changed();
    auto *row = (Form_pg_class)GETSTRUCT(t);
    bool same = row->relkind == r->kind && row->relowner == r->owner;
    ReleaseSysCache(t);
    if (!same) changed();
}

static bool names_another(Node *node, void *context)
{
    if (!node) return false;
    if (IsA(node, RangeTblEntry)) {
        auto *entry = (RangeTblEntry *)node;
        return entry->rtekind == RTE_RELATION && entry->relid != only && entry->relid >= FirstNormalObjectId;
    }
    if (IsA(node, Query))
        return query_tree_walker((Query *)node, as_walker(names_another), context, QTW_EXAMINE_RTES_BEFORE);
    return expression_tree_walker(node, as_walker(names_another), context);
}

static void check_analysis(ParseState *state, Query *query, JumbleState *jumble)
{
    if (OidIsValid(only) && names_another((Node *)query, nullptr)) changed();
    if (previous) previous(state, query, jumble);
}

void read_only_relation(Oid relation)
{
    static bool hooked;
    if (!hooked) {
        previous = post_parse_analyze_hook;
        post_parse_analyze_hook = check_analysis;
        hooked = true;
    }
    only = relation;
}
} // namespace spout
