// sql.cpp - SPI for queries of our own. Knows no benchmark.
#include "bench/server/sql.hpp"

extern "C" {
#include "catalog/namespace.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/datum.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
}

namespace spout
{
SqlArgs &SqlArgs::add(Oid type, Datum value, bool null)
{
    if (n == kRoom) elog(ERROR, "too many parameters");
    types[n] = type;
    values[n] = value;
    nulls[n++] = null ? 'n' : ' ';
    return *this;
}

SqlArgs &SqlArgs::text(const char *s)
{
    return add(TEXTOID, s ? PointerGetDatum(cstring_to_text(s)) : 0, s == nullptr);
}
SqlArgs &SqlArgs::json(const Jsonb *j) { return add(JSONBOID, PointerGetDatum(j), j == nullptr); }
SqlArgs &SqlArgs::integer(int64 i) { return add(INT8OID, Int64GetDatum(i), false); }
SqlArgs &SqlArgs::number(double d) { return add(FLOAT8OID, Float8GetDatum(d), false); }
SqlArgs &SqlArgs::boolean(bool b) { return add(BOOLOID, BoolGetDatum(b), false); }

SqlArgs &SqlArgs::jsons(Jsonb *const *all, int count)
{
    Datum *values = (Datum *)palloc(sizeof(Datum) * Max(count, 1));
    for (int i = 0; i < count; i++)
        values[i] = PointerGetDatum(all[i]);
    return add(JSONBARRAYOID,
               PointerGetDatum(construct_array(values, count, JSONBOID, -1, false, TYPALIGN_INT)), false);
}

static void execute(const char *sql, const SqlArgs &a, long most)
{
    int rc = SPI_execute_with_args(sql, a.n, (Oid *)a.types, (Datum *)a.values, a.nulls, false, most);
    if (rc != SPI_OK_SELECT) elog(ERROR, "SPI failed: %s", SPI_result_code_string(rc));
}

// Of a row of the result, copied to `cx`.
static bool take(uint64 row, Oid type, MemoryContext cx, Datum *value)
{
    bool null;
    if (SPI_gettypeid(SPI_tuptable->tupdesc, 1) != type) elog(ERROR, "a query of ours has another type");
    Datum d = SPI_getbinval(SPI_tuptable->vals[row], SPI_tuptable->tupdesc, 1, &null);
    if (null) return false;
    int16 length;
    bool by_value;
    get_typlenbyval(type, &length, &by_value);
    MemoryContext old = MemoryContextSwitchTo(cx);
    *value = length == -1 ? PointerGetDatum(PG_DETOAST_DATUM_COPY(d)) : datumCopy(d, by_value, length);
    MemoryContextSwitchTo(old);
    return true;
}

bool sql_value(const char *sql, const SqlArgs &a, Oid type, Datum *value)
{
    MemoryContext cx = CurrentMemoryContext;
    SPI_connect();
    execute(sql, a, 1);
    bool found = SPI_processed > 0 && take(0, type, cx, value);
    SPI_finish();
    return found;
}

Jsonb *sql_json(const char *sql, const SqlArgs &a)
{
    Datum d;
    return sql_value(sql, a, JSONBOID, &d) ? DatumGetJsonbP(d) : nullptr;
}

const char *sql_text(const char *sql, const SqlArgs &a)
{
    Datum d;
    return sql_value(sql, a, TEXTOID, &d) ? TextDatumGetCString(d) : nullptr;
}

int64 sql_integer(const char *sql, const SqlArgs &a, int64 missing)
{
    Datum d;
    return sql_value(sql, a, INT8OID, &d) ? DatumGetInt64(d) : missing;
}

double sql_number(const char *sql, const SqlArgs &a, double missing)
{
    Datum d;
    return sql_value(sql, a, FLOAT8OID, &d) ? DatumGetFloat8(d) : missing;
}

static Datum *column(const char *sql, const SqlArgs &a, Oid type, int *n)
{
    MemoryContext cx = CurrentMemoryContext;
    SPI_connect();
    execute(sql, a, 0);
    *n = (int)SPI_processed;
    auto *all = (Datum *)MemoryContextAllocZero(cx, sizeof(Datum) * Max(*n, 1));
    for (int i = 0; i < *n; i++)
        take((uint64)i, type, cx, &all[i]);
    SPI_finish();
    return all;
}

Jsonb **sql_jsons(const char *sql, const SqlArgs &a, int *n)
{
    Datum *values = column(sql, a, JSONBOID, n);
    auto **all = (Jsonb **)palloc(sizeof(Jsonb *) * Max(*n, 1));
    for (int i = 0; i < *n; i++)
        all[i] = DatumGetJsonbP(values[i]);
    return all;
}

const char **sql_texts(const char *sql, const SqlArgs &a, int *n)
{
    Datum *values = column(sql, a, TEXTOID, n);
    auto **all = (const char **)palloc(sizeof(char *) * Max(*n, 1));
    for (int i = 0; i < *n; i++)
        all[i] = values[i] ? TextDatumGetCString(values[i]) : nullptr;
    return all;
}

OwnSearchPath begin_own_search_path()
{
    OwnSearchPath p = {NewGUCNestLevel(), pstrdup(namespace_search_path)};
    set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE, true,
                      0, false);
    return p;
}

void end_own_search_path(const OwnSearchPath &p) { AtEOXact_GUC(true, p.nest); }
} // namespace spout
