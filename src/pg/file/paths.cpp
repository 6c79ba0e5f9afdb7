// paths.cpp - the rules for target paths and the names derived from them. Everything but
// inside_data_directory() works on text only.
#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pg/server/pg.hpp"

extern "C" {
#include "storage/fd.h"
}

#include "pg/server/file_error.hpp"
#include "pg/file/paths.hpp"
#include "pg/target/sink.hpp"

namespace spout
{
namespace
{
// Room for what derived and hidden names add to a path.
constexpr size_t kMaxPath = MAXPGPATH - 64;
// A file system may nest deeper than a path can spell; nobody's does.
constexpr int kMaxDepth = 4096;

const char *last_component(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

// The last dot before `end`, unless that only hides the file; else `end`.
const char *last_dot(const char *base, const char *end)
{
    for (const char *p = end; p-- > base + 1;)
        if (*p == '.') return p;
    return end;
}

const char *last_suffix_of(const char *base) { return last_dot(base, base + strlen(base)); }

bool one_of(const char *p, const char *end, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strlen(list[i]) == (size_t)(end - p) && pg_strncasecmp(p, list[i], end - p) == 0) return true;
    return false;
}

// Where the suffix of a file name starts: ".csv.gz" and its like stay whole.
const char *suffix_of(const char *base)
{
    static const char *const kPacked[] = {".gz",  ".zst", ".zstd",   ".lz4",
                                          ".bz2", ".xz",  ".snappy", ".deflate"};
    static const char *const kContent[] = {".avro", ".csv", ".json",  ".xml",   ".parquet",
                                           ".tsv",  ".txt", ".jsonl", ".ndjson"};
    const char *end = base + strlen(base), *last = last_dot(base, end), *before = last_dot(base, last);
    return one_of(last, end, kPacked, lengthof(kPacked)) && one_of(before, last, kContent, lengthof(kContent))
               ? before
               : last;
}

void check_components(const char *path)
{
    for (const char *p = path; *p;) {
        size_t n = strcspn(p, "/");
        if (n > kMaxName)
            ereport(ERROR, (errcode(ERRCODE_INVALID_NAME),
                            errmsg("path has a name of more than %d bytes", (int)kMaxName)));
        p += n;
        p += strspn(p, "/");
    }
}

struct Place {
    dev_t dev;
    ino_t ino;
};

// The directories that belong to the server: the data directory, its WAL, its tablespaces.
struct Forbidden {
    Place *places;
    uint32 n, room;
};

void forbid(Forbidden *f, const char *path)
{
    struct stat st;
    if (stat(path, &st) != 0) return; // a tablespace that is gone holds nothing to protect
    if (f->n == f->room) {
        f->room *= 2;
        f->places = (Place *)repalloc(f->places, f->room * sizeof(Place));
    }
    f->places[f->n++] = {st.st_dev, st.st_ino};
}

Forbidden forbidden_places()
{
    Forbidden f = {(Place *)palloc(16 * sizeof(Place)), 0, 16};
    forbid(&f, DataDir);
    forbid(&f, "pg_wal"); // the server's working directory is the data directory
    DIR *dir = AllocateDir("pg_tblspc");
    while (struct dirent *e = ReadDirExtended(dir, "pg_tblspc", LOG)) {
        char path[MAXPGPATH];
        if (e->d_name[0] == '.') continue;
        strlcpy(path, "pg_tblspc/", sizeof(path));
        strlcat(path, e->d_name, sizeof(path));
        forbid(&f, path);
    }
    if (dir) FreeDir(dir);
    return f;
}

bool is_forbidden(const Forbidden *f, const struct stat *st)
{
    for (uint32 i = 0; i < f->n; i++)
        if (f->places[i].dev == st->st_dev && f->places[i].ino == st->st_ino) return true;
    return false;
}
} // namespace

// A URL is a relative path to us: "s3://bucket/x" would be a file below a directory "s3:".
[[noreturn]] static void refuse_relative(const char *path, PathUse use)
{
    static const char kSchemeChars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.";
    bool write = use == PathUse::write;
    const char *hint =
        write ? "Give an absolute path on the server's host. With psql's \\copy and COPY ... TO STDOUT "
                "the client writes the file."
              : "Give an absolute path on the server's host.";
    size_t scheme = strspn(path, kSchemeChars);
    if (pg_strncasecmp(path, "file://", 7) == 0)
        hint = "Leave out the URL's \"file://\": an absolute path begins with a slash.";
    else if (scheme > 0 && strncmp(path + scheme, "://", 3) == 0)
        hint =
            write ? "Only files on the server's host are written. To an object store, stream through its own "
                    "program: COPY ... TO PROGRAM 'aws s3 cp - s3://bucket/name'."
                  : "Only files on the server's host are read.";
    ereport(ERROR, (errcode(ERRCODE_INVALID_NAME),
                    errmsg("relative path not allowed for %s", write ? "COPY to file" : "verify_export()"),
                    errhint("%s", hint)));
    pg_unreachable();
}

char *check_path(const char *path, PathUse use)
{
    if (!path) ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("path must not be null")));
    if (!is_absolute_path(path)) refuse_relative(path, use);
    if (strlen(path) >= kMaxPath)
        ereport(ERROR, (errcode(ERRCODE_INVALID_NAME), errmsg("path is too long"),
                        errdetail("It has %zu bytes, the limit is %zu.", strlen(path), kMaxPath - 1)));
    check_components(path);
    // canonicalize_path() would drop these and write a file where the user meant a directory.
    const char *last = last_component(path);
    if (!*last || strcmp(last, ".") == 0 || strcmp(last, "..") == 0)
        ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("\"%s\" is a directory", path)));
    char *canonical = pstrdup(path);
    canonicalize_path(canonical);
    return canonical;
}

