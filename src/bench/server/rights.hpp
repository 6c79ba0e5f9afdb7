// rights.hpp - who may measure and record.
#pragma once
#include "pg/server/pg.hpp"

namespace spout
{
void require_benchmark_rights(); // 42501 without the privileges of pg_write_server_files
} // namespace spout
