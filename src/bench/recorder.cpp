// recorder.cpp - the worker that writes results: its transactions are its own, so the caller's ROLLBACK does
// not reach them. Connects to one database, writes as the owner of the tables, leaves when nothing comes.
#include "bench/json.hpp"
#include "bench/ring.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "storage/dsm.h"
#include "storage/ipc.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

PGDLLEXPORT void spout_bench_recorder(Datum);
}

namespace spout
{
constexpr int kAttempts = 3, kStatementTimeoutMs = 30 * 1000, kIdleMs = 2000; // DROP DATABASE waits 5 s

static Ring *ring;
static int my_place = -1;
static bool private_home;

// --- what a record says, as SQL ----------------------------------------------------------------------------

// Where the tables are now, whatever their schema is called.
struct Tables {
    const char *schema; // quoted
    Oid results_seq, memory_seq, runs_seq, owner;
};

static bool find_tables(Oid schema, Tables *t)
{
    char *name = get_namespace_name(schema);
    Oid table = get_relname_relid("benchmark_runs", schema);
    if (!name || !OidIsValid(table)) return false;
    HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
    if (!HeapTupleIsValid(tuple)) return false;
    *t = {quote_identifier(name), get_relname_relid("benchmark_results_id_seq", schema),
          get_relname_relid("memory_profile_results_id_seq", schema),
          get_relname_relid("benchmark_runs_run_id_seq", schema),
          ((Form_pg_class)GETSTRUCT(tuple))->relowner};
    ReleaseSysCache(tuple);
    return true;
}

static void execute(const char *sql, Datum record)
{
    Oid type = JSONBOID;
    int rc = SPI_execute_with_args(sql, 1, &type, &record, nullptr, false, 0);
    if (rc < 0) elog(ERROR, "SPI failed: %s", SPI_result_code_string(rc));
}

// A missing id is drawn here: the caller's transaction was read-only.
static void write_run(const Tables *t, Datum record)
{
    execute(
        psprintf(
            "INSERT INTO %1$s.benchmark_runs (run_id, status, started, finished, requested_by, arguments, "
            "label,"
            " baseline, commit_hash, branch, dirty, fingerprint, environment)"
            " SELECT coalesce(r.run_id, nextval(%2$u::regclass)), r.status, r.started, r.finished, "
            "r.requested_by,"
            " r.arguments, r.label, r.baseline, r.commit_hash, r.branch, r.dirty, r.fingerprint, "
            "r.environment"
            " FROM jsonb_populate_record(NULL::%1$s.benchmark_runs, $1 -> 'run') r ON CONFLICT DO NOTHING",
            t->schema, t->runs_seq),
        record);
}

static void write_result(const Tables *t, Datum record)
{
    execute(
        psprintf(
            "INSERT INTO %1$s.benchmark_results (id, name, min_time, max_time, mean_time, median_time, "
            "stddev_time,"
            " iterations, timestamp, commit_hash, environment)"
            " SELECT coalesce(r.id, nextval(%2$u::regclass)), r.name, r.min_time, r.max_time, r.mean_time,"
            " r.median_time, r.stddev_time, r.iterations, r.timestamp, r.commit_hash, r.environment"
            " FROM jsonb_populate_record(NULL::%1$s.benchmark_results, $1 -> 'result') r ON CONFLICT DO "
            "NOTHING",
            t->schema, t->results_seq),
        record);
}

static void write_memory(const Tables *t, Datum record)
{
    execute(
        psprintf("INSERT INTO %1$s.memory_profile_results (id, name, peak_memory, allocated_memory, "
                 "deallocated_memory,"
                 " net_memory, top_allocations, timestamp, commit_hash, environment)"
                 " SELECT coalesce(r.id, nextval(%2$u::regclass)), r.name, r.peak_memory, r.allocated_memory,"
                 " r.deallocated_memory, r.net_memory, r.top_allocations, r.timestamp, r.commit_hash, "
                 "r.environment"
                 " FROM jsonb_populate_record(NULL::%1$s.memory_profile_results, $1 -> 'memory') r ON "
                 "CONFLICT DO NOTHING",
                 t->schema, t->memory_seq),
        record);
}

// Where ids were not known to the caller, its run carries a key, and the results just written are the last
// ones.
static void write_item(const Tables *t, Datum record)
{
    execute(
        psprintf(
            "INSERT INTO %1$s.benchmark_items (run_id, ord, name, benchmark_type, adapter_type, format, rows,"
            " definition_hash, status, sqlstate, message, grade, flags, result_id, memory_result_id, detail, "
            "samples)"
            " SELECT coalesce(i.run_id, (SELECT max(run_id) FROM %1$s.benchmark_runs WHERE arguments ->> "
            "'key' = $1 ->> 'key')),"
            " i.ord, i.name, i.benchmark_type, i.adapter_type, i.format, i.rows, i.definition_hash, "
            "i.status, i.sqlstate,"
            " i.message, i.grade, coalesce(i.flags, '{}'),"
            " CASE WHEN $1 ? 'result' THEN coalesce(i.result_id, currval(%2$u::regclass)) END,"
            " CASE WHEN $1 ? 'memory' THEN coalesce(i.memory_result_id, currval(%3$u::regclass)) END,"
            " coalesce(i.detail, '{}'), i.samples"
            " FROM jsonb_populate_record(NULL::%1$s.benchmark_items, $1 -> 'item') i ON CONFLICT DO NOTHING",
            t->schema, t->results_seq, t->memory_seq),
        record);
}

static void write_finish(const Tables *t, Datum record)
{
    execute(psprintf("UPDATE %1$s.benchmark_runs r SET status = f.status, finished = f.finished"
                     " FROM jsonb_populate_record(NULL::%1$s.benchmark_runs, $1 -> 'finish') f WHERE "
                     "r.status = 'running' AND"
                     " (r.run_id = f.run_id OR (f.run_id IS NULL AND r.arguments ->> 'key' = $1 ->> 'key'))",
                     t->schema),
            record);
}

// Runs left behind by sessions that were killed.
static void write_abort(const Tables *t, Datum record)
{
    execute(
        psprintf("UPDATE %s.benchmark_runs SET status = 'aborted', finished = now() WHERE status = 'running'"
                 " AND arguments ->> 'key' <> $1 ->> 'abort_but'",
                 t->schema),
        record);
}

static void write_parts(const Tables *t, const char *text)
{
    Datum record = DirectFunctionCall1(jsonb_in, CStringGetDatum(text));
    const struct {
        const char *key;
        void (*write)(const Tables *, Datum);
    } parts[] = {{"abort_but", write_abort}, {"run", write_run},   {"result", write_result},
                 {"memory", write_memory},   {"item", write_item}, {"finish", write_finish}};
    for (const auto &part : parts)
        if (json_has(DatumGetJsonbP(record), part.key)) part.write(t, record);
}

// One record, one transaction, left open: false when its tables are gone.
static bool write_record(Oid schema, const char *text)
{
    SetCurrentStatementStartTimestamp();
    StartTransactionCommand();
    PushActiveSnapshot(GetTransactionSnapshot());
    enable_timeout_after(STATEMENT_TIMEOUT, kStatementTimeoutMs);
    pgstat_report_activity(STATE_RUNNING, "recording a benchmark");
    Tables t;
    bool found = find_tables(schema, &t);
    if (found) {
        Oid user;
        int context;
        GetUserIdAndSecContext(&user, &context);
        // A trigger planted on the tables gets no more than their owner has, and not even all of that.
        SetUserIdAndSecContext(t.owner,
                               context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
        SPI_connect();
        write_parts(&t, text);
        SPI_finish();
        SetUserIdAndSecContext(user, context);
    }
    disable_timeout(STATEMENT_TIMEOUT, false);
    PopActiveSnapshot();
    return found;
}

// --- records, one by one
// ------------------------------------------------------------------------------------

enum class Outcome : uint8 { committed, missing, failed, cancelled };

static Outcome attempt(const RecordHeader *h, const char *text, uint64 position)
{
    volatile Outcome outcome = Outcome::failed;
    MemoryContext before = CurrentMemoryContext;
    TimestampTz start = GetCurrentTimestamp();
    PG_TRY();
    {
        if (write_record(h->schema, text)) {
            // Between the commit and the tail nothing may come: the next recorder would write it again.
            HOLD_INTERRUPTS();
            CommitTransactionCommand();
            ring_advance(ring, position, h, true);
            RESUME_INTERRUPTS();
            outcome = Outcome::committed;
        } else {
            AbortCurrentTransaction();
            outcome = Outcome::missing;
        }
    }
    PG_CATCH();
    {
        MemoryContextSwitchTo(before);
        HOLD_INTERRUPTS();
        disable_all_timeouts(false);
        bool cancelled = geterrcode() == ERRCODE_QUERY_CANCELED &&
                         !TimestampDifferenceExceeds(start, GetCurrentTimestamp(), kStatementTimeoutMs);
        EmitErrorReport();
        AbortCurrentTransaction();
        FlushErrorState();
        RESUME_INTERRUPTS();
        outcome = cancelled ? Outcome::cancelled : Outcome::failed;
    }
    PG_END_TRY();
    MemoryContextSwitchTo(before);
    pgstat_report_activity(STATE_IDLE, nullptr);
    return outcome;
}

static void handle(const RecordHeader *h, const char *text, uint64 position)
{
    for (int failures = 0; failures < kAttempts;) {
        CHECK_FOR_INTERRUPTS();
        Outcome o = attempt(h, text, position);
        if (o == Outcome::committed) return;
        if (o == Outcome::missing) break;
        if (o == Outcome::failed) failures++;
    }
    log_record(text);
    ring_advance(ring, position, h, false);
}

static void leave(int, Datum)
{
    // Nobody else will come for the records of a session that is gone.
    RecordHeader h;
    uint64 position;
    if (private_home && ring->orphan) {
        static char text[kMaxRecordBytes + 1];
        while (ring_peek(ring, InvalidOid, &h, text, &position)) {
            log_record(text);
            ring_advance(ring, position, &h, false);
        }
    }
    ring_drop_recorder(ring, my_place);
}

static void serve()
{
    auto *text = (char *)MemoryContextAlloc(TopMemoryContext, kMaxRecordBytes + 1);
    MemoryContext cx = AllocSetContextCreate(TopMemoryContext, "pg_spout recorder", ALLOCSET_DEFAULT_SIZES);
    MemoryContextSwitchTo(cx);
    TimestampTz last = GetCurrentTimestamp();
    for (;;) {
        RecordHeader h;
        uint64 position;
        CHECK_FOR_INTERRUPTS();
        if (ring_peek(ring, MyDatabaseId, &h, text, &position)) {
            ConditionVariableCancelSleep();
            handle(&h, text, position);
            MemoryContextReset(cx);
            last = GetCurrentTimestamp();
            continue;
        }
        bool late = ring->orphan || TimestampDifferenceExceeds(last, GetCurrentTimestamp(), kIdleMs);
        if (late && ring_leave_if_idle(ring, my_place, MyDatabaseId)) break;
        ConditionVariableTimedSleep(&ring->moved, kIdleMs / 10, PG_WAIT_EXTENSION);
    }
    ConditionVariableCancelSleep();
}

static void own_settings()
{
    const char *const settings[][2] = {{"search_path", "pg_catalog, pg_temp"},
                                       {"lock_timeout", "5s"}, // the caller may hold the lock and wait for us
                                       {"TimeZone", "UTC"},
                                       {"synchronous_commit", "on"},
                                       {"default_transaction_read_only", "off"},
                                       {"application_name", "pg_spout benchmark recorder"}};
    for (const auto &s : settings)
        SetConfigOption(s[0], s[1], PGC_SUSET, PGC_S_SESSION);
}

static bool attach(uint32 handle)
{
    private_home = handle != 0;
    if (!private_home) {
        ring = shared_ring();
        return ring != nullptr;
    }
    StartTransactionCommand();
    dsm_segment *segment = dsm_attach(handle);
    if (segment) dsm_pin_mapping(segment);
    CommitTransactionCommand();
    if (!segment) return false; // the session left before it sent anything
    ring = (Ring *)dsm_segment_address(segment);
    LWLockRegisterTranche(ring->lock.tranche, "pg_spout");
    return true;
}
} // namespace spout

extern "C" void spout_bench_recorder(Datum arg)
{
    using namespace spout;
    pqsignal(SIGTERM, die);
    BackgroundWorkerUnblockSignals();
    Oid database;
    memcpy(&database, MyBgworkerEntry->bgw_extra, sizeof database);
    BackgroundWorkerInitializeConnectionByOid(database, InvalidOid, 0);
    own_settings();
    if (!attach(DatumGetUInt32(arg))) proc_exit(0);
    my_place = ring_claim_recorder(ring, MyDatabaseId);
    if (my_place < 0) proc_exit(0);
    before_shmem_exit(leave, 0);
    serve();
    proc_exit(0);
}
