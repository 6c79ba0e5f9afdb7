// worker.cpp - where a benchmark runs: in a process of its own, as the caller, in a transaction that is
// rolled back; or in the session, when no process can be had.
#include "bench/measure/benchmark.hpp"
#include "bench/measure/directory.hpp"
#include "bench/record/ring.hpp"
#include "bench/measure/worker.hpp"

#include <csignal>

extern "C" {
#include "access/htup_details.h"
#include "access/xact.h"
#include "access/xlog.h"
#include "catalog/pg_authid.h"
#include "executor/spi.h"
#include "pgstat.h"
#include "postmaster/bgworker.h"
#include "storage/dsm.h"
#include "storage/fd.h"
#include "storage/ipc.h"
#include "tcop/tcopprot.h"
#include "utils/guc.h"
#include "utils/resowner.h"
#include "utils/snapmgr.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"

PGDLLEXPORT void spout_bench_worker(Datum);
}

namespace spout
{
constexpr uint32 kTalkRoom = 1024 * 1024; // bytes of a task, and of its result
constexpr int kMaxTasks = 64;
constexpr int kGraceMs = 10 * 1000; // between a deadline's cancel and the worker's termination

// The segment that a session shares with its worker.
struct Talk {
    uint32 task_size, result_size; // result 0: the worker ended without an answer
    bool commit;                   // keep what the SQL does: data sets
    char text[kTalkRoom];          // the task, then the result
};

// --- what a process does
// ------------------------------------------------------------------------------------------

static void measure_task(Jsonb *j, bool fresh, const char *directory, StringInfo result)
{
    BenchTask t = read_task(j);
    t.fresh = fresh;
    t.in_session = !fresh;
    t.directory = directory;
    const char *search_path = json_text(j, "search_path", nullptr);
    if (search_path)
        set_config_option("search_path", search_path, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0,
                          false);
    Jsonb *other = json_object(j, "other");
    BenchTask u = other ? read_task(other) : t;
    u.directory = directory;
    u.iterations = t.iterations;
    u.in_session = t.in_session;
    if (OidIsValid(t.only.oid)) hold_relation(&t.only);
    if (OidIsValid(u.only.oid)) hold_relation(&u.only);
    SPI_connect();
    if (other)
        measure_pairs(&t, &u, result);
    else
        measure(&t, result);
    SPI_finish();
}

static void put_failure(StringInfo s, ErrorData *e)
{
    resetStringInfo(s);
    appendStringInfoChar(s, '{');
    put_text(s, "status", "failed");
    put_text(s, "sqlstate", unpack_sql_state(e->sqlerrcode));
    put_text(s, "message", e->message);
    appendStringInfoChar(s, '}');
}

static void execute_and_keep(const char *sql, StringInfo result)
{
    SPI_connect();
    int rc = SPI_execute(sql, false, 0);
    if (rc < 0) elog(ERROR, "SPI failed: %s", SPI_result_code_string(rc));
    SPI_finish();
    appendStringInfoString(result, "{\"status\": \"ok\"}");
}

static void work(Talk *talk)
{
    MemoryContext cx =
        AllocSetContextCreate(TopMemoryContext, "pg_spout benchmark worker", ALLOCSET_DEFAULT_SIZES);
    MemoryContextSwitchTo(cx);
    StringInfo result = makeStringInfo();
    const char *text = pnstrdup(talk->text, talk->task_size);
    SetCurrentStatementStartTimestamp();
    StartTransactionCommand();
    PushActiveSnapshot(GetTransactionSnapshot());
    pgstat_report_activity(STATE_RUNNING, "benchmark");
    MemoryContextSwitchTo(cx);
    PG_TRY();
    {
        Jsonb *j = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
        if (talk->commit)
            execute_and_keep(json_text(j, "run_sql", ""), result);
        else
            measure_task(j, true, json_text(j, "private_directory", nullptr), result);
        MemoryContextSwitchTo(cx);
        PopActiveSnapshot();
        if (talk->commit)
            CommitTransactionCommand();
        else
            AbortCurrentTransaction();
    }
    PG_CATCH();
    {
        MemoryContextSwitchTo(cx);
        put_failure(result, CopyErrorData());
        FlushErrorState();
        AbortCurrentTransaction();
    }
    PG_END_TRY();
    if ((uint32)result->len > kTalkRoom) return;
    memcpy(talk->text, result->data, result->len);
    pg_write_barrier();
    talk->result_size = (uint32)result->len;
}

// --- the session's side
// ---------------------------------------------------------------------------------------------

// One task of a call. Those of one call run side by side.
struct Job {
    Jsonb *task;
    double deadline;       // seconds
    const char *directory; // private, for what it writes; null: none is needed
    StringInfo result;
    // While a process of its own has it:
    bool running, overstayed;
    dsm_segment *segment;
    Talk *talk;
    BackgroundWorkerHandle *handle;
    TimestampTz started;
};

static bool may_log_in()
{
    HeapTuple t = SearchSysCache1(AUTHOID, ObjectIdGetDatum(GetUserId()));
    bool can = HeapTupleIsValid(t) && ((Form_pg_authid)GETSTRUCT(t))->rolcanlogin;
    if (HeapTupleIsValid(t)) ReleaseSysCache(t);
    return can || kWorkerOfNologinRole;
}

// The task as its process reads it.
static StringInfo briefing(const Job *job)
{
    StringInfo text = makeStringInfo();
    JsonbToCString(text, &job->task->root, VARSIZE(job->task));
    text->data[--text->len] = '\0'; // the closing brace
    put_text(text, "private_directory", job->directory);
    appendStringInfoChar(text, '}');
    if ((uint32)text->len >= kTalkRoom)
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("the benchmark's SQL is too long")));
    return text;
}

