// sink.cpp - an export's files until they are complete and on disk, but not visible.
// Knows nothing of formats, and publishes nothing: that is publish.cpp.
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "pg/server/pg.hpp"

extern "C" {
#include "commands/progress.h"
#include "storage/fd.h"
}

#include "pg/server/guc.hpp"
#include "pg/server/clock.hpp"
#include "pg/file/sink.hpp"
#include "pg/server/wait.hpp"

namespace spout
{
namespace
{
constexpr size_t kMaxWrite = 1024 * 1024;   // a cancel waits at most for one of these
constexpr uint64 kWindow = 8 * 1024 * 1024; // write-back in steps keeps the last, uninterruptible fsync short
constexpr uint64 kLookAtSpace = 16 * 1024 * 1024; // bytes between two looks at free space
} // namespace

// --- descriptors --------------------------------------------------------------------------------

int counted_openat(int dirfd, const char *name, int flags, mode_t mode)
{
    if (!AcquireExternalFD()) return kNoFd; // errno is EMFILE
    int fd = openat(dirfd, name, flags | O_CLOEXEC, mode);
    if (fd < 0) {
        int err = errno;
        ReleaseExternalFD();
        errno = err;
    }
    return fd;
}

// Closes and says whether the kernel was content; some file systems report write errors only here.
bool checked_close(int *fd)
{
    int rc = close(*fd);
    *fd = kNoFd;
    int err = errno;
    ReleaseExternalFD();
    errno = err;
    return rc == 0 || err == EINTR; // the descriptor is gone either way
}

void drop(int *fd)
{
    if (*fd != kNoFd) (void)checked_close(fd);
}

// --- opening ---------------------------------------------------------------------------------------

static void sink_open(Sink *sink)
{
    FileSink *s = (FileSink *)sink;
    s->dirfd = counted_openat(AT_FDCWD, s->dir, O_RDONLY | O_DIRECTORY);
    if (s->dirfd == kNoFd) raise_file_error(errno, "open directory", s->dir);
    if (inside_data_directory(s->dirfd, s->dir))
        ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
                        errmsg("cannot export to \"%s\" inside the data directory", s->target.path),
                        errhint("Choose a directory that does not belong to the database server.")));
    find_group(s);
    check_targets(s);
    sweep(s);
}

// --- writing ------------------------------------------------------------------------------------

// Can a nameless file be given a name here? That needs /proc.
static bool linkable(int fd)
{
    char path[32];
    struct stat direct, through;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return fstat(fd, &direct) == 0 && stat(path, &through) == 0 && id_of(direct) == id_of(through);
}

static void create_temporary(FileSink *s, uint32 index)
{
    if (s->nameless) {
        // Never with O_EXCL: such a file could not be linked later.
        s->fd = counted_openat(s->dirfd, ".", O_TMPFILE | O_RDWR, 0600);
        if (s->fd == kNoFd && errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)
            raise_file_error(errno, "create file", final_path(s, index));
        if (s->fd != kNoFd && !linkable(s->fd)) drop(&s->fd);
        s->nameless = s->fd != kNoFd;
    }
    if (!s->nameless) {
        Name name;
        hidden_name(s, index, name);
        s->fd = counted_openat(s->dirfd, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR, 0600);
        if (s->fd == kNoFd) raise_file_error(errno, "create file", final_path(s, index));
        if (index == kManifest)
            s->hidden_manifest = true;
        else
            s->hidden = index + 1;
    }
    // Where locks do not exist, sweepers do not sweep either.
    if (s->first == kNoFd) (void)flock(s->fd, LOCK_EX | LOCK_NB);
}

// A full disk may stop the whole server, if its WAL is on it: fail before.
static void look_at_space(FileSink *s, uint32 index)
{
    check_postmaster();
    struct statvfs fs;
    if (min_free_space_kb == 0 || fstatvfs(s->fd, &fs) != 0) return;
    uint64 free_kb = (uint64)fs.f_bavail * fs.f_frsize / 1024;
    if (free_kb < (uint64)min_free_space_kb)
        ereport(ERROR, (errcode(ERRCODE_DISK_FULL),
                        errmsg("could not write file \"%s\": less than pg_spout.min_free_space is free",
                               final_path(s, index)),
                        errdetail("%llu kB are free on this file system, the limit is %d kB.",
                                  (unsigned long long)free_kb, min_free_space_kb),
                        errhint("%s", file_hint(ENOSPC))));
}

static void note_dirty(FileSink *s, uint64 offset, uint64 n)
{
    if (!s->written) s->dirty = {offset, offset};
    s->dirty.to = offset + n; // a process writes upwards
    s->written += n;
}

