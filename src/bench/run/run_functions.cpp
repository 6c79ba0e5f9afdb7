// run_functions.cpp - run_benchmarks(): chooses, measures one by one, records, prints. The order of things is
// here; what a benchmark is, and what became of one, is told elsewhere.
#include "bench/run/chosen.hpp"
#include "bench/server/extension.hpp"
#include "bench/run/finished.hpp"
#include "bench/measure/host.hpp"
#include "bench/server/rights.hpp"
#include "bench/server/sql.hpp"
#include "bench/record/transport.hpp"
#include "bench/measure/worker.hpp"
#include "engine/wall.hpp"

extern "C" {
#include "access/xact.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "storage/lock.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/resowner.h"
#include "utils/timestamp.h"

PGDLLEXPORT PG_FUNCTION_INFO_V1(spout_run_benchmarks);
}

namespace spout
{
// A benchmark of the run, from when it is chosen until it is recorded.
struct Item {
    Chosen chosen;
    int ord;
    const char *problem; // why it was not run; null
    Jsonb *timed;        // what its rounds said; null
    Jsonb *profile_task; // its pass for memory, still to come; null
    Jsonb *profile;      // what the pass said; null
};

struct Run {
    // The arguments of the call.
    const char *type, *adapter, *output, *names, *baseline, *label, *commit;
    bool extended;
    Datum formats;
    bool every_format;
    const Jsonb *config;
    // What follows from them.
    Oid function;
    const char *search_path; // the caller's: benchmarks of users run under it
    bool processes, keep;    // may be had; results are recorded
    Jsonb *settings, *arguments, *environment;
    double budget;    // seconds
    int side_by_side; // passes for memory
    // How far it is.
    TimestampTz started;
    Jsonb *row; // of benchmark_runs, and "search_path"
    Item *items;
    int n, begun, recorded; // items recorded .. begun are under way
    Finished *finished;     // what became of the recorded ones
    MemoryContext cx;
};

// --- before anything is measured -------------------------------------------------------------------------

static void require_word(const char *what, const char *word, const char *const *words, const char *hint)
{
    for (; *words; words++)
        if (word && strcmp(word, *words) == 0) return;
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("unknown %s \"%s\"", what, word ? word : "<NULL>"), errhint("%s", hint)));
}

static const char *format_names()
{
    StringInfoData s;
    initStringInfo(&s);
    const char *name;
    for (uint32 i = 0; (name = format_at(i)); i++)
        appendStringInfo(&s, "%s, ", name);
    return s.data;
}

static void check_arguments(const Run *r)
{
    static const char *const types[] = {"time", "memory", "combined", "all", nullptr};
    static const char *const adapters[] = {"core", "db", "async", "all", nullptr};
    static const char *const outputs[] = {"console", "json", "csv", nullptr};
    require_word("benchmark type", r->type, types, "Types are time, memory, combined, all.");
    require_word("adapter type", r->adapter, adapters, "Adapter types are core, db, async, all.");
    require_word("output format", r->output, outputs, "Output formats are console, json, csv.");
    if (r->commit && pg_mbstrlen(r->commit) > 40)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("a commit hash has at most 40 characters")));
    const char *format =
        sql_text("SELECT coalesce(f, '<NULL>') FROM unnest($1) f WHERE NOT coalesce(f = ANY"
                 " (spout_bench.formats() || '{native_text,native_csv,native_binary}'), false) LIMIT 1",
                 SqlArgs{}.add(TEXTARRAYOID, r->formats, r->every_format));
    if (format)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("unknown format \"%s\"", format),
                        errhint("Formats are %snative_text, native_csv, native_binary.", format_names())));
    sql_text("SELECT 'x' WHERE '' ~ $1", SqlArgs{}.text(r->names));
}

