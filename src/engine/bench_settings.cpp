// bench_settings.cpp - the table of settings and its checks. Knows no PostgreSQL.
#include "engine/bench_settings.hpp"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "base/parse.hpp"

#include "base/no_postgres.hpp"

namespace spout
{
namespace
{
enum class Kind : uint8_t { integer, number, boolean, size, path, word, shard, budget };

struct Setting {
    SettingKey key;
    Kind kind;
    double low, high;
    const char *words; // of a word or a budget, with commas
};

const Setting kSettings[] = {{{"iterations", "100"}, Kind::integer, 1, 3000, ""},
                             {{"warmup_iterations", "5"}, Kind::integer, 0, 3000, ""},
                             {{"min_time", "0.1"}, Kind::number, 0, 3600, ""},
                             {{"max_time", "60.0"}, Kind::number, 0.001, 86400, ""},
                             {{"disable_gc", "true"}, Kind::boolean, 0, 0, ""},
                             {{"timer", "\"perf_counter\""}, Kind::word, 0, 0, "perf_counter, process_time"},
                             {{"budget", nullptr}, Kind::budget, 0.001, 86400, "quick, ci, extended"},
                             {{"loops", "0"}, Kind::integer, 0, 1000000, ""},
                             {{"cpu", nullptr}, Kind::integer, 0, 1023, ""},
                             {{"small_dataset_size", "100"}, Kind::integer, 1, 1000000000, ""},
                             {{"medium_dataset_size", "1000"}, Kind::integer, 1, 1000000000, ""},
                             {{"large_dataset_size", "10000"}, Kind::integer, 1, 1000000000, ""},
                             {{"max_memory_core", "10000000"}, Kind::size, 1, 1e15, ""},
                             {{"max_memory_db", "50000000"}, Kind::size, 1, 1e15, ""},
                             {{"max_memory_async", "20000000"}, Kind::size, 1, 1e15, ""},
                             {{"memory_limit", "268435456"}, Kind::size, 16777216, 1e15, ""},
                             {{"disk_limit", "21474836480"}, Kind::size, 1, 1e15, ""},
                             {{"directory", nullptr}, Kind::path, 0, 900, ""},
                             {{"sample", "1.0"}, Kind::number, 0.0001, 1, ""},
                             {{"shard", "\"1/1\""}, Kind::shard, 1, 9999, ""},
                             {{"parallel", "1"}, Kind::integer, 1, 64, ""},
                             {{"isolation", "\"worker\""}, Kind::word, 0, 0, "worker, session"},
                             {{"autosave", "true"}, Kind::boolean, 0, 0, ""},
                             {{"guard", "true"}, Kind::boolean, 0, 0, ""},
                             {{"seed", "1"}, Kind::integer, 0, 2147483647, ""}};
constexpr size_t kCount = sizeof kSettings / sizeof *kSettings;

std::string printed(double x)
{
    char s[40];
    snprintf(s, sizeof s, "%.15g", x);
    return s;
}

std::string wanted(const Setting &s)
{
    switch (s.kind) {
    case Kind::integer: return "a whole number from " + printed(s.low) + " to " + printed(s.high);
    case Kind::number: return "a number from " + printed(s.low) + " to " + printed(s.high);
    case Kind::size: return "a size of at least " + printed(s.low) + " bytes";
    case Kind::boolean: return "true or false";
    case Kind::path: return "an absolute path";
    case Kind::shard: return "i/n with i from 1 to n";
    case Kind::budget: return std::string(s.words) + " or a number of seconds";
    case Kind::word: break;
    }
    return std::string("one of ") + s.words;
}

bool is_word(const char *words, std::string_view text)
{
    std::string_view rest = words;
    for (size_t comma; !rest.empty(); rest.remove_prefix(comma == rest.npos ? rest.size() : comma + 2)) {
        comma = rest.find(", ");
        if (rest.substr(0, comma) == text) return true;
    }
    return false;
}

// Numbers beyond a double are infinite, those too small for one are zero.
double number_of(const char *digits)
{
    double d = 0;
    const char *end = digits + strlen(digits);
    const auto got = std::from_chars(digits, end, d);
    if (got.ec != std::errc::result_out_of_range) return got.ec == std::errc() && got.ptr == end ? d : NAN;
    return digits[*digits == '-'] == '0' ? 0 : HUGE_VAL;
}

// "2/3": i of n.
bool is_shard(const char *text)
{
    const std::string s(text);
    const size_t slash = s.find('/');
    uint64_t i = 0, n = 0;
    return slash != s.npos && s[0] != '0' && s.size() <= 9 && parse_u64(s.substr(0, slash).c_str(), &i) &&
           s[slash + 1] != '0' && parse_u64(s.c_str() + slash + 1, &n) && i >= 1 && i <= n && n <= 9999;
}

bool within(const Setting &s, double d) { return d >= s.low && d <= s.high; }

SettingValue numeric(double d, bool whole)
{
    SettingValue v = {SettingUse::number, ""};
    snprintf(v.number, sizeof v.number, whole ? "%.0f" : "%.9f", whole ? std::round(d) : d);
    // As short as it can be: 5.000000000 is 5.
    if (!whole) {
        size_t n = strlen(v.number);
        while (v.number[n - 1] == '0')
            n--;
        if (v.number[n - 1] == '.') n--;
        v.number[n] = '\0';
    }
    return v;
}

// False: it may not be that.
bool take(const Setting &s, const SettingInput &in, SettingValue &v)
{
    const bool is_text = in.kind == JsonKind::text, is_number = in.kind == JsonKind::number;
    double d = is_number ? number_of(in.text) : NAN;
    v = {SettingUse::as_written, ""};
    uint64_t bytes = 0;
    switch (s.kind) {
    case Kind::size:
        if (is_text && parse_size(in.text, &bytes)) d = static_cast<double>(bytes);
        [[fallthrough]];
    case Kind::integer:
    case Kind::number:
        if (!within(s, d) || (s.kind == Kind::integer && d != std::floor(d))) return false;
        v = numeric(d, s.kind != Kind::number);
        return true;
    case Kind::budget:
        if (!is_number) return is_text && is_word(s.words, in.text);
        v = numeric(d, false);
        return within(s, d);
    case Kind::boolean: return in.kind == JsonKind::boolean;
    case Kind::path: return is_text && in.text[0] == '/' && strlen(in.text) < s.high;
    case Kind::shard: return is_text && is_shard(in.text);
    case Kind::word: return is_text && is_word(s.words, in.text);
    }
    return false;
}

std::string all_names()
{
    std::string names;
    for (const Setting &s : kSettings)
        names += std::string(names.empty() ? "" : ", ") + s.key.name;
    return names;
}
} // namespace

SettingValue check_setting(const SettingInput &in, const char *origin)
{
    for (const Setting &s : kSettings) {
        if (strcmp(s.key.name, in.key) != 0) continue;
        SettingValue v = {SettingUse::nothing, ""};
        if (in.kind == JsonKind::null || take(s, in, v)) return v;
        throw Error(Code::bad_value, std::string("benchmark setting \"") + in.key + "\" in " + origin +
                                         " must be " + wanted(s) + ", not " + in.json);
    }
    throw Error(Code::bad_value, std::string("unknown benchmark setting \"") + in.key + "\" in " + origin,
                "Settings are " + all_names() + ".");
}

const SettingKey *setting_key(size_t i) noexcept { return i < kCount ? &kSettings[i].key : nullptr; }
} // namespace spout
