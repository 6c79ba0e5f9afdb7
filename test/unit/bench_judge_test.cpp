// bench_judge_test.cpp - verdicts, grades and growth at their exact bounds.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "engine/wall.hpp"

using namespace spout;

namespace
{
using Values = std::vector<double>;
const Values kTight = {0.992, 0.996, 1, 1.004, 1.008}, kWide = {0.9, 0.95, 1, 1.05, 1.1},
             kZero = {0, 0, 0, 0, 0};

Runs runs(const Values &v) { return {v.data(), v.size()}; }

const char *verdict(Metric metric, const Values &base, const Values &fresh, const Values &clean)
{
    StoredVerdict v;
    Failure why;
    EXPECT_EQ(bench_stored(metric, runs(base), runs(fresh), runs(clean), &v, &why), Code::ok) << why.message;
    return verdict_name(v.verdict);
}
const char *verdict(Metric metric, const Values &base, const Values &fresh)
{
    return verdict(metric, base, fresh, fresh);
}

// Memory of one adapter that nothing is wrong with.
MemoryUse memory() { return {"db", 10e6, 50e6, 0, nullptr, 0}; }

Judgement graded(const std::vector<Threshold> &t, const MemoryUse &m)
{
    Judgement j;
    Failure why;
    EXPECT_EQ(bench_grade(t.data(), t.size(), &m, &j, &why), Code::ok) << why.message;
    return j;
}

std::string growth(const MemoryPass &a, const MemoryPass &b)
{
    Judgement j;
    Failure why;
    EXPECT_EQ(bench_growth(&a, &b, &j, &why), Code::ok) << why.message;
    EXPECT_EQ(j.message[0] ? Grade::red : Grade::green, j.grade);
    return j.message;
}
} // namespace

TEST(BenchJudge, EquivalentOnlyWhereTheWholeIntervalLiesWithin)
{
    const VerdictBounds b = {0.9, 0.95, 1.05, 1.1};
    EXPECT_EQ(judge_interval(0.95, 1.05, b), PairVerdict::equivalent);
    EXPECT_EQ(judge_interval(0.9499, 1.05, b), PairVerdict::inconclusive);
    EXPECT_EQ(judge_interval(0.95, 1.0501, b), PairVerdict::inconclusive);
    EXPECT_EQ(judge_interval(1.1, 2, b), PairVerdict::inconclusive);
    EXPECT_EQ(judge_interval(1.1001, 2, b), PairVerdict::regression);
    EXPECT_EQ(judge_interval(0.1, 0.9, b), PairVerdict::inconclusive);
    EXPECT_EQ(judge_interval(0.1, 0.8999, b), PairVerdict::improvement);
}

TEST(BenchJudge, TimesNeedThreeRunsAndFiveStoredOnes)
{
    const auto time = Metric::median_time;
    EXPECT_STREQ(verdict(time, kTight, {1, 1, 1}), "equivalent");
    EXPECT_STREQ(verdict(time, kTight, {1, 1}), "inconclusive");
    EXPECT_STREQ(verdict(time, {1, 1, 1, 1}, {1, 1, 1}), "inconclusive");
    EXPECT_STREQ(verdict(time, {1, 1, 1, 1}, {9, 9, 9}), "inconclusive");
    EXPECT_STREQ(verdict(time, kTight, {9, 9}), "inconclusive");
    EXPECT_STREQ(verdict(time, kTight, {9, 9, 9}), "regression");
}

