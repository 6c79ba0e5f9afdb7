// encode_node.cpp - the executor's side of parallel encoding. Everything a worker owns
// is below its query's context; it closes and frees before it returns the end of its input, so that its
// errors still reach the leader.
#include "pg/server/clock.hpp"
#include "pg/parallel/encode_node.hpp"

#include "pg/pump/briefing.hpp"
#include "pg/pump/encoding.hpp"

extern "C" {
#include "access/parallel.h"
#include "executor/executor.h"
#include "executor/nodeCustom.h"
#include "libpq/pqformat.h"
#include "optimizer/optimizer.h"
}

namespace spout
{
struct EncodeNode {
    CustomScanState css;
    Placer *placer;     // leader: the export's; worker: its own
    Encoding *encoding; // worker only
    StringInfo message; // leader only: shared.hpp, then briefing, then the sink's
    Totals *totals;     // leader only: a copy for the time after shared memory
    MeterShare *memory; // worker only: in shared memory; null: no meter runs
    uint32 processes;
    uint64 started_ns;
    bool started, input_done, ended;
    TupleTableSlot *row; // read and not encoded yet; the child's
    uint64 told_ns;      // worker: when a tuple was last large enough to wake the leader
    bytea *part;         // of a stream; grows to the largest
    size_t part_room;
};

static EncodeNode *self(CustomScanState *node) { return (EncodeNode *)node; }

// --- one piece, as a tuple ---------------------------------------------------------------------------------

// The queue wakes its reader only when a quarter of its 64 kB is full (shm_mq.c): small tuples wait for
// company.
constexpr uint64 kWakes = 16 * 1024 + 1;

static char *part_of(EncodeNode *e, uint64 bytes)
{
    size_t n = VARHDRSZ + bytes;
    if (n > e->part_room) {
        if (e->part) pfree(e->part);
        e->part = (bytea *)MemoryContextAlloc(e->placer->cx, n);
        e->part_room = n;
    }
    SET_VARSIZE(e->part, n);
    return VARDATA(e->part);
}

static Datum part_datum(EncodeNode *e, const Piece *piece)
{
    if (!piece->data) {
        memset(part_of(e, kWakes), 0, kWakes);
        return PointerGetDatum(e->part);
    }
    uint64 ends = piece->ends ? sizeof *piece->ends * piece->rows : 0;
    char *to = part_of(e, piece->bytes + ends);
    memcpy(to, piece->data, piece->bytes);
    if (ends) memcpy(to + piece->bytes, piece->ends, ends);
    return PointerGetDatum(e->part);
}

// From time to time a worker's tuple is made large, so that the leader can tell of progress.
static bool must_wake(EncodeNode *e)
{
    uint64 now = now_ns();
    if (!IsParallelWorker() || now - e->told_ns < kTellEveryNs) return false;
    e->told_ns = now;
    return true;
}

static TupleTableSlot *piece_slot(EncodeNode *e, const Piece *piece)
{
    TupleTableSlot *slot = e->css.ss.ss_ScanTupleSlot;
    ExecClearTuple(slot);
    Datum *v = slot->tts_values;
    memset(slot->tts_isnull, 0, sizeof(bool) * kPieceColumns);
    v[0] = Int32GetDatum((int32)piece->process);
    v[1] = Int32GetDatum((int32)piece->file);
    v[2] = Int64GetDatum((int64)piece->offset);
    v[3] = Int64GetDatum((int64)piece->bytes);
    v[4] = Int64GetDatum((int64)piece->rows);
    v[5] = Int64GetDatum((int64)piece->raw_bytes);
    v[6] = Int64GetDatum((int64)piece->crc32c);
    v[7] = Int32GetDatum((int32)piece->blocks);
    v[8] = BoolGetDatum(piece->more);
    v[9] = Int64GetDatum((int64)piece->id.dev);
    v[10] = Int64GetDatum((int64)piece->id.ino);
    v[11] = BoolGetDatum(piece->raw);
    v[12] = BoolGetDatum(piece->closed);
    slot->tts_isnull[13] = !piece->data && !must_wake(e);
    v[13] = slot->tts_isnull[13] ? (Datum)0 : part_datum(e, piece);
    return ExecStoreVirtualTuple(slot);
}

void read_piece(TupleTableSlot *slot, Piece *piece)
{
    slot_getallattrs(slot);
    const Datum *v = slot->tts_values;
    *piece = {};
    piece->process = (uint32)DatumGetInt32(v[0]);
    piece->file = (uint32)DatumGetInt32(v[1]);
    piece->offset = (uint64)DatumGetInt64(v[2]);
    piece->bytes = (uint64)DatumGetInt64(v[3]);
    piece->rows = (uint64)DatumGetInt64(v[4]);
    piece->raw_bytes = (uint64)DatumGetInt64(v[5]);
    piece->crc32c = (uint32)DatumGetInt64(v[6]);
    piece->blocks = (uint32)DatumGetInt32(v[7]);
    piece->more = DatumGetBool(v[8]);
    piece->id = {(uint64)DatumGetInt64(v[9]), (uint64)DatumGetInt64(v[10])};
    piece->raw = DatumGetBool(v[11]);
    piece->closed = DatumGetBool(v[12]);
    if (slot->tts_isnull[13]) return;
    piece->data = (const uint8 *)VARDATA_ANY(DatumGetPointer(v[13]));
    if (piece->raw) piece->bytes = VARSIZE_ANY_EXHDR(DatumGetPointer(v[13])); // with the ends of rows
}

// --- execution ---------------------------------------------------------------------------------------------

// False: this process leaves the rows to the others.
static bool start(EncodeNode *e)
{
    e->started = true;
    e->started_ns = now_ns();
    if (placer_ready(e->placer)) return true;
    if (!e->placer->shared->leader_participates)
        ereport(ERROR,
                (errcode(ERRCODE_IO_ERROR), errmsg("parallel worker could not open the leader's file: %m"),
                 errhint("Use the option parallel off.")));
    return false;
}

// A warning is given once, whichever process meets it.
static void warn(EncodeNode *e)
{
    Shared *s = e->placer->shared;
    const char *w;
    for (uint32 i = 0; (w = writer_warning(e->placer->pump->writer, i)); i++)
        if (ledger_first_warning(s, crc32c(0, w, strlen(w)))) ereport(WARNING, (errmsg("%s", from_utf8(w))));
}

static void end(EncodeNode *e)
{
    placer_leave(e->placer);
    warn(e);
    placer_report(e->placer);
    e->placer->shared->totals()[e->placer->process].run_ns = now_ns() - e->started_ns;
    e->ended = true;
}

// Before a block is taken: whether more rows follow it.
static void read_row(EncodeNode *e)
{
    if (e->input_done) return;
    ResetPerTupleExprContext(e->css.ss.ps.state);
    TupleTableSlot *row = ExecProcNode(outerPlanState(&e->css));
    if (TupIsNull(row))
        e->input_done = true;
    else
        e->row = row;
}

static TupleTableSlot *exec(CustomScanState *node)
{
    EncodeNode *e = self(node);
    Placer *p = e->placer;
    Piece piece;
    if (!e->started && !start(e)) e->input_done = e->ended = true;
    for (;;) {
        if (!e->row) read_row(e);
        while (placer_due(p, e->input_done))
            if (placer_take(p, e->input_done, &piece)) return piece_slot(e, &piece);
        if (e->input_done) break;
        pump_add(p->pump, e->row);
        e->row = nullptr;
    }
    if (!e->ended) {
        if (placer_end(p, &piece)) return piece_slot(e, &piece);
        end(e);
    }
    return ExecClearTuple(node->ss.ss_ScanTupleSlot);
}

static void begin(CustomScanState *node, EState *estate, int eflags)
{
    outerPlanState(node) = ExecInitNode(outerPlan(node->ss.ps.plan), estate, eflags);
}

static void finish(CustomScanState *node)
{
    EncodeNode *e = self(node);
    ExecEndNode(outerPlanState(node));
    if (!e->encoding) return;
    MeterShare *memory = e->memory;
    MemoryContextDelete(e->encoding->pump.cx); // and the placer
    e->encoding = nullptr;
    if (memory) meter_tell(memory);
}

static void rescan(CustomScanState *) { elog(ERROR, "an export cannot be read twice"); }

// --- shared memory -----------------------------------------------------------------------------------------

static Size estimate(CustomScanState *node, ParallelContext *pcxt)
{
    return shared_size((uint32)pcxt->nworkers + 1, (size_t)self(node)->message->len);
}

static void initialize(CustomScanState *node, ParallelContext *pcxt, void *coordinate)
{
    EncodeNode *e = self(node);
    auto *s = static_cast<Shared *>(coordinate);
    shared_init(s, e->placer->shared, (uint32)pcxt->nworkers + 1);
    s->leader_participates = parallel_leader_participation;
    s->metered = meter_runs();
    s->message_bytes = (uint32)e->message->len;
    memcpy(s->message(), e->message->data, (size_t)e->message->len);
    e->placer->shared = s;
}

static void reinitialize(CustomScanState *node, ParallelContext *, void *) { rescan(node); }

// In a worker: all that the leader has, made anew from what it tells.
static void initialize_worker(CustomScanState *node, shm_toc *, void *coordinate)
{
    EncodeNode *e = self(node);
    auto *s = static_cast<Shared *>(coordinate);
    shared_attach(s);
    if (s->metered) {
        e->memory = &s->totals()[ParallelWorkerNumber + 1].memory;
        meter_start();
    }
    e->encoding = encoding_create(node->ss.ps.state->es_query_cxt);
    Pump *pump = &e->encoding->pump;
    MemoryContext old = MemoryContextSwitchTo(pump->cx);
    StringInfoData message = {s->message(), (int)s->message_bytes, 0, 0};
    Briefing b;
    read_briefing(&message, &b);
    encoding_bind(e->encoding, encode_node_input(e), &b);
    encoding_open(e->encoding, &b, s->max_rows != 0);
    pump->binder->at.unnumbered = true;
    pump->checksums = s->checksums;
    if (!s->stream) pump->sink = attach_sink(pump->cx, &message);
    e->placer = (Placer *)palloc0(sizeof(Placer));
    e->placer->cx = pump->cx;
    e->placer->pump = pump;
    e->placer->shared = s;
    e->placer->process = (uint32)ParallelWorkerNumber + 1;
    MemoryContextSwitchTo(old);
}

// The leader's last look at shared memory.
static void shutdown(CustomScanState *node)
{
    EncodeNode *e = self(node);
    Shared *s = e->placer ? e->placer->shared : nullptr;
    if (IsParallelWorker() || !s || e->totals) return;
    e->processes = s->processes;
    e->totals = (Totals *)MemoryContextAlloc(e->placer->cx, sizeof(Totals) * s->processes);
    memcpy(e->totals, s->totals(), sizeof(Totals) * s->processes);
    for (uint32 i = 1; s->metered && i < s->processes; i++)
        meter_add(&e->totals[i].memory);
    // The last blocks still need a ledger.
    auto *own = (Shared *)MemoryContextAlloc(e->placer->cx, shared_size(1, 0));
    shared_init(own, s, 1);
    e->placer->shared = own;
}

// --- registration ------------------------------------------------------------------------------------------

static const CustomExecMethods kEncodeExec = {
    "SpoutEncode",     begin,    exec,     finish,     rescan,
    nullptr,           nullptr,  estimate, initialize, reinitialize,
    initialize_worker, shutdown, nullptr,
};

static Node *create_state(CustomScan *)
{
    auto *e = (EncodeNode *)palloc0(sizeof(EncodeNode));
    NodeSetTag(e, T_CustomScanState);
    e->css.methods = &kEncodeExec;
    return (Node *)e;
}

const CustomScanMethods kEncodeScan = {"SpoutEncode", create_state};

void register_encode_node() { RegisterCustomScanMethods(&kEncodeScan); }

// --- for the leader ----------------------------------------------------------------------------------------

EncodeNode *encode_node_below(PlanState *gather) { return (EncodeNode *)outerPlanState(gather); }

TupleDesc encode_node_input(EncodeNode *e) { return ExecGetResultType(outerPlanState(&e->css)); }

void encode_node_lead(EncodeNode *e, Placer *p, StringInfo message)
{
    e->placer = p;
    e->message = message;
}

void encode_node_rest(EncodeNode *e)
{
    if (!e->totals) return;
    uint64 run_ns = e->totals[0].run_ns;
    placer_report(e->placer);
    e->totals[0] = e->placer->shared->totals()[0];
    e->totals[0].run_ns = run_ns;
}

ParallelTotals encode_node_totals(const EncodeNode *e, const PlanState *gather)
{
    auto *g = (const GatherState *)gather;
    auto *plan = (const Gather *)gather->plan;
    return {(uint32)plan->num_workers, (uint32)g->nworkers_launched, e->processes, e->totals};
}
} // namespace spout