static void choose(Run *r)
{
    r->settings = settings_of(r->config, r->extended);
    r->budget = sql_number("SELECT spout_bench.budget($1)", SqlArgs{}.json(r->settings), 90);
    r->keep = json_bool(r->settings, "autosave", true);
    r->side_by_side = (int)json_integer(r->settings, "parallel", 1, 64, 1);
    Jsonb **rows =
        sql_jsons("SELECT to_jsonb(s) || jsonb_build_object('wants', CASE WHEN $1 <> 'all'"
                  " AND s.benchmark_type = 'all' THEN $1 ELSE s.benchmark_type END)"
                  " FROM spout_bench.selected($1, $2, $3, $4, $5, $6) WITH ORDINALITY s ORDER BY ordinality",
                  SqlArgs{}
                      .text(r->type)
                      .text(r->adapter)
                      .boolean(r->extended)
                      .text(r->names)
                      .add(TEXTARRAYOID, r->formats, r->every_format)
                      .json(r->config),
                  &r->n);
    r->items = (Item *)palloc0(sizeof(Item) * Max(r->n, 1));
    r->finished = (Finished *)palloc0(sizeof(Finished) * Max(r->n, 1));
    for (int i = 0; i < r->n; i++) {
        r->items[i].chosen = read_chosen(rows[i]);
        r->items[i].ord = i + 1;
    }
    r->environment =
        sql_json("SELECT spout_bench.environment($1 ->> 'directory') || jsonb_build_object('seed',"
                 " $1 -> 'seed', 'timer', $1 -> 'timer')",
                 SqlArgs{}.json(r->settings));
    r->arguments =
        sql_json("SELECT jsonb_build_object('benchmark_type', $1, 'adapter_type', $2, 'extended', $3,"
                 " 'output_format', $4, 'names', $5, 'formats', $6, 'baseline', $7, 'config', $8, 'key',"
                 " gen_random_uuid())",
                 SqlArgs{}
                     .text(r->type)
                     .text(r->adapter)
                     .boolean(r->extended)
                     .text(r->output)
                     .text(r->names)
                     .add(TEXTARRAYOID, r->formats, r->every_format)
                     .text(r->baseline)
                     .json(r->config));
}

// A lock of the transaction, not of the session: whatever ends the call gives it back.
static LOCKTAG lock_of_runs()
{
    LOCKTAG tag;
    Oid runs = get_relname_relid("benchmark_runs", bench_extension().schema);
    SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, runs, 0, 2);
    return tag;
}

static void lock_runs(const LOCKTAG *tag)
{
    // Who has it already is a benchmark that runs benchmarks.
    LockAcquireResult got = LockAcquire(tag, ExclusiveLock, false, true);
    if (got == LOCKACQUIRE_OK) return;
    if (got == LOCKACQUIRE_ALREADY_HELD) LockRelease(tag, ExclusiveLock, false);
    ereport(ERROR, (errcode(ERRCODE_OBJECT_IN_USE), errmsg("benchmarks are running in this database already"),
                    errhint("Two runs at once would measure each other; see table benchmark_runs.")));
}

// --- the noise of this machine ----------------------------------------------------------------------------

// A built-in benchmark that is to be timed: of tables if there is one, the largest of the small.
static const Item *quiet_work(const Run *r)
{
    const Item *best = nullptr;
    for (const Item *i = r->items; i < r->items + r->n; i++) {
        const Chosen *c = &i->chosen, *b = best ? &best->chosen : nullptr;
        if (!c->builtin || strcmp(c->wants, "memory") == 0 || c->rows > 10000) continue;
        int order = b ? strcmp(c->adapter, b->adapter) : 1;
        if (order == 0) order = c->rows > b->rows ? 1 : c->rows < b->rows ? -1 : strcmp(b->name, c->name);
        if (order > 0) best = i;
    }
    return best;
}

