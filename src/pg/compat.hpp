// compat.hpp - every difference between PostgreSQL 15, 16, 17 and 18 that we meet, in one place.
// Included by pg.hpp; the rest of the code has no PG_VERSION_NUM.
#pragma once

#if PG_VERSION_NUM < 150000
#error "pg_spout needs PostgreSQL 15 or newer"
#endif
// Minor releases that broke the binary interface and took it back one release later.
#if PG_VERSION_NUM == 150009 || PG_VERSION_NUM == 160005 || PG_VERSION_NUM == 170001
#error "this minor release has a broken extension ABI; build against the next one"
#endif

extern "C" {
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif
#include "executor/executor.h"
}

namespace spout
{
inline void executor_run(QueryDesc *qd)
{
#if PG_VERSION_NUM >= 180000
    ExecutorRun(qd, ForwardScanDirection, 0);
#else
    ExecutorRun(qd, ForwardScanDirection, 0, true);
#endif
}
} // namespace spout
