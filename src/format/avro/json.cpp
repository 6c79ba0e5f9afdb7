// json.cpp - json and jsonb values as the records a user's schema asks for.
// Strict: a missing key or JSON null is NULL; an unknown key, or a value that does not convert, is an
// error with the place inside the value. Numbers stay text until they are exact.
#include <charconv>

#include "base/decimal.hpp"
#include "base/error.hpp"
#include "base/text.hpp"
#include "format/avro/step.hpp"
#include "format/avro/wire.hpp"
#include "format/text/json_tree.hpp"

#include "base/no_postgres.hpp"

namespace spout::avro
{
namespace
{
using Json = json::Value;

[[noreturn]] void misfit(const Node &n, const Json &v)
{
    throw Error(Code::bad_value,
                std::string("JSON ") + json::name(v.tag) + " cannot be stored as Avro " + label(n));
}

void put(Buffer &out, int64_t v) { out.advance_to(put_long(out.reserve(kMaxVarint), v)); }

void put_text(Buffer &out, std::string_view s)
{
    put(out, static_cast<int64_t>(s.size()));
    out.append(s);
}

// What follows returns false when the value does not fit the node.

bool put_decimal(const Node &n, const Json &v, Buffer &out)
{
    json::Number number;
    if (v.tag != json::Tag::number || !json::parse_number(v.text, &number)) return false;
    bool fixed = n.tag == Tag::fixed;
    uint32_t width = fixed ? n.size : decimal_bytes(n.precision);
    if (!fixed) put(out, width);
    Fit fit = unscaled_bytes(number.digits(), n.precision, n.scale, out.reserve(width), width);
    out.advance(width);
    return fit == Fit::ok;
}

bool put_integer(int64_t low, int64_t high, const Json &v, Buffer &out)
{
    json::Number number;
    __int128 whole = 0;
    if (v.tag != json::Tag::number || !json::parse_number(v.text, &number)) return false;
    if (unscaled128(number.digits(), 19, 0, &whole) != Fit::ok || whole < low || whole > high) return false;
    put(out, static_cast<int64_t>(whole));
    return true;
}

template <typename Float> bool put_float(const Json &v, Buffer &out)
{
    Float f = 0;
    if (v.tag != json::Tag::number) return false;
    if (std::from_chars(v.text.data(), v.text.data() + v.text.size(), f).ec != std::errc()) return false;
    out.append(&f, sizeof f);
    return true;
}

bool put_string(const Node &n, const Json &v, Buffer &out)
{
    if (n.logical == Logical::uuid && !is_uuid_text(v.text.data(), v.text.size())) return false;
    if (v.tag == json::Tag::string || v.tag == json::Tag::number) {
        put_text(out, v.text);
        return true;
    }
    std::string text; // as ->> would give it
    json::print(v, text);
    put_text(out, text);
    return true;
}

bool put_symbol(const Node &n, const Json &v, Buffer &out)
{
    for (size_t i = 0; v.tag == json::Tag::string && i < n.symbols.size(); i++)
        if (n.symbols[i] == v.text) {
            put(out, static_cast<int64_t>(i));
            return true;
        }
    return false;
}

void convert(const Node &n, const Json &v, Buffer &out);

void put_items(const Node &n, const Json &v, Buffer &out)
{
    size_t i = 0;
    if (!v.items.empty()) put(out, static_cast<int64_t>(v.items.size()));
    try {
        for (; i < v.items.size(); i++) {
            if (v.tag == json::Tag::object) put_text(out, v.keys[i]);
            convert(*n.items, v.items[i], out);
        }
    } catch (Error &e) {
        e.within(v.tag == json::Tag::object ? "." + v.keys[i] : "[" + std::to_string(i) + "]");
        throw;
    }
    out.push(0);
}

void put_record(const Node &n, const Json &v, Buffer &out)
{
    static const Json kMissing;
    std::vector<const Json *> values(n.fields.size(), &kMissing);
    for (size_t i = 0; i < v.keys.size(); i++) {
        size_t k = 0;
        while (k < n.fields.size() && n.fields[k].name != v.keys[i])
            k++;
        if (k == n.fields.size())
            throw Error(Code::bad_value, "JSON key \"" + v.keys[i] + "\" has no field in Avro " + label(n));
        values[k] = &v.items[i]; // of equal keys the last counts, as in jsonb
    }
    for (size_t k = 0; k < values.size(); k++) {
        try {
            convert(*n.fields[k].type, *values[k], out);
        } catch (Error &e) {
            e.within("." + n.fields[k].name);
            throw;
        }
    }
}

// A value that is not null into a type that is no union.
bool put_value(const Node &n, const Json &v, Buffer &out)
{
    if (n.logical == Logical::decimal) return put_decimal(n, v, out);
    switch (n.tag) {
    case Tag::boolean:
        if (v.tag != json::Tag::boolean) return false;
        out.push(v.text == "true");
        return true;
    case Tag::int32: return put_integer(INT32_MIN, INT32_MAX, v, out);
    case Tag::int64: return put_integer(INT64_MIN, INT64_MAX, v, out);
    case Tag::float32: return put_float<float>(v, out);
    case Tag::float64: return put_float<double>(v, out);
    case Tag::string: return put_string(n, v, out);
    case Tag::bytes:
        if (v.tag != json::Tag::string) return false;
        put_text(out, v.text);
        return true;
    case Tag::enumeration: return put_symbol(n, v, out);
    case Tag::array:
        if (v.tag != json::Tag::array) return false;
        put_items(n, v, out);
        return true;
    case Tag::map:
        if (v.tag != json::Tag::object) return false;
        put_items(n, v, out);
        return true;
    case Tag::record:
        if (v.tag != json::Tag::object) return false;
        put_record(n, v, out);
        return true;
    default: return false;
    }
}

void convert(const Node &n, const Json &v, Buffer &out)
{
    bool null = v.tag == json::Tag::null;
    if (n.tag != Tag::choice) {
        if (null) throw Error(Code::null_value, "NULL cannot be stored as Avro " + label(n));
        if (!put_value(n, v, out)) misfit(n, v);
        return;
    }
    for (size_t i = 0; i < n.branches.size(); i++) {
        if ((n.branches[i]->tag == Tag::null) != null) continue;
        size_t before = out.size();
        put(out, static_cast<int64_t>(i));
        if (null || put_value(*n.branches[i], v, out)) return;
        out.resize(before); // the next branch may take it
    }
    if (null) throw Error(Code::null_value, "NULL cannot be stored as Avro " + label(n));
    misfit(n, v);
}

uint8_t *write_json(const Step &s, const Cell &c, Sink &out, uint8_t *p)
{
    Buffer &b = out.scratch;
    b.clear();
    append_text(*s.type, c, b);
    Json v = json::parse(b.view());
    b.clear();
    if (!put_value(*s.node, v, b)) misfit(*s.node, v);
    p = out.room(p, b.size() + s.tail);
    p = copy(p, b.data(), b.size());
    b.shrink(1 << 20);
    return p;
}

// True when some JSON value can become this type. JSON has no bytes of its own and no dates.
bool takes_json(const Node &n)
{
    switch (n.tag) {
    case Tag::fixed: return n.logical == Logical::decimal;
    case Tag::int32:
    case Tag::int64: return n.logical == Logical::none;
    case Tag::array:
    case Tag::map: return takes_json(*n.items);
    case Tag::record:
        for (auto &f : n.fields)
            if (!takes_json(*f.type)) return false;
        return true;
    case Tag::choice:
        for (const Node *b : n.branches)
            if (!takes_json(*b)) return false;
        return true;
    default: return true;
    }
}
} // namespace

const Writers *json_writers(const Type &, const Node &n, Step &)
{
    return takes_json(n) ? &kWriters<write_json> : nullptr;
}
} // namespace spout::avro
