// memory.cpp - the server's allocators, and their meter: exact, since it counts every call, and idle it costs
// one branch. Runs below core's noexcept functions: nothing here may raise.
#include "pg/server/memory.hpp"

#include <cstdlib>
#include <pthread.h>

namespace spout
{
void (*on_block)(uint64 bytes);

namespace
{
// In front of every chunk: what its release has to take off again. Chunks are aligned as their giver aligns
// its own: palloc promises 8 bytes, malloc 16.
struct Head {
    int64 size;
    uint32 site, pass; // pass 0: nobody counted
};
static_assert(sizeof(Head) == 16, "what follows it is aligned as it is");

// Threads that pack blocks are counted, too.
pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
Meter counts;
uint32 pass;    // of the meter; 0: none yet
uint32 metered; // the pass that runs; 0: none

const char anchor[] = ""; // processes may have the library at different addresses

uint32 running() { return __atomic_load_n(&metered, __ATOMIC_RELAXED); }

uint32 site_index(AllocationSite s)
{
    for (uint32 i = 0; i < counts.nsites; i++)
        if (counts.sites[i].site.line == s.line && counts.sites[i].site.file == s.file) return i;
    if (counts.nsites == lengthof(counts.sites)) return counts.nsites - 1;
    counts.sites[counts.nsites].site = s;
    return counts.nsites++;
}

pg_noinline void note_allocation(Head *h)
{
    pthread_mutex_lock(&lock);
    h->pass = metered;
    h->site = site_index(allocation_site);
    MeterSite *s = &counts.sites[h->site];
    counts.allocated += h->size;
    counts.live += h->size;
    counts.peak = Max(counts.peak, counts.live);
    s->allocated += h->size;
    s->live += h->size;
    s->peak = Max(s->peak, s->live);
    s->allocations++;
    pthread_mutex_unlock(&lock);
}

pg_noinline void note_release(const Head *h)
{
    pthread_mutex_lock(&lock);
    MeterSite *s = &counts.sites[h->site];
    counts.freed += h->size;
    counts.live -= h->size;
    s->freed += h->size;
    s->live -= h->size;
    s->releases++;
    pthread_mutex_unlock(&lock);
}

constexpr size_t kMost = MaxAllocHugeSize - sizeof(Head); // beyond it the server raises

void *hand_out(Head *h, size_t n)
{
    if (!h) return nullptr;
    *h = {(int64)n, 0, 0};
    if (unlikely(running())) note_allocation(h);
    return h + 1;
}

Head *take_back(void *p)
{
    Head *h = (Head *)p - 1;
    if (unlikely(h->pass) && h->pass == running()) note_release(h);
    return h;
}

int by_weight(const void *a, const void *b)
{
    auto *x = static_cast<const MeterSite *>(a), *y = static_cast<const MeterSite *>(b);
    if (x->live != y->live) return x->live > y->live ? -1 : 1;
    return x->peak > y->peak ? -1 : x->peak < y->peak;
}
} // namespace

Allocator server_allocator(MemoryContext cx)
{
    return {[](void *arg, size_t n) {
                constexpr int kQuietly = MCXT_ALLOC_HUGE | MCXT_ALLOC_NO_OOM;
                if (n > kMost) return (void *)nullptr;
                auto *h = MemoryContextAllocExtended((MemoryContext)arg, n + sizeof(Head), kQuietly);
                return hand_out((Head *)h, n);
            },
            [](void *, void *p) { pfree(take_back(p)); }, cx};
}

// PostgreSQL's memory contexts know one thread only.
const Allocator kThreadAllocator = {
    [](void *, size_t n) { return hand_out(n > kMost ? nullptr : (Head *)malloc(n + sizeof(Head)), n); },
    [](void *, void *p) { free(take_back(p)); }, nullptr};

void meter_start()
{
    pthread_mutex_lock(&lock);
    memset(&counts, 0, sizeof counts);
    if (++pass == 0) pass = 1;
    __atomic_store_n(&metered, pass, __ATOMIC_RELAXED);
    pthread_mutex_unlock(&lock);
}

const Meter *meter_stop()
{
    pthread_mutex_lock(&lock);
    __atomic_store_n(&metered, 0, __ATOMIC_RELAXED);
    qsort(counts.sites, counts.nsites, sizeof *counts.sites, by_weight);
    pthread_mutex_unlock(&lock);
    return &counts;
}

bool meter_runs() { return running() != 0; }

void meter_tell(MeterShare *to)
{
    const Meter *m = meter_stop();
    to->allocated = m->allocated;
    to->freed = m->freed;
    to->peak = m->peak;
    to->nsites = Min(m->nsites, lengthof(to->sites));
    for (uint32 i = 0; i < to->nsites; i++) {
        to->sites[i] = m->sites[i];
        to->sites[i].site.file = (const char *)(m->sites[i].site.file - anchor);
    }
}

void meter_add(const MeterShare *from)
{
    pthread_mutex_lock(&lock);
    counts.allocated += from->allocated;
    counts.freed += from->freed;
    counts.live += from->allocated - from->freed;
    counts.peak += from->peak;
    for (uint32 i = 0; i < from->nsites; i++) {
        const MeterSite *f = &from->sites[i];
        MeterSite *s = &counts.sites[site_index({anchor + (intptr_t)f->site.file, f->site.line})];
        s->allocated += f->allocated;
        s->freed += f->freed;
        s->live += f->live;
        s->peak += f->peak;
        s->allocations += f->allocations;
        s->releases += f->releases;
    }
    pthread_mutex_unlock(&lock);
}
} // namespace spout
