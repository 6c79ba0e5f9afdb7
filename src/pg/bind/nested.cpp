// nested.cpp - getters of arrays, composites and hstore. Cells of parts live in row_cx.
#include "pg/bind/bind.hpp"

extern "C" {
#include "access/htup_details.h"
#include "utils/array.h"
#include "utils/typcache.h"
}

namespace spout
{
static Cell *new_cells(size_t n)
{
    if (n > UINT32_MAX)
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("value has too many parts")));
    return (Cell *)palloc_extended(sizeof(Cell) * Max(n, 1), MCXT_ALLOC_HUGE);
}

static inline void fetch_part(Binder *b, const Getter *g, Datum d, bool isnull, Cell *c)
{
    c->null = isnull;
    c->printed = false;
    if (isnull) return;
    if (unlikely(g->presumes != Presumes::nothing))
        fetch_presuming(b, g, d, c);
    else
        g->fetch(b, g, d, c);
}

// The elements of one array, walked in storage order.
struct ArrayWalk {
    char *p;
    const bits8 *nulls; // null: none
    int64 index;
    const int *dims;
    int ndims;
};

static void fetch_dimension(Binder *b, const Getter *g, ArrayWalk *w, int level, Cell *c)
{
    check_stack_depth();
    int n = w->dims[level];
    Cell *cells = new_cells(n);
    c->null = false;
    c->list = {cells, (uint32_t)n, (uint32_t)(w->ndims - level - 1)};
    if (level + 1 < w->ndims) {
        for (int i = 0; i < n; i++)
            fetch_dimension(b, g, w, level + 1, &cells[i]);
        return;
    }
    for (int i = 0; i < n; i++, w->index++) {
        if ((w->index & 0xFFFF) == 0xFFFF) CHECK_FOR_INTERRUPTS();
        if (w->nulls && !(w->nulls[w->index / 8] & (1 << (w->index % 8)))) {
            cells[i].null = true;
            continue;
        }
        Datum d = fetch_att(w->p, g->typbyval, g->typlen);
        w->p = att_addlength_pointer(w->p, g->typlen, w->p);
        w->p = (char *)att_align_nominal(w->p, g->typalign);
        fetch_part(b, g->child, d, false, &cells[i]);
    }
}

// By value: whether the array has the dimensions that its format expects, the format finds out.
void fetch_array(Binder *b, const Getter *g, Datum d, Cell *c)
{
    ArrayType *a = DatumGetArrayTypeP(d);
    if (ARR_NDIM(a) == 0) {
        c->list = {nullptr, 0, 0};
        return;
    }
    ArrayWalk w = {ARR_DATA_PTR(a), ARR_NULLBITMAP(a), 0, ARR_DIMS(a), ARR_NDIM(a)};
    fetch_dimension(b, g, &w, 0, c);
}

void fetch_record(Binder *b, const Getter *g, Datum d, Cell *c)
{
    check_stack_depth();
    HeapTupleHeader header = DatumGetHeapTupleHeader(d);
    HeapTupleData tuple;
    tuple.t_len = HeapTupleHeaderGetDatumLength(header);
    ItemPointerSetInvalid(&tuple.t_self);
    tuple.t_tableOid = InvalidOid;
    tuple.t_data = header;
    auto *values = (Datum *)palloc(sizeof(Datum) * Max(g->desc->natts, 1));
    auto *nulls = (bool *)palloc(sizeof(bool) * Max(g->desc->natts, 1));
    heap_deform_tuple(&tuple, g->desc, values, nulls);
    Cell *cells = new_cells(g->nfields);
    for (uint32 i = 0; i < g->nfields; i++) {
        int a = g->attnums[i];
        fetch_part(b, &g->fields[i], values[a], nulls[a], &cells[i]);
    }
    c->list = {cells, g->nfields, 0};
}

// hstore_to_array gives key, value, key, value: the shape of a map cell.
void fetch_hstore(Binder *b, const Getter *g, Datum d, Cell *c)
{
    ArrayType *a = DatumGetArrayTypeP(FunctionCall1(g->function, d));
    Datum *values;
    bool *nulls;
    int n;
    deconstruct_array(a, TEXTOID, -1, false, TYPALIGN_INT, &values, &nulls, &n);
    Cell *cells = new_cells(n);
    for (int i = 0; i < n; i++) {
        cells[i].null = nulls[i];
        if (nulls[i]) continue;
        text *t = DatumGetTextPP(values[i]);
        put_text(b, &cells[i], VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t));
    }
    c->list = {cells, (uint32_t)n, 0};
}
} // namespace spout
