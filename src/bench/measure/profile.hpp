// profile.hpp - memory of one pass of a benchmark: the meter's exact counts, and the operating system's
// bracket.
#pragma once
#include "bench/measure/benchmark.hpp"

namespace spout
{
// Around the timed part, in the process that runs it.
void profile_start();
void profile_stop(bool failed); // always, also after an error; the second time it does nothing
void put_profile(StringInfo);   // the columns of memory_profile_results, "os", "snapshots"
} // namespace spout
