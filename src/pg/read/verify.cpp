// verify.cpp - verify_export(path): reads a file, or every file of a manifest, back. The bounded checks and
// the full decode are core's (wall.hpp, Reader); here are the descriptors, the rights and the result rows.
#include "engine/manifest_scan.hpp"
#include "engine/wall.hpp"
#include "pg/server/error.hpp"
#include "pg/server/file_text.hpp"
#include "pg/file/paths.hpp"
#include "pg/server/rights.hpp"
#include "pg/target/sink.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

extern "C" {
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "storage/fd.h"
#include "utils/tuplestore.h"

PGDLLEXPORT PG_FUNCTION_INFO_V1(spout_verify_export);
}

namespace spout
{
// An open file; closed by the context's reset callback, so also after an ERROR.
struct OpenFile {
    int fd;         // -1: closed
    int read_errno; // of a failed read
    Reader *reader; // null: none
    MemoryContextCallback cleanup;
};

static void close_file(void *arg)
{
    auto *f = static_cast<OpenFile *>(arg);
    reader_free(f->reader);
    f->reader = nullptr;
    if (f->fd < 0) return;
    close(f->fd);
    ReleaseExternalFD();
    f->fd = -1;
}

static const char *cannot_open(int err)
{
    switch (err) {
    case EMFILE:
    case ENFILE:
    case ENOMEM: // says nothing about the file
        ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_RESOURCES),
                        errmsg("could not open a file to verify it: %s", pg_strerror(err))));
        pg_unreachable();
    case ENOENT: return "file is missing";
    case ELOOP: return "is a symbolic link";
    default: return psprintf("file cannot be opened: %s", pg_strerror(err));
    }
}

// Null with *problem set when there is no such regular file that we can read.
static OpenFile *open_file(const char *path, const char **problem)
{
    auto *f = (OpenFile *)palloc0(sizeof(OpenFile));
    f->fd = -1;
    f->cleanup.func = close_file;
    f->cleanup.arg = f;
    MemoryContextRegisterResetCallback(CurrentMemoryContext, &f->cleanup);
    if (!AcquireExternalFD())
        ereport(ERROR, (errcode(ERRCODE_INSUFFICIENT_RESOURCES), errmsg("too many open files")));
    f->fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_NOFOLLOW | O_CLOEXEC);
    int err = errno;
    if (f->fd < 0) {
        ReleaseExternalFD();
        *problem = cannot_open(err);
        return nullptr;
    }
    struct stat st = {};
    if (fstat(f->fd, &st) == 0 && S_ISREG(st.st_mode)) return f;
    *problem = S_ISDIR(st.st_mode) ? "is a directory" : "is not a regular file";
    close_file(f);
    return nullptr;
}

static int64_t read_some(void *arg, void *to, size_t n)
{
    auto *f = static_cast<OpenFile *>(arg);
    for (;;) {
        ssize_t got = read(f->fd, to, Min(n, (size_t)1 << 20));
        if (got >= 0) return got;
        if (errno == EINTR) continue;
        f->read_errno = errno;
        return -1;
    }
}

// What a manifest says of a file.
struct Expected {
    uint64 rows, bytes;
    uint32 crc32c;
};

struct Verdict {
    ReadStats stats;
    const char *problem; // null: the file is good
};

static const char *problem_text(OpenFile *f, const Failure *why)
{
    if (f->read_errno) {
        errno = f->read_errno;
        return psprintf("could not read: %s", pg_strerror(f->read_errno));
    }
    return from_utf8(why->message);
}

// Memory ran out: that says nothing about the file.
static void raise_unless_about_file(Code rc, const Failure *why)
{
    if (rc == Code::no_memory) raise_failure(why);
}

static Verdict read_back(OpenFile *f, const ReadAs *as)
{
    Verdict v = {};
    Failure why = {};
    ReadOps ops = {read_some, f};
    bool more = true;
    Code rc = reader_open(&ops, as, &f->reader, &why);
    while (rc == Code::ok && more) {
        CHECK_FOR_INTERRUPTS();
        rc = reader_next(f->reader, &more, &why);
    }
    raise_unless_about_file(rc, &why);
    if (rc != Code::ok) v.problem = problem_text(f, &why);
    if (f->reader) reader_stats(f->reader, &v.stats);
    return v;
}

