// worker.cpp - where a benchmark runs: in a process of its own, as the caller, in a transaction that is
// rolled back; or in the session, when no process can be had. Also the private directory for what it writes.
#include "bench/benchmark.hpp"
#include "bench/ring.hpp"
#include "bench/rights.hpp"
#include "pg/sink.hpp"

#include <csignal>
#include <sys/stat.h>
#include <unistd.h>

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

PGDLLEXPORT PG_FUNCTION_INFO_V1(spout_benchmark_execute);
PGDLLEXPORT void spout_bench_worker(Datum);
}

namespace spout
{
constexpr uint32 kTalkRoom = 1024 * 1024; // bytes of a task, and of its result
constexpr int kGraceMs = 10 * 1000;       // between a deadline's cancel and the worker's termination

// The segment that a session shares with its worker.
struct Talk {
    uint32 task_size, result_size; // result 0: the worker ended without an answer
    bool commit;                   // keep what the SQL does: data sets
    char text[kTalkRoom];          // the task, then the result
};

// --- the private directory
// --------------------------------------------------------------------------------------

static pg_noinline const char *make_directory(const char *base)
{
    if (!base) base = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
    char *path = psprintf("%s/pg_spout_bench_XXXXXX", check_path(base));
    if (!mkdtemp(path))
        ereport(ERROR, (errcode_for_file_access(),
                        errmsg("could not create a directory for benchmarks in \"%s\": %m", base)));
    return path;
}

static void remove_directory(const char *path)
{
    if (!path) return;
    DIR *dir = AllocateDir(path);
    for (struct dirent *entry; dir && (entry = ReadDirExtended(dir, path, LOG));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            char *name = psprintf("%s/%s", path, entry->d_name);
            unlink(name);
            pfree(name);
        }
    if (dir) FreeDir(dir);
    rmdir(path);
}

// --- what a process does
// ------------------------------------------------------------------------------------------

static void run_task(Jsonb *j, bool fresh, const char *directory, StringInfo result)
{
    BenchTask t = read_task(j);
    t.fresh = fresh;
    t.in_session = !fresh;
    t.directory = directory;
    const char *search_path = json_text(j, "search_path", nullptr);
    if (search_path)
        set_config_option("search_path", search_path, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0,
                          false);
    if (!find_benchmark(t.kind) || t.iterations < 1)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("not a benchmark's task")));
    Jsonb *other = json_object(j, "other");
    BenchTask u = other ? read_task(other) : t;
    u.directory = directory;
    if (!find_benchmark(u.kind))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("not a benchmark's task")));
    u.iterations = t.iterations;
    u.in_session = t.in_session;
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
            run_task(j, true, json_text(j, "private_directory", nullptr), result);
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

struct Running {
    dsm_segment *segment;
    Talk *talk;
    BackgroundWorkerHandle *handle;
};

static bool may_log_in()
{
    HeapTuple t = SearchSysCache1(AUTHOID, ObjectIdGetDatum(GetUserId()));
    bool can = HeapTupleIsValid(t) && ((Form_pg_authid)GETSTRUCT(t))->rolcanlogin;
    if (HeapTupleIsValid(t)) ReleaseSysCache(t);
    return can || kWorkerOfNologinRole;
}

static bool start(const char *text, bool commit, Running *r)
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
    r->segment = dsm_create(sizeof(Talk), 0);
    r->talk = (Talk *)dsm_segment_address(r->segment);
    r->talk->result_size = 0;
    r->talk->commit = commit;
    r->talk->task_size = (uint32)strlen(text);
    memcpy(r->talk->text, text, r->talk->task_size);
    w.bgw_main_arg = UInt32GetDatum(dsm_segment_handle(r->segment));
    Oid who[2] = {MyDatabaseId, GetUserId()};
    memcpy(w.bgw_extra, who, sizeof who);
    if (RegisterDynamicBackgroundWorker(&w, &r->handle)) return true;
    dsm_detach(r->segment);
    return false;
}