char *check_target_path(const char *path)
{
    char *canonical = check_path(path);
    Run run;
    if (parse_hidden_name(last_component(canonical), run))
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_NAME),
                 errmsg("file name \"%s\" is reserved for unfinished exports", last_component(canonical)),
                 errdetail("Exports remove files with such names when they are left behind."),
                 errhint("Choose a name that does not end in \"%s\".", kHiddenSuffix)));
    return canonical;
}

bool is_null_device(const char *canonical) { return strcmp(canonical, "/dev/null") == 0; }

bool rotated_name(const char *base, uint32 index, char *out)
{
    const char *suffix = suffix_of(base);
    int n = snprintf(out, kMaxName + 1, "%.*s_%03u%s", (int)(suffix - base), base, index, suffix);
    return n <= (int)kMaxName;
}

bool manifest_name(const char *base, char *out)
{
    return snprintf(out, kMaxName + 1, "%s.manifest.json", base) <= (int)kMaxName;
}

bool older_manifest_name(const char *base, char *out)
{
    int n = snprintf(out, kMaxName + 1, "%.*s.manifest.json", (int)(last_suffix_of(base) - base), base);
    return n <= (int)kMaxName;
}

bool parse_rotated_name(const char *base, const char *name, uint32 *index)
{
    const char *suffix = suffix_of(base);
    size_t stem = suffix - base;
    if (strncmp(name, base, stem) != 0 || name[stem] != '_') return false;
    const char *digits = name + stem + 1;
    size_t n = strspn(digits, "0123456789");
    // As rotated_name() prints it: three digits or more, padded to three only, below 2^32.
    if (n < 3 || n > 9 || (n > 3 && digits[0] == '0') || strcmp(digits + n, suffix) != 0) return false;
    *index = (uint32)strtoul(digits, nullptr, 10);
    return true;
}

bool parse_hidden_name(const char *name, Run run)
{
    constexpr size_t digits = sizeof(Run) - 1, suffix = sizeof(kHiddenSuffix) - 1;
    size_t n = strlen(name);
    if (name[0] != '.' || n < 1 + 1 + 1 + digits + suffix || n > kMaxName ||
        strcmp(name + n - suffix, kHiddenSuffix) != 0)
        return false;
    const char *hex = name + n - suffix - digits;
    if (hex[-1] != '.' || strspn(hex, "0123456789abcdef") != digits) return false;
    memcpy(run, hex, digits);
    run[digits] = '\0';
    return true;
}

void sign_of_life(const Run run, char *out)
{
    snprintf(out, kMaxName + 1, ".pg_spout.%s%s", run, kHiddenSuffix);
}

// Climbs from the pinned directory and compares inodes, so links, prefixes and case do not matter. It
// prevents accidents; a bind mount of a subdirectory escapes it.
bool inside_data_directory(int dirfd, const char *dir)
{
    Forbidden f = forbidden_places();
    struct stat here, up;
    int err = fstat(dirfd, &here) == 0 ? 0 : errno;
    int fd = -1;
    bool inside = false;
    int depth = 0;
    for (; !err && depth < kMaxDepth && !(inside = is_forbidden(&f, &here)); depth++) {
        int parent = openat(fd < 0 ? dirfd : fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (parent < 0 || fstat(parent, &up) != 0) err = errno;
        if (fd >= 0) close(fd);
        fd = parent;
        if (!err && up.st_dev == here.st_dev && up.st_ino == here.st_ino) break; // the root is its own parent
        here = up;
    }
    if (fd >= 0) close(fd);
    if (!err && !inside && depth == kMaxDepth) err = ELOOP;
    pfree(f.places);
    if (err) raise_file_error(err, "examine the parents of directory", dir);
    return inside;
}
} // namespace spout
