// guc.hpp - settings of the extension, as plain variables; defined in guc.cpp.
#pragma once

namespace spout
{
extern bool enable_copy_hook;
extern int min_free_space_kb; // pg_spout.min_free_space: fail before a file system has less; 0 = off
void define_settings();       // from _PG_init only
} // namespace spout
