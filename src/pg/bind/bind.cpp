// bind.cpp - the columns of a result, and one row of it. The settings that output functions obey are
// swapped for the length of a row, and only when some column needs them.
#include "pg/bind/bind.hpp"

#include "pg/server/names.hpp"

extern "C" {
#include "executor/tuptable.h"
#include "pgtime.h"
#include "utils/bytea.h"
#include "utils/float.h"
}

namespace spout
{
static const char *name_of(const Binder *b, const char *name, uint32 i)
{
    if (!b->style.column_names) return pstrdup(name);
    return written_text(name, b->style.encoding, psprintf("name of column %u", i + 1),
                        "Give the column another name with AS in the query.");
}

Binder *bind(MemoryContext cx, TupleDesc desc, const ColumnOrigin *origins, const ColumnChoice *columns,
             uint32 ncolumns, BindStyle style)
{
    MemoryContext old = MemoryContextSwitchTo(cx);
    auto *b = (Binder *)palloc0(sizeof(Binder));
    b->style = style;
    size_t n = Max(ncolumns, 1);
    auto *getters = (Getter *)palloc0(sizeof(Getter) * n);
    auto *stored = (StoredColumn *)palloc0(sizeof(StoredColumn) * n);
    auto *fields = (Field *)palloc0(sizeof(Field) * n);
    auto *first_array = (uint32 *)palloc0(sizeof(uint32) * (n + 1));
    b->cells = (Cell *)palloc0(sizeof(Cell) * n);
    b->column_names = (const char **)palloc0(sizeof(char *) * n);
    b->row_cx = AllocSetContextCreate(cx, "pg_spout row", ALLOCSET_DEFAULT_SIZES);
    RowPosition at = {0, b->column_names, -1, true};
    ErrorContextCallback context = {error_context_stack, row_context, &at};
    error_context_stack = &context;
    for (uint32 i = 0; i < ncolumns; i++) {
        Form_pg_attribute a = TupleDescAttr(desc, columns[i].attnum - 1);
        b->column_names[i] = message_name(columns[i].name);
        at.column = (int)i;
        first_array[i] = b->narrays;
        make_getter(b, a->atttypid, a->atttypmod, origins[columns[i].attnum - 1], &getters[i]);
        stored[i] = {(uint16_t)(columns[i].attnum - 1), stored_form(getters[i].fetch)};
        b->any_opaque = b->any_opaque || stored[i].form == Stored::opaque;
        b->last_attnum = Max(b->last_attnum, columns[i].attnum);
        fields[i] = {name_of(b, columns[i].name, i), getters[i].type,
                     origins[columns[i].attnum - 1].never_null};
    }
    error_context_stack = context.previous;
    b->getters = getters;
    b->stored = stored;
    b->ncolumns = ncolumns;
    b->row.fields = fields;
    b->row.nfields = ncolumns;
    first_array[ncolumns] = b->narrays;
    b->first_array = first_array;
    b->row.dimensions = b->dimensions;
    b->row.narrays = b->narrays;
    b->at.column_names = b->column_names;
    b->at.column = -1;
    MemoryContextSwitchTo(old);
    return b;
}

// What output functions obey. Swapped as plain variables: a GUC nest per row would cost more than the row.
struct OutputSettings {
    int date_style, date_order, interval_style, float_digits, bytea;
    pg_tz *zone;
};

static OutputSettings swap_settings(OutputSettings s)
{
    OutputSettings old = {DateStyle,          DateOrder,    IntervalStyle,
                          extra_float_digits, bytea_output, session_timezone};
    DateStyle = s.date_style;
    DateOrder = s.date_order;
    IntervalStyle = s.interval_style;
    extra_float_digits = s.float_digits;
    bytea_output = s.bytea;
    session_timezone = s.zone;
    return old;
}

// The usual row. False: some value needs more, and the row is to be fetched again.
static bool fetch_all_stored(Binder *b, TupleTableSlot *slot)
{
    const Datum *values = slot->tts_values;
    const bool *nulls = slot->tts_isnull;
    Cell *c = b->cells;
    for (const StoredColumn *s = b->stored, *end = s + b->ncolumns; s < end; s++, c++) {
        c->null = nulls[s->attribute];
        if (likely(!c->null) && unlikely(!read_stored(s->form, values[s->attribute], c))) return false;
    }
    return true;
}

// In a mirror format: do our own printers equal core's output under the settings of this moment?
static inline bool presumptions_hold(const Binder *b)
{
    return (!b->presumes_iso || DateStyle == USE_ISO_DATES) &&
           (!b->presumes_hex || bytea_output == BYTEA_OUTPUT_HEX);
}

// One value after the other; `careful`: some are to be printed by the server (Presumes).
template <bool careful> static void fetch_each(Binder *b, TupleTableSlot *slot)
{
    ErrorContextCallback context = {error_context_stack, row_context, &b->at};
    error_context_stack = &context;
    const Datum *values = slot->tts_values;
    const bool *nulls = slot->tts_isnull;
    const Getter *g = b->getters;
    Cell *c = b->cells;
    for (int i = 0, n = (int)b->ncolumns; i < n; i++, g++, c++) {
        const StoredColumn *s = &b->stored[i];
        c->null = nulls[s->attribute];
        if (c->null || (!careful && read_stored(s->form, values[s->attribute], c))) continue;
        b->at.column = i;
        if (careful && g->presumes != Presumes::nothing)
            fetch_presuming(b, g, values[s->attribute], c);
        else
            g->fetch(b, g, values[s->attribute], c);
    }
    b->at.column = -1;
    error_context_stack = context.previous;
}

static void fetch_all(Binder *b, TupleTableSlot *slot) { fetch_each<false>(b, slot); }
static pg_noinline void fetch_carefully(Binder *b, TupleTableSlot *slot) { fetch_each<true>(b, slot); }

static void fetch_all_pinned(Binder *b, TupleTableSlot *slot)
{
    OutputSettings pinned = {USE_ISO_DATES,    DATEORDER_MDY,  INTSTYLE_ISO_8601, 1,
                             BYTEA_OUTPUT_HEX, pg_tzset("UTC")};
    OutputSettings old = swap_settings(pinned);
    PG_TRY();
    {
        fetch_all(b, slot);
    }
    PG_FINALLY();
    {
        swap_settings(old);
    }
    PG_END_TRY();
}

void bind_cells(Binder *b, TupleTableSlot *slot)
{
    if (unlikely(!presumptions_hold(b))) b->careful = true;
    if (!b->any_opaque && likely(!b->careful) && fetch_all_stored(b, slot)) return;
    MemoryContext old = MemoryContextSwitchTo(b->row_cx);
    if (unlikely(b->careful))
        fetch_carefully(b, slot);
    else if (b->needs_pinning && b->style.style == Style::self_contained)
        fetch_all_pinned(b, slot);
    else
        fetch_all(b, slot);
    MemoryContextSwitchTo(old);
}
} // namespace spout
