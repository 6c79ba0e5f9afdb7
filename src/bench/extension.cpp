// extension.cpp - the catalog's row of the extension pg_spout_bench. Its tables are found by the schema that
// stands there, so that the schema may be renamed at any time.
#include "bench/extension.hpp"

extern "C" {
#include "access/genam.h"
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_extension.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/rel.h"
}

namespace spout
{
BenchExtension bench_extension()
{
    BenchExtension found = {};
    ScanKeyData key;
    ScanKeyInit(&key, Anum_pg_extension_extname, BTEqualStrategyNumber, F_NAMEEQ,
                CStringGetDatum("pg_spout_bench"));
    Relation catalog = table_open(ExtensionRelationId, AccessShareLock);
    SysScanDesc scan = systable_beginscan(catalog, ExtensionNameIndexId, true, nullptr, 1, &key);
    HeapTuple tuple = systable_getnext(scan);
    if (HeapTupleIsValid(tuple)) {
        auto *row = (Form_pg_extension)GETSTRUCT(tuple);
        found = {row->oid, row->extowner, row->extnamespace};
    }
    systable_endscan(scan);
    table_close(catalog, AccessShareLock);
    if (!OidIsValid(found.oid))
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("extension \"%s\" does not exist in this database", "pg_spout_bench"),
                        errhint("CREATE EXTENSION pg_spout_bench CASCADE makes it.")));
    return found;
}
} // namespace spout