// How far ten pairs of equal work seem to differ here, as the larger side of the ratio's interval. It takes a
// fiftieth of the budget, 5 s at most; null below a budget of 30 s, and where nothing built in is timed.
static Jsonb *noise_floor(const Run *r)
{
    const Item *work = quiet_work(r);
    double seconds = Min(0.02 * r->budget, 5);
    if (!work || r->budget < 30 || prepare_data(work->chosen.rows, work->chosen.settings, r->processes))
        return nullptr;
    Jsonb *task = task_of(&work->chosen, seconds, "");
    Jsonb *made = run_task(sql_json("SELECT $1 || jsonb_build_object('other', $1, 'iterations', 10,"
                                    " 'warmup_iterations', 1, 'deadline', 4 * $2 + 10)",
                                    SqlArgs{}.json(task).number(seconds)),
                           r->processes);
    double a[10], b[10];
    BenchPairs p;
    Failure why;
    if (json_numbers(made, "a", a, 10) != 10 || json_numbers(made, "b", b, 10) != 10 ||
        bench_pairs(a, b, 10, 0.05, &p, &why) != Code::ok)
        return nullptr;
    return sql_json("SELECT to_jsonb($1)", SqlArgs{}.number(Max(1 - p.ci_low, p.ci_high - 1)));
}

// --- records
// -------------------------------------------------------------------------------------------------

static void send(const Run *r, const char *record)
{
    if (r->keep) send_record(r->function, record);
}

static void record_start(Run *r)
{
    r->environment = sql_json("SELECT $1 || jsonb_build_object('noise_floor', $2)",
                              SqlArgs{}.json(r->environment).json(noise_floor(r)));
    r->row = sql_json("SELECT jsonb_build_object('run_id', CASE WHEN $1 THEN spout_bench.id('run') END,"
                      " 'commit_hash', $2, 'environment', $3, 'search_path', $4)",
                      SqlArgs{}.boolean(r->keep).text(r->commit).json(r->environment).text(r->search_path));
    send(r, sql_text("SELECT jsonb_build_object('abort_but', $1 -> 'key', 'run', jsonb_build_object('run_id',"
                     " $2 -> 'run_id', 'status', 'running', 'started', $3, 'requested_by', current_user,"
                     " 'arguments', $1, 'label', $4, 'commit_hash', $2 -> 'commit_hash', 'fingerprint',"
                     " spout_bench.fingerprint($5), 'environment', $5))::text",
                     SqlArgs{}
                         .json(r->arguments)
                         .json(r->row)
                         .add(TIMESTAMPTZOID, TimestampTzGetDatum(r->started), false)
                         .text(r->label)
                         .json(r->environment)));
    ereport(LOG, (errmsg("benchmarks start: %s",
                         JsonbToCString(nullptr, &r->environment->root, VARSIZE(r->environment)))));
}

static void record_end(const Run *r, const char *status)
{
    send(r, sql_text("SELECT jsonb_build_object('key', $1 -> 'key', 'finish', jsonb_build_object('run_id',"
                     " $2 -> 'run_id', 'status', $3, 'finished', clock_timestamp()))::text",
                     SqlArgs{}.json(r->arguments).json(r->row).text(status)));
}

// A record has 64 kB; what may be missing first are single samples.
static void record_item(Run *r, Item *i, bool cancelled)
{
    Outcome outcome = {i->ord, i->problem, i->timed, i->profile, cancelled};
    Finished *f = &r->finished[r->recorded];
    *f = finish(&i->chosen, &outcome, r->row, r->finished, r->recorded);
    r->recorded++;
    send(r, sql_text("SELECT (jsonb_build_object('key', $2 -> 'key', 'item', CASE WHEN length($1::text) > "
                     "60000 THEN ($1 -> 'item') - 'samples' ELSE $1 -> 'item' END)"
                     " || CASE WHEN $1 ->> 'result' IS NULL THEN '{}' ELSE jsonb_build_object('result', $1 "
                     "-> 'result') END || CASE WHEN $1 ->> 'memory' IS NULL THEN '{}' ELSE "
                     "jsonb_build_object('memory', $1 -> 'memory') END)::text",
                     SqlArgs{}.json(f->made).json(r->arguments)));
    if (r->extended)
        ereport(LOG, (errmsg("benchmark %d of %d: %s %s", i->ord, r->n, i->chosen.name,
                             json_text(json_object(f->made, "item"), "status", ""))));
}

