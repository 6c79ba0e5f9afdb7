// host.cpp - reads clocks, getrusage and /proc, and looks at the checkpointer and autovacuum. Without /proc
// it says so and measures less.
#include "bench/measure/host.hpp"

#include <cmath>
#include <ctime>
#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <sys/resource.h>
#include <unistd.h>

extern "C" {
#include "storage/proc.h"
}

namespace spout
{
static double seconds_of(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + t.tv_nsec * 1e-9;
}

double wall_seconds() { return seconds_of(CLOCK_MONOTONIC); }
double cpu_seconds() { return seconds_of(CLOCK_PROCESS_CPUTIME_ID); }

double timer_step(bool process_time)
{
    double smallest = 1;
    for (int i = 0; i < 20; i++) {
        double start = process_time ? cpu_seconds() : wall_seconds(), now;
        while ((now = process_time ? cpu_seconds() : wall_seconds()) <= start)
            ;
        smallest = Min(smallest, now - start);
    }
    return rint(smallest * 1e9) / 1e9;
}

// The beginning of a small file of /proc; empty when it is not there.
static void read_small(const char *path, char *to, size_t room)
{
    to[0] = '\0';
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    ssize_t n = read(fd, to, room - 1);
    to[n > 0 ? n : 0] = '\0';
    close(fd);
}

// A glance without a lock: it may miss one that starts or ends right now.
static bool autovacuum_runs()
{
    for (uint32 i = 0; i < ProcGlobal->allProcCount; i++) {
        const PGPROC *p = &ProcGlobal->allProcs[i];
        if (p->pid && (p->statusFlags & PROC_IS_AUTOVACUUM)) return true;
    }
    return false;
}

Contention contention_now()
{
    Contention c = {wall_seconds(), cpu_seconds(), 0, 0, -1, 0, checkpointer_activity(), autovacuum_runs()};
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) == 0) c.involuntary = usage.ru_nivcsw;
    char text[512];
    read_small("/proc/stat", text, sizeof text);
    unsigned long long t[8] = {};
    if (sscanf(text, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &t[0], &t[1], &t[2], &t[3], &t[4], &t[5],
               &t[6], &t[7]) == 8) {
        double tick = (double)sysconf(_SC_CLK_TCK);
        for (unsigned long long each : t)
            c.total += (double)each / tick;
        c.steal = (double)t[7] / tick;
    }
    read_small("/proc/pressure/cpu", text, sizeof text);
    const char *total = strstr(text, "total=");
    if (total) c.pressure = strtod(total + 6, nullptr) / 1e6;
    return c;
}

static double share(double part, double whole) { return whole > 0 ? part / whole : 0; }

bool put_contention(StringInfo s, const Contention *a, const Contention *b, bool busy)
{
    double wall = b->wall - a->wall;
    double steal = share(b->steal - a->steal, b->total - a->total);
    double pressure = a->pressure >= 0 && b->pressure >= 0 ? share(b->pressure - a->pressure, wall) : 0;
    double switches = share((double)(b->involuntary - a->involuntary), wall);
    double waited = share(wall - (b->cpu - a->cpu), wall);
    put_key(s, "contamination");
    appendStringInfoChar(s, '{');
    put_number(s, "steal", steal);
    put_number(s, "cpu_pressure", pressure);
    put_number(s, "involuntary_switches_per_s", switches);
    put_number(s, "not_on_cpu", Max(waited, 0));
    bool checkpoint = a->checkpointer != b->checkpointer, autovacuum = a->autovacuum || b->autovacuum;
    put_bool(s, "checkpoint", checkpoint);
    put_bool(s, "autovacuum", autovacuum);
    appendStringInfoChar(s, '}');
    return steal > 0.01 || pressure > 0.05 || switches > 50 || (busy && waited > 0.1) || checkpoint ||
           autovacuum;
}

static int64 field_kb(const char *text, const char *name)
{
    const char *at = strstr(text, name);
    return at ? (int64)strtoll(at + strlen(name), nullptr, 10) * 1024 : 0;
}

bool process_memory(ProcessMemory *m)
{
    char text[4096];
    read_small("/proc/self/status", text, sizeof text);
    if (!strstr(text, "RssAnon:")) return false;
    *m = {field_kb(text, "RssAnon:"), field_kb(text, "RssFile:") + field_kb(text, "RssShmem:"),
          field_kb(text, "VmHWM:")};
    return true;
}

bool reset_high_water()
{
    int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);
    if (fd < 0) return false;
    bool done = write(fd, "5", 1) == 1;
    close(fd);
    return done;
}

void pin_to_cpu(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (sched_setaffinity(0, sizeof set, &set) != 0)
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("could not stay on CPU %d: %m", cpu)));
}

void fix_malloc_threshold()
{
    // glibc moves it while a program runs, so that the same code takes another path in a later round.
    mallopt(M_MMAP_THRESHOLD, 128 * 1024);
    mallopt(M_TRIM_THRESHOLD, 128 * 1024);
}

void limit_data(double bytes)
{
    struct rlimit now;
    if (getrlimit(RLIMIT_DATA, &now) != 0) return;
    if (now.rlim_max == RLIM_INFINITY || (double)now.rlim_max > bytes) now.rlim_cur = (rlim_t)bytes;
    setrlimit(RLIMIT_DATA, &now);
}
} // namespace spout
