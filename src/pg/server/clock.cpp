// clock.cpp - clock_gettime, without the conversions of instr_time.
#include "pg/server/clock.hpp"

#include <ctime>

namespace spout
{
uint64 now_ns()
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64)t.tv_sec * 1000000000u + t.tv_nsec;
}
} // namespace spout
