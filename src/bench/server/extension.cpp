// extension.cpp - the catalog's row of the extension pg_spout_bench. Its tables are found by the schema that
// stands there, so that the schema may be renamed at any time.
#include "bench/server/extension.hpp"

extern "C" {
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_extension.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/guc.h"
#include "utils/rel.h"
}

namespace spout
{
bool find_bench_extension(BenchExtension *found)
{
    *found = {};
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ,
                CStringGetDatum("pg_spout_bench"));
    Relation catalog = table_open(ExtensionRelationId, AccessShareLock);
    SysScanDesc scan = systable_beginscan(catalog, ExtensionNameIndexId, true, nullptr, 1, &key);
    HeapTuple tuple = systable_getnext(scan);
    if (HeapTupleIsValid(tuple)) {
        auto *row = (Form_pg_extension)GETSTRUCT(tuple);
        *found = {row->oid, row->extowner, row->extnamespace};
    }
    systable_endscan(scan);
    table_close(catalog, AccessShareLock);
    return OidIsValid(found->oid);
}

BenchExtension bench_extension()
{
    BenchExtension found;
    if (!find_bench_extension(&found))
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("extension \"%s\" does not exist in this database", "pg_spout_bench"),
                        errhint("CREATE EXTENSION pg_spout_bench CASCADE makes it.")));
    return found;
}

static void own_settings()
{
    const char *const settings[][2] = {{"search_path", "pg_catalog, pg_temp"},
                                       {"standard_conforming_strings", "on"},
                                       {"default_tablespace", ""},
                                       {"default_table_access_method", "heap"},
                                       {"row_security", "on"},
                                       {"transform_null_equals", "off"}};
    for (const auto &s : settings)
        set_config_option(s[0], s[1], PGC_SUSET, PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
}

AsOwner become_owner()
{
    AsOwner scope;
    Oid owner = bench_extension().owner;
    GetUserIdAndSecContext(&scope.user, &scope.context);
    SetUserIdAndSecContext(owner,
                           scope.context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
    scope.level = NewGUCNestLevel();
    own_settings();
    return scope;
}

void leave_owner(const AsOwner *scope)
{
    AtEOXact_GUC(false, scope->level);
    SetUserIdAndSecContext(scope->user, scope->context);
}
} // namespace spout
