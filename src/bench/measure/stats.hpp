// stats.hpp - a summary of times as JSON.
#pragma once
#include "bench/server/json.hpp"
#include "engine/wall.hpp"

namespace spout
{
void put_bench_summary(StringInfo, const BenchSummary *); // an object
} // namespace spout
