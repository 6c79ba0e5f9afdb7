// bench_settings_test.cpp - what settings of benchmarks may be, and what counts of them.
#include <gtest/gtest.h>

#include <string>

#include "engine/wall.hpp"

using namespace spout;

namespace
{
// "=" and the number, "as written", "nothing", or the message.
std::string checked(const char *key, JsonKind kind, const char *text)
{
    const std::string json = kind == JsonKind::text ? "\"" + std::string(text) + "\"" : text;
    const SettingInput in = {key, kind, text, json.c_str()};
    SettingValue v;
    Failure why;
    if (bench_setting(&in, "here", &v, &why) != Code::ok) {
        EXPECT_EQ(why.code, Code::bad_value);
        return why.message;
    }
    return v.use == SettingUse::nothing      ? "nothing"
           : v.use == SettingUse::as_written ? "as written"
                                             : "=" + std::string(v.number);
}
std::string number(const char *key, const char *digits) { return checked(key, JsonKind::number, digits); }
std::string text(const char *key, const char *word) { return checked(key, JsonKind::text, word); }
std::string must_be(const char *key, const char *what, const char *value)
{
    return "benchmark setting \"" + std::string(key) + "\" in here must be " + what + ", not " + value;
}
} // namespace

TEST(BenchSettings, NumbersAtTheirBounds)
{
    const char *whole = "a whole number from 1 to 3000", *seconds = "a number from 0 to 3600";
    EXPECT_EQ(number("iterations", "1"), "=1");
    EXPECT_EQ(number("iterations", "3000.0"), "=3000");
    for (const char *bad : {"0", "-1", "3001", "1.5", "100000000000000000000"})
        EXPECT_EQ(number("iterations", bad), must_be("iterations", whole, bad));
    EXPECT_EQ(text("iterations", "5"), must_be("iterations", whole, "\"5\""));
    EXPECT_EQ(number("min_time", "0.1000"), "=0.1");
    EXPECT_EQ(number("min_time", "5"), "=5");
    EXPECT_EQ(number("min_time", "3600"), "=3600");
    EXPECT_EQ(number("min_time", "3600.001"), must_be("min_time", seconds, "3600.001"));
    const std::string tiny = "0." + std::string(400, '0') + "1", huge(400, '9');
    EXPECT_EQ(number("min_time", tiny.c_str()), "=0");
    EXPECT_EQ(number("min_time", huge.c_str()), must_be("min_time", seconds, huge.c_str()));
    EXPECT_EQ(number("sample", "0.0001"), "=0.0001");
    EXPECT_EQ(number("seed", "2147483647"), "=2147483647");
    EXPECT_NE(number("seed", "2147483648"), "=2147483648");
}

TEST(BenchSettings, SizesBecomeBytes)
{
    EXPECT_EQ(text("memory_limit", "64MB"), "=67108864");
    EXPECT_EQ(number("memory_limit", "16777216"), "=16777216");
    EXPECT_EQ(text("disk_limit", "1.5 kB"), "=1536");
    const char *least = "a size of at least 16777216 bytes";
    EXPECT_EQ(text("memory_limit", "1kB"), must_be("memory_limit", least, "\"1kB\""));
    EXPECT_EQ(text("memory_limit", "999999999999TB"), must_be("memory_limit", least, "\"999999999999TB\""));
    EXPECT_EQ(bench_bytes("1kB"), 1024);
    EXPECT_EQ(bench_bytes("-1"), -1);
    EXPECT_EQ(bench_bytes("9999999TB"), -1);
}

TEST(BenchSettings, WordsShardsPathsAndSwitches)
{
    EXPECT_EQ(text("timer", "process_time"), "as written");
    EXPECT_EQ(text("timer", "perf"), must_be("timer", "one of perf_counter, process_time", "\"perf\""));
    EXPECT_EQ(text("isolation", ""), must_be("isolation", "one of worker, session", "\"\""));
    EXPECT_EQ(text("budget", "ci"), "as written");
    EXPECT_EQ(number("budget", "12.5"), "=12.5");
    EXPECT_EQ(number("budget", "0"), must_be("budget", "quick, ci, extended or a number of seconds", "0"));
    EXPECT_EQ(text("shard", "9999/9999"), "as written");
    for (const char *bad : {"3/2", "0/1", "1", "1/", "/1", "01/2", "1/02", "1/10000", "1/2/3", "a/b"})
        EXPECT_EQ(text("shard", bad),
                  must_be("shard", "i/n with i from 1 to n", ("\"" + std::string(bad) + "\"").c_str()));
    EXPECT_EQ(text("directory", "/tmp"), "as written");
    EXPECT_NE(text("directory", "tmp"), "as written");
    EXPECT_NE(text("directory", ("/" + std::string(900, 'x')).c_str()), "as written");
    EXPECT_EQ(checked("guard", JsonKind::boolean, "false"), "as written");
    EXPECT_EQ(checked("guard", JsonKind::number, "1"), must_be("guard", "true or false", "1"));
    EXPECT_EQ(checked("guard", JsonKind::null, "null"), "nothing");
    EXPECT_EQ(checked("loops", JsonKind::other, "[]"),
              must_be("loops", "a whole number from 0 to 1000000", "[]"));
}

TEST(BenchSettings, UnknownKeysAreNamedWithTheList)
{
    const SettingInput in = {"colour", JsonKind::null, "null", "null"};
    SettingValue v;
    Failure why;
    EXPECT_EQ(bench_setting(&in, "there", &v, &why), Code::bad_value);
    EXPECT_STREQ(why.message, "unknown benchmark setting \"colour\" in there");
    EXPECT_EQ(std::string(why.hint).rfind("Settings are iterations, warmup_iterations, ", 0), 0U);
    EXPECT_EQ(bench_setting_key(1000), nullptr);
}

// What is built in passes its own checks.
TEST(BenchSettings, StandardsArePossible)
{
    const SettingKey *key;
    for (uint32_t i = 0; (key = bench_setting_key(i)); i++) {
        if (!key->standard) continue;
        const std::string s = key->standard;
        const JsonKind kind = s[0] == '"'   ? JsonKind::text
                              : s == "true" ? JsonKind::boolean
                                            : JsonKind::number;
        const std::string bare = kind == JsonKind::text ? s.substr(1, s.size() - 2) : s;
        EXPECT_EQ(checked(key->name, kind, bare.c_str()).rfind("benchmark", 0), std::string::npos)
            << key->name;
    }
}
