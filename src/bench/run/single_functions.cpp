// single_functions.cpp - measurements of one call: profile_memory(), benchmark_ab(), export_benchmark().
#include "bench/run/chosen.hpp"
#include "bench/measure/data_set.hpp"
#include "bench/server/rights.hpp"
#include "bench/server/sql.hpp"
#include "bench/record/transport.hpp"
#include "bench/measure/worker.hpp"
#include "engine/wall.hpp"
#include "pg/server/error.hpp"

#include <cmath>

extern "C" {
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/lsyscache.h"

PGDLLEXPORT PG_FUNCTION_INFO_V1(spout_profile_memory);
PGDLLEXPORT PG_FUNCTION_INFO_V1(spout_benchmark_ab);
PGDLLEXPORT PG_FUNCTION_INFO_V1(spout_export_benchmark);
}

namespace spout
{
static bool is_ok(Jsonb *answer) { return strcmp(json_text(answer, "status", ""), "ok") == 0; }

// A measurement that must succeed: its own error otherwise.
static Jsonb *must(Jsonb *answer)
{
    if (is_ok(answer)) return answer;
    const char *status = json_text(answer, "status", ""), *state = json_text(answer, "sqlstate", "");
    bool ended = strcmp(state, "57014") == 0 || strcmp(state, "57P01") == 0 || strlen(state) != 5;
    ereport(ERROR,
            (errcode(ended ? ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE
                           : MAKE_SQLSTATE(state[0], state[1], state[2], state[3], state[4])),
             errmsg("benchmark %s: %s", strcmp(status, "skipped") == 0 ? "could not be set up" : status,
                    json_text(answer, "message", ""))));
    pg_unreachable();
}

static const char *text_argument(FunctionCallInfo fcinfo, int i)
{
    return PG_ARGISNULL(i) ? nullptr : text_to_cstring(PG_GETARG_TEXT_PP(i));
}

static Jsonb *json_argument(FunctionCallInfo fcinfo, int i)
{
    return PG_ARGISNULL(i) ? nullptr : PG_GETARG_JSONB_P(i);
}

// --- profile_memory
// ----------------------------------------------------------------------------------------------

static double longest(const Chosen &c) { return json_number(c.settings, "max_time", 0, 86400, 60); }

static void check_snapshots(FunctionCallInfo fcinfo)
{
    bool known = !PG_ARGISNULL(2) && sql_text("SELECT 'x' WHERE $1 <@ '{start,end,step}'",
                                              SqlArgs{}.add(TEXTARRAYOID, PG_GETARG_DATUM(2), false));
    if (!known)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("snapshots can be taken at start, end and step")));
}

static Jsonb *profile_memory(FunctionCallInfo fcinfo, const char *search_path)
{
    Oid function = fcinfo->flinfo->fn_oid;
    Jsonb *args = json_argument(fcinfo, 1);
    if (args && (!JB_ROOT_IS_ARRAY(args) || JB_ROOT_IS_SCALAR(args)))
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("argument \"args\" is not a JSON array")));
    check_snapshots(fcinfo);
    bool processes = recordable(function);
    Chosen c = chosen_by_text(text_argument(fcinfo, 0), json_argument(fcinfo, 3), processes);
    Jsonb *task = sql_json(
        "SELECT $1 || jsonb_build_object('memory', true, 'keep_result', true, 'args', coalesce($2, '[]'))",
        SqlArgs{}.json(task_of(&c, longest(c), search_path)).json(args));
    Jsonb *made = must(run_task(task, processes));
    bool keep = json_bool(c.settings, "autosave", true);
    Jsonb *row = sql_json(
        "SELECT jsonb_build_object('id', CASE WHEN $1 THEN spout_bench.id('memory') END, 'name', $2,"
        " 'peak_memory', $3 -> 'peak_memory', 'allocated_memory', $3 -> 'allocated_memory',"
        " 'deallocated_memory', $3 -> 'deallocated_memory', 'net_memory', $3 -> 'net_memory',"
        " 'top_allocations', $3 -> 'top_allocations', 'timestamp', clock_timestamp() AT TIME ZONE 'UTC',"
        " 'commit_hash', NULL, 'environment', spout_bench.environment())",
        SqlArgs{}.boolean(keep).text(c.name).json(made));
    const char *record = sql_text("SELECT jsonb_build_object('memory', $1)::text", SqlArgs{}.json(row));
    if (keep && send_record(function, record)) flush_records(10);
    return sql_json(
        "SELECT $1 || jsonb_build_object('result', $2 -> 'result', 'os', $2 -> 'os', 'memory_source',"
        " $2 -> 'memory_source', 'duration', $2 -> 'wall', 'snapshots', (SELECT coalesce(jsonb_agg(s ORDER "
        "BY n),"
        " '[]') FROM jsonb_array_elements($2 -> 'snapshots') WITH ORDINALITY x (s, n) WHERE s ->> 'at' = ANY "
        "($3)))",
        SqlArgs{}.json(row).json(made).add(TEXTARRAYOID, PG_GETARG_DATUM(2), false));
}

