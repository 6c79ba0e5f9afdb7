// wall_bench.cpp - the part of the wall the benchmarks use: statistics, and the names of the formats.
#include "core/guard.hpp"
#include "core/wall.hpp"
#include "format/format.hpp"

#include "core/no_postgres.hpp"

namespace spout
{
Code bench_summary(const double *x, size_t n, BenchSummary *out, Failure *why) noexcept
try {
    *out = summarize(x, n);
    return Code::ok;
} catch (...) {
    return caught(why);
}

Code bench_pairs(const double *a, const double *b, size_t n, double tolerance, BenchPairs *out,
                 Failure *why) noexcept
try {
    *out = compare_pairs(a, b, n, tolerance);
    return Code::ok;
} catch (...) {
    return caught(why);
}

const char *format_at(uint32_t i) noexcept
{
    size_t n;
    const Format *const *all = all_formats(&n);
    return i < n ? all[i]->name : nullptr;
}
} // namespace spout
