// environment.cpp - what a measurement depends on: server, build, machine. Keys are fixed, so that nothing
// slips in.
#include "bench/host.hpp"
#include "bench/rights.hpp"
#include "core/wall.hpp"

#include <fcntl.h>
#include <cstdlib>
#include <sys/statvfs.h>
#include <sys/utsname.h>
#include <unistd.h>

extern "C" {
#include "catalog/pg_type.h"
#include "storage/fd.h"
#include "utils/array.h"
#include "utils/guc.h"

PGDLLEXPORT PG_FUNCTION_INFO_V1(spout_benchmark_environment);
PGDLLEXPORT PG_FUNCTION_INFO_V1(spout_benchmark_formats);
PGDLLEXPORT PG_FUNCTION_INFO_V1(spout_benchmark_free_space);
}

namespace spout
{
static const char *first_line(const char *path)
{
    char text[256] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return nullptr;
    ssize_t n = read(fd, text, sizeof text - 1);
    close(fd);
    text[n > 0 ? n : 0] = '\0';
    text[strcspn(text, "\n")] = '\0';
    return text[0] ? pstrdup(text) : nullptr;
}

// The value of the first line of a file that begins with `key`.
static const char *line_value(const char *path, const char *key)
{
    FILE *f = AllocateFile(path, "r");
    if (!f) return nullptr;
    char line[512];
    const char *found = nullptr;
    while (!found && fgets(line, sizeof line, f)) {
        if (strncmp(line, key, strlen(key)) != 0) continue;
        char *value = line + strlen(key);
        value += strspn(value, " \t:=\"");
        value[strcspn(value, "\"\n")] = '\0';
        found = pstrdup(value);
    }
    FreeFile(f);
    return found;
}

static void put_settings(StringInfo s)
{
    const char *const names[] = {
        "shared_buffers",       "work_mem", "wal_level",       "fsync",      "synchronous_commit",
        "max_worker_processes", "jit",      "server_encoding", "lc_collate", "huge_pages",
        "data_checksums",       "io_method"};
    put_key(s, "settings");
    appendStringInfoChar(s, '{');
    for (const char *name : names) {
        const char *value = GetConfigOption(name, true, false);
        if (value) put_text(s, name, value);
    }
    appendStringInfoChar(s, '}');
}

static Datum environment()
{
    StringInfoData s;
    initStringInfo(&s);
    appendStringInfoChar(&s, '{');
    put_integer(&s, "pg_version_num", kServerVersion);
    put_text(&s, "pg_build", PG_VERSION_STR);
    put_bool(&s, "assertions", strcmp(GetConfigOption("debug_assertions", false, false), "on") == 0);
    put_text(&s, "ext_version", SPOUT_VERSION);
    put_text(&s, "ext_build",
#ifdef __OPTIMIZE__
             "optimized"
#else
             "not optimized"
#endif
    );
    put_text(&s, "compiler", __VERSION__);
    put_text(&s, "os", line_value("/etc/os-release", "PRETTY_NAME"));
    struct utsname u;
    if (uname(&u) == 0) {
        put_text(&s, "kernel", u.release);
        put_text(&s, "arch", u.machine);
    }
    put_text(&s, "cpu_model", line_value("/proc/cpuinfo", "model name"));
    put_integer(&s, "cores", sysconf(_SC_NPROCESSORS_ONLN));
    put_text(&s, "governor", first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"));
    put_text(&s, "mem_total", line_value("/proc/meminfo", "MemTotal"));
    put_text(&s, "cgroup_limit", first_line("/sys/fs/cgroup/memory.max"));
    put_text(&s, "virt", first_line("/sys/class/dmi/id/product_name"));
    put_number(&s, "timer_precision", timer_step(false));
    put_settings(&s);
    appendStringInfoChar(&s, '}');
    return json_datum(&s);
}
} // namespace spout

extern "C" {
Datum spout_benchmark_environment(PG_FUNCTION_ARGS) { PG_RETURN_DATUM(spout::environment()); }

// _benchmark_free_space(directory) -> bigint: bytes that may be written there; null: nobody knows.
Datum spout_benchmark_free_space(PG_FUNCTION_ARGS)
{
    const char *temporary = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
    const char *directory = PG_ARGISNULL(0) ? temporary : text_to_cstring(PG_GETARG_TEXT_PP(0));
    struct statvfs s;
    spout::require_benchmark_rights();
    if (statvfs(directory, &s) != 0) PG_RETURN_NULL();
    PG_RETURN_INT64((int64)s.f_bavail * (int64)s.f_frsize);
}

// The formats of the registry: a new one is benchmarked without another line.
Datum spout_benchmark_formats(PG_FUNCTION_ARGS)
{
    Datum names[64];
    int n = 0;
    for (const char *name; n < 64 && (name = spout::format_at((uint32_t)n)); n++)
        names[n] = CStringGetTextDatum(name);
    PG_RETURN_ARRAYTYPE_P(construct_array(names, n, TEXTOID, -1, false, TYPALIGN_INT));
}
}