// --- benchmark_ab
// ------------------------------------------------------------------------------------------------

// Two benchmarks in turn, and the times so far.
struct Duel {
    Chosen a, b;
    const char *search_path;
    bool processes;
    int seed;
    double times_a[kMaxBenchPairs], times_b[kMaxBenchPairs];
    int n;
    bool contended, in_session, not_confirmed;
};

// So many more pairs in one process, behind the others.
static void fight(Duel *d, int pairs, int seed)
{
    double most = longest(d->a);
    Jsonb *task = sql_json(
        "SELECT $1 || jsonb_build_object('other', $2, 'iterations', $3, 'seed', $4, 'deadline', 10 * $5 + 60,"
        " 'read_only', $6)",
        SqlArgs{}
            .json(task_of(&d->a, most, d->search_path))
            .json(task_of(&d->b, most, d->search_path))
            .integer(pairs)
            .integer(seed % 1000000)
            .number(most)
            .boolean(d->a.builtin && d->b.builtin));
    Jsonb *made = must(run_task(task, d->processes));
    int room = (int)kMaxBenchPairs - d->n;
    int n = json_numbers(made, "a", d->times_a + d->n, room);
    if (n > room || json_numbers(made, "b", d->times_b + d->n, room) != n)
        elog(ERROR, "a benchmark of pairs gave %d of them", n);
    d->n += n;
    d->contended = d->contended || json_bool(made, "contended", false);
    d->in_session = json_bool(made, "in_session", false);
}

static BenchPairs judged(const double *a, const double *b, int n, double tolerance)
{
    BenchPairs p;
    Failure why;
    if (bench_pairs(a, b, (size_t)n, tolerance, &p, &why) != Code::ok) raise_failure(&why);
    return p;
}

// What cannot be decided gets twice the pairs, twice at most. Red needs a second, fresh process to agree.
static BenchPairs decide(Duel *d, int pairs, double tolerance)
{
    BenchPairs p;
    for (int round = 0, wanted = pairs;; round++) {
        fight(d, wanted, d->seed + round);
        p = judged(d->times_a, d->times_b, d->n, tolerance);
        if (p.verdict != PairVerdict::inconclusive || d->n < 6 || round == 2) break;
        wanted = d->n;
    }
    if (p.verdict != PairVerdict::regression) return p;
    auto *again = (Duel *)palloc(sizeof(Duel));
    *again = *d;
    again->n = 0;
    fight(again, pairs, d->seed + 7);
    d->in_session = again->in_session;
    d->not_confirmed =
        judged(again->times_a, again->times_b, again->n, tolerance).verdict != PairVerdict::regression;
    if (d->not_confirmed) p.verdict = PairVerdict::inconclusive;
    return p;
}

static Datum flags_of(const Duel *d)
{
    Datum flags[4];
    int n = 0;
    if (d->contended) flags[n++] = CStringGetTextDatum("contended");
    if (d->n < 6) flags[n++] = CStringGetTextDatum("few_rounds");
    if (d->in_session) flags[n++] = CStringGetTextDatum("in_session");
    if (d->not_confirmed) flags[n++] = CStringGetTextDatum("not_confirmed");
    return PointerGetDatum(construct_array(flags, n, TEXTOID, -1, false, TYPALIGN_INT));
}

