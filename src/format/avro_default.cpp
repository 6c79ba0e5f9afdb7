// avro_default.cpp - JSON values against types of the schema tree.
#include "format/avro_default.hpp"

#include <algorithm>
#include <charconv>

#include "core/no_postgres.hpp"

namespace spout::avro
{
namespace
{
using json::Value;

bool fits_integer(const Value &v, int64_t min, int64_t max)
{
    int64_t i = 0;
    const char *end = v.text.data() + v.text.size();
    auto got = std::from_chars(v.text.data(), end, i);
    return v.tag == json::Tag::number && got.ec == std::errc() && got.ptr == end && i >= min && i <= max;
}

// Bytes are written as characters U+0000 to U+00FF; the text is valid UTF-8. False when one is beyond.
bool byte_count(const std::string &utf8, size_t *n)
{
    *n = 0;
    for (size_t i = 0; i < utf8.size(); i++, ++*n) {
        auto c = static_cast<unsigned char>(utf8[i]);
        if (c < 0x80) continue;
        if (c > 0xC3) return false;
        i++;
    }
    return true;
}

bool fits_record(const Value &v, const Node &n, const DefaultedFields &defaulted)
{
    if (v.tag != json::Tag::object) return false;
    auto own = defaulted.find(&n);
    size_t used = 0;
    for (const NodeField &f : n.fields) {
        auto key = std::find(v.keys.begin(), v.keys.end(), f.name);
        if (key == v.keys.end()) {
            if (own == defaulted.end() || !own->second.count(f.name)) return false;
            continue;
        }
        if (!fits(v.items[static_cast<size_t>(key - v.keys.begin())], *f.type, defaulted)) return false;
        used++;
    }
    return used == v.keys.size();
}
} // namespace

bool fits(const Value &v, const Node &n, const DefaultedFields &defaulted)
{
    size_t bytes;
    auto all = [&] {
        return std::all_of(v.items.begin(), v.items.end(),
                           [&](const Value &item) { return fits(item, *n.items, defaulted); });
    };
    switch (n.tag) {
    case Tag::null: return v.tag == json::Tag::null;
    case Tag::boolean: return v.tag == json::Tag::boolean;
    case Tag::int32: return fits_integer(v, INT32_MIN, INT32_MAX);
    case Tag::int64: return fits_integer(v, INT64_MIN, INT64_MAX);
    case Tag::float32:
    case Tag::float64: return v.tag == json::Tag::number;
    case Tag::string: return v.tag == json::Tag::string;
    case Tag::bytes: return v.tag == json::Tag::string && byte_count(v.text, &bytes);
    case Tag::fixed: return v.tag == json::Tag::string && byte_count(v.text, &bytes) && bytes == n.size;
    case Tag::enumeration:
        return v.tag == json::Tag::string &&
               std::find(n.symbols.begin(), n.symbols.end(), v.text) != n.symbols.end();
    case Tag::array: return v.tag == json::Tag::array && all();
    case Tag::map: return v.tag == json::Tag::object && all();
    case Tag::choice: return fits(v, *n.branches[0], defaulted);
    case Tag::record: return fits_record(v, n, defaulted);
    }
    return false;
}
} // namespace spout::avro
