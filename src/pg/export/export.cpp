// export.cpp - runs one export: executor in front, pump behind, everything owned by one leaf context.
// The leaf is a child of the caller's current context, so its reset callback runs before a PL/pgSQL handler
// and before the client's ROLLBACK; it is the only clean-up there is.
#include "pg/server/clock.hpp"
#include "pg/bind/columns.hpp"
#include "pg/export/export.hpp"

#include "pg/parallel/assembly.hpp"
#include "pg/parallel/encode_node.hpp"
#include "pg/pump/encoding.hpp"
#include "pg/export/look.hpp"
#include "pg/export/manifest.hpp"
#include "pg/server/names.hpp"
#include "pg/file/paths.hpp"
#include "pg/plan/query.hpp"

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
struct Receiver {
    DestReceiver pub;
    Pump *pump;
    Assembly *assembly; // null: the leader encodes
    Encoding *encoding; // while the leader looks
    const Briefing *briefing;
    Look *look;
};

// --- the receiver -----------------------------------------------------------------------------------------

static bool receive_row(TupleTableSlot *slot, DestReceiver *self)
{
    pump_row(((Receiver *)self)->pump, slot);
    return true;
}

static void start_encoding(Encoding *x, const Briefing *b)
{
    encoding_open(x, b, false);
    x->pump.overlap = b->options.parallel != 0 && b->options.codec != nullptr;
}

static void end_look(Receiver *r)
{
    start_encoding(r->encoding, r->briefing);
    look_end(r->look);
    r->look = nullptr;
    r->pub.receiveSlot = receive_row;
}

static bool receive_and_look(TupleTableSlot *slot, DestReceiver *self)
{
    auto *r = (Receiver *)self;
    if (look_keep(r->look, slot)) end_look(r);
    return true;
}

static bool receive_piece(TupleTableSlot *slot, DestReceiver *self)
{
    Piece piece;
    read_piece(slot, &piece);
    assembly_take(((Receiver *)self)->assembly, &piece);
    return true;
}
static void startup(DestReceiver *, int, TupleDesc) {}
static void shutdown(DestReceiver *) {}
static void destroy(DestReceiver *) {}

// --- before the first row ---------------------------------------------------------------------------------

// It becomes the name of the record, unless an option gives another.
static const char *relation_name(const Options *o, const char *other, const char *name, const char *what)
{
    if (!derives_schema(o) || other) return shown_name(name);
    return written_text(name, PG_UTF8, what, "Use the options record_name and namespace.");
}

static Briefing brief(const Encoding *e, const ExportRequest *r, TupleDesc desc)
{
    Briefing b = {};
    b.ncolumns = r->ncolumns;
    b.columns = r->columns ? r->columns : choose_columns(desc, 0, true, &b.ncolumns);
    b.origins = r->plan.origins;
    b.norigins = (uint32)desc->natts;
    if (r->relation) {
        const Options &o = r->options;
        b.schema = relation_name(&o, o.name_space, r->relation_schema, "schema of the table");
        b.relation = relation_name(&o, o.record_name, r->relation, "name of the table");
    }
    b.options = r->options;
    b.options.csv.force_quote =
        force_quote_flags(&r->force_quote, b.columns, b.ncolumns, r->relation, r->relation_desc);
    if (!pg_strong_random(b.random, sizeof b.random))
        ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not generate random bytes")));
    return b;
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
    FileTarget t = {r->path, rotated, o.fail_if_exists, o.sync, o.manifest, o.file_mode, o.file_group};
    return sink_file_create(leaf, &t);
}

static void open_sink(Encoding *x, const ExportRequest *r)
{
    if (r->options.manifest) check_manifest_path(r->path); // of files only
    x->pump.sink = create_sink(x->pump.cx, r, x->pump.binder);
    x->pump.checksums = r->options.manifest || r->before_publish;
    x->pump.sink->ops->open(x->pump.sink);
}

static void start_progress(const Encoding *x, Oid relid)
{
    const int index[] = {PROGRESS_COPY_COMMAND, PROGRESS_COPY_TYPE};
    const int64 value[] = {PROGRESS_COPY_COMMAND_TO, x->pump.sink->ops->progress_type};
    pgstat_progress_start_command(PROGRESS_COMMAND_COPY, relid);
    pgstat_progress_update_multi_param(2, index, value);
}

// --- after the last row -----------------------------------------------------------------------------------

