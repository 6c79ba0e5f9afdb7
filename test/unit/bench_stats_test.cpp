// bench_stats_test.cpp - statistics of benchmarks, against published values and against numpy and scipy.
#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "engine/wall.hpp"

using namespace spout;

namespace
{
using Values = std::vector<double>;

struct SeriesCase {
    Values x;
    double mean, stddev, median, q1, q3, p95, p99, mad;
    size_t rank;
    uint32_t mild, severe;
};
struct PairsCase {
    Values a, b;
    double ratio, low, high;
    PairVerdict verdict;
};
#include "vectors/bench_stats.inc"

BenchSummary summary(const Values &x)
{
    BenchSummary s;
    Failure why;
    EXPECT_EQ(bench_summary(x.data(), x.size(), &s, &why), Code::ok) << why.message;
    return s;
}

BenchPairs pairs(const Values &a, const Values &b, double tolerance = 0.05)
{
    BenchPairs p;
    Failure why;
    EXPECT_EQ(bench_pairs(a.data(), b.data(), a.size(), tolerance, &p, &why), Code::ok) << why.message;
    return p;
}

void near(double got, double wanted, const char *what)
{
    EXPECT_NEAR(got, wanted, 1e-12 * std::max(1.0, std::fabs(wanted))) << what;
}
} // namespace

TEST(BenchStats, TheSpecifiedSeries)
{
    BenchSummary s = summary({1, 2, 3, 4, 5, 6, 7, 8, 9, 100});
    EXPECT_EQ(s.mean, 14.5);
    EXPECT_EQ(s.median, 5.5);
    EXPECT_NEAR(s.stddev, 30.1524, 5e-5);
    EXPECT_EQ(s.q1, 3.25);
    EXPECT_EQ(s.q3, 7.75);
    EXPECT_EQ(s.mad, 2.5);
    EXPECT_NEAR(s.p95, 59.05, 1e-12);
    EXPECT_EQ(s.rank_low, 2u);
    EXPECT_EQ(s.rank_high, 9u);
    EXPECT_EQ(s.mild, 0u);
    EXPECT_EQ(s.severe, 1u);
}

TEST(BenchStats, TheSpecifiedPairs)
{
    BenchPairs p = pairs({1.00, 1.02, 0.98, 1.01, 0.99, 1.03, 0.97, 1.00, 1.04, 1.00},
                         {1.10, 1.13, 1.07, 1.12, 1.08, 1.14, 1.08, 1.09, 1.15, 1.11});
    EXPECT_EQ(p.walsh, 55u);
    EXPECT_EQ(p.k, 8u);
    EXPECT_NEAR(p.ratio, 1.10257, 5e-6);
    EXPECT_NEAR(p.ci_low, 1.09591, 5e-6);
    EXPECT_NEAR(p.ci_high, 1.10892, 5e-6);
    EXPECT_EQ(p.verdict, PairVerdict::regression);
}

TEST(BenchStats, SeriesAsNumpyAndScipySeeThem)
{
    for (const SeriesCase &c : kSeries) {
        SCOPED_TRACE(c.x.size());
        BenchSummary s = summary(c.x);
        near(s.mean, c.mean, "mean");
        near(s.stddev, c.stddev, "stddev");
        near(s.median, c.median, "median");
        near(s.q1, c.q1, "q1");
        near(s.q3, c.q3, "q3");
        near(s.p95, c.p95, "p95");
        near(s.p99, c.p99, "p99");
        near(s.mad, c.mad, "mad");
        EXPECT_EQ(s.rank_low, c.rank);
        EXPECT_EQ(s.mild, c.mild);
        EXPECT_EQ(s.severe, c.severe);
        EXPECT_EQ(s.few_rounds, c.x.size() < 6);
    }
}

TEST(BenchStats, PairsAsNumpySeesThem)
{
    for (const PairsCase &c : kPairs) {
        SCOPED_TRACE(c.a.size());
        BenchPairs p = pairs(c.a, c.b);
        near(p.ratio, c.ratio, "ratio");
        near(p.ci_low, c.low, "low");
        near(p.ci_high, c.high, "high");
        EXPECT_EQ(p.verdict, c.verdict);
    }
}

