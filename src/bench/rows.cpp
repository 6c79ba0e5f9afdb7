// rows.cpp - a record becomes rows of the result tables, in the transaction that is open. The JSON gives
// values, the catalog gives names; nothing of a record becomes SQL text.
#include "bench/json.hpp"
#include "bench/rows.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/pg_class.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/syscache.h"
}

namespace spout
{
// Where the tables are now, whatever their schema is called.
struct Home {
    Oid schema, owner;
    const char *name; // of the schema, quoted
};

// A part of a record is a row of a table. Where `number` comes from: its sequence, or it counts within a run.
struct Table {
    const char *part, *name, *key, *number;
    bool serial;
};
static const Table kRuns = {"run", "benchmark_runs", "run_id", "run_id", true};
static const Table kResults = {"result", "benchmark_results", "id", "id", true};
static const Table kMemory = {"memory", "memory_profile_results", "id", "id", true};
static const Table kItems = {"item", "benchmark_items", "run_id, ord", "ord", false};

static bool find_tables(Oid schema, Home *home)
{
    char *name = get_namespace_name(schema);
    Oid table = get_relname_relid(kRuns.name, schema);
    if (!name || !OidIsValid(table)) return false;
    HeapTuple tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(table));
    if (!HeapTupleIsValid(tuple)) return false;
    *home = {schema, ((Form_pg_class)GETSTRUCT(tuple))->relowner, quote_identifier(name)};
    ReleaseSysCache(tuple);
    return true;
}

// Values reach SQL as its parameters $1 and $2 only. The number of rows.
static uint64 execute(const char *sql, Datum a, Datum b = 0)
{
    Oid types[] = {JSONBOID, JSONBOID};
    Datum values[] = {a, b};
    int rc = SPI_execute_with_args(sql, b ? 2 : 1, types, values, nullptr, false, 0);
    if (rc < 0) elog(ERROR, "SPI failed: %s", SPI_result_code_string(rc));
    return SPI_processed;
}

// The one value of the one row; none: 0.
static Datum value_of(const char *sql, Datum a, Datum b = 0)
{
    bool null;
    if (execute(sql, a, b) == 0) return 0;
    return SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &null);
}

// The columns that a row names, spelled as the catalog does: others get the defaults of the table.
static const char *columns(const Home *home, const Table *t, Datum row)
{
    StringInfoData s;
    initStringInfo(&s);
    Relation r = table_open(get_relname_relid(t->name, home->schema), AccessShareLock);
    for (int i = 0; i < RelationGetNumberOfAttributes(r); i++) {
        Form_pg_attribute a = TupleDescAttr(RelationGetDescr(r), i);
        if (a->attisdropped || !json_has(DatumGetJsonbP(row), NameStr(a->attname))) continue;
        appendStringInfo(&s, "%s%s", s.len ? ", " : "", quote_identifier(NameStr(a->attname)));
    }
    table_close(r, NoLock);
    return s.data;
}

static bool insert(const Home *home, const Table *t, Datum row)
{
    const char *names = columns(home, t, row);
    return execute(
               psprintf(
                   "INSERT INTO %1$s.%2$s (%3$s) SELECT %3$s FROM jsonb_populate_record(NULL::%1$s.%2$s, $1)"
                   " ON CONFLICT (%4$s) DO NOTHING",
                   home->name, t->name, names, t->key),
               row) > 0;
}

static bool stands(const Home *home, const Table *t, Datum row)
{
    return execute(psprintf("SELECT %3$s FROM %1$s.%2$s WHERE %4$s = ($1 ->> '%4$s')::int8"
                            " INTERSECT SELECT %3$s FROM jsonb_populate_record(NULL::%1$s.%2$s, $1)",
                            home->name, t->name, columns(home, t, row), t->number),
                   row) > 0;
}

// The row under a number that nobody has.
static Datum renumbered(const Home *home, const Table *t, Datum row)
{
    const char *table = psprintf("%s.%s", home->name, t->name);
    if (!t->serial)
        return value_of(
            psprintf("SELECT $1 || jsonb_build_object('%2$s', max(%2$s) + 1) FROM %1$s WHERE run_id = "
                     "($1 ->> 'run_id')::int8",
                     table, t->number),
            row);
    const char *sql = psprintf("SELECT $1 || jsonb_build_object('%2$s', n)"
                               " FROM (SELECT nextval(pg_get_serial_sequence(%3$s, '%2$s')) AS n OFFSET 0) s"
                               " WHERE NOT EXISTS (SELECT FROM %1$s t WHERE t.%2$s = s.n)",
                               table, t->number, quote_literal_cstr(table));
    Datum found;
    while (!(found = value_of(sql, row)))
        ;
    return found;
}

