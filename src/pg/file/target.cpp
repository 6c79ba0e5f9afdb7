// target.cpp - the names of an export's files, and what must hold for them before anything is written.
// Reads the directory, changes nothing.
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "pg/file/sink.hpp"

extern "C" {
#include "miscadmin.h"
}

namespace spout
{
namespace
{
// Bytes a hidden name adds to its base: dots, run, suffix, and ".old" of a back-up.
constexpr size_t kHiddenExtra = 1 + 1 + 16 + sizeof(kHiddenSuffix) - 1 + 4;
} // namespace

// --- names --------------------------------------------------------------------------------------

void final_name(const FileSink *s, uint32 index, Name out)
{
    bool fits;
    if (index == kManifest)
        fits = manifest_name(s->base, out);
    else if (s->target.rotated)
        fits = rotated_name(s->base, index, out);
    else
        fits = strlcpy(out, s->base, sizeof(Name)) < sizeof(Name);
    if (!fits) raise_file_error(ENAMETOOLONG, "name a file after", s->target.path);
}

void hidden_name(const FileSink *s, uint32 index, Name out, Hidden what)
{
    if (index == 0 && what == Hidden::data) {
        sign_of_life(s->run, out);
        return;
    }
    Name base;
    final_name(s, index, base);
    const char *tail = base;
    size_t n = strlen(base), room = kMaxName - kHiddenExtra;
    // Too long: keep the end, where the index is, and start at a whole UTF-8 character.
    if (n > room) {
        tail += n - room;
        while (((uint8)*tail & 0xC0) == 0x80)
            tail++;
    }
    snprintf(out, sizeof(Name), ".%.*s%s.%s%s", (int)room, tail, what == Hidden::backup ? ".old" : "", s->run,
             what == Hidden::kept ? kKeptSuffix : kHiddenSuffix);
}

char *path_of(const FileSink *s, const char *name)
{
    MemoryContext old = MemoryContextSwitchTo(s->leaf);
    char *path = psprintf("%s/%s", strcmp(s->dir, "/") == 0 ? "" : s->dir, name);
    MemoryContextSwitchTo(old);
    return path;
}

char *final_path(const FileSink *s, uint32 index)
{
    Name name;
    final_name(s, index, name);
    return path_of(s, name);
}

bool is_made(const FileSink *s, const char *name, const Made *made)
{
    struct stat st;
    if (fstatat(s->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        if (S_ISREG(st.st_mode) && id_of(st) == made->id && (uint64)st.st_size == made->bytes) return true;
        errno = ESTALE;
    } else if (errno == ENOENT)
        errno = ESTALE;
    return false;
}

void raise_replaced(const FileSink *s, uint32 index, const char *detail)
{
    ereport(
        ERROR,
        (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
         errmsg("file \"%s\" was changed by another process before it was published", final_path(s, index)),
         errdetail("%s", detail
                             ? detail
                             : "Its name no longer leads to what this export wrote; nothing was published."),
         errhint("Find out who else writes to directory \"%s\", and repeat the export.", s->dir)));
    pg_unreachable();
}

// --- the target before anything is written ------------------------------------------------------

bool check_target(const FileSink *s, uint32 index, struct stat *st)
{
    Name name;
    final_name(s, index, name);
    if (fstatat(s->dirfd, name, st, AT_SYMLINK_NOFOLLOW) != 0) {
        if (errno == ENOENT) return false;
        raise_file_error(errno, "examine file", final_path(s, index));
    }
    if (S_ISDIR(st->st_mode))
        ereport(ERROR,
                (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("\"%s\" is a directory", final_path(s, index))));
    if (!S_ISREG(st->st_mode))
        ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                        errmsg("\"%s\" is not a regular file", final_path(s, index)),
                        errdetail("Symbolic links, pipes, sockets and devices are not export targets.")));
    if (s->target.fail_if_exists)
        ereport(ERROR,
                (errcode(ERRCODE_DUPLICATE_FILE), errmsg("file \"%s\" already exists", final_path(s, index)),
                 errhint("Remove it, choose another name, or use if_exists 'replace'.")));
    return true;
}

bool each_name(const FileSink *s, void (*visit)(void *arg, const char *name), void *arg)
{
    int fd = openat(s->dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = fd < 0 ? nullptr : fdopendir(fd);
    if (!stream) {
        int err = errno;
        if (fd >= 0) close(fd);
        errno = err;
        return false;
    }
    errno = 0;
    while (struct dirent *e = readdir(stream)) {
        visit(arg, e->d_name);
        // Other interrupts may come faster than a large directory can be read.
        errno = QueryCancelPending || ProcDiePending ? EINTR : 0;
        if (errno) break;
    }
    int err = errno;
    closedir(stream);
    errno = err;
    return err == 0;
}

namespace
{
struct SetScan {
    const char *base;
    uint32 from;
    uint32 *to;
    uint32 room, count;
};

// Counts the set's names, and stores as many indexes as there is room for.
void visit_set(void *arg, const char *name)
{
    auto *scan = (SetScan *)arg;
    uint32 index;
    if (!parse_rotated_name(scan->base, name, &index) || index < scan->from) return;
    if (scan->count < scan->room) scan->to[scan->count] = index;
    scan->count++;
}

void scan_set(const FileSink *s, SetScan *scan)
{
    for (;;) {
        scan->count = 0;
        if (each_name(s, visit_set, scan)) return;
        if (errno != EINTR) raise_file_error(errno, "read directory", s->dir);
        CHECK_FOR_INTERRUPTS();
    }
}
} // namespace

static int compare_index(const void *a, const void *b)
{
    uint32 x = *(const uint32 *)a, y = *(const uint32 *)b;
    return x < y ? -1 : x > y;
}

uint32 *existing_indexes(const FileSink *s, uint32 from, uint32 *n)
{
    SetScan scan = {s->base, from, nullptr, 0, 0};
    scan_set(s, &scan);
    scan.room = scan.count;
    if (scan.room) {
        scan.to = (uint32 *)MemoryContextAllocHuge(s->leaf, scan.room * sizeof(uint32));
        scan_set(s, &scan);
    }
    *n = Min(scan.count, scan.room);
    if (*n) qsort(scan.to, *n, sizeof(uint32), compare_index);
    return scan.to;
}

void check_targets(const FileSink *s)
{
    struct stat st;
    if (!s->target.rotated)
        check_target(s, 0, &st);
    else {
        uint32 n;
        uint32 *list = existing_indexes(s, 0, &n);
        for (uint32 i = 0; i < n; i++) {
            CHECK_FOR_INTERRUPTS();
            check_target(s, list[i], &st);
        }
        Name name;
        final_name(s, 0, name); // long enough for an index?
    }
    if (s->target.manifest) check_target(s, kManifest, &st);
}

} // namespace spout
