// directory.cpp - the private directory of a benchmark, for the files it writes.
#include "bench/measure/directory.hpp"
#include "pg/file/paths.hpp"
#include "pg/target/sink.hpp"

#include <sys/stat.h>
#include <unistd.h>

extern "C" {
#include "storage/fd.h"
}

namespace spout
{
const char *make_directory(const char *base)
{
    if (!base) base = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
    return mkdtemp(psprintf("%s/pg_spout_bench_XXXXXX", check_path(base)));
}

void remove_directory(const char *path)
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
} // namespace spout
