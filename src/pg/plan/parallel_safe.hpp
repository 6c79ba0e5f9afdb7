// parallel_safe.hpp - may these types be printed inside a parallel worker?
#pragma once
#include "pg/server/pg.hpp"

extern "C" {
#include "nodes/pg_list.h"
}

namespace spout
{
// Encoding calls output functions and casts to json that no plan shows the planner. Null: all of the columns'
// are parallel safe; else the reason, as a clause.
const char *why_not_output(List *targetlist);
} // namespace spout
