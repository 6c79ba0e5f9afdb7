// host.hpp - what the operating system and the server say: clocks, contention, memory, the machine itself.
#pragma once
#include "bench/server/json.hpp"

namespace spout
{
double wall_seconds();
double cpu_seconds(); // of this process
double timer_step(bool process_time);

// What others did to us meanwhile. Take one before and one after.
struct Contention {
    double wall, cpu, steal, total, pressure; // seconds; steal and total of all CPUs; pressure < 0: unknown
    long involuntary;
    int64 checkpointer; // a count that moves with its work
    bool autovacuum;    // in any database
};
Contention contention_now();
// Puts "contamination" into the object; true when it makes times doubtful. `busy`: the work never waits by
// itself.
bool put_contention(StringInfo, const Contention *before, const Contention *after, bool busy);

// Bytes of this process; false without /proc.
struct ProcessMemory {
    int64 anon, file_shared, high_water;
};
bool process_memory(ProcessMemory *);
bool reset_high_water(); // VmHWM starts anew

// A noise control of a process of our own.
void pin_to_cpu(int cpu);
void fix_malloc_threshold();
// malloc fails beyond; shared buffers do not count. Only in a process that ends after the measurement.
void limit_data(double bytes);
} // namespace spout
