// environment.cpp - what a measurement depends on: server, build, machine. Keys are fixed, so that nothing
// slips in.
#include "bench/measure/host.hpp"
#include "bench/server/rights.hpp"
#include "engine/wall.hpp"
#include "pg/server/file_text.hpp"

#include <fcntl.h>
#include <cstdlib>
#include <gnu/libc-version.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
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
    return text[0] ? readable(text) : nullptr;
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
        found = readable(value);
    }
    FreeFile(f);
    return found;
}

static void put_settings(StringInfo s)
{
    const char *const names[] = {
        "shared_buffers",       "work_mem",  "wal_level",       "fsync",      "synchronous_commit",
        "max_worker_processes", "jit",       "server_encoding", "lc_collate", "huge_pages",
        "data_checksums",       "io_method", "debug_assertions"};
    put_key(s, "settings");
    appendStringInfoChar(s, '{');
    for (const char *name : names) {
        const char *value = GetConfigOption(name, true, false);
        if (value) put_text(s, name, value);
    }
    appendStringInfoChar(s, '}');
}

// The limit of memory of our control group, else of the machine's root group: version 2, then 1.
static const char *cgroup_limit()
{
    const char *own = line_value("/proc/self/cgroup", "0:");
    const char *limit = own ? first_line(psprintf("/sys/fs/cgroup%s/memory.max", own)) : nullptr;
    if (!limit) limit = first_line("/sys/fs/cgroup/memory.max");
    if (limit) return limit;
    limit = first_line("/sys/fs/cgroup/memory/memory.limit_in_bytes");
    return limit && strlen(limit) > 18 ? "max" : limit; // version 1 has no word for it
}

// What we run inside of, as far as it shows.
static const char *virtualization()
{
    const char *name = first_line("/sys/class/dmi/id/product_name");
    const char *flags = line_value("/proc/cpuinfo", "flags");
    if (!name && flags && strstr(flags, "hypervisor")) name = "hypervisor";
    bool container = access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0;
    return container ? psprintf("%s, container", name ? name : "unknown") : name;
}

static const char *temporary_directory() { return getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp"; }

static const char *file_system(const char *directory)
{
    const struct {
        long magic;
        const char *name;
    } known[] = {{0xef53, "ext"},         {0x58465342, "xfs"}, {0x9123683e, "btrfs"}, {0x01021994, "tmpfs"},
                 {0x794c7630, "overlay"}, {0x2fc12fc1, "zfs"}, {0x6969, "nfs"},       {0xf2f52010, "f2fs"}};
    struct statfs s;
    if (statfs(directory, &s) != 0) return nullptr;
    for (const auto &k : known)
        if (k.magic == (long)s.f_type) return k.name;
    return psprintf("0x%lx", (unsigned long)s.f_type);
}

static Datum environment(const char *directory)
{
    StringInfoData s;
    initStringInfo(&s);
    appendStringInfoChar(&s, '{');
    put_integer(&s, "pg_version_num", kServerVersion);
    put_text(&s, "pg_build", PG_VERSION_STR);
    put_text(&s, "ext_version", SPOUT_VERSION);
    put_text(&s, "ext_build",
#ifdef __OPTIMIZE__
             "optimized"
#else
             "not optimized"
#endif
    );
    put_text(&s, "compiler", __VERSION__);
    put_text(&s, "libs", psprintf("glibc %s, %s", gnu_get_libc_version(), codec_libraries()));
    put_text(&s, "os", line_value("/etc/os-release", "PRETTY_NAME"));
    struct utsname u;
    if (uname(&u) == 0) {
        put_text(&s, "kernel", u.release);
        put_text(&s, "arch", u.machine);
    }
    put_text(&s, "cpu_model", line_value("/proc/cpuinfo", "model name"));
    put_integer(&s, "cores", sysconf(_SC_NPROCESSORS_ONLN));
    put_text(&s, "governor", first_line("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"));
    put_integer(&s, "mem_total", (int64)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE));
    put_text(&s, "cgroup_limit", cgroup_limit());
    put_text(&s, "virt", virtualization());
    put_text(&s, "fs_type", file_system(directory));
    put_settings(&s);
    put_number(&s, "timer_precision", timer_step(false));
    const char *const later[] = {"seed", "loops", "timer", "cold_ratio", "contamination", "noise_floor"};
    for (const char *key : later)
        put_text(&s, key, nullptr);
    appendStringInfoChar(&s, '}');
    return json_datum(&s);
}
} // namespace spout

extern "C" {
// spout_bench.environment(directory) -> jsonb: null: the system's temporary one.
Datum spout_benchmark_environment(PG_FUNCTION_ARGS)
{
    using namespace spout;
    PG_RETURN_DATUM(
        environment(PG_ARGISNULL(0) ? temporary_directory() : text_to_cstring(PG_GETARG_TEXT_PP(0))));
}

// spout_bench.free_space(directory) -> bigint: bytes that may be written there; null: nobody knows.
Datum spout_benchmark_free_space(PG_FUNCTION_ARGS)
{
    const char *directory =
        PG_ARGISNULL(0) ? spout::temporary_directory() : text_to_cstring(PG_GETARG_TEXT_PP(0));
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
