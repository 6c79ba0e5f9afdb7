// error.cpp - the one table from Code to SQLSTATE.
#include "pg/server/error.hpp"

#include "pg/server/file_text.hpp"

namespace spout
{
int sqlstate_of(Code code)
{
    switch (code) {
    case Code::ok: break;
    case Code::no_memory: return ERRCODE_OUT_OF_MEMORY;
    case Code::bad_value:
    case Code::unknown_name: return ERRCODE_INVALID_PARAMETER_VALUE;
    case Code::out_of_range: return ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE;
    case Code::bad_text: return ERRCODE_CHARACTER_NOT_IN_REPERTOIRE;
    case Code::null_value: return ERRCODE_NULL_VALUE_NOT_ALLOWED;
    case Code::unsupported: return ERRCODE_FEATURE_NOT_SUPPORTED;
    case Code::limit: return ERRCODE_PROGRAM_LIMIT_EXCEEDED;
    case Code::corrupt: return ERRCODE_DATA_CORRUPTED;
    case Code::internal: break;
    }
    return ERRCODE_INTERNAL_ERROR;
}

char *from_utf8(const char *s) { return readable(s); }

void raise_value(const Failure *f, const RowPosition *at)
{
    if (f->column < 0) raise_failure(f);
    const char *column = at->column_names[f->column], *path = from_utf8(f->path);
    if (at->unnumbered)
        ereport(ERROR, (errcode(sqlstate_of(f->code)),
                        errmsg("column \"%s\"%s: %s", column, path, from_utf8(f->message)),
                        errdetail("Rows of a parallel export have no numbers; with the option parallel off, "
                                  "this message tells the row's."),
                        f->hint[0] ? errhint("%s", from_utf8(f->hint)) : 0));
    ereport(ERROR, (errcode(sqlstate_of(f->code)),
                    errmsg("column \"%s\"%s, row " UINT64_FORMAT ": %s", column, path, at->row,
                           from_utf8(f->message)),
                    f->hint[0] ? errhint("%s", from_utf8(f->hint)) : 0));
    pg_unreachable();
}

void raise_column(const Failure *f, const char *column_name)
{
    ereport(ERROR,
            (errcode(sqlstate_of(f->code)), errmsg("column \"%s\": %s", column_name, from_utf8(f->message)),
             f->hint[0] ? errhint("%s", from_utf8(f->hint)) : 0));
    pg_unreachable();
}

void raise_failure(const Failure *f)
{
    ereport(ERROR, (errcode(sqlstate_of(f->code)), errmsg("%s", from_utf8(f->message)),
                    f->hint[0] ? errhint("%s", from_utf8(f->hint)) : 0));
    pg_unreachable();
}

void row_context(void *arg)
{
    auto *at = static_cast<const RowPosition *>(arg);
    if (at->column >= 0 && at->unnumbered)
        errcontext("pg_spout, column \"%s\"", at->column_names[at->column]);
    else if (at->column >= 0)
        errcontext("pg_spout, row " UINT64_FORMAT ", column \"%s\"", at->row, at->column_names[at->column]);
}
} // namespace spout
