// sweep.cpp - removes what exports that were killed have left in a directory. Only hidden names of our
// exact pattern, ours, regular, old, and of a run whose sign of life is gone: that is asked for by its name,
// whatever else is in the directory. Never recursive, never in the way: any doubt leaves the file where it
// is. Never ereports.
#include <cerrno>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "pg/file/sink.hpp"

namespace spout
{
namespace
{
constexpr uint32 kMaxRuns = 256;       // looked at; a later sweep finds the others
constexpr uint32 kMaxEntries = 100000; // in a directory: a sweep must not cost more than a blink
constexpr time_t kMinAge = 600;        // seconds since the last write

struct FoundRun {
    Run run;
    bool dead; // so far
};

struct Sweep {
    FileSink *s;
    FoundRun runs[kMaxRuns];
    uint32 nruns, entries, removed;
    bool removes;
};

enum class Life : uint8 { gone, dead, maybe };

// Dead: regular, ours, old, and nobody holds a lock on it. A young file is not locked here, not for a moment:
// its owner is about to.
Life life_of(FileSink *s, const char *name)
{
    struct stat st;
    int fd = openat(s->dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT ? Life::gone : Life::maybe;
    bool dead = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
                st.st_mtime < time(nullptr) - kMinAge && flock(fd, LOCK_EX | LOCK_NB) == 0;
    close(fd);
    return dead ? Life::dead : Life::maybe;
}

bool run_is_dead(FileSink *s, const Run run)
{
    Name name;
    sign_of_life(run, name);
    return life_of(s, name) != Life::maybe;
}

FoundRun *find_run(Sweep *w, const Run run)
{
    for (uint32 i = 0; i < w->nruns; i++)
        if (strcmp(w->runs[i].run, run) == 0) return &w->runs[i];
    if (w->removes || w->nruns == kMaxRuns) return nullptr;
    FoundRun *fresh = &w->runs[w->nruns++];
    strlcpy(fresh->run, run, sizeof(Run));
    fresh->dead = run_is_dead(w->s, run);
    return fresh;
}

// First pass: a run is dead when all of its files are. Second pass: they go.
void visit(void *arg, const char *name)
{
    auto *w = (Sweep *)arg;
    Run run;
    w->entries++;
    if (w->entries > kMaxEntries || !parse_hidden_name(name, run)) return;
    FoundRun *found = find_run(w, run);
    if (!found || !found->dead) return;
    bool dead = life_of(w->s, name) == Life::dead;
    if (!w->removes || !dead)
        found->dead = dead;
    else if (unlinkat(w->s->dirfd, name, 0) == 0)
        w->removed++;
}

// Not all was seen: then nothing is removed.
bool look(Sweep *w)
{
    w->entries = w->removed = 0;
    return each_name(w->s, visit, w) && w->entries <= kMaxEntries;
}
} // namespace

void sweep(FileSink *s)
{
    Sweep w;
    w.s = s;
    w.nruns = 0;
    w.removes = false;
    if (!look(&w)) return;
    bool any = false;
    for (uint32 i = 0; i < w.nruns; i++)
        any = any || w.runs[i].dead;
    // The lock keeps us away from runs that are publishing, when old files stand under hidden names; those
    // that were at it during the first pass have a sign of life no more, and no files either.
    if (!any || flock(s->dirfd, LOCK_EX | LOCK_NB) != 0) return;
    for (uint32 i = 0; i < w.nruns; i++)
        w.runs[i].dead = w.runs[i].dead && run_is_dead(s, w.runs[i].run);
    w.removes = true;
    for (int pass = 0; pass < kMaxPasses && look(&w) && w.removed; pass++)
        ;
    (void)flock(s->dirfd, LOCK_UN);
}
} // namespace spout
