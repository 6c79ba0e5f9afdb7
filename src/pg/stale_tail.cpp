// stale_tail.cpp - run 1 wrote five files, run 2 writes three: what becomes of the other two (safety.md 1.4,
// point 4). Those that the old manifest lists, unchanged, are removed; others raise a warning.
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include "core/manifest_scan.hpp"
#include "core/wall.hpp"
#include "pg/file_text.hpp"
#include "pg/sink_file.hpp"

namespace spout
{
namespace
{
constexpr size_t kReadSize = 256 * 1024;

bool same_time(const struct timespec &a, const struct timespec &b)
{
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool unchanged(const struct stat &a, const struct stat &b)
{
    return id_of(a) == id_of(b) && a.st_size == b.st_size && same_time(a.st_mtim, b.st_mtim) &&
           same_time(a.st_ctim, b.st_ctim);
}

// Opens a regular file of the directory into s->fd, where abort finds it. False: it cannot be used.
bool open_existing(FileSink *s, const char *name, struct stat *st)
{
    s->fd = counted_openat(s->dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (s->fd == kNoFd) return false;
    if (fstat(s->fd, st) == 0 && S_ISREG(st->st_mode)) return true;
    drop(&s->fd);
    return false;
}

// Reads on; short only at the end of the file. -1 on error.
ssize_t read_some(FileSink *s, uint8 *to, size_t n)
{
    size_t got = 0;
    while (got < n) {
        CHECK_FOR_INTERRUPTS();
        ssize_t rc = read(s->fd, to + got, n - got);
        if (rc < 0 && errno == EINTR) continue;
        if (rc < 0) return -1;
        if (rc == 0) break;
        got += rc;
    }
    return got;
}

StaleFile *find(StaleTail *tail, uint32 index)
{
    uint32 low = 0, high = tail->n;
    while (low < high) {
        uint32 mid = low + (high - low) / 2;
        if (tail->files[mid].index < index)
            low = mid + 1;
        else
            high = mid;
    }
    return low < tail->n && tail->files[low].index == index ? &tail->files[low] : nullptr;
}
// What the old manifest lists of the tail, with its size and checksum. False: there is none of ours, or it is
// damaged; then nothing that it said counts.
bool read_manifest(FileSink *s, StaleTail *tail, uint8 *buffer)
{
    Name name;
    struct stat st;
    if (!manifest_name(s->base, name) || !open_existing(s, name, &st)) return false;
    ManifestScan scan;
    ManifestStep step = ManifestStep::more;
    ssize_t got = 0;
    manifest_begin(&scan);
    while (step != ManifestStep::bad && (got = read_some(s, buffer, kReadSize)) > 0) {
        const char *p = (const char *)buffer, *end = p + got;
        while ((step = manifest_feed(&scan, &p, end)) == ManifestStep::file) {
            uint32 index;
            char *listed = text_from_file(scan.file.name);
            StaleFile *f =
                listed && parse_rotated_name(s->base, listed, &index) ? find(tail, index) : nullptr;
            if (f) f->listed = true, f->bytes = scan.file.bytes, f->crc32c = scan.file.crc32c;
            if (listed) pfree(listed);
        }
    }
    drop(&s->fd);
    return got == 0 && step != ManifestStep::bad && manifest_end(&scan) == ManifestStep::done;
}

// Does the file still hold what the manifest says it held?
bool verify(FileSink *s, StaleFile *f, uint8 *buffer)
{
    Name name;
    struct stat st;
    final_name(s, f->index, name);
    if (!f->listed || (uint64)f->st.st_size != f->bytes || !open_existing(s, name, &st)) return false;
    uint32 crc = 0;
    ssize_t got;
    while ((got = read_some(s, buffer, kReadSize)) > 0)
        crc = crc32c(crc, buffer, got);
    drop(&s->fd);
    return got == 0 && crc == f->crc32c && unchanged(st, f->st);
}
} // namespace

static void list_tail(FileSink *s, uint32 n, StaleTail *tail)
{
    uint32 count;
    uint32 *indexes = existing_indexes(s, n, &count);
    if (!count) return;
    tail->files = (StaleFile *)MemoryContextAllocHuge(s->leaf, sizeof(StaleFile) * count);
    for (uint32 i = 0; i < count; i++) {
        Name name;
        StaleFile *f = &tail->files[tail->n];
        f->index = indexes[i];
        f->ours = f->listed = false;
        final_name(s, f->index, name);
        if (fstatat(s->dirfd, name, &f->st, AT_SYMLINK_NOFOLLOW) == 0) tail->n++;
    }
}

StaleTail find_stale_tail(FileSink *s, uint32 n)
{
    StaleTail tail = {nullptr, 0, false};
    if (s->target.rotated) list_tail(s, n, &tail);
    uint8 *buffer = (uint8 *)MemoryContextAlloc(s->leaf, kReadSize);
    tail.manifest = read_manifest(s, &tail, buffer);
    for (uint32 i = 0; tail.manifest && i < tail.n; i++)
        tail.files[i].ours = verify(s, &tail.files[i], buffer);
    pfree(buffer);
    return tail;
}

void remove_stale_tail(FileSink *s, StaleTail *tail)
{
    uint32 left = 0;
    for (uint32 i = 0; i < tail->n; i++) {
        StaleFile *f = &tail->files[i];
        Name name;
        struct stat now;
        final_name(s, f->index, name);
        bool there = fstatat(s->dirfd, name, &now, AT_SYMLINK_NOFOLLOW) == 0;
        bool gone = !there || (f->ours && unchanged(now, f->st) && unlinkat(s->dirfd, name, 0) == 0);
        if (!gone) tail->files[left++] = *f;
    }
    tail->n = left;
}

void warn_stale_tail(const FileSink *s, const StaleTail *tail, bool manifest)
{
    if (tail->manifest && !manifest)
        ereport(WARNING, (errcode(ERRCODE_WARNING),
                          errmsg("\"%s\" describes an earlier export", final_path(s, kManifest)),
                          errhint("Remove it, or use the option manifest to replace it.")));
    if (!tail->n) return;
    ereport(
        WARNING,
        (errcode(ERRCODE_WARNING),
         errmsg_plural("%u file of an earlier, longer export is left: \"%s\"",
                       "%u files of an earlier, longer export are left, the first is \"%s\"", tail->n,
                       tail->n, final_path(s, tail->files[0].index)),
         errdetail("No manifest lists them with their present size and checksum, so they were not removed."),
         errhint("Remove them if nobody needs them: readers of the whole directory take them for part of "
                 "this export. With the option manifest, the next export removes what is its own.")));
}
} // namespace spout
