// sweep.cpp - removes what exports that were killed have left in a directory (safety.md 1.5). Only hidden
// names of our exact pattern, ours, regular, old, and of a run whose sign of life is gone. Never recursive,
// never in the way: any doubt leaves the file where it is. Never ereports but for memory.
#include <cerrno>
#include <cstring>
#include <ctime>
#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "pg/sink_file.hpp"

namespace spout
{
namespace
{
constexpr uint32 kMaxHidden = 1000;   // names of our pattern looked at
constexpr uint32 kMaxEntries = 20000; // directory entries looked at: a sweep must not cost more than a blink
constexpr time_t kMinAge = 600;       // seconds since the last write

struct Hidden {
    Name name;
    Run run;
    bool dead; // regular, ours, old, and nobody holds a lock on it
};

uint32 list_hidden(FileSink *s, Hidden *to)
{
    int fd = openat(s->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd < 0 ? nullptr : fdopendir(fd);
    if (!stream) {
        if (fd >= 0) close(fd);
        return 0;
    }
    uint32 n = 0;
    for (uint32 looked = 0; looked < kMaxEntries && n < kMaxHidden; looked++) {
        struct dirent *e = readdir(stream);
        if (!e) break;
        if (parse_hidden_name(e->d_name, to[n].run)) strlcpy(to[n++].name, e->d_name, sizeof(Name));
    }
    closedir(stream);
    return n;
}

bool looks_dead(FileSink *s, const char *name)
{
    struct stat st;
    int fd = openat(s->dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) return false;
    bool dead = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
                st.st_mtime < time(nullptr) - kMinAge && flock(fd, LOCK_EX | LOCK_NB) == 0;
    close(fd);
    return dead;
}

bool run_is_dead(const Hidden *list, uint32 n, const char *run)
{
    for (uint32 i = 0; i < n; i++)
        if (strcmp(list[i].run, run) == 0 && !list[i].dead) return false;
    return true;
}
} // namespace

void sweep(FileSink *s)
{
    Hidden *list =
        (Hidden *)MemoryContextAllocExtended(s->leaf, sizeof(Hidden) * kMaxHidden, MCXT_ALLOC_NO_OOM);
    uint32 n = list ? list_hidden(s, list) : 0;
    // The lock keeps us away from runs that are publishing, when old files stand under hidden names.
    if (n && flock(s->dirfd, LOCK_EX | LOCK_NB) == 0) {
        for (uint32 i = 0; i < n; i++)
            list[i].dead = looks_dead(s, list[i].name);
        for (uint32 i = 0; i < n; i++)
            if (run_is_dead(list, n, list[i].run)) (void)unlinkat(s->dirfd, list[i].name, 0);
        (void)flock(s->dirfd, LOCK_UN);
    }
    if (list) pfree(list);
}
} // namespace spout