// False when no process can be had.
static pg_noinline bool start(Job *job)
{
    BackgroundWorker w = {};
    strlcpy(w.bgw_library_name, "pg_spout", sizeof w.bgw_library_name);
    strlcpy(w.bgw_function_name, "spout_bench_worker", sizeof w.bgw_function_name);
    strlcpy(w.bgw_name, "pg_spout benchmark", sizeof w.bgw_name);
    strlcpy(w.bgw_type, "pg_spout benchmark", sizeof w.bgw_type);
    w.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
    w.bgw_start_time = BgWorkerStart_RecoveryFinished;
    w.bgw_restart_time = BGW_NEVER_RESTART;
    w.bgw_notify_pid = MyProcPid;
    StringInfo text = briefing(job);
    job->segment = dsm_create(sizeof(Talk), 0);
    job->talk = (Talk *)dsm_segment_address(job->segment);
    job->talk->result_size = 0;
    job->talk->commit = json_bool(job->task, "commit", false);
    job->talk->task_size = (uint32)text->len;
    memcpy(job->talk->text, text->data, text->len);
    w.bgw_main_arg = UInt32GetDatum(dsm_segment_handle(job->segment));
    Oid who[2] = {MyDatabaseId, GetUserId()};
    memcpy(w.bgw_extra, who, sizeof who);
    job->started = GetCurrentTimestamp();
    job->running = RegisterDynamicBackgroundWorker(&w, &job->handle);
    if (!job->running) dsm_detach(job->segment);
    return job->running;
}

static bool stopped(const Job *job)
{
    pid_t pid;
    return GetBackgroundWorkerPid(job->handle, &pid) == BGWH_STOPPED;
}

static void take_answer(Job *job)
{
    job->running = false;
    pg_read_barrier();
    if (job->talk->result_size)
        appendBinaryStringInfo(job->result, job->talk->text, (int)job->talk->result_size);
    else
        appendStringInfo(job->result, "{\"status\": \"%s\", \"sqlstate\": \"57P01\", \"message\": \"%s\"}",
                         job->overstayed ? "timeout" : "failed",
                         job->overstayed ? "past its deadline"
                                         : "the benchmark's process ended without an answer");
    dsm_detach(job->segment);
}

static bool wants_directory(Jsonb *j)
{
    Jsonb *other = json_object(j, "other");
    return strstr(json_text(j, "run_sql", ""), "{out}") ||
           (other && strstr(json_text(other, "run_sql", ""), "{out}"));
}

