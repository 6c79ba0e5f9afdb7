// never_null.hpp - which columns of a query cannot be NULL, for the option required.
#pragma once
#include "pg/server/pg.hpp"

extern "C" {
#include "nodes/parsenodes.h"
}

namespace spout
{
// True: no row of this query, analysed, rewritten and not planned, has NULL in its column `resno`. What
// cannot be proved is false. One NULL is possible all the same: in a transaction whose snapshot is older than
// the NOT NULL.
bool column_never_null(const Query *, AttrNumber resno);
} // namespace spout