static void benchmark_ab(FunctionCallInfo fcinfo, const char *search_path)
{
    int pairs = PG_ARGISNULL(2) ? 0 : PG_GETARG_INT32(2);
    double tolerance = PG_ARGISNULL(3) ? -1 : PG_GETARG_FLOAT8(3);
    if (pairs < 1 || pairs > 500)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("the number of pairs must be from 1 to 500")));
    if (!(tolerance >= 0 && tolerance <= 1))
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the tolerance must be within 0 and 1")));
    auto *d = (Duel *)palloc0(sizeof(Duel));
    d->processes = recordable(fcinfo->flinfo->fn_oid);
    d->search_path = search_path;
    d->a = chosen_by_text(text_argument(fcinfo, 0), json_argument(fcinfo, 4), d->processes);
    d->b = chosen_by_text(text_argument(fcinfo, 1), json_argument(fcinfo, 4), d->processes);
    d->seed = (int)json_integer(d->a.settings, "seed", 0, INT32_MAX, 1) % 1000000;
    BenchPairs p = decide(d, pairs, tolerance);
    auto *result = (ReturnSetInfo *)fcinfo->resultinfo;
    Datum values[] = {Float8GetDatum(p.ratio),    Float8GetDatum(p.ci_low),
                      Float8GetDatum(p.ci_high),  CStringGetTextDatum(verdict_name(p.verdict)),
                      Int32GetDatum(d->n),        Float8GetDatum(p.median_a),
                      Float8GetDatum(p.median_b), flags_of(d)};
    bool nulls[8] = {false, !p.interval, !p.interval};
    tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

// --- export_benchmark
// --------------------------------------------------------------------------------------------

// What is exported: a relation of the caller's, or the data set of so many rows, which is made. Its name as
// SQL, and what it is now, for the process that reads it.
static Jsonb *data_of(FunctionCallInfo fcinfo, const Jsonb *settings, bool processes)
{
    Oid relation = PG_ARGISNULL(1) ? InvalidOid : PG_GETARG_OID(1);
    if (PG_ARGISNULL(1)) {
        DataSet d = {"records", PG_ARGISNULL(0) ? 0 : PG_GETARG_INT64(0), 1, 5};
        if (d.rows < 1 || d.rows > INT64CONST(10000000000))
            ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                            errmsg("the number of rows must be from 1 to 10000000000")));
        if (!OidIsValid(find_data_set(&d)))
            ereport(NOTICE, (errmsg("making a data set of " INT64_FORMAT " rows, once", d.rows)));
        const char *problem = prepare_data(
            d.rows, sql_json("SELECT $1 || '{\"seed\": 1}'", SqlArgs{}.json(settings)), processes);
        if (problem)
            ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                            errmsg("the data set could not be made: %s", problem)));
        relation = find_data_set(&d);
    }
    Jsonb *seen = sql_json(
        "SELECT spout_bench.seen($1::regclass) || jsonb_build_object('relation', $1::regclass::text)",
        SqlArgs{}.add(OIDOID, ObjectIdGetDatum(relation), false));
    if (!seen)
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_TABLE), errmsg("relation %u does not exist", relation)));
    return seen;
}

static bool known_format(const char *name)
{
    const char *each;
    for (uint32 i = 0; name && (each = format_at(i)); i++)
        if (strcmp(each, name) == 0) return true;
    return false;
}

