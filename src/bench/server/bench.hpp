// bench.hpp - what the rest of the extension needs to know of the benchmarks.
#pragma once

namespace spout
{
void preload_shared_ring(); // from _PG_init while shared_preload_libraries are loaded
} // namespace spout
