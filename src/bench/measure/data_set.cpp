// data_set.cpp - makes, finds and drops data sets. They are made as the owner of the extension, out of
// checked numbers alone, and become members of it: no role needs the right to create anything in its schema,
// and pg_dump leaves them out.
#include "bench/measure/data_set.hpp"
#include "bench/server/extension.hpp"
#include "bench/server/rights.hpp"

extern "C" {
#include "access/htup_details.h"
#include "catalog/dependency.h"
#include "catalog/namespace.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "executor/spi.h"
#include "nodes/makefuncs.h"
#include "storage/lmgr.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

PGDLLEXPORT PG_FUNCTION_INFO_V1(spout_benchmark_data);
PGDLLEXPORT PG_FUNCTION_INFO_V1(spout_benchmark_found_data);
PGDLLEXPORT PG_FUNCTION_INFO_V1(spout_benchmark_data_name);
}

namespace spout
{
static const char kSchema[] = "spout_bench";

static Oid schema() { return get_namespace_oid(kSchema, false); }

const char *data_set_name(const DataSet *d)
{
    return psprintf("%s_r" INT64_FORMAT "_c%d_s" INT64_FORMAT "_v1", d->kind, d->rows, d->columns, d->seed);
}

// --- found
// ----------------------------------------------------------------------------------------------------------------

static bool is_data_set(Oid relation, const BenchExtension *ours)
{
    HeapTuple t = SearchSysCache1(RELOID, ObjectIdGetDatum(relation));
    if (!HeapTupleIsValid(t)) return false;
    auto *row = (Form_pg_class)GETSTRUCT(t);
    bool is = row->relkind == RELKIND_MATVIEW && row->relispopulated && row->relowner == ours->owner;
    ReleaseSysCache(t);
    return is && getExtensionOfObject(RelationRelationId, relation) == ours->oid;
}

Oid find_data_set(const DataSet *d)
{
    const char *name = data_set_name(d);
    Oid found = RangeVarGetRelid(makeRangeVar(pstrdup(kSchema), pstrdup(name), -1), AccessShareLock, true);
    BenchExtension ours = bench_extension();
    if (OidIsValid(found) && !is_data_set(found, &ours))
        ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                        errmsg("%s is not a data set", quote_qualified_identifier(kSchema, name))));
    return found;
}

// --- made and dropped
// -----------------------------------------------------------------------------------------------------

static void execute_as_owner(const char *const *statements, int n)
{
    AsOwner scope = become_owner();
    SPI_connect();
    for (int i = 0; i < n; i++) {
        int rc = SPI_execute(statements[i], false, 0);
        if (rc < 0) elog(ERROR, "SPI failed: %s", SPI_result_code_string(rc));
    }
    SPI_finish();
    leave_owner(&scope);
}

// Who comes second waits, and finds it.
static void one_at_a_time()
{
    LockDatabaseObject(NamespaceRelationId, schema(), 0, ShareUpdateExclusiveLock);
}

Oid make_data_set(const DataSet *d)
{
    check_data_set(d);
    Oid found = find_data_set(d);
    if (OidIsValid(found)) return found;
    one_at_a_time();
    found = find_data_set(d);
    if (OidIsValid(found)) return found;
    const char *name = quote_qualified_identifier(kSchema, data_set_name(d));
    // Made empty, then filled: so its pages are frozen and the first scan dirties none.
    const char *statements[] = {
        psprintf("CREATE MATERIALIZED VIEW %s WITH (autovacuum_enabled = off) AS %s WITH NO DATA", name,
                 data_set_query(d)),
        psprintf("REFRESH MATERIALIZED VIEW %s", name), psprintf("ANALYZE %s", name),
        psprintf("GRANT SELECT ON %s TO PUBLIC", name),
        psprintf("ALTER EXTENSION pg_spout_bench ADD MATERIALIZED VIEW %s", name)};
    execute_as_owner(statements, lengthof(statements));
    return find_data_set(d);
}

void drop_data_sets(const char *kind)
{
    BenchExtension ours = bench_extension();
    const char *sql = psprintf(
        "SELECT c.oid FROM pg_catalog.pg_class c WHERE c.relnamespace OPERATOR(pg_catalog.=) "
        "%u::pg_catalog.oid"
        " AND c.relkind OPERATOR(pg_catalog.=) 'm'::\"char\" AND c.relname OPERATOR(pg_catalog.~) %s",
        schema(), quote_literal_cstr(psprintf("^%s_r\\d+_c\\d+_s\\d+_v\\d+$", kind)));
    SPI_connect();
    if (SPI_execute(sql, true, 0) != SPI_OK_SELECT) elog(ERROR, "the catalog does not tell the data sets");
    uint64 n = SPI_processed;
    auto *found = (Oid *)SPI_palloc(sizeof(Oid) * Max(n, 1));
    for (uint64 i = 0; i < n; i++) {
        bool null;
        found[i] = DatumGetObjectId(SPI_getbinval(SPI_tuptable->vals[i], SPI_tuptable->tupdesc, 1, &null));
    }
    SPI_finish();
    for (uint64 i = 0; i < n; i++) {
        LockRelationOid(found[i], AccessExclusiveLock);
        if (!is_data_set(found[i], &ours)) continue; // dropped meanwhile
        const char *name = quote_qualified_identifier(kSchema, get_rel_name(found[i]));
        const char *statements[] = {
            psprintf("ALTER EXTENSION pg_spout_bench DROP MATERIALIZED VIEW %s", name),
            psprintf("DROP MATERIALIZED VIEW %s", name)};
        execute_as_owner(statements, lengthof(statements));
    }
}

// The arguments of the functions: kind, rows, columns, seed. Columns may be null.
static DataSet data_set_of(FunctionCallInfo fcinfo)
{
    if (PG_ARGISNULL(0) || PG_ARGISNULL(1) || PG_ARGISNULL(3))
        ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                        errmsg("kind, rows and seed of a data set must not be NULL")));
    DataSet d = {text_to_cstring(PG_GETARG_TEXT_PP(0)), PG_GETARG_INT64(1), PG_GETARG_INT64(3), 0};
    int standard = strcmp(d.kind, "records") == 0 ? 5 : 10;
    d.columns = PG_ARGISNULL(2) ? standard : PG_GETARG_INT32(2);
    check_data_set(&d);
    return d;
}
} // namespace spout

extern "C" {
// benchmark_data(kind, rows, columns, seed) -> regclass: makes or finds a data set; no rows drop the kind.
Datum spout_benchmark_data(PG_FUNCTION_ARGS)
{
    using namespace spout;
    require_benchmark_rights();
    DataSet d = data_set_of(fcinfo);
    if (d.rows > 0) PG_RETURN_OID(make_data_set(&d));
    drop_data_sets(d.kind);
    PG_RETURN_NULL();
}

// spout_bench.found_data(kind, rows, columns, seed) -> regclass: null while nobody has made it.
Datum spout_benchmark_found_data(PG_FUNCTION_ARGS)
{
    using namespace spout;
    DataSet d = data_set_of(fcinfo);
    Oid found = find_data_set(&d);
    if (!OidIsValid(found)) PG_RETURN_NULL();
    PG_RETURN_OID(found);
}

// spout_bench.data_name(kind, rows, columns, seed) -> text: qualified and quoted, made or not.
Datum spout_benchmark_data_name(PG_FUNCTION_ARGS)
{
    using namespace spout;
    DataSet d = data_set_of(fcinfo);
    PG_RETURN_TEXT_P(cstring_to_text(quote_qualified_identifier(kSchema, data_set_name(&d))));
}
}
