// extension.hpp - the extension pg_spout_bench as this database has it.
#pragma once
#include "pg/pg.hpp"

namespace spout
{
struct BenchExtension {
    Oid oid, owner;
    Oid schema; // of its tables and public functions
};

BenchExtension bench_extension(); // 55000 where nobody created it
} // namespace spout
