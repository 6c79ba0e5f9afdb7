// guc.hpp - settings of the extension, as plain variables; defined in guc.cpp.
#pragma once

namespace spout
{
extern bool enable_copy_hook;
extern int parallel_workers;  // pg_spout.parallel_workers: -1 = as max_parallel_workers_per_gather
extern int min_free_space_kb; // pg_spout.min_free_space: fail before a file system has less; 0 = off
void define_settings();       // from _PG_init only
} // namespace spout
