// schema.cpp - the strict checker of Avro schemas. What it lets through, Avro C 1.11.1 survives: that
// library crashes on some malformed schemas, so it comes second (avro_c.hpp).
// Knows neither rows nor files. Defaults are judged in avro_default.cpp.
#include "format/avro/schema.hpp"

#include <charconv>
#include <unordered_map>
#include <unordered_set>

#include "base/decimal.hpp"
#include "base/error.hpp"
#include "format/avro/avro_c.hpp"
#include "format/avro/default.hpp"
#include "format/avro/names.hpp"
#include "format/text/json_tree.hpp"

#include "base/no_postgres.hpp"

namespace spout::avro
{
namespace
{
using json::Value;

constexpr int64_t kMaxFixed = 1 << 30; // bytes
// Places in a row when every reference is followed: a few nested types can multiply to more than any
// reader has memory for.
constexpr uint64_t kMaxPlaces = 1 << 20;

constexpr struct {
    const char *name;
    Tag tag;
} kPrimitives[] = {
    {"null", Tag::null},     {"boolean", Tag::boolean}, {"int", Tag::int32},   {"long", Tag::int64},
    {"float", Tag::float32}, {"double", Tag::float64},  {"bytes", Tag::bytes}, {"string", Tag::string},
};

constexpr struct {
    const char *name;
    Tag tag, or_tag; // the types it may stand on
    Logical logical;
} kLogicals[] = {
    {"date", Tag::int32, Tag::int32, Logical::date},
    {"time-millis", Tag::int32, Tag::int32, Logical::time_millis},
    {"time-micros", Tag::int64, Tag::int64, Logical::time_micros},
    {"timestamp-millis", Tag::int64, Tag::int64, Logical::timestamp_millis},
    {"timestamp-micros", Tag::int64, Tag::int64, Logical::timestamp_micros},
    {"local-timestamp-millis", Tag::int64, Tag::int64, Logical::local_timestamp_millis},
    {"local-timestamp-micros", Tag::int64, Tag::int64, Logical::local_timestamp_micros},
    {"decimal", Tag::bytes, Tag::fixed, Logical::decimal},
    {"uuid", Tag::string, Tag::fixed, Logical::uuid},
};

bool primitive(std::string_view name, Tag *tag)
{
    for (auto &p : kPrimitives)
        if (name == p.name) {
            *tag = p.tag;
            return true;
        }
    return false;
}

bool is_named(Tag t) { return t == Tag::record || t == Tag::enumeration || t == Tag::fixed; }

class Checker
{
  public:
    Checker(const SchemaLimits &limits, Schema &out) : limits_(limits), out_(out) {}
    const Node *type(const Value &v, const std::string &space);

  private:
    struct Extent {
        uint32_t depth;  // records, arrays and maps inside each other, references followed
        uint64_t places; // values in one datum if no array or map holds more than one
    };
    // What a message calls the place: `lines[].price`.
    class Step
    {
      public:
        Step(Checker &c, const std::string &step) : c_(c), before_(c.path_.size())
        {
            if (before_ && step[0] != '[' && step[0] != '{') c_.path_ += '.';
            c_.path_ += step;
        }
        ~Step() { c_.path_.resize(before_); }

      private:
        Checker &c_;
        size_t before_;
    };

    [[noreturn]] void fail(const std::string &why) const
    {
        throw Error(Code::bad_value, path_.empty() ? why : "field \"" + path_ + "\": " + why);
    }
    const Value &need(const Value &object, const char *key, json::Tag tag) const;
    void optional(const Value &object, const char *key, json::Tag tag) const;
    int64_t integer(const Value &v, const char *key) const;

    Node *make(Tag tag);
    const Node *finish(const Node *n);
    const Node *reference(const std::string &name, const std::string &space);
    const Node *object(const Value &v, const std::string &space);
    const Node *choice(const Value &v, const std::string &space);
    const Node *record(const Value &v, const std::string &space);
    const Node *enumeration(const Value &v, const std::string &space);
    const Node *fixed(const Value &v, const std::string &space);
    const Node *container(const Value &v, const std::string &space, Tag tag);
    void field(const Value &v, const std::string &space, Node *record,
               std::unordered_set<std::string_view> &names);
    std::string define(const Value &v, const std::string &space, Node *n);
    void logical(const Value &v, Node *n);
    void decimal(const Value &v, Node *n);

