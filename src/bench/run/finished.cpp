// finished.cpp - statistics, flags, grade and message of a benchmark, as rows of the tables. Measures nothing
// and stores nothing.
#include "bench/run/finished.hpp"
#include "bench/server/sql.hpp"
#include "bench/measure/stats.hpp"
#include "pg/server/error.hpp"

#include <cmath>
#include <initializer_list>

extern "C" {
#include "utils/builtins.h"
#include "utils/json.h"
}

namespace spout
{
namespace
{
constexpr int kMaxRounds = 3000;
constexpr int64 kMostBytes = (int64)1 << 52, kSampledRows = 100000;
constexpr int kRecordColumns = 5; // of the data set

// One benchmark on its way to the tables.
struct Draft {
    const Chosen *chosen;
    const Outcome *outcome;
    const Jsonb *run;
    const char *status, *sqlstate, *message;
    double sample; // of its data set
    bool timed, passed;
    double samples[kMaxRounds];
    int nsamples;
    BenchSummary summary;
    StringInfoData result, memory, detail, flags, warnings; // JSON, the last two without brackets
};

void check(Code rc, const Failure *why)
{
    if (rc != Code::ok) raise_failure(why);
}

void put_json(StringInfo s, const char *key, Jsonb *from, const char *name)
{
    Jsonb *value = from ? sql_json("SELECT $1 -> $2", SqlArgs{}.json(from).text(name)) : nullptr;
    put_key(s, key);
    if (value)
        JsonbToCString(s, &value->root, VARSIZE(value));
    else
        appendStringInfoString(s, "null");
}

void put_whole(StringInfo s, const char *key, const Jsonb *value)
{
    put_key(s, key);
    JsonbToCString(s, (JsonbContainer *)&value->root, VARSIZE(value));
}

void add_word(StringInfo list, const char *word)
{
    if (list->len) appendStringInfoString(list, ", ");
    escape_json(list, word);
}

void put_list(StringInfo s, const char *key, const StringInfoData &list)
{
    put_key(s, key);
    appendStringInfo(s, "[%s]", list.data);
}

void put_ratio(StringInfo s, const char *key, double a, double b)
{
    put_number(s, key, b > 0 ? a / b : (double)NAN);
}

// The columns that both tables of results begin and end with.
void begin_row(StringInfo s, const char *part, const char *name)
{
    int64 id = sql_integer("SELECT spout_bench.id($1)", SqlArgs{}.text(part), -1);
    appendStringInfoChar(s, '{');
    if (id < 0)
        put_text(s, "id", nullptr);
    else
        put_integer(s, "id", id);
    put_text(s, "name", name);
}

void end_row(StringInfo s, const Jsonb *run, const Jsonb *environment)
{
    put_whole(s, "timestamp", sql_json("SELECT to_jsonb(clock_timestamp() AT TIME ZONE 'UTC')", SqlArgs{}));
    put_json(s, "commit_hash", (Jsonb *)run, "commit_hash");
    put_whole(s, "environment", environment);
    appendStringInfoChar(s, '}');
}

// --- times
// ---------------------------------------------------------------------------------------------------

// How rows come into the rate: those of the data set, else what the statement counted; 0: unknown.
double rows_of(const Draft *d)
{
    const Chosen *c = d->chosen;
    if (c->rows >= 0) return (double)c->rows * (c->rows >= kSampledRows ? d->sample : 1);
    return (double)json_integer(d->outcome->timed, "rows", -1, kMostBytes, 0);
}

void warn_of_times(Draft *d)
{
    const BenchSummary &s = d->summary;
    int digits = s.median < 0.01 ? 7 : 4;
    if (s.variable)
        add_word(&d->warnings,
                 psprintf("%s: Performance is too variable: stddev %.*fs exceeds 10%% of median %.*fs",
                          d->chosen->name, digits, s.stddev, digits, s.median));
    if (s.severe > 0.1 * (double)s.n)
        add_word(&d->warnings, psprintf("%s: %u of %zu rounds are outliers (%u mild, %u severe)",
                                        d->chosen->name, s.mild + s.severe, s.n, s.mild, s.severe));
}

void flag_times(Draft *d)
{
    const BenchSummary &s = d->summary;
    if (s.variable) add_word(&d->flags, "variable");
    if (s.unstable) add_word(&d->flags, "unstable");
    if (s.drift) add_word(&d->flags, "drift");
    if (s.few_rounds) add_word(&d->flags, "few_rounds");
    if (json_bool(d->outcome->timed, "contended", false)) add_word(&d->flags, "contended");
    if (d->chosen->rows >= kSampledRows && d->sample < 1) add_word(&d->flags, "sampled");
}

void put_times(Draft *d)
{
    Jsonb *timed = d->outcome->timed;
    const BenchSummary &s = d->summary;
    StringInfo r = &d->result;
    begin_row(r, "result", d->chosen->name);
    put_number(r, "min_time", s.min);
    put_number(r, "max_time", s.max);
    put_number(r, "mean_time", s.mean);
    put_number(r, "median_time", s.median);
    put_number(r, "stddev_time", s.stddev);
    put_integer(r, "iterations", (int64)s.n);
    double first = json_number(timed, "first", 0, 1e9, 0);
    Jsonb *environment = sql_json(
        "SELECT ($1 -> 'environment') || jsonb_build_object('seed', $2 -> 'seed', 'timer', $2 -> 'timer',"
        " 'loops', $3 -> 'loops', 'cold_ratio', nullif($4, 'NaN'), 'contamination', $3 -> 'contamination',"
        " 'timer_precision', $3 -> 'timer_precision')",
        SqlArgs{}
            .json(d->run)
            .json(d->chosen->settings)
            .json(timed)
            .number(s.median > 0 ? first / s.median : NAN));
    end_row(r, d->run, environment);
}

void put_time_details(Draft *d)
{
    Jsonb *timed = d->outcome->timed;
    double median = d->summary.median, rows = rows_of(d), bytes = json_number(timed, "bytes", -1, 1e18, -1);
    double cpu[kMaxRounds];
    BenchSummary of_cpu;
    Failure why;
    check(bench_summary(cpu, (size_t)json_numbers(timed, "cpu", cpu, kMaxRounds), &of_cpu, &why), &why);
    StringInfo s = &d->detail;
    put_key(s, "stats");
    put_bench_summary(s, &d->summary);
    for (const char *key : {"loops", "bytes", "crc32c", "first"})
        put_json(s, key, timed, key);
    put_number(s, "cpu_median", of_cpu.median);
    put_ratio(s, "rows_per_s", rows > 0 ? rows : (double)NAN, median);
    bool points = rows > 0 && json_has(d->chosen->row, "format");
    put_ratio(s, "points_per_s", points ? rows * kRecordColumns : (double)NAN, median);
    put_ratio(s, "mb_per_s", bytes >= 0 ? bytes / 1e6 : (double)NAN, median);
}

void take_status(Draft *d, Jsonb *answer)
{
    d->status = json_text(answer, "status", "failed");
    d->sqlstate = json_text(answer, "sqlstate", nullptr);
    d->message = json_text(answer, "message", nullptr);
}

void take_times(Draft *d)
{
    Jsonb *timed = d->outcome->timed;
    take_status(d, timed);
    d->timed = strcmp(d->status, "ok") == 0;
    if (d->timed) {
        Failure why;
        d->nsamples = Min(json_numbers(timed, "samples", d->samples, kMaxRounds), kMaxRounds);
        check(bench_summary(d->samples, (size_t)d->nsamples, &d->summary, &why), &why);
        flag_times(d);
        put_times(d);
        put_time_details(d);
        warn_of_times(d);
    }
    const char *teardown = json_text(timed, "teardown_error", nullptr);
    if (teardown) add_word(&d->warnings, psprintf("%s: teardown failed: %s", d->chosen->name, teardown));
}

// --- memory
// --------------------------------------------------------------------------------------------------

void take_pass(Draft *d)
{
    Jsonb *profile = d->outcome->profile;
    take_status(d, profile);
    d->passed = strcmp(d->status, "ok") == 0;
    if (!d->passed) return;
    begin_row(&d->memory, "memory", d->chosen->name);
    for (const char *key :
         {"peak_memory", "allocated_memory", "deallocated_memory", "net_memory", "top_allocations"})
        put_json(&d->memory, key, profile, key);
    end_row(&d->memory, d->run, json_object((Jsonb *)d->run, "environment"));
    Jsonb *os = json_object(profile, "os");
    put_json(&d->detail, "os", profile, "os");
    put_json(&d->detail, "os_peak", os, "peak_high");
    put_json(&d->detail, "memory_source", profile, "memory_source");
    put_json(&d->detail, "context_growth", profile, "context_growth");
    if (os && json_bool(os, "unreliable", false)) add_word(&d->flags, "os_peak_unreliable");
}

MemoryPass pass_of(const Draft *d)
{
    Jsonb *p = d->outcome->profile, *os = json_object(p, "os");
    return {d->chosen->rows, json_integer(p, "peak_memory", 0, kMostBytes, 0),
            json_integer(p, "context_growth", -kMostBytes, kMostBytes, -1),
            os ? json_integer(os, "peak_low", 0, kMostBytes, -1) : -1};
}

// --- judging
// -------------------------------------------------------------------------------------------------

// What was measured and has a threshold, in the order of the names.
size_t thresholds_of(Draft *d, Threshold *t)
{
    const BenchSummary &s = d->summary;
    Jsonb *bounds = json_object(d->chosen->row, "thresholds"), *p = d->passed ? d->outcome->profile : nullptr;
    const struct {
        const char *name;
        bool known;
        double value;
    } all[] = {{"allocated_memory", d->passed, p ? json_number(p, "allocated_memory", -1e18, 1e18, 0) : 0},
               {"max_time", d->timed, s.max},
               {"mean_time", d->timed, s.mean},
               {"median_time", d->timed, s.median},
               {"min_time", d->timed, s.min},
               {"net_memory", d->passed, p ? json_number(p, "net_memory", -1e18, 1e18, 0) : 0},
               {"peak_memory", d->passed, p ? json_number(p, "peak_memory", -1e18, 1e18, 0) : 0},
               {"stddev_time", d->timed, s.stddev}};
    size_t n = 0;
    for (const auto &each : all)
        if (each.known && bounds && json_has(bounds, each.name))
            t[n++] = {each.name, each.value, json_number(bounds, each.name, 0, HUGE_VAL, 0)};
    return n;
}

MemoryUse memory_of(const Draft *d)
{
    MemoryUse m = {d->chosen->adapter, -1, 0, 0, nullptr, 0};
    m.most_private = json_number(d->chosen->settings, psprintf("max_memory_%s", m.adapter), 0, 1e18, 1e18);
    if (!d->passed) return m;
    Jsonb *p = d->outcome->profile, *os = json_object(p, "os");
    if (os) m.private_peak = json_number(os, "peak_high", -1e18, 1e18, -1);
    m.net = json_integer(p, "net_memory", -kMostBytes, kMostBytes, 0);
    Jsonb *site = sql_json("SELECT $1 -> 'top_allocations' -> 0", SqlArgs{}.json(p));
    m.file = site ? json_text(site, "file", nullptr) : nullptr;
    m.line = site ? json_integer(site, "line", 0, kMostBytes, 0) : 0;
    return m;
}

// Of two passes of one benchmark the later one tells.
Judgement growth_of(const Finished *f, const Finished *before, int n)
{
    Judgement first = {};
    for (const Finished *b = before; b < before + n; b++) {
        if (!b->passed || strcmp(b->family, f->family) != 0) continue;
        bool rising = b->pass.rows < f->pass.rows;
        Judgement j;
        Failure why;
        check(bench_growth(rising ? &b->pass : &f->pass, rising ? &f->pass : &b->pass, &j, &why), &why);
        if (j.message[0] && (!first.message[0] || strcmp(j.message, first.message) < 0)) first = j;
    }
    return first;
}

// Null: there is none, as of what was not measured.
const char *grade_of(Draft *d, const Finished *f, const Finished *before, int nbefore)
{
    if (d->outcome->cancelled) {
        d->status = "cancelled";
        d->sqlstate = "57014";
        d->message = "the run was cancelled";
    }
    if (strcmp(d->status, "failed") == 0) return "red";
    if (strcmp(d->status, "ok") != 0) return nullptr;
    Threshold t[8];
    MemoryUse m = memory_of(d);
    Judgement *j = (Judgement *)palloc(sizeof(Judgement));
    Failure why;
    check(bench_grade(t, thresholds_of(d, t), &m, j, &why), &why);
    // Times measured in bad company prove nothing; memory does not depend on it.
    bool noisy = j->grade == Grade::red && d->flags.len && strncmp(j->message, "Performance", 11) == 0;
    if (!j->message[0] && f->passed) {
        Judgement growth = growth_of(f, before, nbefore);
        if (growth.message[0]) *j = growth;
    }
    if (!j->message[0]) return grade_name(j->grade);
    d->status = "failed";
    d->message = noisy ? psprintf("%s (noisy, rerun)", j->message) : j->message;
    return noisy ? "yellow" : grade_name(j->grade);
}

// --- the item
// ------------------------------------------------------------------------------------------------

const char *family_of(const char *name)
{
    size_t n = strlen(name);
    while (n > 0 && name[n - 1] >= '0' && name[n - 1] <= '9')
        n--;
    return pnstrdup(name, n);
}

Jsonb *made_of(Draft *d, const char *grade)
{
    StringInfoData s;
    Jsonb *row = d->chosen->row;
    initStringInfo(&s);
    appendStringInfo(&s, "{\"result\": %s, \"memory\": %s", d->timed ? d->result.data : "null",
                     d->passed ? d->memory.data : "null");
    put_list(&s, "warnings", d->warnings);
    put_key(&s, "item");
    appendStringInfoChar(&s, '{');
    put_json(&s, "run_id", (Jsonb *)d->run, "run_id");
    put_integer(&s, "ord", d->outcome->ord);
    put_text(&s, "name", d->chosen->name);
    put_text(&s, "benchmark_type", d->chosen->wants);
    for (const char *key : {"adapter_type", "format", "rows", "definition_hash"})
        put_json(&s, key, row, key);
    put_text(&s, "status", d->status);
    put_text(&s, "sqlstate", d->sqlstate);
    put_text(&s, "message", d->message);
    put_text(&s, "grade", grade);
    put_list(&s, "flags", d->flags);
    if (d->warnings.len) put_list(&d->detail, "warnings", d->warnings);
    put_key(&s, "detail");
    appendStringInfo(&s, "%s}", d->detail.data);
    if (d->timed)
        put_numbers(&s, "samples", d->samples, (size_t)d->nsamples);
    else
        put_text(&s, "samples", nullptr);
    appendStringInfoString(&s, "}}");
    return sql_json(
        "SELECT jsonb_set(jsonb_set($1, '{item,result_id}', coalesce($1 -> 'result' -> 'id', 'null')),"
        " '{item,memory_result_id}', coalesce($1 -> 'memory' -> 'id', 'null'))",
        SqlArgs{}.json(DatumGetJsonbP(json_datum(&s))));
}
} // namespace

Finished finish(const Chosen *c, const Outcome *o, const Jsonb *run, const Finished *before, int nbefore)
{
    Draft *d = (Draft *)palloc0(sizeof(Draft));
    d->chosen = c;
    d->outcome = o;
    d->run = run;
    d->status = o->problem ? "skipped" : "ok";
    d->message = o->problem;
    d->sample = json_number(c->settings, "sample", 0, 1, 1);
    for (StringInfo s : {&d->result, &d->memory, &d->detail, &d->flags, &d->warnings})
        initStringInfo(s);
    appendStringInfoChar(&d->detail, '{');
    if (o->timed) take_times(d);
    if ((o->timed && json_bool(o->timed, "in_session", false)) ||
        (o->profile && json_bool(o->profile, "in_session", false)))
        add_word(&d->flags, "in_session");
    if (o->profile) take_pass(d);
    Finished f = {nullptr, family_of(c->name), d->passed && c->rows >= 0, {}};
    if (f.passed) f.pass = pass_of(d);
    f.made = made_of(d, grade_of(d, &f, before, nbefore));
    return f;
}
} // namespace spout
