// home.cpp - where the ring lives when the library is preloaded, and the launcher that starts recorders for
// it. The launcher is connected to no database, so it hinders no DROP DATABASE.
#include "bench/server/bench.hpp"
#include "bench/record/ring.hpp"

extern "C" {
#include "postmaster/bgworker.h"
#include "postmaster/interrupt.h"
#include "storage/ipc.h"
#include "storage/proc.h"
#include "storage/shmem.h"

PGDLLEXPORT void spout_bench_launcher(Datum);
}

namespace spout
{
static Ring *the_shared_ring;
static shmem_request_hook_type previous_request;
static shmem_startup_hook_type previous_startup;

static void request_memory()
{
    if (previous_request) previous_request();
    RequestAddinShmemSpace(kSharedRingBytes);
    RequestNamedLWLockTranche("pg_spout", 1);
}

static char leftover[kMaxRecordBytes + 1];

void log_leftovers(Ring *r)
{
    while (ring_take(r, leftover))
        log_record(leftover);
}

// In the postmaster, when shared memory goes: every process of ours is dead, by shutdown or by a crash, and
// what waits in the ring would go in silence.
static void salvage(int, Datum)
{
    Ring *r = the_shared_ring;
    if (r->size != kSharedRingBytes - offsetof(Ring, bytes)) return; // overwritten
    for (uint64 at = r->tail; ring_salvage(r, &at, leftover);)
        log_record(leftover);
}

static void attach_memory()
{
    if (previous_startup) previous_startup();
    bool found;
    LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
    the_shared_ring = (Ring *)ShmemInitStruct("pg_spout benchmark records", kSharedRingBytes, &found);
    if (!found) ring_init(the_shared_ring, kSharedRingBytes, GetNamedLWLockTranche("pg_spout")->lock.tranche);
    LWLockRelease(AddinShmemInitLock);
    if (!IsUnderPostmaster) on_shmem_exit(salvage, 0);
}

Ring *shared_ring() { return the_shared_ring; }

static void name_worker(BackgroundWorker *w, const char *function, const char *name)
{
    memset(w, 0, sizeof *w);
    strlcpy(w->bgw_library_name, "pg_spout", sizeof w->bgw_library_name);
    strlcpy(w->bgw_function_name, function, sizeof w->bgw_function_name);
    strlcpy(w->bgw_name, name, sizeof w->bgw_name);
    strlcpy(w->bgw_type, name, sizeof w->bgw_type);
    w->bgw_flags = BGWORKER_SHMEM_ACCESS;
    w->bgw_start_time = BgWorkerStart_RecoveryFinished;
    w->bgw_restart_time = BGW_NEVER_RESTART;
}

void preload_shared_ring()
{
    previous_request = shmem_request_hook;
    shmem_request_hook = request_memory;
    previous_startup = shmem_startup_hook;
    shmem_startup_hook = attach_memory;
    BackgroundWorker w;
    name_worker(&w, "spout_bench_launcher", "pg_spout benchmark launcher");
    w.bgw_restart_time = 5;
    RegisterBackgroundWorker(&w);
}

bool start_recorder(Oid database, uint32 dsm_handle, BackgroundWorkerHandle **handle)
{
    BackgroundWorker w;
    name_worker(&w, "spout_bench_recorder", "pg_spout benchmark recorder");
    w.bgw_flags |= BGWORKER_BACKEND_DATABASE_CONNECTION;
    w.bgw_main_arg = UInt32GetDatum(dsm_handle);
    w.bgw_notify_pid = MyProcPid;
    memcpy(w.bgw_extra, &database, sizeof database);
    return RegisterDynamicBackgroundWorker(&w, handle);
}

void log_record(const char *text)
{
    ereport(LOG, (errmsg("benchmark result that could not be stored: %s", text), errhidestmt(true),
                  errhidecontext(true)));
}

// --- the launcher -----------------------------------------------------------------------------------------

static void forget_launcher(int, Datum)
{
    LWLockAcquire(&the_shared_ring->lock, LW_EXCLUSIVE);
    the_shared_ring->launcher_latch = nullptr;
    LWLockRelease(&the_shared_ring->lock);
}

// What the launcher knows of the record at the tail: a recorder that never comes up must not block the
// others.
struct Stuck {
    uint64 position;
    int starts;
};
constexpr int kMaxStarts = 3;

// One look at the ring; returns how long to sleep in ms.
static long launch_if_needed(Ring *r, Stuck *stuck, char *text)
{
    RecordHeader h;
    uint64 position;
    if (!ring_peek(r, InvalidOid, &h, text, &position)) return 60 * 1000;
    if (ring_recorder_active(r, h.database)) return 1000;
    if (position != stuck->position) *stuck = {position, 0};
    if (stuck->starts == kMaxStarts) {
        log_record(text);
        ring_advance(r, position, &h, false);
        return 0;
    }
    BackgroundWorkerHandle *handle;
    if (!start_recorder(h.database, 0, &handle)) return 1000; // no free slot: the record can wait
    // Time to start, to announce itself, or to fail for good. The postmaster cannot tell us: a worker without
    // a database gets no SIGUSR1, so WaitForBackgroundWorkerStartup would not return.
    pid_t pid;
    for (int looks = 0; looks < 100 && !ring_recorder_active(r, h.database) && !ShutdownRequestPending;) {
        BgwHandleStatus status = GetBackgroundWorkerPid(handle, &pid);
        if (status == BGWH_STOPPED) break;
        if (status == BGWH_STARTED) looks++;
        WaitLatch(nullptr, WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, 10, PG_WAIT_EXTENSION);
    }
    if (!ring_recorder_active(r, h.database)) stuck->starts++;
    pfree(handle);
    return 100;
}

static void launcher_main()
{
    Ring *r = the_shared_ring;
    LWLockAcquire(&r->lock, LW_EXCLUSIVE);
    r->launcher_latch = MyLatch;
    LWLockRelease(&r->lock);
    before_shmem_exit(forget_launcher, 0);
    auto *text = (char *)palloc(kMaxRecordBytes + 1);
    Stuck stuck = {~(uint64)0, 0};
    while (!ShutdownRequestPending) {
        long ms = launch_if_needed(r, &stuck, text);
        if (ms > 0)
            WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, ms, PG_WAIT_EXTENSION);
        ResetLatch(MyLatch);
        CHECK_FOR_INTERRUPTS();
    }
}
} // namespace spout

extern "C" void spout_bench_launcher(Datum)
{
    pqsignal(SIGTERM, SignalHandlerForShutdownRequest);
    BackgroundWorkerUnblockSignals();
    if (!spout::shared_ring()) proc_exit(0);
    spout::launcher_main();
    proc_exit(1); // terminated: the postmaster starts it again, unless it shuts down
}