    const SchemaLimits &limits_;
    Schema &out_;
    std::unordered_map<std::string, const Node *> named_; // by full name
    std::unordered_map<const Node *, Extent> extents_;    // of finished nodes
    Defaults defaults_;
    std::string path_;
    uint32_t open_ = 0; // containers around the current place
};

const Value *find(const Value &object, std::string_view key)
{
    for (size_t i = 0; i < object.keys.size(); i++)
        if (object.keys[i] == key) return &object.items[i];
    return nullptr;
}

const Value &Checker::need(const Value &object, const char *key, json::Tag tag) const
{
    const Value *v = find(object, key);
    if (!v) fail(std::string("\"") + key + "\" is missing");
    if (v->tag != tag) fail(std::string("\"") + key + "\" must be a JSON " + json::name(tag));
    return *v;
}

void Checker::optional(const Value &object, const char *key, json::Tag tag) const
{
    if (find(object, key)) need(object, key, tag);
}

int64_t Checker::integer(const Value &object, const char *key) const
{
    const std::string &s = need(object, key, json::Tag::number).text;
    int64_t i = 0;
    auto end = s.data() + s.size();
    auto got = std::from_chars(s.data(), end, i);
    if (got.ec != std::errc() || got.ptr != end) fail(std::string("\"") + key + "\" must be an integer");
    return i;
}

Node *Checker::make(Tag tag)
{
    out_.nodes.push_back(std::make_unique<Node>());
    out_.nodes.back()->tag = tag;
    return out_.nodes.back().get();
}

// Its parts are finished already: nothing contains itself.
const Node *Checker::finish(const Node *n)
{
    Extent e = {0, 1};
    auto add = [&](const Node *part) {
        const Extent &p = extents_.at(part);
        if (p.depth > e.depth) e.depth = p.depth;
        e.places += p.places;
    };
    for (auto &f : n->fields)
        add(f.type);
    for (auto *b : n->branches)
        add(b);
    if (n->items) add(n->items);
    if (n->tag == Tag::record || n->items) e.depth++;
    if (e.depth > limits_.depth + 1)
        fail("types are nested deeper than " + std::to_string(limits_.depth) + " levels");
    if (e.places > kMaxPlaces) fail("types multiply to more than " + std::to_string(kMaxPlaces) + " values");
    extents_[n] = e;
    return n;
}

const Node *Checker::type(const Value &v, const std::string &space)
{
    switch (v.tag) {
    case json::Tag::string: return reference(v.text, space);
    case json::Tag::array: return choice(v, space);
    case json::Tag::object: return object(v, space);
    default: fail("a type must be a JSON string, array or object");
    }
}

const Node *Checker::reference(const std::string &name, const std::string &space)
{
    Tag tag;
    if (primitive(name, &tag)) return finish(make(tag));
    bool bare = name.find('.') == name.npos;
    auto it = named_.find(bare && !space.empty() ? space + '.' + name : name);
    if (it == named_.end()) {
        bool complex =
            name == "record" || name == "enum" || name == "array" || name == "map" || name == "fixed";
        fail(complex ? "type \"" + name + "\" must be described by a JSON object of its own"
                     : "type \"" + name + "\" is not defined");
    }
    if (!extents_.count(it->second)) fail("record \"" + it->first + "\" contains itself");
    return it->second;
}

const Node *Checker::object(const Value &v, const std::string &space)
{
    const std::string &name = need(v, "type", json::Tag::string).text;
    Tag tag;
    if (primitive(name, &tag)) {
        Node *n = make(tag);
        logical(v, n);
        return finish(n);
    }
    if (name == "enum") return enumeration(v, space);
    if (name == "fixed") return fixed(v, space);
    bool is_record = name == "record";
    if (!is_record && name != "array" && name != "map") fail("type \"" + name + "\" is unknown");
    if (open_ > limits_.depth)
        fail("types are nested deeper than " + std::to_string(limits_.depth) + " levels");
    open_++;
    const Node *n = is_record ? record(v, space) : container(v, space, name == "map" ? Tag::map : Tag::array);
    open_--;
    return n;
}

const Node *Checker::container(const Value &v, const std::string &space, Tag tag)
{
    Node *n = make(tag);
    const char *key = tag == Tag::map ? "values" : "items";
    const Value *part = find(v, key);
    if (!part) fail(std::string("\"") + key + "\" is missing");
    Step step(*this, tag == Tag::map ? "{}" : "[]");
    n->items = type(*part, space);
    logical(v, n);
    return finish(n);
}

const Node *Checker::choice(const Value &v, const std::string &space)
{
    if (v.items.empty()) fail("a union needs at least one branch");
    if (v.items.size() > limits_.fields)
        fail("a union has more than " + std::to_string(limits_.fields) + " branches");
    Node *n = make(Tag::choice);
    std::unordered_set<std::string> seen;
    for (const Value &branch : v.items) {
        if (branch.tag == json::Tag::array) fail("a union cannot hold a union");
        const Node *b = type(branch, space);
        // Full names cannot look like the number of a tag.
        std::string key = is_named(b->tag) ? b->full_name : std::to_string(static_cast<int>(b->tag));
        if (!seen.insert(key).second) fail("a union holds the same type twice");
        n->branches.push_back(b);
    }
    return finish(n);
}

// Sets the node's full name, which must be new, and returns the namespace of what it holds.
std::string Checker::define(const Value &v, const std::string &space, Node *n)
{
    const std::string &name = need(v, "name", json::Tag::string).text;
    optional(v, "namespace", json::Tag::string);
    optional(v, "doc", json::Tag::string);
    if (name.empty() || !is_namespace(name)) fail("\"" + name + "\" is not an Avro name");
    const Value *own = find(v, "namespace");
    if (own && !is_namespace(own->text)) fail("\"" + own->text + "\" is not an Avro namespace");
    if (find(v, "aliases")) {
        for (const Value &a : need(v, "aliases", json::Tag::array).items)
            if (a.tag != json::Tag::string || a.text.empty() || !is_namespace(a.text))
                fail("\"aliases\" must be a list of Avro names");
    }
    size_t dot = name.rfind('.');
    std::string within = dot != name.npos ? name.substr(0, dot) : own ? own->text : space;
    std::string last = dot != name.npos ? name.substr(dot + 1) : name;
    Tag tag;
    if (primitive(last, &tag)) fail("\"" + last + "\" is a type of Avro's own and cannot be defined");
    n->full_name = within.empty() ? last : within + '.' + last;
    if (!named_.emplace(n->full_name, n).second) fail("type \"" + n->full_name + "\" is defined twice");
    return within;
}

const Node *Checker::record(const Value &v, const std::string &space)
{
    Node *n = make(Tag::record);
    std::string within = define(v, space, n);
    const Value &fields = need(v, "fields", json::Tag::array);
    if (fields.items.size() > limits_.fields)
        fail("record \"" + n->full_name + "\" has more than " + std::to_string(limits_.fields) + " fields");
    std::unordered_set<std::string_view> names;
    n->fields.reserve(fields.items.size());
    for (const Value &f : fields.items)
        field(f, within, n, names);
    logical(v, n);
    return finish(n);
}

void Checker::field(const Value &v, const std::string &space, Node *record,
                    std::unordered_set<std::string_view> &names)
{
    if (v.tag != json::Tag::object) fail("a field must be a JSON object");
    const std::string &name = need(v, "name", json::Tag::string).text;
    if (!is_name(name)) fail("\"" + name + "\" is not an Avro name");
    Step step(*this, name);
    if (!names.insert(name).second) fail("is defined twice");
    const Value *t = find(v, "type");
    if (!t) fail("\"type\" is missing");
    optional(v, "doc", json::Tag::string);
    if (const Value *order = find(v, "order")) {
        const std::string &o = need(v, "order", json::Tag::string).text;
        if (o != "ascending" && o != "descending" && o != "ignore")
            fail("\"order\" \"" + order->text + "\" is unknown");
    }
    if (find(v, "aliases")) {
        for (const Value &a : need(v, "aliases", json::Tag::array).items)
            if (a.tag != json::Tag::string || !is_name(a.text))
                fail("\"aliases\" must be a list of Avro names");
    }
    const Node *n = type(*t, space);
    const Value *fallback = find(v, "default");
    if (fallback && !defaults_.fit(*fallback, *n))
        fail(n->tag == Tag::choice ? "the default does not fit the first branch of its type"
                                   : "the default does not fit the type");
    record->fields.push_back({name, n});
    if (fallback) defaults_.has_one(record, record->fields.back().name);
}

const Node *Checker::enumeration(const Value &v, const std::string &space)
{
    Node *n = make(Tag::enumeration);
    define(v, space, n);
    const Value &symbols = need(v, "symbols", json::Tag::array);
    if (symbols.items.empty()) fail("enum \"" + n->full_name + "\" has no symbols");
    std::unordered_set<std::string_view> seen;
    for (const Value &s : symbols.items) {
        if (s.tag != json::Tag::string || !is_name(s.text))
            fail("enum \"" + n->full_name + "\" has a symbol that is not an Avro name");
        if (!seen.insert(s.text).second)
            fail("enum \"" + n->full_name + "\" has symbol \"" + s.text + "\" twice");
        n->symbols.push_back(s.text);
    }
    if (find(v, "default") && !seen.count(need(v, "default", json::Tag::string).text))
        fail("the default of enum \"" + n->full_name + "\" is not one of its symbols");
    logical(v, n);
    return finish(n);
}

const Node *Checker::fixed(const Value &v, const std::string &space)
{
    Node *n = make(Tag::fixed);
    define(v, space, n);
    int64_t size = integer(v, "size");
    if (size < 1 || size > kMaxFixed)
        fail("the size of fixed \"" + n->full_name + "\" must be from 1 to " + std::to_string(kMaxFixed));
    n->size = static_cast<uint32_t>(size);
    logical(v, n);
    return finish(n);
}

// Unknown logical types are the specification's way to grow: they are ignored.
void Checker::logical(const Value &v, Node *n)
{
    if (!find(v, "logicalType")) return;
    const std::string &name = need(v, "logicalType", json::Tag::string).text;
    for (auto &l : kLogicals) {
        if (name != l.name) continue;
        if (n->tag != l.tag && n->tag != l.or_tag) fail("logicalType \"" + name + "\" does not fit its type");
        n->logical = l.logical;
    }
    if (n->logical == Logical::uuid && n->tag == Tag::fixed && n->size != 16)
        fail("a uuid needs a fixed type of 16 bytes");
    if (n->logical == Logical::decimal) decimal(v, n);
}

void Checker::decimal(const Value &v, Node *n)
{
    int64_t precision = integer(v, "precision");
    int64_t scale = find(v, "scale") ? integer(v, "scale") : 0;
    if (precision < 1 || precision > kMaxPrecision)
        fail("the precision of a decimal must be from 1 to " + std::to_string(kMaxPrecision));
    if (scale < 0 || scale > precision) fail("the scale of a decimal must be from 0 to its precision");
    n->precision = static_cast<int32_t>(precision);
    n->scale = static_cast<int32_t>(scale);
    if (n->tag == Tag::fixed && n->size < decimal_bytes(n->precision))
        fail("a decimal of precision " + std::to_string(precision) + " does not fit " +
             std::to_string(n->size) + " bytes");
}

// Readers differ in which of two equal keys they take.
void reject_repeated_keys(const Value &v)
{
    std::unordered_set<std::string_view> seen;
    for (const std::string &key : v.keys)
        if (!seen.insert(key).second) throw Error(Code::bad_value, "key \"" + key + "\" is given twice");
    for (const Value &item : v.items)
        reject_repeated_keys(item);
}
} // namespace

Schema parse_schema(std::string_view text, const SchemaLimits &limits)
{
    if (text.size() > limits.text)
        throw Error(Code::bad_value, "longer than " + std::to_string(limits.text) + " bytes");
    Schema out;
    out.text = text;
    Value v;
    try {
        v = json::parse(text);
    } catch (const Error &) {
        throw Error(Code::bad_value, "not valid JSON, or nested too deeply");
    }
    reject_repeated_keys(v);
    out.root = Checker(limits, out).type(v, "");
    AvroC second_opinion(out);
    return out;
}
} // namespace spout::avro