// Without a place to write to, the job is not begun: as when its setup fails.
static void prepare(Job *job)
{
    if (!wants_directory(job->task)) return;
    const char *base = json_text(job->task, "directory", nullptr);
    job->directory = make_directory(base);
    if (job->directory) return;
    int why = errno;
    appendStringInfoChar(job->result, '{');
    put_text(job->result, "status", "skipped");
    put_text(job->result, "sqlstate",
             why == EACCES || why == EPERM ? "42501"
             : why == ENOSPC               ? "53100"
                                           : "58P01");
    put_text(job->result, "message",
             psprintf("could not create a directory for benchmarks in \"%s\": %s",
                      base ? base : "the temporary directory", strerror(why)));
    appendStringInfoChar(job->result, '}');
}

// True when it has ended by itself; it is terminated when it overstays.
static bool ended(Job *job)
{
    if (stopped(job)) {
        take_answer(job);
        return true;
    }
    double ms = Min(job->deadline * 1000 + kGraceMs, 2e9);
    if (!job->overstayed && TimestampDifferenceExceeds(job->started, GetCurrentTimestamp(), (int)ms)) {
        job->overstayed = true;
        TerminateBackgroundWorker(job->handle);
    }
    return false;
}

// Without a postmaster nobody passes a signal on, and nobody will tell that the process has ended.
static void end_without_postmaster(const Job *job)
{
    pid_t pid;
    if (GetBackgroundWorkerPid(job->handle, &pid) == BGWH_STARTED) kill(pid, SIGTERM);
}

// The call fails: no process of ours survives it, as far as we can wait.
static void end_all(Job *jobs, int n)
{
    for (int i = 0; i < n; i++)
        if (jobs[i].running) TerminateBackgroundWorker(jobs[i].handle);
    HOLD_INTERRUPTS();
    int waits = 500;
    for (int i = 0; i < n; i++)
        while (jobs[i].running && !stopped(&jobs[i]) && waits-- > 0) {
            int why = WaitLatch(nullptr, WL_TIMEOUT | WL_POSTMASTER_DEATH, 10, PG_WAIT_EXTENSION);
            if (!(why & WL_POSTMASTER_DEATH)) continue;
            end_without_postmaster(&jobs[i]);
            break;
        }
    RESUME_INTERRUPTS();
}

static void run_here(Job *job)
{
    MemoryContext cx = CurrentMemoryContext;
    ResourceOwner owner = CurrentResourceOwner;
    BeginInternalSubTransaction(nullptr);
    MemoryContextSwitchTo(cx);
    PG_TRY();
    {
        bool keep = json_bool(job->task, "commit", false);
        if (keep)
            execute_and_keep(json_text(job->task, "run_sql", ""), job->result);
        else
            measure_task(job->task, false, job->directory, job->result);
        MemoryContextSwitchTo(cx);
        if (keep)
            ReleaseCurrentSubTransaction();
        else
            RollbackAndReleaseCurrentSubTransaction();
    }
    PG_CATCH();
    {
        MemoryContextSwitchTo(cx);
        ErrorData *e = CopyErrorData();
        FlushErrorState();
        RollbackAndReleaseCurrentSubTransaction();
        CurrentResourceOwner = owner;
        if (e->sqlerrcode == ERRCODE_QUERY_CANCELED) ReThrowError(e);
        put_failure(job->result, e);
    }
    PG_END_TRY();
    MemoryContextSwitchTo(cx);
    CurrentResourceOwner = owner;
}

static bool wants_process(Jsonb *j)
{
    return may_log_in() && strcmp(json_text(j, "isolation", "worker"), "worker") == 0;
}