// Once a window is full, starts its write-back and waits for the one before it.
static void sync_window(FileSink *s, uint32 index)
{
    if (!s->windows || s->written < kWindow) return;
    uint64 start = now_ns();
    FileSink::Window w = s->dirty, old = s->sent;
    int rc = sync_file_range(s->fd, w.from, w.to - w.from, SYNC_FILE_RANGE_WRITE);
    if (rc == 0 && old.to > old.from)
        rc =
            sync_file_range(s->fd, old.from, old.to - old.from,
                            SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
    s->sent = w;
    s->written = 0;
    // An error shown here is not shown again by fsync: it is final.
    if (rc != 0) {
        if (errno != ENOSYS && errno != EINVAL && errno != ESPIPE && errno != EOPNOTSUPP)
            raise_file_error(errno, "flush file", final_path(s, index));
        s->windows = false;
    }
    s->sink.sync_ns += now_ns() - start;
}

static void pwrite_all(FileSink *s, uint32 index, uint64 offset, const uint8 *p, size_t n)
{
    uint64 start = now_ns();
    while (n) {
        CHECK_FOR_INTERRUPTS();
        errno = 0;
        ssize_t done = pwrite(s->fd, p, Min(n, kMaxWrite), (off_t)offset);
        if (done < 0 && errno == EINTR) continue;
        if (done <= 0) raise_file_error(errno ? errno : ENOSPC, "write file", final_path(s, index));
        p += done;
        n -= done;
        offset += done;
        s->until_look -= Min(s->until_look, (uint64)done);
        if (s->until_look == 0) {
            look_at_space(s, index);
            s->until_look = kLookAtSpace;
        }
    }
    s->sink.write_ns += now_ns() - start;
}

static void write_all(FileSink *s, uint32 index, uint64 offset, const uint8 *p, size_t n)
{
    // Windows between system calls, however large the piece: never more than two are dirty.
    while (n) {
        size_t piece = Min(n, kWindow);
        pwrite_all(s, index, offset, p, piece);
        note_dirty(s, offset, piece);
        p += piece;
        offset += piece;
        n -= piece;
        if (s->target.sync) sync_window(s, index);
    }
}

void forget_windows(FileSink *s)
{
    s->written = 0;
    s->sent = {0, 0};
    s->windows = true;
}

static void start_file(FileSink *s, uint32 index)
{
    create_temporary(s, index);
    forget_windows(s);
}

static void sink_begin(Sink *sink, uint32 index)
{
    FileSink *s = (FileSink *)sink;
    struct stat st;
    Assert(s->fd == kNoFd);
    check_target(s, index, &st); // index 1000 has a longer name; and the set may have grown meanwhile
    start_file(s, index);
}

static void sink_write(Sink *sink, uint32 index, uint64 offset, const uint8 *p, size_t n)
{
    write_all((FileSink *)sink, index, offset, p, n);
}

bool link_hidden(FileSink *s, int fd, uint32 index)
{
    char path[32];
    Name name;
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    hidden_name(s, index, name);
    if (linkat(AT_FDCWD, path, s->dirfd, name, AT_SYMLINK_FOLLOW) != 0) return false;
    if (index == kManifest)
        s->hidden_manifest = true;
    else
        s->hidden = index + 1;
    return true;
}

static void seal(FileSink *s, uint32 index, bool named)
{
    struct stat old;
    set_access(s, index, check_target(s, index, &old) ? &old : nullptr);
    if (s->target.sync) {
        uint64 start = now_ns();
        // Never retried: after an error the kernel calls lost pages clean.
        if (fsync(s->fd) != 0) raise_file_error(errno, "fsync file", final_path(s, index));
        s->sink.sync_ns += now_ns() - start;
    }
    if (named && s->nameless && !link_hidden(s, s->fd, index))
        raise_file_error(errno, "link file", final_path(s, index));
    if (s->first == kNoFd) {
        // Stays open for its lock, so what close would report is asked of a duplicate.
        s->first = s->fd;
        s->fd = kNoFd;
        int copy = fcntl(s->first, F_DUPFD_CLOEXEC, 0);
        if (copy < 0 || close(copy) != 0) raise_file_error(errno, "close file", final_path(s, index));
    } else if (!checked_close(&s->fd))
        raise_file_error(errno, "close file", final_path(s, index));
}

static void note_made(FileSink *s, Made made)
{
    if (s->nmade == s->made_room) {
        uint32 room = Max(2 * s->made_room, 16);
        auto *fresh = (Made *)MemoryContextAllocHuge(s->leaf, sizeof(Made) * room);
        if (s->nmade) memcpy(fresh, s->made, sizeof(Made) * s->nmade);
        if (s->made) pfree(s->made);
        s->made = fresh;
        s->made_room = room;
    }
    s->made[s->nmade++] = made;
}

// The open file must be the one that was written, and as long as what was written.
static Made examine(const FileSink *s, uint32 index, FileId id, uint64 bytes)
{
    struct stat st;
    if (fstat(s->fd, &st) != 0) raise_file_error(errno, "examine file", final_path(s, index));
    if (!(id == FileId{}) && !(id_of(st) == id)) raise_replaced(s, index);
    if (st.st_size < 0 || (uint64)st.st_size != bytes)
        ereport(ERROR, (errcode(ERRCODE_IO_ERROR),
                        errmsg("file \"%s\" has %lld bytes, but %llu were written", final_path(s, index),
                               (long long)st.st_size, (unsigned long long)bytes)));
    return {id_of(st), bytes};
}

static void sink_end(Sink *sink, FileEntry *entry)
{
    FileSink *s = (FileSink *)sink;
    Assert(entry->index == s->nmade);
    note_made(s, examine(s, entry->index, entry->id, entry->bytes));
    entry->path = final_path(s, entry->index);
    if (s->shared && !s->nameless) s->hidden = Max(s->hidden, entry->index + 1);
    // A single file may stay nameless until it is published: then a crash leaves nothing at all.
    seal(s, entry->index, s->target.rotated);
}

// --- the end ------------------------------------------------------------------------------------

static void sink_finish(Sink *sink, const FileEntry *, uint32 n, const char *manifest, size_t manifest_size)
{
    FileSink *s = (FileSink *)sink;
    s->shared = false; // every file is known by now: after a failed undo, a hidden name may hold an old one
    if (manifest) {
        struct stat st;
        check_target(s, kManifest, &st);
        // A hidden name needs the sign of life of its run.
        if (s->hidden == 0 && !link_hidden(s, s->first, 0))
            raise_file_error(errno, "link file", final_path(s, 0));
        start_file(s, kManifest);
        write_all(s, kManifest, 0, (const uint8 *)manifest, manifest_size);
        s->manifest = examine(s, kManifest, {}, manifest_size);
        seal(s, kManifest, true);
    }
    publish(s, n, manifest != nullptr);
    drop(&s->first);
    drop(&s->dirfd);
}

// Runs in a memory-context callback, also while the process exits: little but system calls.
static void sink_abort(Sink *sink)
{
    FileSink *s = (FileSink *)sink;
    int err = errno;
    Name name;
    drop(&s->fd);
    drop(&s->begun);
    abandon_publication(s);
    // The first file's lock goes last: while names remain, sweepers keep off.
    for (uint32 i = 0; i < s->hidden; i++) {
        hidden_name(s, i, name);
        (void)unlinkat(s->dirfd, name, 0);
    }
    if (s->shared && s->target.rotated) unlink_all_hidden(s);
    s->hidden = 0;
    if (s->hidden_manifest) {
        hidden_name(s, kManifest, name);
        (void)unlinkat(s->dirfd, name, 0);
    }
    s->hidden_manifest = false;
    drop(&s->first);
    drop(&s->dirfd); // and with it the directory's lock
    s->locked = false;
    errno = err;
}

static constexpr SinkOps kFileOps = {
    sink_open,      sink_begin, sink_write, sink_end, sink_finish, sink_abort, PROGRESS_COPY_TYPE_FILE,
    &kSharedFileOps};

FileSink *new_file_sink(MemoryContext leaf, const FileTarget *target)
{
    MemoryContext old = MemoryContextSwitchTo(leaf);
    FileSink *s = (FileSink *)palloc0(sizeof(FileSink));
    s->sink.ops = &kFileOps;
    s->leaf = leaf;
    s->target = *target;
    s->target.path = pstrdup(target->path);
    if (target->group) s->target.group = pstrdup(target->group);
    const char *slash = strrchr(s->target.path, '/');
    s->base = slash + 1;
    s->dir = slash == s->target.path ? "/" : pnstrdup(s->target.path, slash - s->target.path);
    MemoryContextSwitchTo(old);
    s->dirfd = s->fd = s->first = s->begun = kNoFd;
    s->nameless = true;
    return s;
}

Sink *sink_file_create(MemoryContext leaf, const FileTarget *target)
{
    FileSink *s = new_file_sink(leaf, target);
    uint64 random;
    if (!pg_strong_random(&random, sizeof(random)))
        ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not generate random values")));
    snprintf(s->run, sizeof(s->run), "%016llx", (unsigned long long)random);
    return &s->sink;
}
} // namespace spout
