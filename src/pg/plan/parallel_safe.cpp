// parallel_safe.cpp - walks a type down to what will be called for its values.
#include "pg/plan/parallel_safe.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/transam.h"
#include "catalog/pg_cast.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "nodes/nodeFuncs.h"
#include "nodes/primnodes.h"
#include "parser/parse_coerce.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"
}

namespace spout
{
static bool safe(Oid typid);

static bool safe_function(Oid f) { return !OidIsValid(f) || func_parallel(f) == PROPARALLEL_SAFE; }

static bool safe_fields(Oid typid)
{
    TupleDesc desc = lookup_rowtype_tupdesc(typid, -1);
    bool ok = true;
    for (int i = 0; ok && i < desc->natts; i++)
        if (!TupleDescAttr(desc, i)->attisdropped) ok = safe(TupleDescAttr(desc, i)->atttypid);
    ReleaseTupleDesc(desc);
    return ok;
}

// row_to_json calls a user type's cast to json.
static bool safe_cast(Oid typid)
{
    Oid function;
    return find_coercion_pathway(JSONOID, typid, COERCION_EXPLICIT, &function) != COERCION_PATH_FUNC ||
           safe_function(function);
}

static bool safe(Oid typid)
{
    check_stack_depth();
    typid = getBaseType(typid);
    if (typid == RECORDOID) return false; // what is in it shows only at run time
    Oid element = get_element_type(typid);
    if (OidIsValid(element)) return safe(element);
    if (typid < FirstNormalObjectId) return true; // all of the server's own are
    Oid output;
    bool varlena;
    getTypeOutputInfo(typid, &output, &varlena);
    if (!safe_function(output) || !safe_cast(typid)) return false;
    Oid sub = get_range_subtype(typid);
    if (!OidIsValid(sub)) sub = get_multirange_range(typid);
    if (OidIsValid(sub)) return safe(sub);
    return get_typtype(typid) != TYPTYPE_COMPOSITE || safe_fields(typid);
}

const char *why_not_output(List *targetlist)
{
    ListCell *lc;
    foreach (lc, targetlist) {
        auto *te = lfirst_node(TargetEntry, lc);
        if (!safe(exprType((Node *)te->expr)))
            return psprintf("column \"%s\" is of a type whose output is not parallel safe",
                            te->resname ? te->resname : "?");
    }
    return nullptr;
}
} // namespace spout