static void compare(Verdict *v, const Expected *e)
{
    if (!e || v->problem) return;
    if (v->stats.bytes != e->bytes)
        v->problem = psprintf("has " UINT64_FORMAT " bytes, but the manifest says " UINT64_FORMAT,
                              v->stats.bytes, e->bytes);
    else if (v->stats.rows != e->rows)
        v->problem = psprintf("has " UINT64_FORMAT " rows, but the manifest says " UINT64_FORMAT,
                              v->stats.rows, e->rows);
    else if (v->stats.crc32c != e->crc32c)
        v->problem = "checksum differs from the manifest's";
}

// file_index, path, ok, rows, bytes, raw_bytes, blocks, crc32c, problem
static void put_verdict(ReturnSetInfo *out, int index, const char *path, const Verdict *v)
{
    bool nulls[9] = {};
    const ReadStats &s = v->stats;
    Datum values[9] = {Int32GetDatum(index),
                       CStringGetTextDatum(path),
                       BoolGetDatum(v->problem == nullptr),
                       Int64GetDatum((int64)s.rows),
                       Int64GetDatum((int64)s.bytes),
                       Int64GetDatum((int64)s.raw_bytes),
                       Int64GetDatum((int64)s.blocks),
                       CStringGetTextDatum(psprintf("%08x", s.crc32c)),
                       (Datum)0};
    nulls[8] = v->problem == nullptr;
    if (v->problem) values[8] = CStringGetTextDatum(v->problem);
    tuplestore_putvalues(out->setResult, out->setDesc, values, nulls);
}

// A row about the manifest itself, which has no index and nothing to count.
static void put_problem(ReturnSetInfo *out, const char *manifest, const char *problem)
{
    bool nulls[9] = {true, false, false, true, true, true, true, true, false};
    Datum values[9] = {};
    values[1] = CStringGetTextDatum(manifest);
    values[2] = BoolGetDatum(false);
    values[8] = CStringGetTextDatum(problem);
    tuplestore_putvalues(out->setResult, out->setDesc, values, nulls);
}

static void verify_file(ReturnSetInfo *out, int index, ReadAs as, const char *path, const Expected *expected)
{
    Verdict v = {};
    OpenFile *f = open_file(path, &v.problem);
    as.path = path;
    if (f) v = read_back(f, &as);
    compare(&v, expected);
    put_verdict(out, index, path, &v);
}

// --- manifests ---------------------------------------------------------------------------------------------

// The open manifest, read a piece at a time.
struct Manifest {
    const char *path;
    OpenFile *file;
    ManifestScan scan;
    const char *p, *end; // of `piece`, not yet read
    char piece[64 * 1024];
};

// On to the next file of the list; the end, or what is wrong.
static ManifestStep next_file(Manifest *m)
{
    for (;;) {
        CHECK_FOR_INTERRUPTS();
        ManifestStep step = manifest_feed(&m->scan, &m->p, m->end);
        if (step != ManifestStep::more) return step;
        int64_t got = read_some(m->file, m->piece, sizeof m->piece);
        if (got == 0) return manifest_end(&m->scan);
        if (got < 0) {
            m->scan.problem = psprintf("could not read: %s", pg_strerror(m->file->read_errno));
            return ManifestStep::bad;
        }
        m->p = m->piece;
        m->end = m->piece + got;
    }
}

static bool rewind(Manifest *m)
{
    m->p = m->end = nullptr;
    manifest_begin(&m->scan);
    return lseek(m->file->fd, 0, SEEK_SET) == 0;
}

static const char *problem_of(const Manifest *m)
{
    return psprintf("manifest %s (byte " UINT64_FORMAT ")", m->scan.problem, m->scan.at);
}

// How the files are to be read, and what makes that impossible. All that a CSV file does not say itself.
static const char *read_as(const ManifestAbout *about, ReadAs *as)
{
    *as = {about->format, nullptr, false, about->quote, about->escape, about->header, PG_UTF8, nullptr};
    if (!format_known(about->format))
        return psprintf("manifest names the format \"%s\", which is unknown", from_utf8(about->format));
    as->plain = strcmp(about->compression, "none") == 0;
    if (!about->csv) return nullptr;
    as->encoding = pg_char_to_encoding(about->encoding);
    if (as->encoding < 0)
        return psprintf("manifest names the encoding \"%s\", which is unknown", from_utf8(about->encoding));
    as->mblen = PG_ENCODING_IS_CLIENT_ONLY(as->encoding) ? pg_encoding_mblen : nullptr;
    return nullptr;
}

