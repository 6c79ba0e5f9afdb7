// ring.hpp - the queue between sessions that measure and the recorder that writes: one ring, two homes.
// Private: a DSM segment of one session. Shared: main shared memory, when the library is preloaded.
// A record is the JSON of one benchmark and becomes one transaction. Positions only grow; the record at the
// tail is advanced over after its transaction has committed, never before.
#pragma once
#include "pg/server/pg.hpp"

extern "C" {
#include "postmaster/bgworker.h"
#include "storage/condition_variable.h"
#include "storage/latch.h"
#include "storage/lwlock.h"
#include "utils/wait_event.h"
}

namespace spout
{
constexpr uint32 kMaxRecordBytes = 64 * 1024;
constexpr Size kPrivateRingBytes = 256 * 1024, kSharedRingBytes = 1024 * 1024;
constexpr int kSenders = 64, kRecorders = 16;

struct RecordHeader {
    uint32 size; // of the text that follows
    Oid database;
    int32 slot;        // of the sender, -1: none was free
    uint32 generation; // of the slot
    uint32 unused;
};

// Where a session learns what became of its records.
struct SenderSlot {
    int pid; // 0: free
    uint32 generation;
    uint64 committed, rejected;
};

struct ActiveRecorder {
    Oid database;
    int pid; // 0: free
};

struct Ring {
    LWLock lock;             // over everything below
    ConditionVariable moved; // a record came, went, a recorder came or went
    uint64 head, tail;       // bytes since the ring was made
    uint32 size;
    bool orphan;           // private home: its session is gone
    Latch *launcher_latch; // shared home: null while no launcher runs
    SenderSlot senders[kSenders];
    ActiveRecorder recorders[kRecorders];
    char bytes[FLEXIBLE_ARRAY_MEMBER];
};

void ring_init(Ring *, Size bytes, int tranche);
// False when there is no room. `end`: the position behind the record.
bool ring_put(Ring *, const RecordHeader *, const char *text, uint64 *end);
// The record at the tail, copied to `text` (kMaxRecordBytes + 1) if it belongs to `database` (InvalidOid:
// any).
bool ring_peek(Ring *, Oid database, RecordHeader *, char *text, uint64 *position);
// Takes the record at the tail out as rejected; false: there is none.
bool ring_take(Ring *, char *text);
// The record at `position`, which is moved behind it. Without the lock and trusting nothing: for a ring whose
// users are dead.
bool ring_salvage(const Ring *, uint64 *position, char *text);
// Only if the tail still is at `position`; tells the sender and wakes everyone.
void ring_advance(Ring *, uint64 position, const RecordHeader *, bool committed);

// A recorder announces itself; -1: one is there already, or too many. It leaves only when nothing waits for
// it.
int ring_claim_recorder(Ring *, Oid database);
bool ring_leave_if_idle(Ring *, int recorder, Oid database);
void ring_drop_recorder(Ring *, int recorder);
bool ring_recorder_active(Ring *, Oid database);
bool ring_passed(Ring *, uint64 position);

// home.cpp: where the ring lives.
Ring *shared_ring();           // null unless the library is preloaded
void log_record(const char *); // a record that could not be stored, as a JSON line in the server's log
void log_leftovers(Ring *);    // all that is in the ring, when nobody will come for it
bool start_recorder(Oid database, uint32 dsm_handle, BackgroundWorkerHandle **);
} // namespace spout
