// shared.cpp - one set of files, written by several processes. The leader owns names, locks,
// publication and clean-up; a guest, in a parallel worker, opens, writes and closes.
#include <cerrno>
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "pg/file/sink.hpp"

extern "C" {
#include "libpq/pqformat.h"
#include "storage/fd.h"
}

namespace spout
{
namespace
{
// Everything a guest needs but the path.
struct Invitation {
    FileSink::Host host;
    Run run;
    bool rotated, fail_if_exists, sync, nameless;
};

int open_host_file(const FileSink::Host *h)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/fd/%d", (int)h->pid, h->fd);
    int fd = counted_openat(AT_FDCWD, path, O_RDWR);
    struct stat st;
    if (fd != kNoFd && (fstat(fd, &st) != 0 || !(id_of(st) == h->file))) {
        drop(&fd);
        errno = ESTALE;
    }
    return fd;
}

void file_share(Sink *sink)
{
    FileSink *s = (FileSink *)sink;
    s->shared = true;
    // Files of a set are begun and ended by different processes, which meet under a name.
    if (s->target.rotated) s->nameless = false;
}

void file_tell(Sink *sink, StringInfo to)
{
    FileSink *s = (FileSink *)sink;
    struct stat st;
    if (fstat(s->dirfd, &st) != 0) raise_file_error(errno, "examine directory", s->dir);
    s->host.dir = id_of(st);
    if (fstat(s->fd, &st) != 0) raise_file_error(errno, "examine file", final_path(s, 0));
    s->host.file = id_of(st);
    s->host.pid = MyProcPid;
    s->host.fd = s->fd;
    if (s->nameless) {
        int probe = open_host_file(&s->host);
        s->nameless = probe != kNoFd;
        drop(&probe);
        if (!s->nameless && !link_hidden(s, s->fd, 0)) raise_file_error(errno, "link file", final_path(s, 0));
    }
    Invitation i = {s->host, {}, s->target.rotated, s->target.fail_if_exists, s->target.sync, s->nameless};
    memcpy(i.run, s->run, sizeof i.run);
    appendBinaryStringInfo(to, (const char *)&i, sizeof i);
    appendBinaryStringInfo(to, s->target.path, (int)strlen(s->target.path) + 1);
    if (s->target.rotated) {
        s->first = s->fd; // keeps its lock; to write, it is joined like any other
        s->fd = kNoFd;
    }
}

Sink *file_attach(MemoryContext leaf, StringInfo from)
{
    Invitation i;
    pq_copymsgbytes(from, (char *)&i, sizeof i);
    FileTarget t = {pq_getmsgrawstring(from), i.rotated, i.fail_if_exists, i.sync, false, -1, nullptr};
    FileSink *s = new_file_sink(leaf, &t);
    memcpy(s->run, i.run, sizeof s->run);
    s->host = i.host;
    s->nameless = i.nameless;
    s->guest = true;
    return &s->sink;
}

// In a guest, before it touches the directory: not in attach, since the caller's clean-up must know the sink.
void open_directory(FileSink *s)
{
    struct stat st;
    if (s->dirfd != kNoFd) return;
    s->dirfd = counted_openat(AT_FDCWD, s->dir, O_RDONLY | O_DIRECTORY);
    if (s->dirfd == kNoFd || fstat(s->dirfd, &st) != 0) raise_file_error(errno, "open directory", s->dir);
    if (!(id_of(st) == s->host.dir)) raise_file_error(ESTALE, "open directory", s->dir);
}

// Runs under the ledger's lock, so that nobody looks for the file before it is there.
FileId file_create(Sink *sink, uint32 index)
{
    FileSink *s = (FileSink *)sink;
    struct stat st;
    if (s->guest) open_directory(s);
    check_target(s, index, &st);
    Name name;
    hidden_name(s, index, name);
    Assert(s->begun == kNoFd);
    s->begun = counted_openat(s->dirfd, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_RDWR, 0600);
    s->begun_index = index;
    if (s->begun == kNoFd || fstat(s->begun, &st) != 0)
        raise_file_error(errno, "create file", final_path(s, index));
    return id_of(st);
}

int open_begun(FileSink *s, uint32 index)
{
    if (s->nameless) return open_host_file(&s->host);
    if (s->begun != kNoFd && s->begun_index == index) {
        int fd = s->begun;
        s->begun = kNoFd;
        return fd;
    }
    Name name;
    hidden_name(s, index, name);
    return counted_openat(s->dirfd, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
}

bool file_join(Sink *sink, uint32 index, FileId *id)
{
    FileSink *s = (FileSink *)sink;
    struct stat st;
    if (s->fd == kNoFd) {
        if (s->guest) open_directory(s);
        forget_windows(s);
        s->fd = open_begun(s, index);
        if (s->fd == kNoFd && s->nameless) return false;
        if (s->fd == kNoFd && errno == ELOOP) raise_replaced(s, index); // a symbolic link
        if (s->fd == kNoFd) raise_file_error(errno, "open file", final_path(s, index));
    }
    if (fstat(s->fd, &st) != 0) raise_file_error(errno, "examine file", final_path(s, index));
    if (index == 0) *id = s->host.file;
    // Before a byte is written: the name may lead to a file that others need.
    if (!(*id == FileId{}) && !(id_of(st) == *id)) raise_replaced(s, index);
    *id = id_of(st);
    return true;
}

void file_leave(Sink *sink, uint32 index)
{
    FileSink *s = (FileSink *)sink;
    if (s->fd == kNoFd || (!s->guest && !s->target.rotated)) return; // the leader ends its one file itself
    if (s->target.sync && s->target.rotated && fsync(s->fd) != 0)
        raise_file_error(errno, "fsync file", final_path(s, index));
    if (!checked_close(&s->fd)) raise_file_error(errno, "close file", final_path(s, index));
}
} // namespace

const SharedOps kSharedFileOps = {file_share, file_tell, file_attach, file_create, file_join, file_leave};

// What the other processes have made, they may not have told: the directory knows. Reading it needs no
// further descriptor, of which there may be none. Passes repeat, since what a pass sees of a directory that
// changes under it is not defined.
void unlink_all_hidden(FileSink *s)
{
    if (s->guest || s->dirfd == kNoFd) return;
    DIR *stream = fdopendir(s->dirfd);
    if (!stream) return; // no memory: a sweep will find them
    bool found = true;
    for (int pass = 0; found && pass < kMaxPasses; pass++) {
        found = false;
        rewinddir(stream);
        while (struct dirent *e = readdir(stream)) {
            Run run;
            if (parse_hidden_name(e->d_name, run) && strcmp(run, s->run) == 0)
                found = unlinkat(s->dirfd, e->d_name, 0) == 0 || found;
        }
    }
    closedir(stream); // and dirfd
    s->dirfd = kNoFd;
    ReleaseExternalFD();
}
} // namespace spout
