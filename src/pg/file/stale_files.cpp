// stale_files.cpp - run 1 wrote five files, run 2 writes three, or one that is no set: what becomes of the
// others. Those that the old manifest lists, unchanged, are removed; others raise a warning.
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

#include "engine/manifest_scan.hpp"
#include "engine/wall.hpp"
#include "pg/server/file_text.hpp"
#include "pg/file/sink.hpp"

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

void stale_name(const FileSink *s, uint32 index, Name out)
{
    if (index == kWhole)
        strlcpy(out, s->base, sizeof(Name));
    else
        (void)rotated_name(s->base, index, out); // it was found, so it fits
}

// --- what there is ------------------------------------------------------------------------------

bool exists(const FileSink *s, const char *name)
{
    struct stat st;
    return fstatat(s->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

void add(FileSink *s, StaleFiles *all, uint32 index)
{
    Name name;
    StaleFile *f = &all->files[all->n];
    *f = {};
    f->index = index;
    stale_name(s, index, name);
    if (fstatat(s->dirfd, name, &f->st, AT_SYMLINK_NOFOLLOW) == 0) all->n++;
}

// The files that one of the two shapes would have had.
void list_files(FileSink *s, uint32 n, StaleFiles *all)
{
    uint32 count;
    uint32 *indexes = existing_indexes(s, s->target.rotated ? n : 0, &count);
    all->files = (StaleFile *)MemoryContextAllocHuge(s->leaf, sizeof(StaleFile) * ((Size)count + 1));
    for (uint32 i = 0; i < count; i++)
        add(s, all, indexes[i]);
    if (s->target.rotated) add(s, all, kWhole);
}

StaleFile *find(StaleFiles *all, uint32 index)
{
    uint32 low = 0, high = all->n;
    while (low < high) {
        uint32 mid = low + (high - low) / 2;
        if (all->files[mid].index < index)
            low = mid + 1;
        else
            high = mid;
    }
    return low < all->n && all->files[low].index == index ? &all->files[low] : nullptr;
}

// --- what the old manifest says -------------------------------------------------------------------

// Is it a name of ours? Then *index says which.
bool parse_name(const FileSink *s, const char *name, uint32 *index)
{
    *index = kWhole;
    return strcmp(name, s->base) == 0 || parse_rotated_name(s->base, name, index);
}

// Notes what it lists of our names, with size and checksum. False: it is none of ours, or damaged; then
// nothing that it said counts.
bool read_manifest(FileSink *s, const char *name, StaleFiles *all, uint8 *buffer, uint32 *ours)
{
    struct stat st;
    if (!open_existing(s, name, &st)) return false;
    ManifestScan scan;
    ManifestStep step = ManifestStep::more;
    ssize_t got = 0;
    manifest_begin(&scan);
    while (step != ManifestStep::bad && (got = read_some(s, buffer, kReadSize)) > 0) {
        const char *p = (const char *)buffer, *end = p + got;
        while ((step = manifest_feed(&scan, &p, end)) == ManifestStep::file) {
            uint32 index;
            char *listed = text_from_file(scan.file.name);
            bool known = listed && parse_name(s, listed, &index);
            StaleFile *f = known ? find(all, index) : nullptr;
            *ours += known;
            if (f) f->listed = true, f->bytes = scan.file.bytes, f->crc32c = scan.file.crc32c;
            if (listed) pfree(listed);
        }
    }
    drop(&s->fd);
    return got == 0 && step != ManifestStep::bad && manifest_end(&scan) == ManifestStep::done;
}

// The name that earlier versions used may belong to a file of the same stem and another suffix: it counts if
// it lists names of ours.
bool read_manifests(FileSink *s, StaleFiles *all, uint8 *buffer)
{
    uint32 ours = 0;
    Name older;
    if (manifest_name(s->base, all->manifest) && read_manifest(s, all->manifest, all, buffer, &ours))
        return true;
    ours = 0;
    for (uint32 i = 0; i < all->n; i++)
        all->files[i].listed = false;
    if (older_manifest_name(s->base, older) && read_manifest(s, older, all, buffer, &ours) && ours) {
        strlcpy(all->manifest, older, sizeof(Name));
        return true;
    }
    all->manifest[0] = '\0';
    return false;
}

// Does the file still hold what the manifest says it held?
bool verify(FileSink *s, StaleFile *f, uint8 *buffer)
{
    Name name;
    struct stat st;
    stale_name(s, f->index, name);
    if (!f->listed || (uint64)f->st.st_size != f->bytes || !open_existing(s, name, &st)) return false;
    uint32 crc = 0;
    ssize_t got;
    while ((got = read_some(s, buffer, kReadSize)) > 0)
        crc = crc32c(crc, buffer, got);
    drop(&s->fd);
    return got == 0 && crc == f->crc32c && unchanged(st, f->st);
}

// Beside a single file, what merely looks like a set's later files is somebody else's: orders_2024.avro
// beside orders.avro.
void forget_strangers(StaleFiles *all)
{
    uint32 kept = 0;
    for (uint32 i = 0; i < all->n; i++)
        if (all->files[i].listed) all->files[kept++] = all->files[i];
    all->n = kept;
}
} // namespace

void find_stale_files(FileSink *s, uint32 n, StaleFiles *all)
{
    Name name;
    memset(all, 0, sizeof *all);
    bool set = rotated_name(s->base, 0, name) && exists(s, name);
    bool manifest = (manifest_name(s->base, name) && exists(s, name)) ||
                    (older_manifest_name(s->base, name) && exists(s, name));
    if (!s->target.rotated && !set && !manifest) return;
    list_files(s, n, all);
    if (manifest) {
        uint8 *buffer = (uint8 *)MemoryContextAlloc(s->leaf, kReadSize);
        manifest = read_manifests(s, all, buffer);
        for (uint32 i = 0; manifest && i < all->n; i++)
            all->files[i].ours = verify(s, &all->files[i], buffer);
        pfree(buffer);
    }
    if (!s->target.rotated && !set) forget_strangers(all);
}

void remove_stale_files(FileSink *s, StaleFiles *all)
{
    uint32 left = 0;
    for (uint32 i = 0; i < all->n; i++) {
        CHECK_FOR_INTERRUPTS();
        StaleFile *f = &all->files[i];
        Name name;
        struct stat now;
        stale_name(s, f->index, name);
        bool there = fstatat(s->dirfd, name, &now, AT_SYMLINK_NOFOLLOW) == 0;
        bool may_go = f->ours && !s->target.fail_if_exists && unchanged(now, f->st);
        bool gone = !there || (may_go && unlinkat(s->dirfd, name, 0) == 0);
        if (!gone) all->files[left++] = *f;
    }
    all->n = left;
}

void warn_of_stale_files(const FileSink *s, const StaleFiles *all, bool manifest)
{
    Name name;
    if (all->manifest[0] && !(manifest && manifest_name(s->base, name) && strcmp(name, all->manifest) == 0))
        ereport(WARNING, (errcode(ERRCODE_WARNING),
                          errmsg("\"%s\" describes an earlier export", path_of(s, all->manifest)),
                          manifest ? errhint("Remove it: this export's manifest is \"%s\".", name)
                                   : errhint("Remove it, or use the option manifest to replace it.")));
    if (!all->n) return;
    stale_name(s, all->files[0].index, name);
    ereport(
        WARNING,
        (errcode(ERRCODE_WARNING),
         errmsg_plural("%u file of an earlier export is left: \"%s\"",
                       "%u files of an earlier export are left, the first is \"%s\"", all->n, all->n,
                       path_of(s, name)),
         s->target.fail_if_exists
             ? errdetail("Under if_exists 'error' nothing is removed.")
             : errdetail("Only what a manifest lists with its present size and checksum is removed."),
         errhint("Remove what nobody needs: readers of the whole directory take it for part of this export. "
                 "With the option manifest, the next export removes what is its own.")));
}
} // namespace spout