static int64 number_of(const Table *t, Datum row)
{
    return json_integer(DatumGetJsonbP(row), t->number, INT32_MIN, (int64)1 << 52, 0);
}

// The row's number in the table. Numbers are drawn by the caller; in a read-only transaction it could not,
// and a number that another row has by now (written by hand, or the sequence was set back) is exchanged. The
// same row once more is the same record once more, and written already.
static int64 write_row(const Home *home, const Table *t, Jsonb *row_of)
{
    Datum row = JsonbPGetDatum(row_of);
    if (!json_has(row_of, t->number)) row = renumbered(home, t, row);
    if (!insert(home, t, row) && !stands(home, t, row)) {
        Datum other = renumbered(home, t, row);
        ereport(LOG, (errmsg("number " INT64_FORMAT " of %s is taken: the benchmark's row gets " INT64_FORMAT,
                             number_of(t, row), t->name, number_of(t, other))));
        if (!insert(home, t, other)) elog(ERROR, "%s takes no row", t->name);
        row = other;
    }
    return number_of(t, row);
}

// False: the record has no such part.
static bool write_part(const Home *home, const Table *t, Jsonb *record, int64 *number)
{
    if (!json_has(record, t->part)) return false;
    Jsonb *row = json_object(record, t->part);
    if (!row) elog(ERROR, "\"%s\" of the benchmark's record is no object", t->part);
    *number = write_row(home, t, row);
    return true;
}

// The item's row with the numbers of what it belongs to: its run has the record's key.
static Datum linked_item(const Home *home, Datum record, StringInfo results)
{
    const char *sql = psprintf("SELECT ($1 -> 'item') || $2 || jsonb_strip_nulls(jsonb_build_object('run_id',"
                               " (SELECT max(run_id) FROM %s.benchmark_runs"
                               " WHERE arguments ->> 'key' = $1 ->> 'key')))",
                               home->name);
    return value_of(sql, record, json_datum(results));
}

static void write_parts(const Home *home, Datum record)
{
    Jsonb *r = DatumGetJsonbP(record);
    bool abort = json_has(r, "abort_but"), item = json_has(r, kItems.part), finish = json_has(r, "finish");
    if (abort) // runs left behind by sessions that were killed
        execute(psprintf("UPDATE %s.benchmark_runs SET status = 'aborted', finished = now()"
                         " WHERE status = 'running' AND arguments ->> 'key' <> $1 ->> 'abort_but'",
                         home->name),
                record);
    int64 number;
    StringInfoData results;
    initStringInfo(&results);
    appendStringInfoChar(&results, '{');
    bool run = write_part(home, &kRuns, r, &number);
    bool result = write_part(home, &kResults, r, &number);
    if (result) put_integer(&results, "result_id", number);
    bool memory = write_part(home, &kMemory, r, &number);
    if (memory) put_integer(&results, "memory_result_id", number);
    appendStringInfoChar(&results, '}');
    if (item) write_row(home, &kItems, DatumGetJsonbP(linked_item(home, record, &results)));
    if (finish)
        execute(psprintf("UPDATE %1$s.benchmark_runs r SET status = f.status, finished = f.finished"
                         " FROM jsonb_populate_record(NULL::%1$s.benchmark_runs, $1 -> 'finish') f"
                         " WHERE r.status = 'running' AND r.arguments ->> 'key' = $1 ->> 'key'",
                         home->name),
                record);
    if (!(abort || run || result || memory || item || finish))
        elog(ERROR, "the benchmark's record says nothing");
}

bool write_rows(Oid schema, const char *record)
{
    Home home;
    if (!find_tables(schema, &home)) return false;
    Oid user;
    int context;
    GetUserIdAndSecContext(&user, &context);
    // A trigger planted on the tables gets no more than their owner has, and not even all of that.
    SetUserIdAndSecContext(home.owner,
                           context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
    SPI_connect();
    write_parts(&home, DirectFunctionCall1(jsonb_in, CStringGetDatum(record)));
    SPI_finish();
    SetUserIdAndSecContext(user, context);
    return true;
}
} // namespace spout
