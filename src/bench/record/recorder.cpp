// recorder.cpp - the worker that writes results: its transactions are its own, so the caller's ROLLBACK does
// not reach them. Connects to one database, writes as the owner of the tables, leaves when nothing comes.
#include "bench/record/ring.hpp"
#include "bench/record/rows.hpp"

extern "C" {
#include "access/xact.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/dsm.h"
#include "storage/ipc.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/snapmgr.h"
#include "utils/timeout.h"
#include "utils/timestamp.h"

PGDLLEXPORT void spout_bench_recorder(Datum);
}

namespace spout
{
constexpr int kAttempts = 3, kStatementTimeoutMs = 30 * 1000, kDrainMs = 5000, kSameRequestMs = 100;
constexpr int kIdleMs = 2000; // DROP DATABASE waits 5 s

static Ring *ring;
static int my_place = -1;
static bool private_home;

// What stands in the way of records, such as a full disk: said when it begins, and with its number when it
// ends.
static struct {
    int sqlstate;
    uint64 records; // lost to it
} trouble;

// The same for every record, whatever is in it.
static bool hits_every_record(int sqlstate)
{
    int category = ERRCODE_TO_CATEGORY(sqlstate);
    return category == ERRCODE_INSUFFICIENT_RESOURCES || category == ERRCODE_TO_CATEGORY(ERRCODE_IO_ERROR);
}

static void report_trouble()
{
    if (trouble.sqlstate == geterrcode() && hits_every_record(trouble.sqlstate)) return;
    EmitErrorReport();
    trouble = {geterrcode(), 0};
}

static void end_trouble()
{
    if (trouble.records > 1 && hits_every_record(trouble.sqlstate))
        ereport(WARNING, (errmsg("benchmark results lost to the same error: " UINT64_FORMAT, trouble.records),
                          errdetail("SQLSTATE %s; they stand in this log as lines of JSON.",
                                    unpack_sql_state(trouble.sqlstate))));
    trouble = {};
}

// One record, one transaction, left open: false when its tables are gone.
static bool write_record(const char *text)
{
    SetCurrentStatementStartTimestamp();
    StartTransactionCommand();
    PushActiveSnapshot(GetTransactionSnapshot());
    enable_timeout_after(STATEMENT_TIMEOUT, kStatementTimeoutMs);
    pgstat_report_activity(STATE_RUNNING, "recording a benchmark");
    bool found = write_rows(text);
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
        if (write_record(text)) {
            // Between the commit and the tail nothing may come: the next recorder would write it again.
            HOLD_INTERRUPTS();
            CommitTransactionCommand();
            ring_advance(ring, position, h, true);
            RESUME_INTERRUPTS();
            end_trouble();
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
        report_trouble();
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

// False: it stays in the ring, for the time to try is over.
static bool handle(const RecordHeader *h, const char *text, uint64 position)
{
    for (int failures = 0; failures < kAttempts;) {
        CHECK_FOR_INTERRUPTS();
        Outcome o = attempt(h, text, position);
        if (o == Outcome::committed) return true;
        if (o == Outcome::missing) break;
        if (ShutdownRequestPending) return false;
        if (o == Outcome::failed) failures++;
    }
    trouble.records++;
    log_record(text);
    ring_advance(ring, position, h, false);
    return true;
}

// Gone first, then looking: either we see that the session has left, or it sees that we have.
static void leave(int, Datum)
{
    end_trouble();
    ring_drop_recorder(ring, my_place);
    if (private_home && ring->orphan) log_leftovers(ring);
}

// A shutdown or pg_terminate_backend asks; what waits is written first. Asked again, we go at once; not for
// the second signal of the same request, for the postmaster signals a process and its group.
static void asked_to_leave(SIGNAL_ARGS)
{
    static TimestampTz first;
    TimestampTz now = GetCurrentTimestamp();
    if (!first) first = now;
    if (TimestampDifferenceExceeds(first, now, kSameRequestMs))
        die(postgres_signal_arg);
    else
        SignalHandlerForShutdownRequest(postgres_signal_arg);
}

static void serve()
{
    auto *text = (char *)MemoryContextAlloc(TopMemoryContext, kMaxRecordBytes + 1);
    MemoryContext cx = AllocSetContextCreate(TopMemoryContext, "pg_spout recorder", ALLOCSET_DEFAULT_SIZES);
    MemoryContextSwitchTo(cx);
    TimestampTz last = GetCurrentTimestamp(), asked = 0;
    for (;;) {
        RecordHeader h;
        uint64 position;
        CHECK_FOR_INTERRUPTS();
        if (ShutdownRequestPending && !asked) asked = GetCurrentTimestamp();
        if (asked && TimestampDifferenceExceeds(asked, GetCurrentTimestamp(), kDrainMs)) break;
        if (ring_peek(ring, MyDatabaseId, &h, text, &position)) {
            ConditionVariableCancelSleep();
            if (!handle(&h, text, position)) break;
            MemoryContextReset(cx);
            last = GetCurrentTimestamp();
            continue;
        }
        bool late = asked || ring->orphan || TimestampDifferenceExceeds(last, GetCurrentTimestamp(), kIdleMs);
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
                                       {"default_transaction_isolation", "read committed"},
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
    pqsignal(SIGTERM, asked_to_leave);
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
