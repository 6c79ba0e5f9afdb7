// error.hpp - core's failures as PostgreSQL errors, and the context line of errors raised while encoding.
#pragma once
#include "engine/wall.hpp"
#include "pg/server/pg.hpp"

namespace spout
{
int sqlstate_of(Code);

// Where in the export we are: for messages. Plain pointers, borrowed from the Binder.
struct RowPosition {
    uint64 row;                      // from 1 over the whole export
    const char *const *column_names; // in the database encoding
    int column;                      // -1: no column
    bool unnumbered;                 // rows are shared out among processes: a number would mean nothing
};

// Raises the failure of a conversion: `column "ts", row 17: ...`.
[[noreturn]] void raise_value(const Failure *, const RowPosition *);
// Raises a failure that concerns no row (options, schema).
[[noreturn]] void raise_failure(const Failure *);
// Raises a failure of a column before any row was read: `column "a": ...`.
[[noreturn]] void raise_column(const Failure *, const char *column_name);
// Core's texts are UTF-8; messages leave in the database encoding, whatever they quote. Always a copy.
char *from_utf8(const char *);

// errcontext callback; arg is a RowPosition whose column is being fetched.
void row_context(void *arg);
} // namespace spout
