// encoding.cpp - the leaf context is a child of the caller's current context, so its reset callback runs
// before a PL/pgSQL handler and before the client's ROLLBACK.
#include "pg/pump/encoding.hpp"

#include "pg/server/memory.hpp"

namespace spout
{
static void clean_up(void *arg)
{
    auto *e = static_cast<Encoding *>(arg);
    if (e->pump.sink) e->pump.sink->ops->abort(e->pump.sink);
    writer_free(e->pump.writer);
    describe_free(e->described);
    e->pump.writer = nullptr;
    e->described = nullptr;
}

Encoding *encoding_create(MemoryContext parent)
{
    MemoryContext leaf = AllocSetContextCreate(parent, "pg_spout export", ALLOCSET_DEFAULT_SIZES);
    auto *e = (Encoding *)MemoryContextAllocZero(leaf, sizeof(Encoding));
    e->pump.cx = leaf;
    e->allocator = server_allocator(leaf);
    e->cleanup.func = clean_up;
    e->cleanup.arg = e;
    MemoryContextRegisterResetCallback(leaf, &e->cleanup);
    return e;
}

void ask_dimensions(Binder *b, const Options *o)
{
    Failure why;
    if (derives_schema(o) && dimensions_asked(o, &b->row, b->dimensions, &why) != Code::ok)
        raise_failure(&why);
}

void encoding_bind(Encoding *e, TupleDesc desc, const Briefing *b)
{
    MemoryContext old = MemoryContextSwitchTo(e->pump.cx);
    Binder *binder = bind(e->pump.cx, desc, b->origins, b->columns, b->ncolumns, bind_style(&b->options));
    MemoryContextSwitchTo(old);
    binder->row.schema = b->schema;
    binder->row.relation = b->relation;
    e->pump.binder = binder;
    if (!b->dimensions)
        ask_dimensions(binder, &b->options);
    else if (b->narrays != binder->narrays)
        elog(ERROR, "parallel worker sees %u arrays where the leader saw %u", binder->narrays, b->narrays);
    else if (b->narrays)
        memcpy(binder->dimensions, b->dimensions, b->narrays);
}

void encoding_open(Encoding *e, const Briefing *b, bool cut)
{
    Pump *p = &e->pump;
    e->spec.row = p->binder->row;
    e->spec.stored = p->binder->any_opaque ? nullptr : p->binder->stored;
    e->spec.options = b->options;
    e->spec.allocator = &e->allocator;
    e->spec.any_thread = &kThreadAllocator;
    e->spec.cut_rows = cut;
    memcpy(e->spec.random, b->random, sizeof e->spec.random);
    Failure why;
    if (writer_open(&e->spec, &p->writer, &why) != Code::ok) {
        if (why.column >= 0) raise_column(&why, p->binder->column_names[why.column]);
        raise_failure(&why);
    }
    p->open = writer_open_block(p->writer);
    p->takes_stored = writer_takes_stored(p->writer);
    p->ledger.max_rows = b->options.max_rows_per_file;
    p->ledger.max_bytes = b->options.max_bytes_per_file;
    p->block_size = b->options.block_size;
}

// --- sinks of other processes ------------------------------------------------------------------------------

} // namespace spout
