// benchmark.hpp - what a benchmark is: setup, the timed part, teardown. Knows nothing of rounds or
// statistics. New built-in kind: a class below Benchmark in benchmarks.cpp and one line in its table. A new
// file format needs nothing here: the kinds are instantiated for every format of the registry.
#pragma once
#include "bench/server/json.hpp"
#include "bench/measure/only_relation.hpp"
#include "pg/server/pg.hpp"

namespace spout
{
// One benchmark to measure, as spout_bench.execute was asked. Texts live as long as the measurement.
struct BenchTask {
    const char *kind; // encode, decode, sql
    const char *format;
    const char *relation;                              // of the rows: qualified and quoted
    OnlyRelation only;                                 // what `relation` was when it was looked at
    const char *setup_sql, *run_sql, *teardown_sql;    // null: nothing
    Datum *args;                                       // of run_sql
    Oid *arg_types;                                    //
    int nargs;                                         //
    const char *directory;                             // private, for {out}; null: none is needed
    bool process_time, guard, read_only, quiet, fresh; // quiet: noise controls; fresh: a process of our own
    bool in_session, memory, keep_result;
    double min_time, box, deadline; // seconds
    int iterations, warmup, loops;  // loops 0: calibrate
    int cpu;                        // -1: anywhere
    double memory_limit, disk_limit;
    uint32 seed;
};

// What a loop of the timed part produced: equal in every round, else the benchmark measures something else.
struct BenchOutput {
    int64 rows, bytes; // -1: unknown
    uint32 crc32c;
    bool operator==(const BenchOutput &o) const
    {
        return rows == o.rows && bytes == o.bytes && crc32c == o.crc32c;
    }
};

// Instances are static and have no destructors: an ERROR jumps over them.
class Benchmark
{
  public:
    virtual void setup(const BenchTask *) {}
    virtual void run(const BenchTask *, uint64 loop) = 0; // timed
    // The same from nothing to nothing, everything given back: what a memory profile sees.
    virtual void run_whole(const BenchTask *t, uint64 loop) { run(t, loop); }
    virtual BenchOutput output(const BenchTask *) { return {-1, -1, 0}; } // of the last loop; not timed
    virtual const char *first_row(MemoryContext) { return nullptr; } // of the last loop, as JSON; asked once
    virtual void teardown(const BenchTask *) {}
};

// Two of a kind can be measured side by side. Null: no such kind.
Benchmark *find_benchmark(const char *kind, int which = 0);

// engine.cpp: measures and tells in JSON how it went. Call in a transaction with SPI connected; changes of
// the benchmark's SQL stay in it, for the caller to roll back. Raises only what must not be swallowed.
void measure(const BenchTask *, StringInfo result);
// Two benchmarks in turn, pair by pair in random order, each as often as `a` says in `iterations`.
void measure_pairs(const BenchTask *a, const BenchTask *b, StringInfo result);
// task.cpp: all but what its process decides. Raises 22023.
BenchTask read_task(Jsonb *);
double task_deadline(Jsonb *); // seconds
} // namespace spout
