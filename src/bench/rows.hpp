// rows.hpp - a record of a benchmark, as rows of the result tables.
#pragma once
#include "pg/pg.hpp"

namespace spout
{
// Writes as the owner of the tables in `schema`; false when they are gone.
bool write_rows(Oid schema, const char *record);
} // namespace spout
