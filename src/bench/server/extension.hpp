// extension.hpp - the extension pg_spout_bench as this database has it.
#pragma once
#include "pg/server/pg.hpp"

namespace spout
{
struct BenchExtension {
    Oid oid, owner;
    Oid schema; // of its tables and public functions
};

bool find_bench_extension(BenchExtension *);
BenchExtension bench_extension(); // 55000 where nobody created it

// Statements with the rights of the extension's owner: only ones that are made of nothing a caller gave us
// but checked numbers. The caller's settings do not reach into them. An error ends it with the transaction.
struct AsOwner {
    Oid user;
    int context, level;
};
AsOwner become_owner();
void leave_owner(const AsOwner *);
} // namespace spout
