// memory.cpp - the server's allocator, and its meter: exact, since it counts every call, and idle it costs
// one branch. Runs below core's noexcept functions: nothing here may raise.
#include "pg/memory.hpp"

#include <cstdlib>

namespace spout
{
void (*on_block)(uint64 bytes);

namespace
{
// Live allocations by address, in a table of fixed size with linear probing. Enough for exports: buffers are
// few.
constexpr uint32 kChunks = 1 << 16;
struct Chunk {
    const void *p; // null: free
    int64 size;
    uint32 site;
};

Meter counts;
Chunk *chunks; // kChunks of them, malloc'd once; null until the first start
uint32 nchunks;
bool metering;

uint32 place_of(const void *p) { return (uint32)(((uintptr_t)p >> 4) * 2654435761u) % kChunks; }

uint32 site_index(AllocationSite s)
{
    for (uint32 i = 0; i < counts.nsites; i++)
        if (counts.sites[i].site.line == s.line && counts.sites[i].site.file == s.file) return i;
    if (counts.nsites == lengthof(counts.sites)) return counts.nsites - 1;
    counts.sites[counts.nsites].site = s;
    return counts.nsites++;
}

void note_allocation(const void *p, int64 size)
{
    MeterSite *s = &counts.sites[site_index(allocation_site)];
    counts.allocated += size;
    s->allocated += size;
    s->allocations++;
    if (nchunks >= kChunks / 2) {
        counts.untracked++;
        return;
    }
    uint32 i = place_of(p);
    while (chunks[i].p)
        i = (i + 1) % kChunks;
    chunks[i] = {p, size, (uint32)(s - counts.sites)};
    nchunks++;
    counts.live += size;
    s->live += size;
    counts.peak = Max(counts.peak, counts.live);
    s->peak = Max(s->peak, s->live);
}

// Closes the gap that a removed chunk leaves, so that probing still finds what came after it.
void close_gap(uint32 hole)
{
    for (uint32 i = (hole + 1) % kChunks; chunks[i].p; i = (i + 1) % kChunks) {
        uint32 home = place_of(chunks[i].p);
        if (((i - home) % kChunks) < ((i - hole) % kChunks)) continue;
        chunks[hole] = chunks[i];
        hole = i;
    }
    chunks[hole].p = nullptr;
}

void note_release(const void *p)
{
    uint32 i = place_of(p);
    while (chunks[i].p && chunks[i].p != p)
        i = (i + 1) % kChunks;
    if (!chunks[i].p) return; // from before the start
    MeterSite *s = &counts.sites[chunks[i].site];
    counts.freed += chunks[i].size;
    counts.live -= chunks[i].size;
    s->freed += chunks[i].size;
    s->live -= chunks[i].size;
    s->releases++;
    nchunks--;
    close_gap(i);
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
                void *p =
                    MemoryContextAllocExtended((MemoryContext)arg, n, MCXT_ALLOC_HUGE | MCXT_ALLOC_NO_OOM);
                if (unlikely(metering) && p) note_allocation(p, (int64)n);
                return p;
            },
            [](void *, void *p) {
                if (unlikely(metering)) note_release(p);
                pfree(p);
            },
            cx};
}

void meter_start()
{
    if (!chunks) chunks = (Chunk *)malloc(sizeof(Chunk) * kChunks);
    if (!chunks) ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
    memset(chunks, 0, sizeof(Chunk) * kChunks);
    memset(&counts, 0, sizeof counts);
    nchunks = 0;
    metering = true;
}

const Meter *meter_stop()
{
    metering = false;
    qsort(counts.sites, counts.nsites, sizeof *counts.sites, by_weight);
    return &counts;
}
} // namespace spout
