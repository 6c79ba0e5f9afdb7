// last_export.cpp - one place for what a session keeps of its exports. An error message can hold a user's
// data, and a row count is his, too.
#include "pg/export/last_export.hpp"

#include "pg/file/paths.hpp"

extern "C" {
#include "utils/acl.h"
}

namespace spout
{
static ExportStats last; // no owner: none yet
static ExportedFiles files;
static MemoryContext files_cx; // what `files` points into; made by the first export

static bool may_see() { return OidIsValid(last.owner) && has_privs_of_role(GetUserId(), last.owner); }

static void forget_files()
{
    files = {};
    if (files_cx) MemoryContextReset(files_cx);
}

void make_room_to_remember()
{
    if (!files_cx)
        files_cx = AllocSetContextCreate(TopMemoryContext, "pg_spout last export", ALLOCSET_SMALL_SIZES);
}

void remember_failure(const ExportStats *s)
{
    forget_files();
    last = *s;
}

static void *ask(Size bytes)
{
    return MemoryContextAllocExtended(files_cx, bytes, MCXT_ALLOC_HUGE | MCXT_ALLOC_NO_OOM);
}

static void keep(const char *path, const FileEntry *from, uint32 n, bool checksums)
{
    n = Min(n, kMaxRemembered);
    auto *to = (FileRecord *)ask(sizeof(FileRecord) * n);
    auto *name = (char *)ask(strlen(path) + 1);
    if (!to || !name) return;
    strcpy(name, path);
    for (uint32 i = 0; i < n; i++)
        to[i] = {from[i].rows, from[i].bytes, from[i].raw_bytes, from[i].index, from[i].crc32c};
    files = {name, strcmp(from[0].path, path) != 0, checksums, n, to};
}

void remember_success(const ExportStats *s, const char *path, const FileEntry *from, uint32 n, bool checksums)
{
    remember_failure(s);
    if (!path || n == 0) return;
    keep(path, from, n, checksums);
}

const ExportStats *remembered_export() { return may_see() ? &last : nullptr; }

const ExportedFiles *remembered_files() { return may_see() ? &files : nullptr; }

char *remembered_path(const ExportedFiles *f, const FileRecord *file)
{
    const char *base = strrchr(f->path, '/') + 1;
    char name[kMaxName + 1];
    if (!f->rotated || !rotated_name(base, file->index, name)) return pstrdup(f->path);
    return psprintf("%.*s%s", (int)(base - f->path), f->path, name);
}

void forget_export()
{
    forget_files();
    last = {};
}
} // namespace spout
