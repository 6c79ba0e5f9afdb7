// engine.cpp - one benchmark: setup, calibrate, warm up, rounds, teardown. Every phase is a subtransaction,
// so that an error ends the phase and not the measurement. Knows nothing of processes.
#include "bench/measure/benchmark.hpp"
#include "bench/measure/host.hpp"
#include "bench/measure/profile.hpp"

#include <dirent.h>
#include <unistd.h>

extern "C" {
#include "access/xact.h"
#include "executor/spi.h"
#include "storage/fd.h"
#include "storage/ipc.h"
#include "storage/pmsignal.h"
#include "utils/guc.h"
#include "utils/resowner.h"
#include "utils/timeout.h"
}

namespace spout
{
namespace
{
// --- phases
// ----------------------------------------------------------------------------------------------------

struct PhaseError {
    bool failed, cancelled, late; // late: by our own deadline
    char sqlstate[6];
    const char *message;
};

TimeoutId deadline_timer = MAX_TIMEOUTS; // of this process, registered once
volatile sig_atomic_t deadline_passed;
bool measuring; // benchmarks are static objects: one measurement at a time

void on_deadline()
{
    deadline_passed = true;
    kill(MyProcPid, SIGINT); // an ordinary cancel: the running statement ends as for a user's
}

void start_deadline(double seconds)
{
    if (deadline_timer == MAX_TIMEOUTS) deadline_timer = RegisterTimeout(USER_TIMEOUT, on_deadline);
    deadline_passed = false;
    enable_timeout_after(deadline_timer, (int)Min(seconds * 1000, 2e9) + 1);
}

struct Measurement {
    const BenchTask *task;
    Benchmark *benchmark;
    MemoryContext cx;
    double start;       // wall
    double *wall, *cpu; // of a loop, per measured round
    int rounds, loops, warmups;
    uint64 loop; // number of loops so far: names files
    double cold;
    BenchOutput output;
    Measurement *other;    // of a pair; null
    uint32 random;         // state of a small generator
    bool changed;          // the output differs between rounds
    const char *first_row; // JSON, of a profiled statement
    double timer_step, busy_wall, busy_cpu;
    Contention before, after;
    PhaseError setup_error, error, teardown_error;
};

// Runs `phase` in a subtransaction. Where we are a guest in a session, its cancel and its end go through.
void guarded(void (*phase)(Measurement *), Measurement *m, PhaseError *e)
{
    MemoryContext cx = CurrentMemoryContext;
    ResourceOwner owner = CurrentResourceOwner;
    BeginInternalSubTransaction(nullptr);
    MemoryContextSwitchTo(cx);
    PG_TRY();
    {
        phase(m);
        ReleaseCurrentSubTransaction();
    }
    PG_CATCH();
    {
        MemoryContextSwitchTo(cx);
        ErrorData *error = CopyErrorData();
        FlushErrorState();
        RollbackAndReleaseCurrentSubTransaction();
        e->failed = true;
        e->cancelled = error->sqlerrcode == ERRCODE_QUERY_CANCELED;
        e->late = e->cancelled && deadline_passed;
        strlcpy(e->sqlstate, unpack_sql_state(error->sqlerrcode), sizeof e->sqlstate);
        e->message = error->message ? error->message : "";
        if (e->cancelled && m->task->in_session && !e->late) ReThrowError(error);
    }
    PG_END_TRY();
    MemoryContextSwitchTo(cx);
    CurrentResourceOwner = owner;
}

void do_setup(Measurement *m) { m->benchmark->setup(m->task); }
void do_teardown(Measurement *m) { m->benchmark->teardown(m->task); }

// --- rounds
// ----------------------------------------------------------------------------------------------------

// Files of a round go before the next one, so that the disk never holds more.
void clear_directory(const char *directory)
{
    if (!directory) return;
    DIR *dir = AllocateDir(directory);
    for (struct dirent *entry; dir && (entry = ReadDirExtended(dir, directory, LOG));)
        if (strncmp(entry->d_name, "out_", 4) == 0) unlink(psprintf("%s/%s", directory, entry->d_name));
    if (dir) FreeDir(dir);
}

struct Round {
    double wall, cpu; // of one loop
};

Round do_round(Measurement *m, int loops)
{
    MemoryContext cx = AllocSetContextCreate(m->cx, "pg_spout benchmark round", ALLOCSET_DEFAULT_SIZES);
    MemoryContextSwitchTo(cx);
    double cpu = cpu_seconds(), wall = wall_seconds();
    for (int i = 0; i < loops; i++) {
        CHECK_FOR_INTERRUPTS();
        if (!PostmasterIsAlive()) proc_exit(1); // a restart waits for all who use its shared memory
        m->benchmark->run(m->task, m->loop++);
        MemoryContextReset(cx);
    }
    Round r = {(wall_seconds() - wall) / loops, (cpu_seconds() - cpu) / loops};
    BenchOutput o = m->benchmark->output(m->task);
    if (m->loop > (uint64)loops && !(o == m->output)) m->changed = true;
    m->output = o;
    if (o.bytes > 0 && (double)o.bytes * loops > m->task->disk_limit)
        ereport(ERROR, (errcode(ERRCODE_DISK_FULL),
                        errmsg("benchmark wrote %.0f bytes, more than its disk limit of %.0f",
                               (double)o.bytes * loops, m->task->disk_limit)));
    clear_directory(m->task->directory);
    if (m->changed && m->task->guard)
        ereport(ERROR, (errcode(ERRCODE_DATA_EXCEPTION), errmsg("output changed"),
                        errdetail("Every round must give the same rows and bytes.")));
    MemoryContextSwitchTo(m->cx);
    MemoryContextDelete(cx);
    return r;
}

double spent(const Measurement *m) { return wall_seconds() - m->start; }

// Loops of a round that lasts at least `wanted` seconds; the first loop of all is remembered as cold.
int calibrate(Measurement *m, double wanted)
{
    m->cold = do_round(m, 1).wall;
    if (m->task->loops) return m->task->loops;
    double last = m->cold;
    for (int loops = 1;;) {
        if (last * loops >= wanted || loops >= 1000000) return loops;
        double more = Max(2.0 * loops, Min(wanted / Max(last, 1e-9), 10.0 * loops));
        loops = (int)Min(more, 1e6);
        if (last * loops >= wanted * 0.9) return loops;
        last = do_round(m, loops).wall;
    }
}

void do_rounds(Measurement *m)
{
    const BenchTask *t = m->task;
    m->timer_step = timer_step(t->process_time);
    double round = Max(10 * m->timer_step, Min(t->min_time, t->box / 25));
    m->loops = calibrate(m, round);
    for (int i = 0; i < t->warmup && (i == 0 || spent(m) < t->box / 4); i++, m->warmups++)
        do_round(m, m->loops);
    m->before = contention_now();
    for (int i = 0; i < t->iterations && (i < 5 || spent(m) < t->box); i++) {
        Round r = do_round(m, m->loops);
        m->wall[i] = r.wall;
        m->cpu[i] = r.cpu;
        m->busy_wall += r.wall * m->loops;
        m->busy_cpu += r.cpu * m->loops;
        m->rounds = i + 1;
    }
    m->after = contention_now();
    // Only the timed parts tell whether the work waited.
    m->after.wall = m->before.wall + m->busy_wall;
    m->after.cpu = m->before.cpu + m->busy_cpu;
}

// One pass, as it comes: a fresh process shows what an export costs it.
void do_profile(Measurement *m)
{
    profile_start();
    double start = wall_seconds();
    m->benchmark->run_whole(m->task, m->loop++);
    m->wall[0] = wall_seconds() - start;
    profile_stop(false);
    m->output = m->benchmark->output(m->task);
    if (m->task->keep_result) m->first_row = m->benchmark->first_row(m->cx);
}

// --- pairs
// ----------------------------------------------------------------------------------------------------

// Neither side may profit from always coming first: the order is drawn for each pair.
bool coin(Measurement *m)
{
    m->random = m->random * 1664525u + 1013904223u;
    return m->random >> 31;
}

void do_setups(Measurement *m)
{
    do_setup(m);
    do_setup(m->other);
}

void do_teardowns(Measurement *m)
{
    do_teardown(m);
    do_teardown(m->other);
}

// `m` is a, m->other is b. Each does as many loops as fill its share of the time.
void do_pairs(Measurement *m)
{
    Measurement *a = m, *b = m->other;
    const BenchTask *t = a->task;
    a->timer_step = timer_step(t->process_time);
    double share = t->box / (2.5 * t->iterations);
    double round = Max(10 * a->timer_step, Min(t->min_time, share));
    a->loops = calibrate(a, round);
    b->loops = calibrate(b, round);
    for (int i = 0; i < Max(t->warmup, 1); i++, a->warmups++) {
        do_round(a, a->loops);
        do_round(b, b->loops);
    }
    a->before = contention_now();
    for (int i = 0; i < t->iterations; i++) {
        bool swapped = coin(a);
        for (int side = 0; side < 2; side++) {
            Measurement *x = (side == 0) != swapped ? a : b;
            Round r = do_round(x, x->loops);
            x->wall[i] = t->process_time ? r.cpu : r.wall;
            x->rounds = i + 1;
            a->busy_wall += r.wall * x->loops;
            a->busy_cpu += r.cpu * x->loops;
        }
    }
    a->after = contention_now();
    a->after.wall = a->before.wall + a->busy_wall;
    a->after.cpu = a->before.cpu + a->busy_cpu;
}

// --- the whole
// -------------------------------------------------------------------------------------------------

void set_local(const char *name, const char *value)
{
    set_config_option(name, value, PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true, 0, false);
}

// For this transaction. What other switches do to a time is noise to us.
void quieten(const BenchTask *t)
{
    if (t->read_only) set_local("transaction_read_only", "on");
    if (!t->quiet) return;
    set_local("jit", "off");
    set_local("max_parallel_workers_per_gather", "0");
    set_local("synchronize_seqscans", "off");
    if (superuser() && GetConfigOption("auto_explain.log_min_duration", true, false))
        set_config_option("auto_explain.log_min_duration", "-1", PGC_SUSET, PGC_S_SESSION, GUC_ACTION_LOCAL,
                          true, 0, false);
    if (t->fresh) fix_malloc_threshold();
}

void put_error(StringInfo s, const char *status, const PhaseError *e)
{
    put_text(s, "status", status);
    put_text(s, "sqlstate", e->sqlstate);
    put_text(s, "message", strcmp(status, "timeout") == 0 ? "past its deadline" : e->message);
}

void put_output(StringInfo s, const Measurement *m)
{
    if (m->loop == 0) return;
    if (m->output.rows >= 0) put_integer(s, "rows", m->output.rows);
    if (m->output.bytes >= 0) {
        put_integer(s, "bytes", m->output.bytes);
        put_text(s, "crc32c", psprintf("%08x", m->output.crc32c));
    }
}

void put_times(StringInfo s, const Measurement *m)
{
    put_integer(s, "loops", m->loops);
    put_integer(s, "warmup_rounds", m->warmups);
    put_number(s, "first", m->cold);
    put_number(s, "timer_precision", m->timer_step);
    put_numbers(s, "samples", m->task->process_time ? m->cpu : m->wall, (size_t)m->rounds);
    put_numbers(s, "cpu", m->cpu, (size_t)m->rounds);
    put_output(s, m);
    bool busy = strcmp(m->task->kind, "sql") != 0;
    put_bool(s, "contended", put_contention(s, &m->before, &m->after, busy));
}

void put_pass(StringInfo s, const Measurement *m)
{
    put_output(s, m);
    put_number(s, "wall", m->wall[0]);
    put_profile(s);
    if (!m->task->keep_result) return;
    put_key(s, "result");
    appendStringInfoString(s, m->first_row ? m->first_row : "null");
}

const char *status_of(const PhaseError *e, const char *otherwise)
{
    if (!e->cancelled) return otherwise;
    return e->late ? "timeout" : "cancelled";
}

Measurement new_measurement(const BenchTask *t, int which)
{
    Measurement m = {};
    m.task = t;
    m.benchmark = find_benchmark(t->kind, which);
    m.cx = AllocSetContextCreate(CurrentMemoryContext, "pg_spout benchmark", ALLOCSET_DEFAULT_SIZES);
    m.wall = (double *)MemoryContextAlloc(m.cx, sizeof(double) * t->iterations);
    m.cpu = (double *)MemoryContextAlloc(m.cx, sizeof(double) * t->iterations);
    m.start = wall_seconds();
    return m;
}

void prepare_process(const BenchTask *t)
{
    if (t->cpu >= 0 && t->fresh) pin_to_cpu(t->cpu);
    if (t->fresh) limit_data(t->memory_limit);
    quieten(t);
    start_deadline(t->deadline);
}

// What is not undone by the end of a transaction. Safe twice.
void restore_process(const Measurement *m)
{
    profile_stop(true);
    if (deadline_timer == MAX_TIMEOUTS) return;
    disable_timeout(deadline_timer, false);
    // It fired after the last statement: nobody is left whom its cancel could mean.
    if (deadline_passed && !m->setup_error.late && !m->error.late) QueryCancelPending = false;
    deadline_passed = false;
}

// All phases. The process is put back on every road: a cancel by the session's user leaves in the middle.
void run_phases(Measurement *m, void (*setup)(Measurement *), void (*rounds)(Measurement *),
                void (*teardown)(Measurement *))
{
    if (measuring)
        ereport(ERROR, (errcode(ERRCODE_OBJECT_IN_USE),
                        errmsg("a benchmark cannot measure another one in its own process")));
    measuring = true;
    PG_TRY();
    {
        prepare_process(m->task);
        guarded(setup, m, &m->setup_error);
        if (!m->setup_error.failed) guarded(rounds, m, &m->error);
        restore_process(m);
        guarded(teardown, m, &m->teardown_error);
        clear_directory(m->task->directory);
    }
    PG_FINALLY();
    {
        restore_process(m);
        measuring = false;
    }
    PG_END_TRY();
}

void put_pairs(StringInfo s, const Measurement *m)
{
    put_integer(s, "loops", m->loops);
    put_numbers(s, "a", m->wall, (size_t)m->rounds);
    put_numbers(s, "b", m->other->wall, (size_t)m->other->rounds);
    bool busy = strcmp(m->task->kind, "sql") != 0;
    put_bool(s, "contended", put_contention(s, &m->before, &m->after, busy));
}

// How it went: what failed, or what `put` has to say.
void put_outcome(StringInfo s, const Measurement *m, void (*put)(StringInfo, const Measurement *))
{
    const PhaseError *setup = &m->setup_error, *rounds = &m->error;
    appendStringInfoChar(s, '{');
    if (setup->failed) {
        put_error(s, status_of(setup, "skipped"), setup);
    } else if (rounds->failed) {
        put_error(s, status_of(rounds, "failed"), rounds);
    } else {
        put_text(s, "status", "ok");
        put(s, m);
    }
    if (m->teardown_error.failed) put_text(s, "teardown_error", m->teardown_error.message);
    put_bool(s, "in_session", m->task->in_session);
    put_number(s, "seconds", spent(m));
    appendStringInfoChar(s, '}');
}
} // namespace

void measure_pairs(const BenchTask *ta, const BenchTask *tb, StringInfo s)
{
    Measurement a = new_measurement(ta, 0), b = new_measurement(tb, 1);
    a.other = &b;
    a.random = ta->seed;
    MemoryContextSwitchTo(a.cx);
    run_phases(&a, do_setups, do_pairs, do_teardowns);
    put_outcome(s, &a, put_pairs);
}

void measure(const BenchTask *t, StringInfo s)
{
    Measurement m = new_measurement(t, 0);
    MemoryContextSwitchTo(m.cx);
    run_phases(&m, do_setup, t->memory ? do_profile : do_rounds, do_teardown);
    put_outcome(s, &m, t->memory ? put_pass : put_times);
}
} // namespace spout
