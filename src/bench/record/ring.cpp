// ring.cpp - the ring itself: copying in and out under its lock. Starts no process and waits for none.
#include "bench/record/ring.hpp"

namespace spout
{
void ring_init(Ring *r, Size bytes, int tranche)
{
    memset(r, 0, offsetof(Ring, bytes));
    LWLockInitialize(&r->lock, tranche);
    ConditionVariableInit(&r->moved);
    r->size = (uint32)(bytes - offsetof(Ring, bytes));
}

static void copy_in(Ring *r, uint64 at, const void *from, uint32 n)
{
    uint32 offset = (uint32)(at % r->size), first = Min(n, r->size - offset);
    memcpy(r->bytes + offset, from, first);
    memcpy(r->bytes, (const char *)from + first, n - first);
}

static void copy_out(const Ring *r, uint64 at, void *to, uint32 n)
{
    uint32 offset = (uint32)(at % r->size), first = Min(n, r->size - offset);
    memcpy(to, r->bytes + offset, first);
    memcpy((char *)to + first, r->bytes, n - first);
}

static uint64 room_of(const RecordHeader *h) { return sizeof *h + MAXALIGN(h->size); }

static bool active(const Ring *r, Oid database)
{
    for (const ActiveRecorder &a : r->recorders)
        if (a.pid && a.database == database) return true;
    return false;
}

bool ring_put(Ring *r, const RecordHeader *h, const char *text, uint64 *end)
{
    LWLockAcquire(&r->lock, LW_EXCLUSIVE);
    bool fits = r->head - r->tail + room_of(h) <= r->size;
    if (fits) {
        copy_in(r, r->head, h, sizeof *h);
        copy_in(r, r->head + sizeof *h, text, h->size);
        pg_write_barrier(); // who salvages sees whole records, whenever we are killed
        r->head += room_of(h);
        *end = r->head;
    }
    LWLockRelease(&r->lock);
    if (fits) ConditionVariableBroadcast(&r->moved); // who waits for room must not wake himself
    return fits;
}

bool ring_peek(Ring *r, Oid database, RecordHeader *h, char *text, uint64 *position)
{
    bool found = false;
    LWLockAcquire(&r->lock, LW_SHARED);
    if (r->tail != r->head) {
        copy_out(r, r->tail, h, sizeof *h);
        found = database == InvalidOid || database == h->database;
        if (found) {
            copy_out(r, r->tail + sizeof *h, text, h->size);
            text[h->size] = '\0';
            *position = r->tail;
        }
    }
    LWLockRelease(&r->lock);
    return found;
}

static void advance(Ring *r, const RecordHeader *h, bool committed)
{
    r->tail += room_of(h);
    SenderSlot *s = h->slot >= 0 ? &r->senders[h->slot] : nullptr;
    if (s && s->generation == h->generation) (committed ? s->committed : s->rejected)++;
}

void ring_advance(Ring *r, uint64 position, const RecordHeader *h, bool committed)
{
    LWLockAcquire(&r->lock, LW_EXCLUSIVE);
    if (r->tail == position) advance(r, h, committed);
    LWLockRelease(&r->lock);
    ConditionVariableBroadcast(&r->moved);
}

bool ring_take(Ring *r, char *text)
{
    RecordHeader h;
    LWLockAcquire(&r->lock, LW_EXCLUSIVE);
    bool found = r->tail != r->head;
    if (found) {
        copy_out(r, r->tail, &h, sizeof h);
        copy_out(r, r->tail + sizeof h, text, h.size);
        text[h.size] = '\0';
        advance(r, &h, false);
    }
    LWLockRelease(&r->lock);
    ConditionVariableBroadcast(&r->moved);
    return found;
}

bool ring_salvage(const Ring *r, uint64 *position, char *text)
{
    uint64 left = r->head - *position;
    RecordHeader h;
    if (left < sizeof h || left > r->size) return false;
    copy_out(r, *position, &h, sizeof h);
    if (h.size > kMaxRecordBytes || room_of(&h) > left) return false;
    copy_out(r, *position + sizeof h, text, h.size);
    text[h.size] = '\0';
    *position += room_of(&h);
    return true;
}

int ring_claim_recorder(Ring *r, Oid database)
{
    int found = -1;
    LWLockAcquire(&r->lock, LW_EXCLUSIVE);
    for (int i = 0; i < kRecorders && !active(r, database); i++)
        if (!r->recorders[i].pid) {
            r->recorders[i] = {database, MyProcPid};
            found = i;
        }
    LWLockRelease(&r->lock);
    ConditionVariableBroadcast(&r->moved);
    return found;
}

bool ring_leave_if_idle(Ring *r, int recorder, Oid database)
{
    LWLockAcquire(&r->lock, LW_EXCLUSIVE);
    bool idle = r->head == r->tail;
    if (!idle) {
        RecordHeader h;
        copy_out(r, r->tail, &h, sizeof h);
        idle = h.database != database;
    }
    if (idle) r->recorders[recorder].pid = 0;
    LWLockRelease(&r->lock);
    return idle;
}

void ring_drop_recorder(Ring *r, int recorder)
{
    LWLockAcquire(&r->lock, LW_EXCLUSIVE);
    if (r->recorders[recorder].pid == MyProcPid) r->recorders[recorder].pid = 0;
    LWLockRelease(&r->lock);
    ConditionVariableBroadcast(&r->moved);
}

bool ring_passed(Ring *r, uint64 position)
{
    LWLockAcquire(&r->lock, LW_SHARED);
    bool passed = r->tail >= position;
    LWLockRelease(&r->lock);
    return passed;
}

bool ring_recorder_active(Ring *r, Oid database)
{
    LWLockAcquire(&r->lock, LW_SHARED);
    bool found = active(r, database);
    LWLockRelease(&r->lock);
    return found;
}
} // namespace spout