// True when the worker ended by itself; it is terminated when it overstays.
static bool wait_for_end(Running *r, double seconds)
{
    TimestampTz start = GetCurrentTimestamp();
    bool ended = true;
    pid_t pid;
    while (GetBackgroundWorkerPid(r->handle, &pid) != BGWH_STOPPED) {
        if (ended && TimestampDifferenceExceeds(start, GetCurrentTimestamp(),
                                                (int)Min(seconds * 1000 + kGraceMs, 2e9))) {
            TerminateBackgroundWorker(r->handle);
            ended = false;
        }
        WaitLatch(MyLatch, WL_LATCH_SET | WL_TIMEOUT | WL_EXIT_ON_PM_DEATH, 100, PG_WAIT_EXTENSION);
        ResetLatch(MyLatch);
        CHECK_FOR_INTERRUPTS();
    }
    return ended;
}

static void run_in_worker(Running *r, double deadline, StringInfo result)
{
    PG_TRY();
    {
        bool ended = wait_for_end(r, deadline);
        pg_read_barrier();
        if (r->talk->result_size)
            appendBinaryStringInfo(result, r->talk->text, (int)r->talk->result_size);
        else
            appendStringInfo(result, "{\"status\": \"%s\", \"sqlstate\": \"57P01\", \"message\": \"%s\"}",
                             ended ? "failed" : "timeout",
                             ended ? "the benchmark's process ended without an answer" : "past its deadline");
    }
    PG_CATCH();
    {
        TerminateBackgroundWorker(r->handle);
        HOLD_INTERRUPTS();
        pid_t pid;
        for (int i = 0; i < 500 && GetBackgroundWorkerPid(r->handle, &pid) != BGWH_STOPPED; i++)
            pg_usleep(10 * 1000);
        RESUME_INTERRUPTS();
        PG_RE_THROW();
    }
    PG_END_TRY();
    dsm_detach(r->segment);
}

static void run_here(Jsonb *j, bool commit, const char *directory, StringInfo result)
{
    if (commit) {
        execute_and_keep(json_text(j, "run_sql", ""), result);
        return;
    }
    MemoryContext cx = CurrentMemoryContext;
    ResourceOwner owner = CurrentResourceOwner;
    BeginInternalSubTransaction(nullptr);
    MemoryContextSwitchTo(cx);
    PG_TRY();
    {
        run_task(j, false, directory, result);
        MemoryContextSwitchTo(cx);
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
        put_failure(result, e);
    }
    PG_END_TRY();
    MemoryContextSwitchTo(cx);
    CurrentResourceOwner = owner;
}

static bool wants_directory(Jsonb *j)
{
    Jsonb *other = json_object(j, "other");
    return strstr(json_text(j, "run_sql", ""), "{out}") ||
           (other && strstr(json_text(other, "run_sql", ""), "{out}"));
}

static void measure(Jsonb *j, bool worker_possible, const char *directory, StringInfo result)
{
    bool commit = json_bool(j, "commit", false);
    bool in_worker =
        worker_possible && may_log_in() && strcmp(json_text(j, "isolation", "worker"), "worker") == 0;
    StringInfo task = makeStringInfo();
    JsonbToCString(task, &j->root, VARSIZE(j));
    task->data[--task->len] = '\0'; // the closing brace
    put_text(task, "private_directory", directory);
    appendStringInfoChar(task, '}');
    if ((uint32)task->len >= kTalkRoom)
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED), errmsg("the benchmark's SQL is too long")));
    Running r;
    if (in_worker && start(task->data, commit, &r))
        run_in_worker(&r, json_number(j, "deadline", 130), result);
    else
        run_here(j, commit, directory, result);
}

static Datum execute(Jsonb *j, bool worker_possible)
{
    StringInfo result = makeStringInfo();
    const char *directory = wants_directory(j) ? make_directory(json_text(j, "directory", nullptr)) : nullptr;
    PG_TRY();
    {
        measure(j, worker_possible, directory, result);
    }
    PG_FINALLY();
    {
        remove_directory(directory);
    }
    PG_END_TRY();
    return json_datum(result);
}
} // namespace spout

extern "C" {
// _benchmark_execute(task jsonb) -> jsonb: one measurement, or with "commit" one statement that is kept.
Datum spout_benchmark_execute(PG_FUNCTION_ARGS)
{
    using namespace spout;
    require_benchmark_rights();
    PG_RETURN_DATUM(execute(PG_GETARG_JSONB_P(0), recordable(fcinfo->flinfo->fn_oid)));
}

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
