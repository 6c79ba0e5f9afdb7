// omit.cpp - values as row_to_json prints them, but without attributes of composites that are NULL: of
// records whose columns only the value knows, and of composites in arrays. Everything else is core's to_json.
#include "pg/bind/bind.hpp"

extern "C" {
#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "nodes/makefuncs.h"
#include "utils/array.h"
#include "utils/fmgroids.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/typcache.h"
}

namespace spout
{
bool is_json_array(Oid typid)
{
    return OidIsValid(get_element_type(typid)) || typid == ANYARRAYOID || typid == ANYCOMPATIBLEARRAYOID ||
           typid == RECORDARRAYOID;
}

bool may_hold_composites(Oid typid)
{
    typid = getBaseType(typid);
    Oid element = get_element_type(typid);
    if (OidIsValid(element)) return may_hold_composites(element);
    return is_json_array(typid) || type_is_rowtype(typid);
}

static void append_value(StringInfo to, Datum d, Oid typid);

static void append_text(StringInfo to, Datum json)
{
    text *t = DatumGetTextPP(json);
    appendBinaryStringInfo(to, VARDATA_ANY(t), (int)VARSIZE_ANY_EXHDR(t));
}

static void append_leaf(StringInfo to, Datum d, Oid typid)
{
    FmgrInfo function;
    fmgr_info(F_TO_JSON, &function);
    List *args = list_make1(makeNullConst(typid, -1, InvalidOid)); // it asks for the type
    fmgr_info_set_expr(
        (Node *)makeFuncExpr(F_TO_JSON, JSONOID, args, InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL),
        &function);
    append_text(to, FunctionCall1(&function, d));
}

static void append_record(StringInfo to, Datum d)
{
    check_stack_depth();
    HeapTupleHeader header = DatumGetHeapTupleHeader(d);
    TupleDesc desc =
        lookup_rowtype_tupdesc(HeapTupleHeaderGetTypeId(header), HeapTupleHeaderGetTypMod(header));
    HeapTupleData tuple;
    tuple.t_len = HeapTupleHeaderGetDatumLength(header);
    ItemPointerSetInvalid(&tuple.t_self);
    tuple.t_tableOid = InvalidOid;
    tuple.t_data = header;
    auto *values = (Datum *)palloc(sizeof(Datum) * Max(desc->natts, 1));
    auto *nulls = (bool *)palloc(sizeof(bool) * Max(desc->natts, 1));
    heap_deform_tuple(&tuple, desc, values, nulls);
    appendStringInfoChar(to, '{');
    bool any = false;
    for (int i = 0; i < desc->natts; i++) {
        Form_pg_attribute a = TupleDescAttr(desc, i);
        if (a->attisdropped || nulls[i]) continue;
        if (any) appendStringInfoChar(to, ',');
        any = true;
        escape_json(to, NameStr(a->attname));
        appendStringInfoChar(to, ':');
        append_value(to, values[i], a->atttypid);
    }
    appendStringInfoChar(to, '}');
    ReleaseTupleDesc(desc);
}

struct Elements {
    Oid typid;
    const Datum *values;
    const bool *nulls;
    int next;
};

static void append_dimension(StringInfo to, Elements *e, int ndims, const int *dims)
{
    appendStringInfoChar(to, '[');
    for (int i = 0; i < dims[0]; i++) {
        if (i) appendStringInfoChar(to, ',');
        if (ndims > 1) {
            append_dimension(to, e, ndims - 1, dims + 1);
            continue;
        }
        CHECK_FOR_INTERRUPTS();
        int at = e->next++;
        if (e->nulls[at])
            appendStringInfoString(to, "null"); // the others keep their places
        else
            append_value(to, e->values[at], e->typid);
    }
    appendStringInfoChar(to, ']');
}

static void append_array(StringInfo to, Datum d)
{
    check_stack_depth();
    ArrayType *a = DatumGetArrayTypeP(d);
    Oid typid = ARR_ELEMTYPE(a);
    if (ARR_NDIM(a) == 0 || !may_hold_composites(typid))
        return append_text(to, DirectFunctionCall1(array_to_json, PointerGetDatum(a)));
    int16 length;
    bool by_value;
    char align;
    get_typlenbyvalalign(typid, &length, &by_value, &align);
    Datum *values;
    bool *nulls;
    int n;
    deconstruct_array(a, typid, length, by_value, align, &values, &nulls, &n);
    Elements e = {typid, values, nulls, 0};
    append_dimension(to, &e, ARR_NDIM(a), ARR_DIMS(a));
}

static void append_value(StringInfo to, Datum d, Oid typid)
{
    typid = getBaseType(typid);
    if (is_json_array(typid))
        append_array(to, d);
    else if (type_is_rowtype(typid))
        append_record(to, d);
    else
        append_leaf(to, d, typid);
}

static void put_json(const Binder *b, Datum d, void (*append)(StringInfo, Datum), Cell *c)
{
    StringInfoData json;
    initStringInfo(&json);
    append(&json, d);
    put_text(b, c, json.data, (size_t)json.len);
}

void fetch_array_omitting(Binder *b, const Getter *, Datum d, Cell *c) { put_json(b, d, append_array, c); }
void fetch_record_omitting(Binder *b, const Getter *, Datum d, Cell *c) { put_json(b, d, append_record, c); }
} // namespace spout
