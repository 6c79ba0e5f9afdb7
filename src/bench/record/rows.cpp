// rows.cpp - a record becomes rows of the result tables, in the transaction that is open. The JSON gives
// values, the catalog gives names; nothing of a record becomes SQL text.
#include "bench/server/extension.hpp"
#include "bench/server/json.hpp"
#include "bench/record/rows.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/table.h"
#include "catalog/namespace.h"
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
// The tables are reached through views of a schema that nobody else can rename or put something into: what is
// written here is written with the rights of the extension's owner.
static const char kSchema[] = "spout_bench";

// A part of a record is a row of a table. Where `number` comes from: its sequence, or it counts within a run.
struct Table {
    const char *part, *view, *name, *key, *number;
    bool serial;
};
static const Table kRuns = {"run", "runs", "benchmark_runs", "run_id", "run_id", true};
static const Table kResults = {"result", "results", "benchmark_results", "id", "id", true};
static const Table kMemory = {"memory", "memory_results", "memory_profile_results", "id", "id", true};
static const Table kItems = {"item", "items", "benchmark_items", "run_id, ord", "ord", false};

static Oid view_of(const Table *t) { return get_relname_relid(t->view, get_namespace_oid(kSchema, false)); }

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
static const char *columns(const Table *t, Datum row)
{
    StringInfoData s;
    initStringInfo(&s);
    Relation r = table_open(view_of(t), AccessShareLock);
    for (int i = 0; i < RelationGetNumberOfAttributes(r); i++) {
        Form_pg_attribute a = TupleDescAttr(RelationGetDescr(r), i);
        if (a->attisdropped || !json_has(DatumGetJsonbP(row), NameStr(a->attname))) continue;
        appendStringInfo(&s, "%s%s", s.len ? ", " : "", quote_identifier(NameStr(a->attname)));
    }
    table_close(r, NoLock);
    return s.data;
}

static bool insert(const Table *t, Datum row)
{
    const char *names = columns(t, row);
    return execute(
               psprintf(
                   "INSERT INTO %1$s.%2$s (%3$s) SELECT %3$s FROM jsonb_populate_record(NULL::%1$s.%2$s, $1)"
                   " ON CONFLICT (%4$s) DO NOTHING",
                   kSchema, t->view, names, t->key),
               row) > 0;
}

static bool stands(const Table *t, Datum row)
{
    return execute(psprintf("SELECT %3$s FROM %1$s.%2$s WHERE %4$s = ($1 ->> '%4$s')::int8"
                            " INTERSECT SELECT %3$s FROM jsonb_populate_record(NULL::%1$s.%2$s, $1)",
                            kSchema, t->view, columns(t, row), t->number),
                   row) > 0;
}

// The row under a number that nobody has.
static Datum renumbered(const Table *t, Datum row)
{
    if (t->serial)
        return value_of(
            psprintf("SELECT $1 || jsonb_build_object('%s', %s.id('%s'))", t->number, kSchema, t->part), row);
    return value_of(psprintf("SELECT $1 || jsonb_build_object('%1$s', max(%1$s) + 1) FROM %2$s.%3$s"
                             " WHERE run_id = ($1 ->> 'run_id')::int8",
                             t->number, kSchema, t->view),
                    row);
}

static int64 number_of(const Table *t, Datum row)
{
    return json_integer(DatumGetJsonbP(row), t->number, INT32_MIN, (int64)1 << 52, 0);
}

// The row's number in the table. Numbers are drawn by the caller; in a read-only transaction it could not,
// and a number that another row has by now (written by hand, or the sequence was set back) is exchanged. The
// same row once more is the same record once more, and written already.
static int64 write_row(const Table *t, Jsonb *row_of)
{
    Datum row = JsonbPGetDatum(row_of);
    if (!json_has(row_of, t->number)) row = renumbered(t, row);
    if (!insert(t, row) && !stands(t, row)) {
        Datum other = renumbered(t, row);
        ereport(LOG, (errmsg("number " INT64_FORMAT " of %s is taken: the benchmark's row gets " INT64_FORMAT,
                             number_of(t, row), t->name, number_of(t, other))));
        if (!insert(t, other)) elog(ERROR, "%s takes no row", t->name);
        row = other;
    }
    return number_of(t, row);
}

// False: the record has no such part.
static bool write_part(const Table *t, Jsonb *record, int64 *number)
{
    if (!json_has(record, t->part)) return false;
    Jsonb *row = json_object(record, t->part);
    if (!row) elog(ERROR, "\"%s\" of the benchmark's record is no object", t->part);
    *number = write_row(t, row);
    return true;
}

// The item's row with the numbers of what it belongs to: its run has the record's key.
static Datum linked_item(Datum record, StringInfo results)
{
    const char *sql = psprintf("SELECT ($1 -> 'item') || $2 || jsonb_strip_nulls(jsonb_build_object('run_id',"
                               " (SELECT max(run_id) FROM %s.runs"
                               " WHERE arguments ->> 'key' = $1 ->> 'key')))",
                               kSchema);
    return value_of(sql, record, json_datum(results));
}

static void write_parts(Datum record)
{
    Jsonb *r = DatumGetJsonbP(record);
    bool abort = json_has(r, "abort_but"), item = json_has(r, kItems.part), finish = json_has(r, "finish");
    if (abort) // runs left behind by sessions that were killed
        execute(psprintf("UPDATE %s.runs SET status = 'aborted', finished = now()"
                         " WHERE status = 'running' AND arguments ->> 'key' <> $1 ->> 'abort_but'",
                         kSchema),
                record);
    int64 number;
    StringInfoData results;
    initStringInfo(&results);
    appendStringInfoChar(&results, '{');
    bool run = write_part(&kRuns, r, &number);
    bool result = write_part(&kResults, r, &number);
    if (result) put_integer(&results, "result_id", number);
    bool memory = write_part(&kMemory, r, &number);
    if (memory) put_integer(&results, "memory_result_id", number);
    appendStringInfoChar(&results, '}');
    if (item) write_row(&kItems, DatumGetJsonbP(linked_item(record, &results)));
    if (finish)
        execute(psprintf("UPDATE %1$s.runs r SET status = f.status, finished = f.finished"
                         " FROM jsonb_populate_record(NULL::%1$s.runs, $1 -> 'finish') f"
                         " WHERE r.status = 'running' AND r.arguments ->> 'key' = $1 ->> 'key'",
                         kSchema),
                record);
    if (!(abort || run || result || memory || item || finish))
        elog(ERROR, "the benchmark's record says nothing");
}

bool write_rows(const char *record)
{
    BenchExtension ours;
    if (!find_bench_extension(&ours) || !OidIsValid(view_of(&kRuns))) return false;
    Oid user;
    int context;
    GetUserIdAndSecContext(&user, &context);
    // A trigger planted on the tables gets no more than their owner has, and not even all of that.
    SetUserIdAndSecContext(ours.owner,
                           context | SECURITY_LOCAL_USERID_CHANGE | SECURITY_RESTRICTED_OPERATION);
    SPI_connect();
    write_parts(DirectFunctionCall1(jsonb_in, CStringGetDatum(record)));
    SPI_finish();
    SetUserIdAndSecContext(user, context);
    return true;
}
} // namespace spout
