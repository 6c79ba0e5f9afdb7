// parse_test.cpp - the words of option values.
#include <gtest/gtest.h>

#include "base/parse.hpp"

using namespace spout;

TEST(Parse, Switches)
{
    bool b = false;
    for (const char *s : {"on", "TRUE", "Yes", "1"})
        EXPECT_TRUE(parse_bool(s, &b) && b) << s;
    for (const char *s : {"off", "False", "no", "0"})
        EXPECT_TRUE(parse_bool(s, &b) && !b) << s;
    for (const char *s : {"", "o", "10", "tru", " on"})
        EXPECT_FALSE(parse_bool(s, &b)) << s;
}

TEST(Parse, Numbers)
{
    uint64_t n = 5;
    EXPECT_TRUE(parse_u64("18446744073709551615", &n));
    EXPECT_EQ(n, UINT64_MAX);
    for (const char *s : {"", "-1", "+1", "1 ", "18446744073709551616", "1e3", "0x1"})
        EXPECT_FALSE(parse_u64(s, &n)) << s;
    EXPECT_EQ(n, UINT64_MAX);
}

TEST(Parse, Sizes)
{
    uint64_t n;
    const std::pair<const char *, uint64_t> good[] = {{"0", 0},
                                                      {"100", 100},
                                                      {"7B", 7},
                                                      {"64kB", 65536},
                                                      {"64 KB", 65536},
                                                      {"1mb", 1u << 20},
                                                      {"2GB", 2ull << 30},
                                                      {"1TB", 1ull << 40},
                                                      {"64M", 64u << 20},
                                                      {"1MiB", 1u << 20},
                                                      {"1.5MB", 3u << 19},
                                                      {"0.5 kib", 512},
                                                      {"1k", 1024},
                                                      {"2.25G", 9ull << 28},
                                                      {"0.001kB", 1},
                                                      {"16777215T", 16777215ull << 40},
                                                      {"1.000001TB", (1ull << 40) + 1099512}};
    for (auto &g : good) {
        EXPECT_TRUE(parse_size(g.first, &n)) << g.first;
        EXPECT_EQ(n, g.second);
    }
    for (const char *s :
         {"", "kB", "1.5", "1.5B", "1.MB", ".5MB", "1.1234567MB", "1PB", "-1kB", "1kk", "1Mb/s", "1iB",
          "99999999999TB", "1kB ", "1e6", "16777216.0TB", "1,5MB", "64 apples"})
        EXPECT_FALSE(parse_size(s, &n)) << s;
}

TEST(Parse, Hex)
{
    uint8_t b[2] = {};
    EXPECT_TRUE(parse_hex("0aFf", 4, b));
    EXPECT_EQ(b[0], 0x0A);
    EXPECT_EQ(b[1], 0xFF);
    for (const char *s : {"", "0aF", "0aFff", "0aFg"})
        EXPECT_FALSE(parse_hex(s, 4, b)) << s;
}
