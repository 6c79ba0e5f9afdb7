// json_tree.hpp - JSON text as a small tree whose numbers stay text. For conversions that look at a
// value's inside; the fast paths never build one.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/cell.hpp"

namespace spout::json
{
enum class Tag : uint8_t { null, boolean, number, string, array, object };
const char *name(Tag);

struct Value {
    Tag tag = Tag::null;
    std::string text;              // string: its characters; number, boolean: as written
    std::vector<Value> items;      // array, object
    std::vector<std::string> keys; // object, one per item
};

// Throws Error(Code::bad_value) for invalid JSON and for nesting beyond 1000 levels.
Value parse(std::string_view text);
// The text as jsonb prints it.
void print(const Value &, std::string &out);

// A JSON number as exact digits; false when its exponent is beyond what numeric can hold.
struct Number {
    std::vector<int16_t> groups; // base 10000
    int16_t weight = 0;
    bool minus = false;
    Digits digits() const
    {
        return {reinterpret_cast<const char *>(groups.data()), static_cast<uint16_t>(groups.size()), weight,
                0, minus ? Sign::minus : Sign::plus};
    }
};
bool parse_number(std::string_view text, Number *out);
} // namespace spout::json
