// default.cpp - JSON values against types of the schema tree.
#include "format/avro/default.hpp"

#include <algorithm>
#include <charconv>

#include "base/no_postgres.hpp"

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
} // namespace

bool Defaults::fit_record(const Value &v, const Node &n)
{
    if (v.tag != json::Tag::object) return false;
    auto &types = fields_[&n];
    if (types.empty())
        for (const NodeField &f : n.fields)
            types.emplace(f.name, f.type);
    const auto &may_lack = defaulted_[&n];
    size_t needed = types.size() - may_lack.size();
    for (size_t i = 0; i < v.keys.size(); i++) {
        auto type = types.find(v.keys[i]);
        if (type == types.end() || !fit(v.items[i], *type->second)) return false;
        needed -= !may_lack.count(v.keys[i]);
    }
    return needed == 0;
}

bool Defaults::fit_all(const Value &v, const Node &items)
{
    return std::all_of(v.items.begin(), v.items.end(), [&](const Value &item) { return fit(item, items); });
}

bool Defaults::fit_enumeration(const Value &v, const Node &n)
{
    auto &symbols = symbols_[&n];
    if (symbols.empty()) symbols.insert(n.symbols.begin(), n.symbols.end());
    return v.tag == json::Tag::string && symbols.count(v.text);
}

bool Defaults::fit(const Value &v, const Node &n)
{
    size_t bytes;
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
    case Tag::enumeration: return fit_enumeration(v, n);
    case Tag::array: return v.tag == json::Tag::array && fit_all(v, *n.items);
    case Tag::map: return v.tag == json::Tag::object && fit_all(v, *n.items);
    case Tag::choice: return fit(v, *n.branches[0]);
    case Tag::record: return fit_record(v, n);
    }
    return false;
}
} // namespace spout::avro
