// finished.hpp - what became of one benchmark: rows for the tables, from what its process said.
#pragma once
#include "bench/run/chosen.hpp"
#include "engine/wall.hpp"

namespace spout
{
struct Outcome {
    int ord;
    const char *problem; // why it was not run; null
    Jsonb *timed;        // what its rounds said; null
    Jsonb *profile;      // what its pass for memory said; null
    bool cancelled;      // the run was, before it had ended
};

struct Finished {
    Jsonb *made; // {"item", "result", "memory", "warnings"}, the first three with the columns of their tables
    const char *family; // its name without the number of rows
    bool passed;        // for memory: `pass` says how
    MemoryPass pass;
};

// `run` is the row of benchmark_runs. Beside the ones before, memory that grows with the rows is told.
Finished finish(const Chosen *, const Outcome *, const Jsonb *run, const Finished *before, int nbefore);
} // namespace spout
