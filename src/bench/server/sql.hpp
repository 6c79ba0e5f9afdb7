// sql.hpp - queries of our own: parameters in, one value or one column out. Nothing of a parameter becomes
// SQL.
#pragma once
#include "pg/server/pg.hpp"

extern "C" {
#include "lib/stringinfo.h"
#include "utils/jsonb.h"
}

namespace spout
{
// Parameters $1, $2, ... of a query; null pointers are NULL.
struct SqlArgs {
    static constexpr int kRoom = 12;
    Oid types[kRoom];
    Datum values[kRoom];
    char nulls[kRoom];
    int n;

    SqlArgs &add(Oid type, Datum value, bool null);
    SqlArgs &text(const char *);
    SqlArgs &json(const Jsonb *);
    SqlArgs &integer(int64);
    SqlArgs &number(double);
    SqlArgs &boolean(bool);
    SqlArgs &jsons(Jsonb *const *, int n); // an array
};

// The only column of the first row, as `type`; false: NULL, or no row. Lives in the caller's context.
bool sql_value(const char *sql, const SqlArgs &, Oid type, Datum *);
Jsonb *sql_json(const char *sql, const SqlArgs &);
const char *sql_text(const char *sql, const SqlArgs &);
int64 sql_integer(const char *sql, const SqlArgs &, int64 missing);
double sql_number(const char *sql, const SqlArgs &, double missing);
// The jsonb, or text, column of all rows.
Jsonb **sql_jsons(const char *sql, const SqlArgs &, int *n);
const char **sql_texts(const char *sql, const SqlArgs &, int *n);

// Our own queries see pg_catalog and nothing of the caller's until the end of the block, or an ERROR.
struct OwnSearchPath {
    int nest;
    const char *callers;
};
OwnSearchPath begin_own_search_path();
void end_own_search_path(const OwnSearchPath &);
} // namespace spout
