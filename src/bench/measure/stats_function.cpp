// stats_function.cpp - benchmark_stats(a, b, tolerance): the core's arithmetic as jsonb.
#include "bench/measure/stats.hpp"
#include "pg/server/error.hpp"

extern "C" {
#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/array.h"
#include "utils/builtins.h"

PGDLLEXPORT PG_FUNCTION_INFO_V1(spout_benchmark_stats);
PGDLLEXPORT PG_FUNCTION_INFO_V1(spout_benchmark_verdict);
PGDLLEXPORT PG_FUNCTION_INFO_V1(spout_benchmark_slope);
}

namespace spout
{
struct Series {
    double *x;
    int n;
};

static Series series_of(FunctionCallInfo fcinfo, int arg, const char *name)
{
    ArrayType *array = PG_GETARG_ARRAYTYPE_P(arg);
    if (ARR_NDIM(array) > 1 || array_contains_nulls(array))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("argument \"%s\" must be a one-dimensional array without NULLs", name)));
    Datum *values;
    int n;
    deconstruct_array(array, FLOAT8OID, sizeof(float8), FLOAT8PASSBYVAL, TYPALIGN_DOUBLE, &values, nullptr,
                      &n);
    auto *x = (double *)palloc(sizeof(double) * Max(n, 1));
    for (int i = 0; i < n; i++)
        x[i] = DatumGetFloat8(values[i]);
    return {x, n};
}

void put_bench_summary(StringInfo s, const BenchSummary *summary)
{
    const BenchSummary &b = *summary;
    appendStringInfoChar(s, '{');
    put_integer(s, "n", (int64)b.n);
    const struct {
        const char *key;
        double value;
    } numbers[] = {{"min", b.min},       {"max", b.max}, {"mean", b.mean}, {"median", b.median},
                   {"stddev", b.stddev}, {"q1", b.q1},   {"q3", b.q3},     {"p95", b.p95},
                   {"p99", b.p99},       {"iqr", b.iqr}, {"mad", b.mad},   {"ops", 1 / b.mean}};
    for (const auto &each : numbers)
        put_number(s, each.key, each.value);
    if (b.rank_low) {
        put_integer(s, "rank_low", (int64)b.rank_low);
        put_integer(s, "rank_high", (int64)b.rank_high);
        put_number(s, "median_low", b.ci_low);
        put_number(s, "median_high", b.ci_high);
    }
    put_integer(s, "mild_outliers", b.mild);
    put_integer(s, "severe_outliers", b.severe);
    put_key(s, "flags");
    appendStringInfoChar(s, '[');
    const struct {
        const char *name;
        bool set;
    } flags[] = {
        {"variable", b.variable}, {"unstable", b.unstable}, {"drift", b.drift}, {"few_rounds", b.few_rounds}};
    const char *comma = "";
    for (const auto &flag : flags)
        if (flag.set) {
            appendStringInfo(s, "%s\"%s\"", comma, flag.name);
            comma = ", ";
        }
    appendStringInfoString(s, "]}");
}

static void put_pairs(StringInfo s, const Series &a, const Series &b, double tolerance)
{
    if (a.n != b.n)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("arrays \"a\" and \"b\" differ in length: %d and %d", a.n, b.n),
                        errhint("Values at the same place were measured one right after the other.")));
    BenchPairs p;
    Failure why;
    if (bench_pairs(a.x, b.x, (size_t)a.n, tolerance, &p, &why) != Code::ok) raise_failure(&why);
    put_integer(s, "n", (int64)p.n);
    put_integer(s, "walsh", (int64)p.walsh);
    put_integer(s, "k", (int64)p.k);
    put_number(s, "ratio", p.ratio);
    if (p.interval) {
        put_number(s, "ci_low", p.ci_low);
        put_number(s, "ci_high", p.ci_high);
    }
    put_text(s, "verdict", verdict_name(p.verdict));
    put_number(s, "median_a", p.median_a);
    put_number(s, "median_b", p.median_b);
}

// One series: its summary. Two: the comparison of b with a, pair by pair.
static Datum benchmark_stats(FunctionCallInfo fcinfo)
{
    Series a = series_of(fcinfo, 0, "a");
    StringInfoData s;
    initStringInfo(&s);
    if (!PG_ARGISNULL(1)) {
        appendStringInfoChar(&s, '{');
        put_pairs(&s, a, series_of(fcinfo, 1, "b"), PG_ARGISNULL(2) ? 0.05 : PG_GETARG_FLOAT8(2));
        appendStringInfoChar(&s, '}');
        return json_datum(&s);
    }
    BenchSummary b;
    Failure why;
    if (bench_summary(a.x, (size_t)a.n, &b, &why) != Code::ok) raise_failure(&why);
    put_bench_summary(&s, &b);
    return json_datum(&s);
}

// --- judging
// -------------------------------------------------------------------------------------------------

static Runs runs_of(FunctionCallInfo fcinfo, int arg, const char *name)
{
    if (PG_ARGISNULL(arg)) return {nullptr, 0};
    Series s = series_of(fcinfo, arg, name);
    return {s.x, (size_t)s.n};
}

// Of a benchmark that the baseline does not have, only the fresh value is known.
static Datum verdict(FunctionCallInfo fcinfo)
{
    TupleDesc desc;
    get_call_result_type(fcinfo, nullptr, &desc);
    const char *name = PG_ARGISNULL(0) ? "" : text_to_cstring(PG_GETARG_TEXT_PP(0));
    Metric metric;
    if (!metric_by_name(name, &metric))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("unknown metric \"%s\"", name)));
    Runs base = runs_of(fcinfo, 1, "base"), fresh = runs_of(fcinfo, 2, "fresh"),
         clean = runs_of(fcinfo, 3, "clean");
    bool known = base.x != nullptr;
    StoredVerdict v;
    Failure why;
    if (bench_stored(metric, known ? base : fresh, fresh, clean, &v, &why) != Code::ok) raise_failure(&why);
    Datum values[] = {Float8GetDatum(v.middle),
                      Float8GetDatum(v.value),
                      Float8GetDatum(v.middle > 0 ? v.value / v.middle : 0),
                      Float8GetDatum(v.red),
                      Float8GetDatum(v.yellow),
                      Int64GetDatum((int64)v.above),
                      CStringGetTextDatum(verdict_name(v.verdict))};
    bool nulls[] = {!known, false, !known || v.middle <= 0, !known, !known, !known, !known};
    return HeapTupleGetDatum(heap_form_tuple(BlessTupleDesc(desc), values, nulls));
}
} // namespace spout

extern "C" {
Datum spout_benchmark_stats(PG_FUNCTION_ARGS)
{
    if (PG_ARGISNULL(0)) PG_RETURN_NULL();
    return spout::benchmark_stats(fcinfo);
}

// spout_bench.verdict(metric, base, fresh, clean) -> record: fresh runs beside those of a baseline.
Datum spout_benchmark_verdict(PG_FUNCTION_ARGS) { return spout::verdict(fcinfo); }

// spout_bench.slope(x, y) -> float8: null below three points with distinct x.
Datum spout_benchmark_slope(PG_FUNCTION_ARGS)
{
    using namespace spout;
    Runs x = runs_of(fcinfo, 0, "x"), y = runs_of(fcinfo, 1, "y");
    double slope;
    bool found;
    Failure why;
    if (bench_slope(x.x, y.x, Min(Min(x.n, y.n), 1000), &slope, &found, &why) != Code::ok)
        raise_failure(&why);
    if (!found) PG_RETURN_NULL();
    PG_RETURN_FLOAT8(slope);
}
}