// All jobs, each in a process of its own. What finds no free one waits for one of ours to end; where none
// runs at all the session does the work.
static void run_all(Job *jobs, int n, bool worker_possible)
{
    for (int next = 0, active = 0; next < n || active;) {
        while (next < n) {
            if (jobs[next].result->len)
                ; // not begun
            else if (worker_possible && wants_process(jobs[next].task) && start(&jobs[next]))
                active++;
            else if (active)
                break;
            else
                run_here(&jobs[next]);
            next++;
        }
        bool freed = active == 0;
        while (!freed) {
            for (int i = 0; i < next; i++)
                if (jobs[i].running && ended(&jobs[i])) {
                    active--;
                    freed = true;
                }
            if (freed) break;
            WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, 100, PG_WAIT_EXTENSION);
            ResetLatch(MyLatch);
            CHECK_FOR_INTERRUPTS();
        }
    }
}

// Before any process is started: what is wrong with a task is the caller's error.
static void check_task(Job *job)
{
    Jsonb *j = job->task, *other = json_object(j, "other");
    job->deadline = task_deadline(j);
    const char *isolation = json_text(j, "isolation", "worker");
    if (strcmp(isolation, "worker") != 0 && strcmp(isolation, "session") != 0)
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("unknown isolation \"%s\"", isolation)));
    json_text(j, "search_path", nullptr);
    json_text(j, "directory", nullptr);
    if (json_bool(j, "commit", false) && json_text(j, "run_sql", nullptr)) return;
    read_task(j);
    if (other) read_task(other);
}

static pg_noinline void begin_all(Job *jobs, int n, bool worker_possible)
{
    for (int i = 0; i < n; i++)
        prepare(&jobs[i]);
    run_all(jobs, n, worker_possible);
}

// Whatever happened, no process and no directory stays.
static pg_noinline void clear_all(Job *jobs, int n)
{
    end_all(jobs, n);
    for (int i = 0; i < n; i++)
        remove_directory(jobs[i].directory);
}

// Calls under way, innermost first: a session that is terminated ends without passing PG_CATCH.
struct Call {
    Job *jobs;
    int n;
    Call *outer;
};
static Call *calls;

static void clear_at_exit(int, Datum)
{
    for (; calls; calls = calls->outer)
        clear_all(calls->jobs, calls->n);
}

static pg_noinline void run_and_clear(Call *call, bool worker_possible)
{
    static bool registered;
    if (!registered) before_shmem_exit(clear_at_exit, 0);
    registered = true;
    calls = call;
    PG_TRY();
    {
        begin_all(call->jobs, call->n, worker_possible);
    }
    PG_CATCH();
    {
        calls = call->outer;
        clear_all(call->jobs, call->n);
        PG_RE_THROW();
    }
    PG_END_TRY();
    calls = call->outer;
    clear_all(call->jobs, call->n);
}

void run_tasks(Jsonb *const *tasks, int n, bool processes, Jsonb **answers)
{
    if (n > kMaxTasks)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("%d tasks side by side are more than %d", n, kMaxTasks)));
    Job *jobs = (Job *)palloc0(sizeof(Job) * Max(n, 1));
    for (int i = 0; i < n; i++) {
        jobs[i].task = tasks[i];
        jobs[i].result = makeStringInfo();
        check_task(&jobs[i]);
    }
    Call call = {jobs, n, calls};
    run_and_clear(&call, processes);
    for (int i = 0; i < n; i++)
        answers[i] = DatumGetJsonbP(json_datum(jobs[i].result));
}

Jsonb *run_task(Jsonb *task, bool processes)
{
    Jsonb *answer;
    run_tasks(&task, 1, processes, &answer);
    return answer;
}
} // namespace spout

extern "C" {
void spout_bench_worker(Datum arg)
{
    using namespace spout;
    pqsignal(SIGTERM, die);
    BackgroundWorkerUnblockSignals();
    Oid who[2];
    memcpy(who, MyBgworkerEntry->bgw_extra, sizeof who);
    BackgroundWorkerInitializeConnectionByOid(who[0], who[1], kWorkerOfNologinFlag);
    StartTransactionCommand();
    dsm_segment *segment = dsm_attach(DatumGetUInt32(arg));
    if (segment) dsm_pin_mapping(segment);
    CommitTransactionCommand();
    if (segment) work((Talk *)dsm_segment_address(segment));
    proc_exit(0);
}
}
