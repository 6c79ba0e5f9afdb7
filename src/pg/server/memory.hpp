// memory.hpp - where core's large buffers come from in the server, and the meter that counts them when asked.
#pragma once
#include "base/allocator.hpp"
#include "pg/server/pg.hpp"

namespace spout
{
// From this memory context; null when out of memory. In the server's own thread only.
Allocator server_allocator(MemoryContext);
// From malloc, in any thread: for what packs blocks.
extern const Allocator kThreadAllocator;

// What was asked for since meter_start(), in this process. Growth of buffers counts in full.
struct MeterSite {
    AllocationSite site;
    int64 allocated, freed, live, peak; // bytes
    int64 allocations, releases;
};
struct Meter {
    int64 allocated, freed, live, peak;
    uint32 nsites;
    MeterSite sites[256]; // the last one takes what finds no place
};
void meter_start();
// The counts so far stay readable until the next start; sites by live bytes, then by peak.
const Meter *meter_stop();

bool meter_runs();

// What a parallel worker tells its leader, through shared memory.
struct MeterShare {
    int64 allocated, freed, peak;
    uint32 nsites;
    MeterSite sites[12]; // the heaviest; addresses of file names count from an anchor in this library
};
// In the worker: stops its meter.
void meter_tell(MeterShare *);
// In the leader, while its own runs. Peaks add up: whether processes had theirs at the same time is not
// known.
void meter_add(const MeterShare *);

// Called at block boundaries, where memory may be looked at; null: nobody looks.
extern void (*on_block)(uint64 bytes);
inline void block_boundary(uint64 bytes)
{
    if (unlikely(on_block != nullptr)) on_block(bytes);
}
} // namespace spout