// A single component below the manifest's own directory: a manifest cannot point elsewhere.
static bool is_component(const char *name)
{
    return *name && !strchr(name, '/') && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static char *beside(const char *manifest, const char *name)
{
    return psprintf("%.*s/%s", (int)(strrchr(manifest, '/') - manifest), manifest, name);
}

// A manifest is good as a whole, or none of its files is read: so the first pass only looks at it.
static const char *check_manifest(Manifest *m, ManifestAbout *about, ReadAs *as)
{
    ManifestStep step;
    if (!rewind(m)) return "could not read";
    while ((step = next_file(m)) == ManifestStep::file)
        if (!is_component(m->scan.file.name)) {
            m->scan.problem = "names a file outside its directory";
            return problem_of(m);
        }
    if (step == ManifestStep::bad) return problem_of(m);
    *about = m->scan.about;
    return read_as(about, as);
}

static void verify_listed(ReturnSetInfo *out, int index, const ReadAs *as, const Manifest *m)
{
    const ManifestFile &f = m->scan.file;
    Expected expected = {f.rows, f.bytes, f.crc32c};
    char *name = text_from_file(f.name);
    if (name && is_component(name)) { // it may have changed since it was looked at
        verify_file(out, index, *as, beside(m->path, name), &expected);
        return;
    }
    Verdict v = {};
    v.problem = name ? "the manifest names a file outside its directory"
                     : psprintf("the name in the manifest is not valid in encoding \"%s\"",
                                GetDatabaseEncodingName());
    put_verdict(out, index, beside(m->path, readable(f.name)), &v);
}

static void verify_manifest(ReturnSetInfo *out, const char *path)
{
    auto *m = (Manifest *)palloc0(sizeof(Manifest));
    ManifestAbout about;
    ReadAs as = {};
    const char *problem = nullptr;
    m->path = path;
    m->file = open_file(path, &problem);
    if (m->file) problem = check_manifest(m, &about, &as);
    if (!problem && !rewind(m)) problem = "could not read";
    MemoryContext here = CurrentMemoryContext;
    MemoryContext each = AllocSetContextCreate(here, "pg_spout verify", ALLOCSET_DEFAULT_SIZES);
    int index = 0;
    ManifestStep step = ManifestStep::more;
    while (!problem && (step = next_file(m)) == ManifestStep::file) {
        MemoryContextSwitchTo(each);
        verify_listed(out, index++, &as, m);
        MemoryContextSwitchTo(here);
        MemoryContextReset(each);
    }
    if (step == ManifestStep::bad) problem = problem_of(m); // it has changed since
    if (problem) put_problem(out, path, problem);
}

// CSV with core's defaults; a header counts as a row, since nothing tells it from one.
constexpr ReadAs kUnknown = {nullptr, nullptr, false, '"', '"', false, PG_UTF8, nullptr};

static bool ends_with(const char *s, const char *tail)
{
    size_t n = strlen(s), m = strlen(tail);
    return n >= m && strcmp(s + n - m, tail) == 0;
}

// The path as open() is to get it: what cannot be a file, but a directory, is its business to refuse.
static char *path_argument(FunctionCallInfo fcinfo)
{
    if (PG_ARGISNULL(0))
        ereport(ERROR,
                (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("argument \"path\" must not be NULL")));
    char *path = text_to_cstring(PG_GETARG_TEXT_PP(0));
    const char *last = strrchr(path, '/');
    bool directory = last && (!last[1] || strcmp(last, "/.") == 0 || strcmp(last, "/..") == 0);
    return directory && is_absolute_path(path) ? path : check_path(path, PathUse::read);
}

static Datum verify(FunctionCallInfo fcinfo)
{
    require_read_server_files("verify_export");
    char *path = path_argument(fcinfo);
    InitMaterializedSRF(fcinfo, 0);
    auto *out = (ReturnSetInfo *)fcinfo->resultinfo;
    MemoryContext caller = CurrentMemoryContext;
    MemoryContext cx = AllocSetContextCreate(caller, "pg_spout verify", ALLOCSET_DEFAULT_SIZES);
    MemoryContextSwitchTo(cx);
    if (ends_with(path, ".manifest.json"))
        verify_manifest(out, path);
    else
        verify_file(out, 0, kUnknown, path, nullptr);
    MemoryContextSwitchTo(caller);
    MemoryContextDelete(cx);
    return (Datum)0;
}
} // namespace spout

extern "C" Datum spout_verify_export(PG_FUNCTION_ARGS) { return spout::verify(fcinfo); }
