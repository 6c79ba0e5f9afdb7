// shared.cpp - the ledger of several processes. A file is full as in ledger.hpp; only the order of things
// differs. By rows: places are granted before a block is cut and compressed, so that its maker knows where to
// cut. By bytes: a block is placed when its size is known.
#include "pg/parallel/shared.hpp"

extern "C" {
#include "storage/shmem.h"
}

namespace spout
{
size_t shared_size(uint32 processes, size_t message)
{
    return offsetof(Shared, open) + sizeof(OpenFile) * (processes + 1) + sizeof(Totals) * processes + message;
}

int tranche_of_server(const char *purpose)
{
    bool found;
    LWLockAcquire(AddinShmemInitLock, LW_EXCLUSIVE);
    auto *id = (int *)ShmemInitStruct(purpose, sizeof(int), &found);
    if (!found) *id = LWLockNewTrancheId();
    LWLockRelease(AddinShmemInitLock);
    return *id;
}

void shared_init(Shared *to, const Shared *from, uint32 processes)
{
    size_t fixed = offsetof(Shared, open);
    memset(to, 0, shared_size(processes, 0));
    if (from) {
        memcpy(to, from, fixed);
        to->open[0] = from->open[from->current];
        to->current = 0;
    }
    to->processes = processes;
    if (processes > 1) {
        to->tranche = tranche_of_server("pg_spout ledger");
        shared_attach(to);
        LWLockInitialize(&to->lock, to->tranche);
        LWLockInitialize(&to->turn, to->tranche);
    }
}

void shared_attach(Shared *s)
{
    static bool registered;
    if (!registered) LWLockRegisterTranche(s->tranche, "pg_spout_ledger");
    registered = true;
}

// --- the ledger --------------------------------------------------------------------------------------------

static void lock(Shared *s)
{
    if (s->processes > 1) LWLockAcquire(&s->lock, LW_EXCLUSIVE);
}
static void unlock(Shared *s)
{
    if (s->processes > 1) LWLockRelease(&s->lock);
}

bool ledger_first_warning(Shared *s, uint32 crc)
{
    bool first = true;
    lock(s);
    for (uint32 i = 0; i < s->nwarned; i++)
        first = first && s->warned[i] != crc;
    if (first && s->nwarned < kMaxWarned) s->warned[s->nwarned++] = crc;
    unlock(s);
    return first;
}

static bool full(const Shared *s, const OpenFile *f)
{
    return f->closed || (s->max_rows && f->rows >= s->max_rows) ||
           (s->max_bytes && f->any && f->offset >= s->max_bytes);
}

// The file that takes the next block. Only ever steps because a block needs room: no empty last file.
static OpenFile *room(Shared *s, Sink *sink, bool *begun)
{
    OpenFile *f = &s->open[s->current];
    *begun = full(s, f);
    if (!*begun) return f;
    uint32 next = 0;
    while (next == s->current || s->open[next].grants)
        next++; // one entry more than there can be grants
    // An error here releases the lock, as every error does.
    FileId id = sink->ops->shared->create(sink, f->index + 1);
    s->open[next] = {f->index + 1, 0, false, false, id, s->header_bytes, 0};
    s->current = next;
    return &s->open[next];
}

static OpenFile *granted(Shared *s, uint32 file)
{
    OpenFile *f = s->open;
    while (f->index != file || !f->grants)
        f++;
    return f;
}

Grant ledger_grant(Shared *s, Sink *sink, uint64 rows)
{
    Grant g;
    if (s->max_bytes && s->processes > 1) LWLockAcquire(&s->turn, LW_EXCLUSIVE);
    lock(s);
    OpenFile *f = room(s, sink, &g.begun);
    g.file = f->index;
    g.rows = Min(rows, s->max_rows - f->rows);
    g.first = !f->any && !f->grants;
    f->rows += g.rows;
    f->grants++;
    g.last = f->rows >= s->max_rows && f->grants == 1;
    unlock(s);
    return g;
}

bool ledger_at_start(Shared *s)
{
    lock(s);
    const OpenFile *f = &s->open[s->current];
    bool start = !f->any || full(s, f);
    unlock(s);
    return start;
}

void ledger_started(Shared *s)
{
    lock(s);
    s->open[s->current].any = true;
    unlock(s);
}

// Is the block packed for what it is? Sets what it is. `f` is null for a file that is yet to be begun.
static bool fitting(const Shared *s, const OpenFile *f, const Parcel *b, Place *p)
{
    uint64 rows = f ? f->rows : 0, offset = f ? f->offset : s->header_bytes;
    if (!s->max_rows) rows += b->rows; // else they are granted
    bool alone = !s->max_rows || f->grants == 1;
    p->first = !f || !f->any;
    p->last = b->final || (alone && ((s->max_rows && rows >= s->max_rows) ||
                                     (s->max_bytes && offset + b->largest >= s->max_bytes)));
    return (!s->wrapping.header || p->first == b->first) && (!s->wrapping.footer || p->last == b->last);
}

static void give(Shared *s, OpenFile *f, const Parcel *b, Place *p)
{
    p->given = true;
    p->file = f->index;
    p->id = f->id;
    p->offset = f->offset;
    f->offset += b->bytes;
    f->any = true;
    f->closed = p->last;
    if (s->max_rows)
        f->grants--;
    else
        f->rows += b->rows;
}

Place ledger_place(Shared *s, Sink *sink, const Parcel *b)
{
    Place p = {};
    lock(s);
    OpenFile *f = s->max_rows ? granted(s, b->file) : &s->open[s->current];
    bool next = !s->max_rows && full(s, f);
    if (fitting(s, next ? nullptr : f, b, &p)) {
        if (next) f = room(s, sink, &p.begun);
        give(s, f, b, &p);
    }
    unlock(s);
    if (p.given && s->max_rows && s->max_bytes && s->processes > 1) LWLockRelease(&s->turn);
    return p;
}
} // namespace spout
