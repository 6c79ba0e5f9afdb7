// wall_bench.cpp - the part of the wall the benchmarks use: statistics, and the names of the formats.
#include "engine/guard.hpp"
#include "base/parse.hpp"
#include "engine/wall.hpp"
#include "format/format.hpp"

#include "base/no_postgres.hpp"

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

Code bench_stored(Metric metric, Runs base, Runs fresh, Runs clean, StoredVerdict *out, Failure *why) noexcept
try {
    *out = compare_stored(metric, base, fresh, clean);
    return Code::ok;
} catch (...) {
    return caught(why);
}

Code bench_grade(const Threshold *t, size_t n, const MemoryUse *m, Judgement *out, Failure *why) noexcept
try {
    *out = judge(t, n, *m);
    return Code::ok;
} catch (...) {
    return caught(why);
}

Code bench_growth(const MemoryPass *fewer, const MemoryPass *more, Judgement *out, Failure *why) noexcept
try {
    *out = judge_growth(*fewer, *more);
    return Code::ok;
} catch (...) {
    return caught(why);
}

Code bench_slope(const double *x, const double *y, size_t n, double *slope, bool *found,
                 Failure *why) noexcept
try {
    *found = median_slope(x, y, n, slope);
    return Code::ok;
} catch (...) {
    return caught(why);
}

Code bench_setting(const SettingInput *in, const char *origin, SettingValue *out, Failure *why) noexcept
try {
    *out = check_setting(*in, origin);
    return Code::ok;
} catch (...) {
    return caught(why);
}

const SettingKey *bench_setting_key(uint32_t i) noexcept { return setting_key(i); }

int64_t bench_bytes(const char *size) noexcept
{
    uint64_t bytes;
    return parse_size(size, &bytes) && bytes <= INT64_MAX ? static_cast<int64_t>(bytes) : -1;
}

const char *format_at(uint32_t i) noexcept
{
    size_t n;
    const Format *const *all = all_formats(&n);
    return i < n ? all[i]->name : nullptr;
}
} // namespace spout