static void publish(Encoding *x, const ExportRequest *r)
{
    Pump *p = &x->pump;
    const char *w;
    for (uint32 i = 0; r->plan.serial_why && (w = writer_warning(p->writer, i)); i++)
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

// Kept apart until the end: functions of the query may export, too.
static ExportStats *record_start(MemoryContext cx, const ExportRequest *r)
{
    auto *s = (ExportStats *)MemoryContextAllocZero(cx, sizeof(ExportStats));
    s->owner = GetUserId();
    s->failed = true; // until it has succeeded
    s->plan_ns = r->plan_ns;
    s->stream = r->target != Target::file;
    strlcpy(s->format, format_name(&r->options), sizeof s->format);
    strlcpy(s->codec, r->options.codec_name, sizeof s->codec);
    return s;
}

static void record_work(ExportStats *s, const Pump *p)
{
    s->rows = p->rows;
    s->files = p->nfiles;
    s->bytes = p->bytes;
    s->blocks = p->blocks;
    for (uint32 i = 0; i < p->nfiles; i++)
        s->raw_bytes += p->files[i].raw_bytes;
    if (p->sink) {
        s->write_ns = p->sink->write_ns;
        s->sync_ns = p->sink->sync_ns;
    }
}

// The error stays readable through last_export() after the statement has failed.
static void record_error(ExportStats *s, MemoryContext cx)
{
    MemoryContext old = MemoryContextSwitchTo(cx);
    ErrorData *e = CopyErrorData();
    strlcpy(s->sqlstate, unpack_sql_state(e->sqlerrcode), sizeof s->sqlstate);
    int n = pg_mbcliplen(e->message, strlen(e->message), sizeof s->error - 1);
    memcpy(s->error, e->message, n);
    s->error[n] = '\0';
    FreeErrorData(e);
    MemoryContextSwitchTo(old);
}

// --- the whole
// ------------------------------------------------------------------------------------------------

static uint64 encode_ns(uint64 sampled_ns, uint64 sampled_rows, uint64 rows)
{
    return sampled_rows ? (uint64)((double)sampled_ns / sampled_rows * rows) : 0;
}

static void record_serial(ExportStats *s, const Pump *p, uint64 run_ns)
{
    s->encode_ns = encode_ns(p->sampled_ns, p->sampled_rows, p->rows);
    s->compress_ns = p->compress_ns;
    s->wait_ns = p->wait_ns;
    s->execute_ns = run_ns - Min(run_ns, s->encode_ns + p->flush_ns);
}

// Before the last file is ended: what the processes have done.
static void record_parallel(ExportStats *s, Pump *p, ParallelTotals t, uint64 run_ns)
{
    s->planned = t.planned;
    s->workers = t.launched;
    s->wait_ns = t.processes ? run_ns - Min(run_ns, t.totals[0].run_ns) : 0;
    for (uint32 i = 0; i < t.processes; i++) {
        const Totals *from = &t.totals[i];
        uint64 encode = encode_ns(from->sampled_ns, from->sampled_rows, from->rows);
        uint64 ours = encode + from->flush_ns;
        s->encode_ns += encode;
        s->compress_ns += from->compress_ns;
        s->execute_ns += from->run_ns - Min(from->run_ns, ours);
        if (i > 0 && p->sink) {
            p->sink->write_ns += from->write_ns;
            p->sink->sync_ns += from->sync_ns;
        }
        if (i > t.launched || i >= kMaxProcesses) continue;
        s->processes[i] = {from->rows, from->blocks,      from->bytes,    from->run_ns,
                           encode,     from->compress_ns, from->write_ns, from->sync_ns};
        s->nprocesses = i + 1;
    }
}

static void execute_serial(Encoding *x, const ExportRequest *r, const Briefing *b, bool look, ExportStats *s)
{
    Pump *p = &x->pump;
    Receiver receiver = {{receive_row, startup, shutdown, destroy, DestCopyOut}, p, nullptr, x, b, nullptr};
    QueryDesc *qd = query_start(&r->plan, r->plan.stmt, &receiver.pub);
    check_columns(qd->tupDesc, r->plan.desc);
    if (look) {
        receiver.look = look_start(p);
        receiver.pub.receiveSlot = receive_and_look;
    } else
        start_encoding(x, b);
    open_sink(x, r);
    start_progress(x, r->relid);
    uint64 start = now_ns();
    executor_run(qd);
    if (receiver.look) end_look(&receiver);
    pump_end(p);
    record_work(s, p);
    record_serial(s, p, now_ns() - start);
    query_end(qd);
}

// The queue between processes holds 64 kB: text blocks just below it keep workers from waiting.
constexpr size_t kStreamBlock = 60 * 1024;

static void execute_parallel(Encoding *x, const ExportRequest *r, Briefing *b, bool look, ExportStats *s)
{
    Pump *p = &x->pump;
    p->binder->at.unnumbered = true;
    if (look) look_ahead(&r->plan, p->binder);
    insert_encode_node(r->plan.stmt);
    Receiver receiver = {};
    receiver.pub = {receive_piece, startup, shutdown, destroy, DestCopyOut};
    QueryDesc *qd = query_start(&r->plan, r->plan.stmt, &receiver.pub);
    EncodeNode *node = encode_node_below(qd->planstate);
    check_columns(encode_node_input(node), r->plan.desc);
    bool stream = r->target != Target::file;
    if (stream && format_is_text(&b->options) && !b->options.codec) b->options.block_size = kStreamBlock;
    encoding_open(x, b, b->options.max_rows_per_file != 0);
    b->dimensions = p->binder->dimensions;
    b->narrays = p->binder->narrays;
    open_sink(x, r);
    start_progress(x, r->relid);

    MemoryContext old = MemoryContextSwitchTo(p->cx);
    auto *placer = (Placer *)palloc0(sizeof(Placer));
    auto *assembly = (Assembly *)palloc0(sizeof(Assembly));
    auto *shared = (Shared *)palloc0(shared_size(1, 0));
    StringInfo message = makeStringInfo();
    if (!stream) p->sink->ops->shared->share(p->sink);
    *placer = {p->cx, p, shared};
    *assembly = {p, placer, stream};
    receiver.assembly = assembly;
    shared_init(shared, nullptr, 1);
    shared->stream = stream;
    shared->leader_participates = true; // without workers it has to
    shared->checksums = p->checksums;
    shared->max_rows = b->options.max_rows_per_file;
    shared->max_bytes = b->options.max_bytes_per_file;
    shared->wrapping = writer_wrapping(p->writer);
    assembly_begin(assembly);
    shared->header_bytes = shared->open[0].offset = assembly->header_bytes;
    write_briefing(message, b);
    if (!stream) tell_sink(p->sink, message);
    MemoryContextSwitchTo(old);
    encode_node_lead(node, placer, message);

    uint64 start = now_ns();
    executor_run(qd);
    uint64 run_ns = now_ns() - start;
    assembly_rest(assembly);
    encode_node_rest(node);
    record_parallel(s, p, encode_node_totals(node, qd->planstate), run_ns);
    assembly_end(assembly);
    record_work(s, p);
    query_end(qd);
}

static void execute(Encoding *x, ExportRequest *r, ExportStats *s)
{
    Briefing b = brief(x, r, r->plan.desc);
    encoding_bind(x, r->plan.desc, &b);
    bool look = look_needed(&r->plan, x->pump.binder, &r->options);
    if (r->plan.serial_why) {
        strlcpy(s->serial_why, r->plan.serial_why, sizeof s->serial_why);
        execute_serial(x, r, &b, look, s);
    } else
        execute_parallel(x, r, &b, look, s);
}

void warn_of_name(const ExportRequest *r)
{
    Failure doubt;
    if (is_null_device(r->path) || !name_misleads(&r->options, r->path, &doubt)) return;
    ereport(WARNING, (errmsg("%s", doubt.message), errhint("%s", doubt.hint)));
}

uint64 run_export(ExportRequest *r)
{
    Encoding *x = encoding_create(CurrentMemoryContext);
    MemoryContext leaf = x->pump.cx;
    ExportStats *s = record_start(leaf, r);
    make_room_to_remember();
    PG_TRY();
    {
        execute(x, r, s);
        publish(x, r);
    }
    PG_CATCH();
    {
        record_work(s, &x->pump);
        record_error(s, leaf);
        remember_failure(s);
        PG_RE_THROW();
    }
    PG_END_TRY();
    uint64 rows = x->pump.rows;
    s->write_ns = x->pump.sink->write_ns;
    s->sync_ns = x->pump.sink->sync_ns;
    s->failed = false;
    remember_success(s, r->target == Target::file ? r->path : nullptr, x->pump.files, x->pump.nfiles,
                     x->pump.checksums);
    pgstat_progress_end_command();
    MemoryContextDelete(leaf);
    return rows;
}
} // namespace spout
