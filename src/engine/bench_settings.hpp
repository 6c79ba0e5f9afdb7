// bench_settings.hpp - the settings of a benchmark: one table of keys, and what their values may be.
// Plain data and pure functions; docs/benchmarks-reference.md lists them.
#pragma once
#include <cstddef>
#include <cstdint>

namespace spout
{
enum class JsonKind : uint8_t { null, number, text, boolean, other };

// A key of a JSON object, as somebody wrote it.
struct SettingInput {
    const char *key;
    JsonKind kind;
    const char *text; // of a text, what is in it; of a number, its digits without an exponent
    const char *json; // the value as JSON prints it, for messages
};

// What counts of it: nothing, the value as it is, or a number.
enum class SettingUse : uint8_t { nothing, as_written, number };
struct SettingValue {
    SettingUse use;
    char number[40];
};

// Checks a value; `origin` says where it was written. Throws Error(bad_value).
SettingValue check_setting(const SettingInput &, const char *origin);

struct SettingKey {
    const char *name, *standard; // JSON; null: absent unless somebody sets it
};
const SettingKey *setting_key(size_t i) noexcept; // null past the last
} // namespace spout
