// look.cpp - ends as soon as every array was seen with an element in it, or at a bound; what was not seen by
// then counts as one-dimensional.
#include "pg/export/look.hpp"

#include "pg/plan/query.hpp"

extern "C" {
#include "executor/executor.h"
#include "tcop/tcopprot.h"
}

namespace spout
{
constexpr int64 kMostRows = 10000;
constexpr size_t kMostBytes = 4 << 20; // of rows that wait

static bool seen_enough(Binder *b, TupleTableSlot *slot)
{
    bind_next(b, slot);
    bind_unknown_arrays(b, slot);
    dimensions_learn(&b->row, b->cells, b->dimensions);
    return !any_unknown_array(b);
}

bool look_needed(Planned *p, const Binder *b, const Options *o)
{
    if (!derives_schema(o) || !any_unknown_array(b)) return false;
    if (p->serial_why) return true;
    const char *why;
    p->look = plan_first_rows(p->query, p->stmt, p->source_text, kMostRows, &why);
    if (p->look) return true;
    p->serial_why = why;
    p->stmt = pg_plan_query(p->query, p->source_text, CURSOR_OPT_PARALLEL_OK, nullptr);
    p->query = nullptr; // planning has scribbled on it
    return true;
}

// --- a run of its own --------------------------------------------------------------------------------------

struct Glance {
    DestReceiver pub;
    Binder *binder;
};

static bool glance(TupleTableSlot *slot, DestReceiver *self)
{
    return !seen_enough(((Glance *)self)->binder, slot);
}
static void startup(DestReceiver *, int, TupleDesc) {}
static void nothing(DestReceiver *) {}

void look_ahead(const Planned *p, Binder *b)
{
    Glance receiver = {{glance, startup, nothing, nothing, DestCopyOut}, b};
    QueryDesc *qd = query_start(p, p->look, &receiver.pub);
    check_columns(qd->tupDesc, p->desc);
    executor_run(qd);
    query_end(qd);
}

// --- rows that wait ----------------------------------------------------------------------------------------

struct Look {
    Pump *pump;
    MemoryContext cx; // of all this
    MinimalTuple *rows;
    TupleTableSlot *slot;
    int64 n;
    size_t bytes;
};

Look *look_start(Pump *p)
{
    MemoryContext cx = AllocSetContextCreate(p->cx, "pg_spout look", ALLOCSET_DEFAULT_SIZES);
    auto *l = (Look *)MemoryContextAllocZero(cx, sizeof(Look));
    l->pump = p;
    l->cx = cx;
    l->rows = (MinimalTuple *)MemoryContextAlloc(cx, sizeof(MinimalTuple) * kMostRows);
    return l;
}

bool look_keep(Look *l, TupleTableSlot *slot)
{
    MemoryContext old = MemoryContextSwitchTo(l->cx);
    if (!l->slot)
        l->slot =
            MakeSingleTupleTableSlot(CreateTupleDescCopy(slot->tts_tupleDescriptor), &TTSOpsMinimalTuple);
    MinimalTuple row = ExecCopySlotMinimalTuple(slot);
    MemoryContextSwitchTo(old);
    l->rows[l->n++] = row;
    l->bytes += row->t_len;
    return seen_enough(l->pump->binder, slot) || l->n == kMostRows || l->bytes >= kMostBytes;
}

void look_end(Look *l)
{
    l->pump->binder->at.row = 0; // they are counted again
    for (int64 i = 0; i < l->n; i++) {
        ExecStoreMinimalTuple(l->rows[i], l->slot, false);
        pump_row(l->pump, l->slot);
        pfree(l->rows[i]);
    }
    if (l->slot) ExecDropSingleTupleTableSlot(l->slot);
    MemoryContextReset(l->pump->binder->row_cx); // it may point into those rows
    MemoryContextDelete(l->cx);
}
} // namespace spout
