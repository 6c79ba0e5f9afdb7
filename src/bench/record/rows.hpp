// rows.hpp - a record of a benchmark, as rows of the result tables.
#pragma once
#include "pg/server/pg.hpp"

namespace spout
{
// Writes as the owner of pg_spout_bench; false when that is gone.
bool write_rows(const char *record);
} // namespace spout