TEST(BenchStats, FlagsFollowTheOrderAndTheSpread)
{
    EXPECT_FALSE(summary(Values(30, 1.0)).variable);
    EXPECT_FALSE(summary(Values(30, 1.0)).drift);
    Values rising, shuffled;
    for (int i = 0; i < 30; i++) {
        rising.push_back(1 + i * 0.005);
        shuffled.push_back(1 + (i * 7 % 30) * 0.005);
    }
    EXPECT_TRUE(summary(rising).drift);
    EXPECT_FALSE(summary(shuffled).drift);
    EXPECT_FALSE(summary(shuffled).variable);
    Values spike(30, 1.0);
    spike[11] = 5;
    EXPECT_TRUE(summary(spike).variable);
    EXPECT_FALSE(summary(spike).unstable);
}

TEST(BenchStats, FewPairsDecideNothing)
{
    BenchPairs p = pairs({1, 1, 1, 1, 1}, {2, 2, 2, 2, 2});
    EXPECT_FALSE(p.interval);
    EXPECT_EQ(p.verdict, PairVerdict::inconclusive);
    EXPECT_EQ(pairs(Values(6, 1.0), Values(6, 2.0)).verdict, PairVerdict::regression);
    EXPECT_EQ(pairs(Values(6, 1.0), Values(6, 1.0)).verdict, PairVerdict::equivalent);
    EXPECT_EQ(pairs(Values(6, 2.0), Values(6, 1.0)).verdict, PairVerdict::improvement);
    EXPECT_EQ(pairs(Values(6, 1.0), Values(6, 1.03), 0.02).verdict, PairVerdict::regression);
}

TEST(BenchStats, ManyValuesKeepTheirRanks)
{
    Values x;
    for (int i = 0; i < 20000; i++)
        x.push_back(i);
    BenchSummary s = summary(x);
    EXPECT_EQ(s.rank_low, 9861u); // as scipy.stats.binom.cdf has it
    EXPECT_EQ(s.rank_high, 20001 - s.rank_low);
}

TEST(BenchStats, AMillionEqualValuesAreTheirOwnMean)
{
    for (double v : {0.1, 3e-7, 1e300, 5e-324}) {
        BenchSummary s = summary(Values(kMaxBenchValues, v));
        EXPECT_EQ(s.mean, v);
        EXPECT_EQ(s.stddev, 0);
    }
    Values mixed(kMaxBenchValues, 0.1);
    mixed[7] = std::nextafter(0.1, 1);
    BenchSummary s = summary(mixed);
    EXPECT_LE(s.min, s.mean);
    EXPECT_LE(s.mean, s.max);
}

TEST(BenchStats, ValuesThatAreNoTimesAreRefused)
{
    BenchSummary s;
    BenchPairs p;
    Failure why;
    for (const Values &x : {Values{}, Values{NAN}, Values{INFINITY}, Values{-1}}) {
        EXPECT_EQ(bench_summary(x.data(), x.size(), &s, &why), Code::bad_value);
        EXPECT_NE(why.message[0], '\0');
    }
    Values zero{0}, one{1};
    EXPECT_EQ(bench_summary(zero.data(), 1, &s, &why), Code::ok);
    EXPECT_EQ(bench_pairs(zero.data(), one.data(), 1, 0.05, &p, &why), Code::bad_value);
    EXPECT_EQ(bench_pairs(one.data(), one.data(), 1, 2, &p, &why), Code::bad_value);
    EXPECT_EQ(bench_pairs(one.data(), one.data(), 1, NAN, &p, &why), Code::bad_value);
    Values many(kMaxBenchPairs + 1, 1.0);
    EXPECT_EQ(bench_pairs(many.data(), many.data(), many.size(), 0.05, &p, &why), Code::limit);
}
