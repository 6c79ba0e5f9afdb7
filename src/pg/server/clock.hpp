// clock.hpp - the clock that stage times are taken from.
#pragma once
#include "pg/server/pg.hpp"

namespace spout
{
uint64 now_ns(); // monotonic; since some moment of the machine's
} // namespace spout