// One export, as an element of "results"; *rows is what it counted.
static void put_export(StringInfo s, const char *format, const Jsonb *data, bool gzip, const Jsonb *settings,
                       bool processes, int64 *rows)
{
    appendStringInfoString(s, s->data[s->len - 1] == '[' ? "{\"format\":" : ",{\"format\":");
    if (format)
        escape_json(s, format);
    else
        appendStringInfoString(s, "null");
    Jsonb *made = nullptr;
    if (known_format(format))
        made = run_task(
            sql_json("SELECT $1 || $3 || jsonb_build_object('kind', 'sql', 'memory', true, 'box', 3600, "
                     "'deadline', 86400,"
                     " 'run_sql', format('COPY (SELECT * FROM %s) TO ''{out}'' (FORMAT %I%s)', $3 ->> "
                     "'relation', $2,"
                     " CASE WHEN $4 THEN format(', compression %L', CASE $2 WHEN 'avro' THEN 'deflate'"
                     " ELSE 'gzip' END) ELSE '' END), 'search_path',"
                     " 'pg_catalog, pg_temp')",
                     SqlArgs{}.json(settings).text(format).json(data).boolean(gzip)),
            processes);
    if (!made || !is_ok(made)) {
        appendStringInfoString(s, ",\"error\":");
        escape_json(s, made ? json_text(made, "message", "")
                            : psprintf("unknown format \"%s\"", format ? format : ""));
        appendStringInfoChar(s, '}');
        return;
    }
    constexpr int64 kMost = (int64)1 << 52;
    *rows = json_integer(made, "rows", -1, kMost, *rows);
    Jsonb *os = json_object(made, "os");
    int64 peak = os ? json_integer(os, "total_high", 0, kMost, -1) : -1;
    appendStringInfo(s, ",\"durationSeconds\":%.6f,\"fileSizeBytes\":" INT64_FORMAT ",\"peakMemoryMB\":%s}",
                     json_number(made, "wall", 0, 1e9, 0), json_integer(made, "bytes", -1, kMost, 0),
                     peak < 0 ? "null" : psprintf("%.0f", std::ceil((double)peak / 1048576)));
}

static const char *export_benchmark(FunctionCallInfo fcinfo)
{
    bool processes = recordable(fcinfo->flinfo->fn_oid), gzip = !PG_ARGISNULL(3) && PG_GETARG_BOOL(3);
    Jsonb *settings = settings_of(nullptr, false);
    Jsonb *data = data_of(fcinfo, settings, processes);
    int64 rows = PG_ARGISNULL(1) && !PG_ARGISNULL(0) ? PG_GETARG_INT64(0) : -1;
    int n;
    const char **formats =
        sql_texts("SELECT f FROM unnest(coalesce($1, '{csv,json,xml,parquet,avro}')) WITH ORDINALITY u (f, n)"
                  " ORDER BY n",
                  SqlArgs{}.add(TEXTARRAYOID, PG_GETARG_DATUM(2), PG_ARGISNULL(2)), &n);
    StringInfoData list, s;
    initStringInfo(&list);
    initStringInfo(&s);
    appendStringInfoChar(&list, '[');
    for (int i = 0; i < n; i++)
        put_export(&list, formats[i], data, gzip, settings, processes, &rows);
    appendStringInfo(&s, "{\"datasetRowCount\":%s,\"results\":%s]}",
                     rows < 0 ? "null" : psprintf(INT64_FORMAT, rows), list.data);
    return s.data;
}
} // namespace spout

extern "C" {
Datum spout_profile_memory(PG_FUNCTION_ARGS)
{
    using namespace spout;
    require_benchmark_rights();
    OwnSearchPath path = begin_own_search_path();
    Jsonb *result = profile_memory(fcinfo, path.callers);
    end_own_search_path(path);
    PG_RETURN_JSONB_P(result);
}

Datum spout_benchmark_ab(PG_FUNCTION_ARGS)
{
    using namespace spout;
    require_benchmark_rights();
    InitMaterializedSRF(fcinfo, 0);
    OwnSearchPath path = begin_own_search_path();
    benchmark_ab(fcinfo, path.callers);
    end_own_search_path(path);
    return (Datum)0;
}

Datum spout_export_benchmark(PG_FUNCTION_ARGS)
{
    using namespace spout;
    require_benchmark_rights();
    OwnSearchPath path = begin_own_search_path();
    const char *result = export_benchmark(fcinfo);
    end_own_search_path(path);
    PG_RETURN_TEXT_P(cstring_to_text(result));
}
}