// --- measuring
// -----------------------------------------------------------------------------------------------

static double spent(const Run *r) { return (double)(GetCurrentTimestamp() - r->started) / 1e6; }

static const char *why_not(const Run *r, const Chosen *c)
{
    if (spent(r) > 1.2 * r->budget) return "budget spent";
    const char *problem = unmet_requirement(c);
    return problem || !c->builtin ? problem : prepare_data(c->rows, c->settings, r->processes);
}

static void begin_item(Run *r, Item *i)
{
    const Chosen *c = &i->chosen;
    r->begun++;
    i->problem = why_not(r, c);
    if (i->problem) return;
    double share = 0.8 * (r->budget - spent(r)) / (r->n - i->ord + 1);
    Jsonb *task =
        task_of(c, Max(0.05, Min(json_number(c->settings, "max_time", 0, 86400, 60), share)), r->search_path);
    bool time = strcmp(c->wants, "memory") != 0, memory = !time || strcmp(c->wants, "all") == 0;
    if (time) i->timed = run_task(task, r->processes);
    if (memory && (!time || strcmp(json_text(i->timed, "status", ""), "ok") == 0))
        i->profile_task = sql_json("SELECT $1 || '{\"memory\": true}'", SqlArgs{}.json(task));
}

// Times were taken one by one; memory does not mind company.
static void finish_items(Run *r)
{
    Jsonb *tasks[64], *answers[64];
    int n = 0;
    for (int k = r->recorded; k < r->begun; k++)
        if (r->items[k].profile_task) tasks[n++] = r->items[k].profile_task;
    run_tasks(tasks, n, r->processes, answers);
    n = 0;
    for (int k = r->recorded; k < r->begun; k++)
        if (r->items[k].profile_task) r->items[k].profile = answers[n++];
    while (r->recorded < r->begun)
        record_item(r, &r->items[r->recorded], false);
}

// Open work of the checkpointer is done before we measure, where we may ask for it.
static void checkpoint(const Run *r)
{
    if (!json_bool(r->settings, "disable_gc", true) || !has_privs_of_role(GetUserId(), ROLE_PG_CHECKPOINT))
        return;
    SPI_connect();
    SPI_execute("CHECKPOINT", false, 0);
    SPI_finish();
}

static void measure_all(Run *r)
{
    record_start(r);
    checkpoint(r);
    for (int k = 0; k < r->n; k++) {
        begin_item(r, &r->items[k]);
        if (k + 1 == r->n || r->begun - r->recorded >= r->side_by_side) finish_items(r);
    }
}

// What had begun is recorded as cancelled, after an error of any kind. A second one ends this at once:
// nothing is held that its road does not give back.
static void record_abort(Run *r, int sqlstate)
{
    if (!r->keep || !r->row) return;
    while (r->recorded < r->begun)
        record_item(r, &r->items[r->recorded], true);
    record_end(r, sqlstate == ERRCODE_QUERY_CANCELED ? "cancelled" : "aborted");
    flush_records(5);
}

// In a subtransaction, so that after an error there is one in which it can be told.
static void run_guarded(Run *r)
{
    ResourceOwner owner = CurrentResourceOwner;
    BeginInternalSubTransaction(nullptr);
    MemoryContextSwitchTo(r->cx);
    PG_TRY();
    {
        measure_all(r);
        ReleaseCurrentSubTransaction();
    }
    PG_CATCH();
    {
        MemoryContextSwitchTo(r->cx);
        ErrorData *e = CopyErrorData();
        FlushErrorState();
        RollbackAndReleaseCurrentSubTransaction();
        MemoryContextSwitchTo(r->cx);
        CurrentResourceOwner = owner;
        record_abort(r, e->sqlerrcode);
        ReThrowError(e);
    }
    PG_END_TRY();
    MemoryContextSwitchTo(r->cx);
    CurrentResourceOwner = owner;
}

// --- what it returns
// -----------------------------------------------------------------------------------------