TEST(BenchJudge, TimesAtTheirBounds)
{
    const auto time = Metric::median_time;
    EXPECT_STREQ(verdict(time, kTight, {1.05, 1.05, 0.95}), "equivalent");
    EXPECT_STREQ(verdict(time, kTight, {1.051, 1, 1}), "inconclusive");
    EXPECT_STREQ(verdict(time, kTight, {1.101, 1.101, 1}), "regression");
    EXPECT_STREQ(verdict(time, kTight, {1.101, 1.099, 1.099}), "inconclusive");
    EXPECT_STREQ(verdict(time, kTight, {9, 9, 1, 1}), "inconclusive");
    EXPECT_STREQ(verdict(time, kTight, {9, 9, 9, 1}), "regression");
    // Three quarters of a tenth faster is no longer the same, and not yet an improvement.
    EXPECT_STREQ(verdict(time, kTight, {0.92, 0.92, 0.92}), "inconclusive");
    EXPECT_STREQ(verdict(time, kTight, {0.89, 0.89, 0.89}), "improvement");
    EXPECT_STREQ(verdict(time, kTight, {0.89, 0.89, 0.91}), "inconclusive");
    // A wide baseline allows more: 3 and 5 times its spread of 7.4 %.
    EXPECT_STREQ(verdict(time, kWide, {1.22, 1.22, 0.78}), "equivalent");
    EXPECT_STREQ(verdict(time, kWide, {1.23, 1.23, 1.23}), "inconclusive");
    EXPECT_STREQ(verdict(time, kWide, {1.38, 1.38, 1.38}), "regression");
    EXPECT_STREQ(verdict(time, kZero, {0, 0, 0}), "equivalent");
    EXPECT_STREQ(verdict(time, kZero, {1, 1, 1}), "regression");
}

TEST(BenchJudge, OnlyCleanRunsMakeATimeRed)
{
    const auto time = Metric::median_time;
    EXPECT_STREQ(verdict(time, kTight, {9, 9, 9}, {}), "inconclusive");
    EXPECT_STREQ(verdict(time, kTight, {9, 9, 9}, {9}), "inconclusive");
    EXPECT_STREQ(verdict(time, kTight, {9, 9, 9}, {9, 9}), "regression");
}

TEST(BenchJudge, MemoryIsExactAndOneRunTells)
{
    const Values mega = {1e6}, giga = {1e9};
    const auto peak = Metric::peak_memory;
    EXPECT_STREQ(verdict(peak, mega, {1016384}), "equivalent");
    EXPECT_STREQ(verdict(peak, mega, {1016385}), "inconclusive");
    EXPECT_STREQ(verdict(peak, mega, {1065536}), "inconclusive");
    EXPECT_STREQ(verdict(peak, mega, {1065537}, {}), "regression");
    EXPECT_STREQ(verdict(peak, giga, {1010000000}), "equivalent");
    EXPECT_STREQ(verdict(peak, giga, {1010000001}), "inconclusive");
    EXPECT_STREQ(verdict(peak, giga, {1050000001}), "regression");
    EXPECT_STREQ(verdict(peak, mega, {983616}), "equivalent");
    EXPECT_STREQ(verdict(peak, mega, {983615}), "inconclusive");
    EXPECT_STREQ(verdict(peak, mega, {934463}), "improvement");
    EXPECT_STREQ(verdict(Metric::allocated_memory, mega, {1065537}), "regression");
    EXPECT_STREQ(verdict(Metric::net_memory, kZero, {0}), "equivalent");
    EXPECT_STREQ(verdict(Metric::net_memory, kZero, {1}), "inconclusive");
    EXPECT_STREQ(verdict(Metric::net_memory, mega, {65537}), "regression");
    EXPECT_STREQ(verdict(Metric::bytes, mega, {1e6}), "equivalent");
    EXPECT_STREQ(verdict(Metric::bytes, mega, {999999}), "inconclusive");
    EXPECT_STREQ(verdict(Metric::bytes, mega, {1050000}), "inconclusive");
    EXPECT_STREQ(verdict(Metric::bytes, mega, {1050001}, {}), "regression");
}

TEST(BenchJudge, RunsThatAreNoneAreRefused)
{
    StoredVerdict v;
    Failure why;
    EXPECT_EQ(bench_stored(Metric::bytes, {nullptr, 0}, runs(kTight), runs(kTight), &v, &why),
              Code::bad_value);
    const Values bad = {1, NAN};
    EXPECT_EQ(bench_stored(Metric::bytes, runs(kTight), runs(bad), runs(bad), &v, &why), Code::bad_value);
    Metric m;
    EXPECT_TRUE(metric_by_name("bytes", &m));
    EXPECT_EQ(m, Metric::bytes);
    EXPECT_FALSE(metric_by_name("speed", &m));
}

