// raw_functions.cpp - measuring and recording as SQL functions, for tests: granted to nobody, and what they
// are handed is checked like everything that comes from SQL.
#include "bench/server/json.hpp"
#include "bench/server/rights.hpp"
#include "bench/record/transport.hpp"
#include "bench/measure/worker.hpp"

extern "C" {
PGDLLEXPORT PG_FUNCTION_INFO_V1(spout_benchmark_execute);
PGDLLEXPORT PG_FUNCTION_INFO_V1(spout_benchmark_send);
PGDLLEXPORT PG_FUNCTION_INFO_V1(spout_benchmark_flush);
PGDLLEXPORT PG_FUNCTION_INFO_V1(spout_benchmark_recordable);
}

namespace spout
{
static Jsonb *task_at(Jsonb *tasks, int i)
{
    JsonbValue *v = getIthJsonbValueFromContainer(&tasks->root, (uint32)i);
    Jsonb *j = JsonbValueToJsonb(v);
    if (!JB_ROOT_IS_OBJECT(j))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("not a benchmark's task")));
    return j;
}

// One task, or an array of tasks; the answer likewise.
static Datum execute(Jsonb *tasks, bool processes)
{
    if (JB_ROOT_IS_OBJECT(tasks)) return JsonbPGetDatum(run_task(tasks, processes));
    int n = (int)JB_ROOT_COUNT(tasks);
    auto **each = (Jsonb **)palloc(sizeof(Jsonb *) * Max(n, 1) * 2), **answers = each + n;
    for (int i = 0; i < n; i++)
        each[i] = task_at(tasks, i);
    run_tasks(each, n, processes, answers);
    StringInfo all = makeStringInfo();
    for (int i = 0; i < n; i++) {
        appendStringInfoString(all, i ? ", " : "[");
        JsonbToCString(all, &answers[i]->root, VARSIZE(answers[i]));
    }
    appendStringInfoString(all, n ? "]" : "[]");
    return json_datum(all);
}
} // namespace spout

extern "C" {
// spout_bench.execute(task jsonb) -> jsonb
Datum spout_benchmark_execute(PG_FUNCTION_ARGS)
{
    using namespace spout;
    require_benchmark_rights();
    PG_RETURN_DATUM(execute(PG_GETARG_JSONB_P(0), recordable(fcinfo->flinfo->fn_oid)));
}

// spout_bench.send(record jsonb) -> boolean
Datum spout_benchmark_send(PG_FUNCTION_ARGS)
{
    using namespace spout;
    require_benchmark_rights();
    Jsonb *record = PG_GETARG_JSONB_P(0);
    PG_RETURN_BOOL(
        send_record(fcinfo->flinfo->fn_oid, JsonbToCString(nullptr, &record->root, VARSIZE(record))));
}

// spout_bench.flush(seconds float8) -> jsonb: what became of the session's records so far.
Datum spout_benchmark_flush(PG_FUNCTION_ARGS)
{
    using namespace spout;
    require_benchmark_rights();
    RecordCounts c = flush_records(PG_GETARG_FLOAT8(0));
    StringInfoData s;
    initStringInfo(&s);
    appendStringInfoChar(&s, '{');
    put_integer(&s, "sent", (int64)c.sent);
    put_integer(&s, "committed", (int64)c.committed);
    put_integer(&s, "rejected", (int64)c.rejected);
    appendStringInfoChar(&s, '}');
    PG_RETURN_DATUM(json_datum(&s));
}

Datum spout_benchmark_recordable(PG_FUNCTION_ARGS)
{
    PG_RETURN_BOOL(spout::recordable(fcinfo->flinfo->fn_oid));
}
}
