// record_function.cpp - record_benchmark(): times taken elsewhere, on the same road to the tables.
#include "bench/server/rights.hpp"
#include "bench/server/sql.hpp"
#include "bench/record/transport.hpp"
#include "engine/wall.hpp"
#include "pg/server/error.hpp"

#include <cmath>

extern "C" {
#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "nodes/makefuncs.h"
#include "utils/fmgroids.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/lsyscache.h"

PGDLLEXPORT PG_FUNCTION_INFO_V1(spout_record_benchmark);
}

namespace spout
{
static void refuse_samples(int sqlstate, const char *why)
{
    ereport(ERROR, (errcode(sqlstate), errmsg("argument \"samples\" %s", why),
                    errhint("Samples are the times of the rounds in seconds, such as {1.2,1.1,1.3}.")));
}

static BenchSummary summary_of(ArrayType *array)
{
    if (!array) refuse_samples(ERRCODE_NULL_VALUE_NOT_ALLOWED, "must not be NULL");
    if (ARR_NDIM(array) == 0) refuse_samples(ERRCODE_INVALID_PARAMETER_VALUE, "is empty");
    if (ARR_NDIM(array) > 1 || array_contains_nulls(array))
        refuse_samples(ERRCODE_INVALID_PARAMETER_VALUE, "must be a one-dimensional array without NULLs");
    auto *x = (const double *)ARR_DATA_PTR(array);
    int n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
    for (int i = 0; i < n; i++)
        if (!(x[i] >= 0 && std::isfinite(x[i])))
            refuse_samples(ERRCODE_INVALID_PARAMETER_VALUE,
                           psprintf("has %s, which is no time", float8out_internal(x[i])));
    BenchSummary s;
    Failure why;
    if (bench_summary(x, (size_t)n, &s, &why) != Code::ok) raise_failure(&why);
    return s;
}

static void check_name(const char *name)
{
    int length = name ? pg_mbstrlen(name) : 0;
    if (length == 0 || length > 255)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("a benchmark's name must have 1 to 255 characters"),
                        errhint("This one has %d.", length)));
}

static void check_commit(const char *hash)
{
    int length = hash ? pg_mbstrlen(hash) : 0;
    if (length > 40)
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("a commit hash has at most 40 characters"),
                 errhint("This one has %d.", length)));
}

static Jsonb *environment_of(Jsonb *given)
{
    constexpr int kMostBytes = 60000;
    if (!given) return sql_json("SELECT '{}'::jsonb", SqlArgs{});
    if (!JB_ROOT_IS_OBJECT(given))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("argument \"environment\" must be a JSON object, not %s",
                               sql_text("SELECT jsonb_typeof($1)", SqlArgs{}.json(given))),
                        errhint("Say it as {\"machine\": \"...\"}.")));
    size_t bytes = strlen(JsonbToCString(nullptr, &given->root, VARSIZE(given)));
    if (bytes > kMostBytes)
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                        errmsg("argument \"environment\" has %zu bytes, more than %d", bytes, kMostBytes),
                        errhint("Keep what is long elsewhere, and name it here.")));
    return given;
}

// The row as benchmark_results has it, with whatever columns were added to it. Its type is that of the
// function, not by a name.
static Datum as_result_row(Oid function_of, Jsonb *row)
{
    Oid type = get_func_rettype(function_of);
    List *arguments =
        list_make2(makeNullConst(type, -1, InvalidOid), makeNullConst(JSONBOID, -1, InvalidOid));
    FmgrInfo function;
    fmgr_info(F_JSONB_POPULATE_RECORD, &function);
    fmgr_info_set_expr((Node *)makeFuncExpr(F_JSONB_POPULATE_RECORD, type, arguments, InvalidOid, InvalidOid,
                                            COERCE_EXPLICIT_CALL),
                       &function);
    LOCAL_FCINFO(call, 2);
    InitFunctionCallInfoData(*call, &function, 2, InvalidOid, nullptr, nullptr);
    call->args[0] = {0, true};
    call->args[1] = {JsonbPGetDatum(row), false};
    return FunctionCallInvoke(call);
}

static Datum record_benchmark(FunctionCallInfo fcinfo)
{
    const char *name = PG_ARGISNULL(0) ? nullptr : text_to_cstring(PG_GETARG_TEXT_PP(0));
    const char *commit = PG_ARGISNULL(3) ? nullptr : text_to_cstring(PG_GETARG_TEXT_PP(3));
    check_name(name);
    BenchSummary s = summary_of(PG_ARGISNULL(1) ? nullptr : PG_GETARG_ARRAYTYPE_P(1));
    check_commit(commit);
    Jsonb *environment = environment_of(PG_ARGISNULL(2) ? nullptr : PG_GETARG_JSONB_P(2));
    Jsonb *row =
        sql_json("SELECT jsonb_build_object('id', spout_bench.id('result'), 'name', $1, 'min_time', $2, "
                 "'max_time', $3,"
                 " 'mean_time', $4, 'median_time', $5, 'stddev_time', $6, 'iterations', $7, 'timestamp',"
                 " clock_timestamp() AT TIME ZONE 'UTC', 'commit_hash', nullif($8, ''), 'environment', $9)",
                 SqlArgs{}
                     .text(name)
                     .number(s.min)
                     .number(s.max)
                     .number(s.mean)
                     .number(s.median)
                     .number(s.stddev)
                     .integer((int64)s.n)
                     .text(commit)
                     .json(environment));
    const char *record = sql_text("SELECT jsonb_build_object('result', $1)::text", SqlArgs{}.json(row));
    if (send_record(fcinfo->flinfo->fn_oid, record)) flush_records(10);
    return as_result_row(fcinfo->flinfo->fn_oid, row);
}
} // namespace spout

extern "C" Datum spout_record_benchmark(PG_FUNCTION_ARGS)
{
    using namespace spout;
    require_benchmark_rights();
    OwnSearchPath path = begin_own_search_path();
    Datum result = record_benchmark(fcinfo);
    end_own_search_path(path);
    PG_RETURN_DATUM(result);
}
