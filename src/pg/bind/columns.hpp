// columns.hpp - the `columns` argument of the functions: select, order and rename result columns.
#pragma once
#include "pg/bind/bind.hpp"

namespace spout
{
// The result's columns as chosen by `columns jsonb` of the functions; null `json` gives all of them.
// Raises 22023 for a malformed choice, 42703 and 42702 for unknown and ambiguous sources.
const ColumnChoice *choose_columns(TupleDesc, Datum json, bool isnull, uint32 *n);
} // namespace spout