TEST(BenchJudge, ThresholdsComeFirstAndTheFirstBeyondTells)
{
    MemoryUse leaky = memory();
    leaky.net = 1 << 20;
    Judgement j =
        graded({{"mean_time", 1, 1}, {"median_time", 0.0123, 0.01}, {"peak_memory", 2e6, 1e6}}, leaky);
    EXPECT_EQ(j.grade, Grade::red);
    EXPECT_STREQ(j.message,
                 "Performance regression detected: median time 0.0123s exceeds threshold of 0.0100s");
    j = graded({{"min_time", 0.0000021, 0.000002}}, memory());
    EXPECT_STREQ(j.message,
                 "Performance regression detected: min time 0.0000021s exceeds threshold of 0.0000020s");
    j = graded({{"peak_memory", 2.55e6, 1e6}}, memory());
    EXPECT_STREQ(j.message, "Memory limit exceeded: peak memory 2.5 MB exceeds threshold of 1.0 MB");
}

TEST(BenchJudge, PrivateMemoryAndLeaks)
{
    MemoryUse m = memory();
    EXPECT_EQ(graded({}, m).grade, Grade::green);
    m.private_peak = 40e6;
    EXPECT_EQ(graded({}, m).grade, Grade::green);
    m.private_peak = 40e6 + 1;
    EXPECT_EQ(graded({}, m).grade, Grade::yellow);
    EXPECT_STREQ(graded({}, m).message, "");
    m.private_peak = 51.26e6;
    EXPECT_STREQ(graded({}, m).message,
                 "Memory limit exceeded: peak growth 51.3 MB exceeds 50.0 MB for adapter type db");
    m = memory();
    m.private_peak = -1;
    m.net = 65536;
    EXPECT_EQ(graded({}, m).grade, Grade::yellow);
    m.net = 65537;
    EXPECT_STREQ(graded({}, m).message, "Memory leak detected: 65537 bytes were not given back");
    m.file = "src/x.cpp";
    m.line = 7;
    EXPECT_STREQ(graded({}, m).message,
                 "Memory leak detected: 65537 bytes were not given back at src/x.cpp:7");
}

TEST(BenchJudge, GrowthIsToldFromBounds)
{
    const MemoryPass fewer = {10000, 2000000, 1000, 3000000};
    MemoryPass more = fewer;
    more.rows = 20000;
    EXPECT_EQ(growth(fewer, more), "");
    more.contexts = 66536;
    EXPECT_EQ(growth(fewer, more), "");
    more.contexts = 66537;
    EXPECT_EQ(growth(fewer, more),
              "Memory grows with rows: memory contexts keep 1000 bytes after 10000 rows, 66537 after 20000");
    more = {20000, 2100000, 1000, 3000000 + 8 * 1024 * 1024};
    EXPECT_EQ(growth(fewer, more), "");
    more.peak = 2100001;
    EXPECT_EQ(growth(fewer, more),
              "Memory grows with rows: peak 2000000 bytes at 10000 rows, 2100001 at 20000");
    more = {20000, 2000000, 1000, 3000001 + 8 * 1024 * 1024};
    EXPECT_EQ(growth(fewer, more),
              "Memory grows with rows: private memory 3000000 bytes at 10000 rows, 11388609 at 20000");
    // Below 10000 rows blocks are not full, so that peaks still grow as they should.
    EXPECT_EQ(growth({1000, 2000000, 1000, 0}, {10000, 9000000, 1000, 90000000}), "");
    EXPECT_EQ(growth({10000, 1, 0, -1}, {20000, 1, 0, 90000000}), "");
}

TEST(BenchJudge, SlopesOfThreeSizesOrMore)
{
    const Values x = {1, 2, 3, 4}, y = {2, 4, 6, 100};
    double slope = 0;
    bool found = false;
    Failure why;
    ASSERT_EQ(bench_slope(x.data(), y.data(), 2, &slope, &found, &why), Code::ok);
    EXPECT_FALSE(found);
    ASSERT_EQ(bench_slope(x.data(), y.data(), 3, &slope, &found, &why), Code::ok);
    EXPECT_TRUE(found);
    EXPECT_DOUBLE_EQ(slope, 2);
    ASSERT_EQ(bench_slope(x.data(), y.data(), 4, &slope, &found, &why), Code::ok);
    EXPECT_DOUBLE_EQ(slope, (2 + 98 / 3.0) / 2); // one outlier moves it, but not away
    const Values same = {1, 1, 1, 1};
    ASSERT_EQ(bench_slope(same.data(), y.data(), 4, &slope, &found, &why), Code::ok);
    EXPECT_FALSE(found);
}
