// file_error.cpp - errors of system calls on export files: SQLSTATE, message, hint. Knows no sink.
#include <cerrno>

#include "pg/server/file_error.hpp"

namespace spout
{
int file_sqlstate(int err)
{
    switch (err) {
    case EPERM:
    case EACCES:
    case EROFS: return ERRCODE_INSUFFICIENT_PRIVILEGE;
    case ENOENT: return ERRCODE_UNDEFINED_FILE;
    case EEXIST: return ERRCODE_DUPLICATE_FILE;
    case ENOTDIR:
    case EISDIR:
    case ENOTEMPTY: return ERRCODE_WRONG_OBJECT_TYPE;
    case ENAMETOOLONG:
    case ELOOP: return ERRCODE_INVALID_NAME;
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return ERRCODE_DISK_FULL;
    case ENOMEM: return ERRCODE_OUT_OF_MEMORY;
    case EMFILE:
    case ENFILE: return ERRCODE_INSUFFICIENT_RESOURCES;
    default: return ERRCODE_IO_ERROR;
    }
}

const char *file_hint(int err)
{
    switch (err) {
    case EPERM:
    case EACCES:
    case EROFS:
    case ENOENT:
    case ENOTDIR:
        return "The PostgreSQL server process writes the file, on its own host and with its own rights. "
               "You may want a client-side facility such as psql's \\copy.";
    case ENOSPC:
    case EDQUOT: return "Free some space, or export to another file system.";
    case EFBIG: return "Raise the limit on file sizes, or use max_bytes_per_file.";
    case EIO: return "Check the storage; a repeated export writes a new file from the start.";
    default: return nullptr;
    }
}

void raise_file_error(int err, const char *action, const char *path, const char *detail)
{
    const char *hint = file_hint(err);
    errno = err; // for %m
    ereport(ERROR, (errcode(file_sqlstate(err)), errmsg("could not %s \"%s\": %m", action, path),
                    detail ? errdetail("%s", detail) : 0, hint ? errhint("%s", hint) : 0));
    pg_unreachable();
}
} // namespace spout
