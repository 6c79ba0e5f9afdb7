// dimensions.cpp - how many dimensions an array column was declared with, and the arrays of a row in
// which nothing was declared. The server keeps the number for its own information only: what a partition, a
// copy or a restored dump of a table has is one or none, whatever the values are.
#include "pg/bind/bind.hpp"

extern "C" {
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/relation.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "parser/parsetree.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
}

namespace spout
{
constexpr int kMaxSources = 100; // views upon views, parents of parents: never without an end

static int own_dimensions(ColumnOrigin o)
{
    HeapTuple tup = SearchSysCache2(ATTNUM, ObjectIdGetDatum(o.relid), Int16GetDatum(o.attnum));
    if (!HeapTupleIsValid(tup)) return 0;
    int n = ((Form_pg_attribute)GETSTRUCT(tup))->attndims;
    ReleaseSysCache(tup);
    return n;
}

// What the column of a view or materialized view selects.
static ColumnOrigin behind_view(ColumnOrigin o)
{
    Relation view = relation_open(o.relid, AccessShareLock);
    const RuleLock *rules = view->rd_rules;
    ColumnOrigin from = {};
    for (int i = 0; rules && i < rules->numLocks; i++) {
        if (rules->rules[i]->event != CMD_SELECT) continue;
        auto *query = linitial_node(Query, rules->rules[i]->actions);
        TargetEntry *te = get_tle_by_resno(query->targetList, o.attnum);
        if (te) from = {te->resorigtbl, te->resorigcol};
    }
    relation_close(view, AccessShareLock);
    return from;
}

// The same column of the table that this one is a partition or a child of.
static ColumnOrigin in_parent(ColumnOrigin o)
{
    char *name = get_attname(o.relid, o.attnum, true);
    Oid parent = InvalidOid;
    Relation inherits = table_open(InheritsRelationId, AccessShareLock);
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_inherits_inhrelid, BTEqualStrategyNumber, F_OIDEQ, ObjectIdGetDatum(o.relid));
    SysScanDesc scan = systable_beginscan(inherits, InheritsRelidSeqnoIndexId, true, nullptr, 1, &key);
    ColumnOrigin found = {};
    for (HeapTuple tup; name && !found.relid && HeapTupleIsValid(tup = systable_getnext(scan));) {
        parent = ((Form_pg_inherits)GETSTRUCT(tup))->inhparent;
        AttrNumber attnum = get_attnum(parent, name);
        if (attnum > 0) found = {parent, attnum};
    }
    systable_endscan(scan);
    table_close(inherits, AccessShareLock);
    return found;
}

int declared_dimensions(ColumnOrigin o)
{
    int n = 0;
    for (int i = 0; i < kMaxSources && OidIsValid(o.relid) && o.attnum > 0; i++) {
        n = own_dimensions(o);
        if (n > 1) break;
        char kind = get_rel_relkind(o.relid);
        o = kind == RELKIND_VIEW || kind == RELKIND_MATVIEW ? behind_view(o) : in_parent(o);
    }
    return n;
}

// --- the arrays of a row -----------------------------------------------------------------------------------

uint32 add_array(Binder *b, int dimensions)
{
    constexpr uint32 kStep = 16;
    if (b->narrays % kStep == 0) {
        size_t room = b->narrays + kStep;
        b->dimensions = (uint8 *)(b->narrays ? repalloc(b->dimensions, room) : palloc(room));
    }
    b->dimensions[b->narrays] = (uint8)dimensions;
    return b->narrays++;
}

static bool any_unknown(const Binder *b, uint32 from, uint32 to)
{
    return to > from && memchr(b->dimensions + from, 0, to - from) != nullptr;
}

bool any_unknown_array(const Binder *b) { return any_unknown(b, 0, b->narrays); }

void bind_unknown_arrays(Binder *b, TupleTableSlot *slot)
{
    MemoryContext old = MemoryContextSwitchTo(b->row_cx);
    ErrorContextCallback context = {error_context_stack, row_context, &b->at};
    error_context_stack = &context;
    for (uint32 i = 0; i < b->ncolumns; i++) {
        int attribute = b->stored[i].attribute;
        b->cells[i].null =
            slot->tts_isnull[attribute] || !any_unknown(b, b->first_array[i], b->first_array[i + 1]);
        b->at.column = (int)i;
        if (!b->cells[i].null)
            b->getters[i].fetch(b, &b->getters[i], slot->tts_values[attribute], &b->cells[i]);
    }
    b->at.column = -1;
    error_context_stack = context.previous;
    MemoryContextSwitchTo(old);
}
} // namespace spout
