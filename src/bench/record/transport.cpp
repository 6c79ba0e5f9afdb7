// transport.cpp - a session's side of the ring: send a record, wait until it is safe. What is sent is not
// undone by ROLLBACK. Never blocks for ever; what cannot be delivered is told as a WARNING and stands in the
// log.
#include "bench/record/ring.hpp"
#include "bench/record/transport.hpp"

#include "pg/parallel/shared.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_proc.h"
#include "postmaster/bgworker.h"
#include "storage/dsm.h"
#include "storage/ipc.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
}

namespace spout
{
constexpr int kSendWaitMs = 10 * 1000, kStepMs = 100;

static Ring *ring; // of this session; null until its first record
static uint32 private_handle;
static int my_slot = -1;
static uint32 my_generation;
static BackgroundWorkerHandle *recorder; // the last one started; owned by TopMemoryContext
static uint64 sent, lost;                // by this session
static uint64 my_end;                    // behind its last record in the ring
static uint64 told;                      // of the rejected ones, by a warning
static bool unread;                      // the last record found no reader in time

// --- coming and going
// ---------------------------------------------------------------------------------------

// Last words: a private ring goes with its readers, so what nobody will read is logged.
static void session_ends(int, Datum)
{
    LWLockAcquire(&ring->lock, LW_EXCLUSIVE);
    if (my_slot >= 0) ring->senders[my_slot].pid = 0;
    ring->orphan = private_handle != 0;
    LWLockRelease(&ring->lock);
    if (private_handle && !ring_recorder_active(ring, MyDatabaseId)) log_leftovers(ring);
    ConditionVariableBroadcast(&ring->moved);
}

static void claim_slot()
{
    LWLockAcquire(&ring->lock, LW_EXCLUSIVE);
    for (int i = 0; i < kSenders && my_slot < 0; i++) {
        SenderSlot *s = &ring->senders[i];
        if (s->pid) continue;
        *s = {MyProcPid, s->generation + 1, 0, 0};
        my_slot = i;
        my_generation = s->generation;
    }
    LWLockRelease(&ring->lock);
}

static void open_home()
{
    if (ring) return;
    Ring *home = shared_ring();
    if (!home) {
        dsm_segment *segment = dsm_create(kPrivateRingBytes, 0);
        dsm_pin_mapping(segment);
        private_handle = dsm_segment_handle(segment);
        home = (Ring *)dsm_segment_address(segment);
        ring_init(home, kPrivateRingBytes, tranche_of_server("pg_spout private rings"));
        LWLockRegisterTranche(home->lock.tranche, "pg_spout");
    }
    ring = home;
    claim_slot();
    before_shmem_exit(session_ends, 0);
}

// --- the reader
// ----------------------------------------------------------------------------------------------

static bool recorder_starting()
{
    pid_t pid;
    if (!recorder) return false;
    BgwHandleStatus status = GetBackgroundWorkerPid(recorder, &pid);
    if (status == BGWH_STARTED || status == BGWH_NOT_YET_STARTED) return true;
    pfree(recorder);
    recorder = nullptr;
    return false;
}

// Sees to it that somebody reads the ring, or soon will.
static void rouse_recorder()
{
    if (ring_recorder_active(ring, MyDatabaseId)) return;
    if (!private_handle) {
        LWLockAcquire(&ring->lock, LW_SHARED);
        if (ring->launcher_latch) SetLatch(ring->launcher_latch);
        LWLockRelease(&ring->lock);
    } else if (!recorder_starting()) {
        MemoryContext old = MemoryContextSwitchTo(TopMemoryContext);
        if (!start_recorder(MyDatabaseId, private_handle, &recorder)) recorder = nullptr;
        MemoryContextSwitchTo(old);
    }
}

static bool until(TimestampTz start, int ms)
{
    return !TimestampDifferenceExceeds(start, GetCurrentTimestamp(), ms);
}

// A session may leave the moment send returns: its private ring needs a reader that has attached by then.
static bool wait_for_reader(TimestampTz start, int ms)
{
    bool read = !private_handle;
    while (!(read = read || ring_recorder_active(ring, MyDatabaseId)) && until(start, ms)) {
        rouse_recorder();
        ConditionVariableTimedSleep(&ring->moved, kStepMs, PG_WAIT_EXTENSION);
    }
    ConditionVariableCancelSleep();
    return read;
}

static bool give_up(const char *text, const char *why)
{
    sent++, lost++;
    log_record(text);
    ereport(WARNING, (errmsg("benchmark result was not stored: %s", why),
                      errdetail("The result stands in the server's log as a line of JSON.")));
    return false;
}

static bool send(const char *text)
{
    size_t size = strlen(text);
    if (size > kMaxRecordBytes) return give_up(text, "it is larger than 64 kB");
    open_home();
    RecordHeader h = {(uint32)size, MyDatabaseId, my_slot, my_generation, 0};
    TimestampTz start = GetCurrentTimestamp();
    bool put = false;
    while (!(put = ring_put(ring, &h, text, &my_end)) && until(start, kSendWaitMs)) {
        rouse_recorder();
        ConditionVariableTimedSleep(&ring->moved, kStepMs, PG_WAIT_EXTENSION);
    }
    ConditionVariableCancelSleep();
    if (!put) return give_up(text, "nobody made room for it within 10 s");
    sent++; // now: a wait that was cancelled has sent nothing
    rouse_recorder();
    // Waited for once: a run with many results goes on without a reader, too.
    bool read = wait_for_reader(start, unread ? 0 : kSendWaitMs);
    if (!read && !unread)
        ereport(WARNING,
                (errmsg("no recorder of benchmark results could be started yet"),
                 errhint("Raise max_worker_processes; results wait in memory until a worker is free, and "
                         "are written to the server's log if this session ends before.")));
    unread = !read;
    return true;
}

// --- what became of it
// ----------------------------------------------------------------------------------------

static RecordCounts counts()
{
    RecordCounts c = {sent, 0, lost};
    if (!ring) return c;
    if (my_slot < 0) // more senders than slots: what the recorder has passed, the log says how
        return {sent, ring_passed(ring, my_end) ? sent - lost : 0, lost};
    LWLockAcquire(&ring->lock, LW_SHARED);
    c.committed = ring->senders[my_slot].committed;
    c.rejected += ring->senders[my_slot].rejected;
    LWLockRelease(&ring->lock);
    return c;
}

// At the end of a transaction, once, however many calls found the disk full.
static bool to_tell;

static void tell()
{
    RecordCounts c = counts();
    uint64 waiting = sent - c.committed - c.rejected, rejected = c.rejected - lost;
    to_tell = false;
    if (rejected > told)
        ereport(WARNING, (errmsg("benchmark results that were not stored: " UINT64_FORMAT, rejected - told),
                          errdetail("They stand in the server's log as lines of JSON, after their reason.")));
    told = Max(told, rejected);
    if (waiting && !unread)
        ereport(WARNING, (errmsg("benchmark results that are not stored yet: " UINT64_FORMAT, waiting),
                          errhint("A recorder goes on with them; if all of max_worker_processes are taken, "
                                  "as soon as one is free.")));
}

static void transaction_ends(XactEvent event, void *)
{
    if (to_tell && (event == XACT_EVENT_PRE_COMMIT || event == XACT_EVENT_ABORT)) tell();
}

static void tell_later()
{
    static bool registered;
    if (!registered) RegisterXactCallback(transaction_ends, nullptr);
    registered = to_tell = true;
}

RecordCounts flush_records(double seconds)
{
    TimestampTz start = GetCurrentTimestamp();
    RecordCounts c = counts();
    int ms = seconds > 0 ? (int)(Min(seconds, unread ? 1 : 86400) * 1000) : 0;
    while (c.committed + c.rejected < sent && until(start, ms)) {
        rouse_recorder();
        ConditionVariableTimedSleep(&ring->moved, kStepMs, PG_WAIT_EXTENSION);
        c = counts();
    }
    ConditionVariableCancelSleep();
    if (c.rejected - lost > told || (ms > 0 && c.committed + c.rejected < sent)) tell_later();
    return c;
}

bool recordable(Oid function)
{
    if (RecoveryInProgress()) return false;
    HeapTuple t = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
    if (!HeapTupleIsValid(t)) return false;
    bool ours = !HeapTupleHeaderXminFrozen(t->t_data) &&
                TransactionIdIsCurrentTransactionId(HeapTupleHeaderGetXmin(t->t_data));
    ReleaseSysCache(t);
    return !ours;
}
bool send_record(Oid function, const char *record) { return recordable(function) && send(record); }
} // namespace spout
