// guc.cpp - the settings of the extension.
#include "pg/server/guc.hpp"

#include "pg/server/pg.hpp"

extern "C" {
#include "utils/guc.h"
}

namespace spout
{
bool enable_copy_hook = true;
int parallel_workers = -1;
int min_free_space_kb = 64 * 1024;
static char *benchmark_config; // read by SQL only

void define_settings()
{
    DefineCustomBoolVariable("pg_spout.enable_copy_hook", "Handles COPY ... TO with the formats of pg_spout.",
                             nullptr, &enable_copy_hook, true, PGC_USERSET, 0, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("pg_spout.parallel_workers",
                            "At most this many parallel workers encode an export that says parallel auto.",
                            "-1 takes max_parallel_workers_per_gather.", &parallel_workers, -1, -1, 1024,
                            PGC_USERSET, 0, nullptr, nullptr, nullptr);
    DefineCustomIntVariable("pg_spout.min_free_space",
                            "An export fails before the target's file system has less free space than this.",
                            "0 turns the check off.", &min_free_space_kb, 64 * 1024, 0, INT_MAX, PGC_SUSET,
                            GUC_UNIT_KB, nullptr, nullptr, nullptr);
    DefineCustomStringVariable("pg_spout.benchmark_config", "Settings of benchmarks as a JSON object.",
                               "Definitions and calls override them.", &benchmark_config, "", PGC_USERSET, 0,
                               nullptr, nullptr, nullptr);
    MarkGUCPrefixReserved("pg_spout");
}
} // namespace spout
