// export.cpp - runs one export: executor in front, pump behind, everything owned by one leaf context.
// The leaf is a child of the caller's current context, so its reset callback runs before a PL/pgSQL handler
// and before the client's ROLLBACK; it is the only clean-up there is.
#include "pg/export.hpp"

#include "pg/manifest.hpp"
#include "pg/pump.hpp"

extern "C" {
#include "access/xact.h"
#include "commands/progress.h"
#include "executor/execdesc.h"
#include "executor/executor.h"
#include "mb/pg_wchar.h"
#include "tcop/dest.h"
#include "utils/backend_progress.h"
#include "utils/snapmgr.h"
}

namespace spout
{
ExportStats last_export_stats;

struct Export {
    Pump pump;
    Spec spec;
    Allocator allocator;
    Described *described; // for the manifest
    MemoryContextCallback cleanup;
};

struct Receiver {
    DestReceiver pub;
    Pump *pump;
};

static void export_cleanup(void *arg)
{
    auto *x = static_cast<Export *>(arg);
    if (x->pump.sink) x->pump.sink->ops->abort(x->pump.sink);
    writer_free(x->pump.writer);
    describe_free(x->described);
    x->pump.writer = nullptr;
    x->described = nullptr;
}

static Export *new_export(MemoryContext leaf)
{
    auto *x = (Export *)MemoryContextAllocZero(leaf, sizeof(Export));
    x->pump.cx = leaf;
    x->allocator = {[](void *cx, size_t n) {
                        return MemoryContextAllocExtended((MemoryContext)cx, n,
                                                          MCXT_ALLOC_HUGE | MCXT_ALLOC_NO_OOM);
                    },
                    [](void *, void *p) { pfree(p); }, leaf};
    x->cleanup.func = export_cleanup;
    x->cleanup.arg = x;
    MemoryContextRegisterResetCallback(leaf, &x->cleanup);
    return x;
}

// --- the receiver -----------------------------------------------------------------------------------------

static bool receive(TupleTableSlot *slot, DestReceiver *self)
{
    pump_row(((Receiver *)self)->pump, slot);
    return true;
}
static void startup(DestReceiver *, int, TupleDesc) {}
static void shutdown(DestReceiver *) {}
static void destroy(DestReceiver *) {}

// --- before the first row ---------------------------------------------------------------------------------

static void open_writer(Export *x, const ExportRequest *r, TupleDesc desc)
{
    MemoryContext old = MemoryContextSwitchTo(x->pump.cx);
    uint32 n = r->ncolumns;
    const ColumnChoice *columns = r->columns ? r->columns : choose_columns(desc, 0, true, &n);
    x->pump.binder = bind(x->pump.cx, desc, r->plan.origins, columns, n, bind_style(&r->options));
    if (r->relation) {
        x->pump.binder->row.schema = to_utf8(r->relation_schema);
        x->pump.binder->row.relation = to_utf8(r->relation);
    }
    MemoryContextSwitchTo(old);
    x->spec.row = x->pump.binder->row;
    x->spec.options = r->options;
    x->spec.options.csv.force_quote =
        force_quote_flags(&r->force_quote, x->pump.binder, r->relation, r->relation_desc);
    x->spec.allocator = &x->allocator;
    if (!pg_strong_random(x->spec.random, sizeof x->spec.random))
        ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not generate random bytes")));
    Failure why;
    if (writer_open(&x->spec, &x->pump.writer, &why) != Code::ok) {
        if (why.column >= 0) raise_column(&why, x->pump.binder->column_names[why.column]);
        raise_failure(&why);
    }
    x->pump.open = writer_open_block(x->pump.writer);
}

static StreamShape stream_shape(const Options *o, const Binder *b)
{
    Style style = format_style(o);
    bool text = format_is_text(o) && !o->codec;
    return {text, (int16)(text && style == Style::csv ? b->ncolumns : 1)};
}

static Sink *create_sink(MemoryContext leaf, const ExportRequest *r, const Binder *b)
{
    const Options &o = r->options;
    if (r->target == Target::client) return sink_stdout_create(leaf, stream_shape(&o, b));
    if (r->target == Target::program) return sink_program_create(leaf, r->path);
    if (is_null_device(r->path)) return sink_null_create(leaf);
    bool rotated = o.max_rows_per_file || o.max_bytes_per_file;
    FileTarget t = {r->path, rotated, o.fail_if_exists, o.sync, o.manifest};
    return sink_file_create(leaf, &t);
}

static void open_sink(Export *x, const ExportRequest *r)
{
    const Options &o = r->options;
    x->pump.sink = create_sink(x->pump.cx, r, x->pump.binder);
    x->pump.ledger.max_rows = o.max_rows_per_file;
    x->pump.ledger.max_bytes = o.max_bytes_per_file;
    x->pump.block_size = o.block_size;
    x->pump.sink->ops->open(x->pump.sink);
}

static void start_progress(const Export *x, Oid relid)
{
    const int index[] = {PROGRESS_COPY_COMMAND, PROGRESS_COPY_TYPE};
    const int64 value[] = {PROGRESS_COPY_COMMAND_TO, x->pump.sink->ops->progress_type};
    pgstat_progress_start_command(PROGRESS_COMMAND_COPY, relid);
    pgstat_progress_update_multi_param(2, index, value);
}

// --- after the last row -----------------------------------------------------------------------------------

static void publish(Export *x, const ExportRequest *r)
{
    Pump *p = &x->pump;
    const char *w;
    for (uint32 i = 0; (w = writer_warning(p->writer, i)); i++)
        ereport(WARNING, (errmsg("%s", from_utf8(w))));
    MemoryContext old = MemoryContextSwitchTo(p->cx);
    StringInfo manifest = nullptr;
    if (r->options.manifest) {
        Failure why;
        if (describe_open(&x->spec, &x->described, &why) != Code::ok) raise_failure(&why);
        manifest =
            build_manifest(&r->options, describe_schema(x->described), x->spec.random, p->files, p->nfiles);
    }
    if (r->before_publish) r->before_publish(r->arg, p->files, p->nfiles);
    MemoryContextSwitchTo(old);
    CHECK_FOR_INTERRUPTS();
    p->sink->ops->finish(p->sink, p->files, p->nfiles, manifest ? manifest->data : nullptr,
                         manifest ? manifest->len : 0);
}

// --- statistics
// ---------------------------------------------------------------------------------------------

static void record_start(const ExportRequest *r)
{
    ExportStats *s = &last_export_stats;
    memset(s, 0, sizeof *s);
    s->any = true;
    s->failed = true; // until it has succeeded
    s->plan_ns = r->plan_ns;
    strlcpy(s->format, format_name(&r->options), sizeof s->format);
    strlcpy(s->codec, r->options.codec_name, sizeof s->codec);
}

static void record_work(const Pump *p, uint64 run_ns)
{
    ExportStats *s = &last_export_stats;
    s->rows = p->rows;
    s->files = p->nfiles;
    s->bytes = p->bytes;
    s->blocks = p->blocks;
    for (uint32 i = 0; i < p->nfiles; i++)
        s->raw_bytes += p->files[i].raw_bytes;
    s->encode_ns = p->sampled_rows ? (uint64)((double)p->sampled_ns / p->sampled_rows * p->rows) : 0;
    s->compress_ns = p->compress_ns;
    if (p->sink) {
        s->write_ns = p->sink->write_ns;
        s->sync_ns = p->sink->sync_ns;
    }
    uint64 ours = s->encode_ns + p->flush_ns;
    s->execute_ns = run_ns > ours ? run_ns - ours : 0;
}

// The error stays readable through last_export() after the statement has failed.
static void record_error(MemoryContext cx)
{
    MemoryContext old = MemoryContextSwitchTo(cx);
    ErrorData *e = CopyErrorData();
    strlcpy(last_export_stats.sqlstate, unpack_sql_state(e->sqlerrcode), sizeof last_export_stats.sqlstate);
    int n = pg_mbcliplen(e->message, strlen(e->message), sizeof last_export_stats.error - 1);
    memcpy(last_export_stats.error, e->message, n);
    last_export_stats.error[n] = '\0';
    FreeErrorData(e);
    MemoryContextSwitchTo(old);
}

// --- the whole
// ------------------------------------------------------------------------------------------------

static void execute(Export *x, const ExportRequest *r)
{
    PushCopiedSnapshot(GetActiveSnapshot());
    UpdateActiveSnapshotCommandId();
    Receiver receiver = {{receive, startup, shutdown, destroy, DestCopyOut}, &x->pump};
    QueryDesc *qd = CreateQueryDesc(r->plan.stmt, r->plan.source_text, GetActiveSnapshot(), InvalidSnapshot,
                                    &receiver.pub, nullptr, nullptr, 0);
    ExecutorStart(qd, 0);
    open_writer(x, r, qd->tupDesc);
    open_sink(x, r);
    start_progress(x, r->relid);
    uint64 start = now_ns();
    executor_run(qd);
    pump_end(&x->pump);
    record_work(&x->pump, now_ns() - start);
    ExecutorFinish(qd);
    ExecutorEnd(qd);
    FreeQueryDesc(qd);
    PopActiveSnapshot();
}

uint64 run_export(const ExportRequest *r)
{
    record_start(r);
    MemoryContext caller = CurrentMemoryContext;
    MemoryContext leaf = AllocSetContextCreate(caller, "pg_spout export", ALLOCSET_DEFAULT_SIZES);
    Export *x = new_export(leaf);
    PG_TRY();
    {
        execute(x, r);
        publish(x, r);
    }
    PG_CATCH();
    {
        record_work(&x->pump, 0);
        record_error(leaf);
        PG_RE_THROW();
    }
    PG_END_TRY();
    uint64 rows = x->pump.rows;
    last_export_stats.write_ns = x->pump.sink->write_ns;
    last_export_stats.sync_ns = x->pump.sink->sync_ns;
    last_export_stats.failed = false;
    pgstat_progress_end_command();
    MemoryContextDelete(leaf);
    return rows;
}

TupleDesc result_desc(PlannedStmt *stmt) { return ExecCleanTypeFromTL(stmt->planTree->targetlist); }
} // namespace spout
