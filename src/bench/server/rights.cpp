// rights.cpp - EXECUTE may be granted wider by a DBA; what benchmarks do still needs the right to write
// server files.
#include "bench/server/rights.hpp"

extern "C" {
#include "catalog/pg_authid.h"
#include "utils/acl.h"
}

namespace spout
{
void require_benchmark_rights()
{
    if (has_privs_of_role(GetUserId(), ROLE_PG_WRITE_SERVER_FILES)) return;
    ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE), errmsg("permission denied to run benchmarks"),
                    errdetail("Only roles with privileges of the \"%s\" role may run and record benchmarks.",
                              "pg_write_server_files")));
}
} // namespace spout
