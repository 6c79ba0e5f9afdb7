// chosen.hpp - a benchmark as the registry gives it, and what must be there before it runs.
#pragma once
#include "bench/server/json.hpp"

namespace spout
{
struct Chosen {
    Jsonb *row;      // of spout_bench.registry()
    Jsonb *settings; // in effect
    const char *name, *adapter;
    const char *wants; // time, memory, all
    int64 rows;        // of its data set; -1: none
    bool builtin;
};

Chosen read_chosen(Jsonb *row);
// What a text means: the name of a benchmark, else one SQL statement. Raises where it cannot run here.
Chosen chosen_by_text(const char *what, const Jsonb *config, bool processes);
// Data sets are made in a transaction of their own, so that every process sees them. Null when all is well,
// else what is missing.
const char *prepare_data(int64 rows, const Jsonb *settings, bool processes);
// Why it cannot run here; null when it can. Its data set is not looked at.
const char *unmet_requirement(const Chosen *);
// For the process that runs it, at most `box` seconds.
Jsonb *task_of(const Chosen *, double box, const char *search_path);
// The settings of a call, with the definition's.
Jsonb *settings_of(const Jsonb *called, bool extended);
} // namespace spout
