// verify.cpp - verify_export(path): reads a file, or every file of a manifest, back. The bounded checks and
// the full decode are core's (wall.hpp, Reader); here are the descriptors, the rights and the result rows.
#include "core/wall.hpp"
#include "pg/error.hpp"
#include "pg/rights.hpp"
#include "pg/sink.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

extern "C" {
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "mb/pg_wchar.h"
#include "storage/fd.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"
#include "utils/tuplestore.h"

PGDLLEXPORT PG_FUNCTION_INFO_V1(spout_verify_export);
}

namespace spout
{
constexpr off_t kMaxManifestBytes = 64 * 1024 * 1024;

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

// Null with *problem set when the file is not there or not a regular file, and `soft`.
static OpenFile *open_file(const char *path, bool soft, const char **problem, struct stat *st)
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
    if (f->fd < 0) ReleaseExternalFD();
    if (f->fd < 0 && !soft) {
        errno = err;
        ereport(ERROR, (errcode_for_file_access(), errmsg("could not open file \"%s\": %m", path)));
    }
    if (f->fd < 0) {
        *problem = err == ENOENT ? "file is missing" : "file cannot be opened";
        return nullptr;
    }
    if (fstat(f->fd, st) != 0 || !S_ISREG(st->st_mode)) {
        if (!soft)
            ereport(ERROR,
                    (errcode(ERRCODE_WRONG_OBJECT_TYPE), errmsg("\"%s\" is not a regular file", path)));
        *problem = "not a regular file";
        return nullptr;
    }
    return f;
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
    int64 rows, bytes;
    const char *crc32c;
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
    if ((int64)v->stats.bytes != e->bytes)
        v->problem = psprintf("has " UINT64_FORMAT " bytes, but the manifest says " INT64_FORMAT,
                              v->stats.bytes, e->bytes);
    else if ((int64)v->stats.rows != e->rows)
        v->problem = psprintf("has " UINT64_FORMAT " rows, but the manifest says " INT64_FORMAT,
                              v->stats.rows, e->rows);
    else if (strcmp(psprintf("%08x", v->stats.crc32c), e->crc32c) != 0)
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

static void verify_file(ReturnSetInfo *out, int index, ReadAs as, const char *path, const Expected *expected)
{
    MemoryContext caller = CurrentMemoryContext;
    MemoryContext cx = AllocSetContextCreate(caller, "pg_spout verify", ALLOCSET_DEFAULT_SIZES);
    MemoryContextSwitchTo(cx);
    Verdict v = {};
    struct stat st;
    OpenFile *f = open_file(path, expected != nullptr, &v.problem, &st);
    as.path = path;
    if (f) v = read_back(f, &as);
    compare(&v, expected);
    put_verdict(out, index, path, &v);
    MemoryContextSwitchTo(caller);
    MemoryContextDelete(cx);
}

// --- manifests
// ------------------------------------------------------------------------------------------------

[[noreturn]] static void bad_manifest(const char *path, const char *what)
{
    ereport(ERROR, (errcode(ERRCODE_DATA_CORRUPTED), errmsg("manifest \"%s\" %s", path, what)));
    pg_unreachable();
}

static Jsonb *read_manifest(const char *path)
{
    struct stat st;
    OpenFile *f = open_file(path, false, nullptr, &st);
    if (st.st_size > kMaxManifestBytes) bad_manifest(path, "is too large");
    auto *text = (char *)palloc(st.st_size + 1);
    off_t n = 0;
    while (n < st.st_size) {
        CHECK_FOR_INTERRUPTS();
        int64_t got = read_some(f, text + n, st.st_size - n);
        if (got <= 0) bad_manifest(path, "cannot be read");
        n += got;
    }
    text[n] = '\0';
    close_file(f);
    return DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
}

static JsonbValue *member(JsonbContainer *object, const char *key)
{
    JsonbValue k;
    k.type = jbvString;
    k.val.string.val = (char *)key;
    k.val.string.len = (int)strlen(key);
    return findJsonbValueFromContainer(object, JB_FOBJECT, &k);
}

static int64 number_member(JsonbContainer *file, const char *key, const char *path)
{
    JsonbValue *v = member(file, key);
    if (!v || v->type != jbvNumeric) bad_manifest(path, "has a file without numbers");
    return DatumGetInt64(DirectFunctionCall1(numeric_int8, NumericGetDatum(v->val.numeric)));
}

static char *string_member(JsonbContainer *file, const char *key, const char *path)
{
    JsonbValue *v = member(file, key);
    if (!v || v->type != jbvString) bad_manifest(path, "has a file without a name or checksum");
    return pnstrdup(v->val.string.val, v->val.string.len);
}

static bool true_member(JsonbContainer *object, const char *key)
{
    JsonbValue *v = member(object, key);
    return v && v->type == jbvBool && v->val.boolean;
}

// A character, or the number of a byte that is none.
static char byte_member(JsonbContainer *object, const char *key, const char *path)
{
    JsonbValue *v = member(object, key);
    if (v && v->type == jbvString && v->val.string.len == 1) return v->val.string.val[0];
    return (char)number_member(object, key, path);
}

// How the files of a manifest are to be read: all that a CSV file does not say itself.
static ReadAs read_as(const char *path, JsonbContainer *manifest, char *format)
{
    ReadAs as = {format, path, false, '"', '"', false, PG_UTF8, nullptr};
    JsonbValue *codec = member(manifest, "compression");
    as.plain = codec && codec->type == jbvString && codec->val.string.len == 4 &&
               memcmp(codec->val.string.val, "none", 4) == 0;
    JsonbValue *csv = member(manifest, "csv");
    if (!csv || csv->type != jbvBinary || !JsonContainerIsObject(csv->val.binary.data)) return as;
    JsonbContainer *c = csv->val.binary.data;
    as.header = true_member(c, "header");
    as.quote = byte_member(c, "quote", path);
    as.escape = byte_member(c, "escape", path);
    as.encoding = pg_char_to_encoding(string_member(c, "encoding", path));
    if (as.encoding < 0) bad_manifest(path, "has an unknown encoding");
    as.mblen = PG_ENCODING_IS_CLIENT_ONLY(as.encoding) ? pg_encoding_mblen : nullptr;
    return as;
}

// Entries are single components below the manifest's own directory: a manifest cannot point elsewhere.
static char *beside(const char *manifest, const char *name)
{
    if (!*name || strchr(name, '/') || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        bad_manifest(manifest, "names a file outside its directory");
    return psprintf("%.*s/%s", (int)(strrchr(manifest, '/') - manifest), manifest, name);
}

static void verify_manifest(ReturnSetInfo *out, const char *path)
{
    Jsonb *j = read_manifest(path);
    JsonbValue *files = JB_ROOT_IS_OBJECT(j) ? member(&j->root, "files") : nullptr;
    if (!files || files->type != jbvBinary || !JsonContainerIsArray(files->val.binary.data) ||
        !member(&j->root, "pg_spout_manifest"))
        bad_manifest(path, "is not one of pg_spout");
    JsonbContainer *list = files->val.binary.data;
    JsonbValue *format = member(&j->root, "format");
    if (!format || format->type != jbvString) bad_manifest(path, "does not name its format");
    char *name = pnstrdup(format->val.string.val, format->val.string.len);
    if (!format_known(name)) bad_manifest(path, "has an unknown format");
    ReadAs as = read_as(path, &j->root, name);
    for (uint32 i = 0; i < JsonContainerSize(list); i++) {
        JsonbValue *file = getIthJsonbValueFromContainer(list, i);
        if (file->type != jbvBinary || !JsonContainerIsObject(file->val.binary.data))
            bad_manifest(path, "has a file that is no object");
        JsonbContainer *c = file->val.binary.data;
        Expected e = {number_member(c, "rows", path), number_member(c, "bytes", path),
                      string_member(c, "crc32c", path)};
        verify_file(out, (int)i, as, beside(path, string_member(c, "name", path)), &e);
    }
}

// CSV with core's defaults; a header counts as a row, since nothing tells it from one.
constexpr ReadAs kUnknown = {nullptr, nullptr, false, '"', '"', false, PG_UTF8, nullptr};

static bool ends_with(const char *s, const char *tail)
{
    size_t n = strlen(s), m = strlen(tail);
    return n >= m && strcmp(s + n - m, tail) == 0;
}

static Datum verify(FunctionCallInfo fcinfo)
{
    require_read_server_files();
    if (PG_ARGISNULL(0))
        ereport(ERROR,
                (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("argument \"path\" must not be NULL")));
    char *path = check_path(text_to_cstring(PG_GETARG_TEXT_PP(0)), "verify_export()");
    InitMaterializedSRF(fcinfo, 0);
    auto *out = (ReturnSetInfo *)fcinfo->resultinfo;
    if (ends_with(path, ".manifest.json"))
        verify_manifest(out, path);
    else
        verify_file(out, 0, kUnknown, path, nullptr);
    return (Datum)0;
}
} // namespace spout

extern "C" Datum spout_verify_export(PG_FUNCTION_ARGS) { return spout::verify(fcinfo); }