static void put_lines(const Run *r, Jsonb *dictionary, ReturnSetInfo *result)
{
    int n;
    const char **lines =
        sql_texts("SELECT spout_bench.output($1, $2)", SqlArgs{}.json(dictionary).text(r->output), &n);
    for (int i = 0; i < n; i++) {
        Datum value = lines[i] ? CStringGetTextDatum(lines[i]) : 0;
        bool null = !lines[i];
        tuplestore_putvalues(result->setResult, result->setDesc, &value, &null);
    }
}

static Jsonb *nothing_fits(const Run *r)
{
    const char *why = strcmp(r->adapter, "async") == 0   ? "no benchmark of adapter type async is registered"
                      : strcmp(r->type, "combined") == 0 ? "no combined benchmark is registered"
                                                         : "no registered benchmark fits";
    if (strcmp(r->output, "csv") == 0) ereport(WARNING, (errmsg("%s", why)));
    return sql_json("SELECT spout_bench.whole(jsonb_build_object('environment', $1), '{}', NULL, ARRAY[$2],"
                    " '{\"sent\": 0, \"committed\": 0, \"rejected\": 0}')",
                    SqlArgs{}.json(r->environment).text(why));
}

static Jsonb *measured_run(Run *r)
{
    LOCKTAG tag = lock_of_runs();
    lock_runs(&tag);
    RecordCounts before = flush_records(10);
    run_guarded(r);
    if (r->keep) record_end(r, "done");
    LockRelease(&tag, ExclusiveLock, false);
    RecordCounts after = flush_records(r->keep ? 10 : 0);
    auto **made = (Jsonb **)palloc(sizeof(Jsonb *) * r->n);
    for (int i = 0; i < r->recorded; i++)
        made[i] = r->finished[i].made;
    return sql_json(
        "SELECT spout_bench.whole($1, $2, $3, '{}', jsonb_build_object('sent', $4, 'committed', $5,"
        " 'rejected', $6))",
        SqlArgs{}
            .json(r->row)
            .jsons(made, r->recorded)
            .text(r->baseline)
            .integer((int64)(after.sent - before.sent))
            .integer((int64)(after.committed - before.committed))
            .integer((int64)(after.rejected - before.rejected)));
}

static const char *text_argument(FunctionCallInfo fcinfo, int i)
{
    return PG_ARGISNULL(i) ? nullptr : text_to_cstring(PG_GETARG_TEXT_PP(i));
}

static void run_benchmarks(FunctionCallInfo fcinfo)
{
    Run r = {};
    r.type = text_argument(fcinfo, 0);
    r.adapter = text_argument(fcinfo, 1);
    r.extended = !PG_ARGISNULL(2) && PG_GETARG_BOOL(2);
    r.output = text_argument(fcinfo, 3);
    r.names = text_argument(fcinfo, 4);
    r.formats = PG_GETARG_DATUM(5);
    r.every_format = PG_ARGISNULL(5);
    r.baseline = text_argument(fcinfo, 6);
    r.config = PG_ARGISNULL(7) ? nullptr : PG_GETARG_JSONB_P(7);
    r.label = text_argument(fcinfo, 8);
    r.commit = text_argument(fcinfo, 9);
    r.function = fcinfo->flinfo->fn_oid;
    r.processes = recordable(r.function);
    r.started = GetCurrentTimestamp();
    r.cx = CurrentMemoryContext;
    OwnSearchPath path = begin_own_search_path();
    r.search_path = path.callers;
    check_arguments(&r);
    choose(&r);
    Jsonb *dictionary = r.n ? measured_run(&r) : nothing_fits(&r);
    put_lines(&r, dictionary, (ReturnSetInfo *)fcinfo->resultinfo);
    end_own_search_path(path);
}
} // namespace spout

extern "C" Datum spout_run_benchmarks(PG_FUNCTION_ARGS)
{
    spout::require_benchmark_rights();
    InitMaterializedSRF(fcinfo, MAT_SRF_USE_EXPECTED_DESC);
    spout::run_benchmarks(fcinfo);
    return (Datum)0;
}
