// byte_size.cpp - the type byte_size: a bigint that reads sizes with units, as the options do.
#include "engine/wall.hpp"
#include "pg/server/pg.hpp"

extern "C" {
#include "utils/fmgrprotos.h"
#include "utils/numeric.h"

PGDLLEXPORT PG_FUNCTION_INFO_V1(spout_byte_size_in);
PGDLLEXPORT PG_FUNCTION_INFO_V1(spout_byte_size_out);
PGDLLEXPORT PG_FUNCTION_INFO_V1(spout_byte_size_of_int2);
PGDLLEXPORT PG_FUNCTION_INFO_V1(spout_byte_size_of_int4);
PGDLLEXPORT PG_FUNCTION_INFO_V1(spout_byte_size_of_numeric);
}

namespace spout
{
// Whether a number of bytes makes sense is for its user to say: a negative one is read here and refused
// there.
static int64 read_size(const char *s)
{
    uint64_t n;
    bool minus = *s == '-';
    if (size_parse(s + minus, &n) && n <= PG_INT64_MAX) return minus ? -(int64)n : (int64)n;
    ereport(ERROR, (errcode(ERRCODE_INVALID_TEXT_REPRESENTATION), errmsg("invalid size: \"%s\"", s),
                    errhint("Use a number of bytes such as 67108864, or a unit: '512kB', '64MB', '1.5GB'.")));
    pg_unreachable();
}
} // namespace spout

extern "C" {
Datum spout_byte_size_in(PG_FUNCTION_ARGS) { PG_RETURN_INT64(spout::read_size(PG_GETARG_CSTRING(0))); }

Datum spout_byte_size_out(PG_FUNCTION_ARGS) { PG_RETURN_CSTRING(psprintf(INT64_FORMAT, PG_GETARG_INT64(0))); }

Datum spout_byte_size_of_int2(PG_FUNCTION_ARGS) { PG_RETURN_INT64(PG_GETARG_INT16(0)); }

Datum spout_byte_size_of_int4(PG_FUNCTION_ARGS) { PG_RETURN_INT64(PG_GETARG_INT32(0)); }

// 22003 for what is no bigint, as the server's own cast.
Datum spout_byte_size_of_numeric(PG_FUNCTION_ARGS)
{
    return DirectFunctionCall1(numeric_int8, PG_GETARG_DATUM(0));
}
}
