// file_error.hpp - errors of system calls on export files: SQLSTATE, message, hint. Knows no sink.
#pragma once
#include "pg/server/pg.hpp"

namespace spout
{
// The SQLSTATE of an errno; one table for all servers, as errcode_for_file_access() lacks EDQUOT, EFBIG and,
// before 17, ENAMETOOLONG.
int file_sqlstate(int err);
// What the user can do about it, or null.
const char *file_hint(int err);
// ERROR: could not <action> "<path>": <reason>; detail may be null.
[[noreturn]] void raise_file_error(int err, const char *action, const char *path,
                                   const char *detail = nullptr);
} // namespace spout
