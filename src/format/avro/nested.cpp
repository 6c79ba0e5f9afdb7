// nested.cpp - arrays, maps, records, and what unions and NULL need around any value.
#include "base/error.hpp"
#include "base/escape.hpp"
#include "format/avro/step.hpp"
#include "format/avro/wire.hpp"

#include "base/no_postgres.hpp"

namespace spout::avro
{
namespace
{
[[noreturn]] void refuse_dimensions(const Step &s, uint32_t found)
{
    std::string hint = "Use to_jsonb(...) in the query.";
    if (!s.path.empty()) {
        hint = "Set the option array_dimensions to {";
        append_json_string(hint, s.path);
        hint += ": " + std::to_string(found) +
                "}, or use to_jsonb(...) in the query if not all values have as many.";
    }
    throw Error(Code::bad_value,
                "array has " + std::to_string(found) + " dimension" + (found > 1 ? "s" : "") +
                    ", but the schema says " + std::to_string(s.deeper + 1),
                hint);
}

// One block with a positive count, then the end: old readers stumble over anything else.
uint8_t *write_array(const Step &s, const Cell &c, Sink &out, uint8_t *p)
{
    const Step &item = s.parts[0];
    uint32_t n = c.list.n, i = 0;
    if (n == 0) {
        *p = 0;
        return p + 1;
    }
    if (__builtin_expect(c.list.deeper != s.deeper, 0)) refuse_dimensions(s, c.list.deeper + 1);
    p = put_long(p, n);
    try {
        for (; i < n; i++) {
            p = out.room(p, item.fixed + item.tail);
            p = item.emit(item, c.list.cells[i], out, p);
        }
    } catch (Error &e) {
        e.within("[" + std::to_string(i + 1) + "]");
        throw;
    }
    *p = 0;
    return p + 1;
}

uint8_t *write_map(const Step &s, const Cell &c, Sink &out, uint8_t *p)
{
    const Step &value = s.parts[0];
    uint32_t n = c.list.n / 2;
    if (n) p = put_long(p, n);
    for (uint32_t i = 0; i < n; i++) {
        const Text &key = c.list.cells[size_t{2} * i].s;
        p = out.room(p, key.n + kMaxVarint + value.fixed + value.tail);
        p = put_long(p, key.n);
        p = copy(p, key.p, key.n);
        p = value.emit(value, c.list.cells[size_t{2} * i + 1], out, p);
    }
    *p = 0;
    return p + 1;
}

uint8_t *write_record(const Step &s, const Cell &c, Sink &out, uint8_t *p)
{
    const Step *part = s.parts.data(), *end = part + s.parts.size();
    try {
        for (; part < end; part++)
            p = part->emit(*part, c.list.cells[part->column], out, p);
    } catch (Error &e) {
        e.within("." + std::string(s.type->fields[part->column].name));
        throw;
    }
    return p;
}
} // namespace

void refuse_null(const Step &s)
{
    if (s.proved_required)
        throw Error(Code::null_value, "NULL in a column that the catalog says has none",
                    "The snapshot may be older than the NOT NULL: use the option required off.");
    throw Error(Code::null_value, "NULL cannot be stored as Avro " + label(*s.node),
                "Replace NULL in the query, or give the schema a union with \"null\".");
}

uint8_t *write_null(const Step &s, uint8_t *p)
{
    if (s.null_branch < 0) refuse_null(s);
    return put_long(p, s.null_branch);
}

uint8_t *write_branch(const Step &s, uint8_t *p) { return put_long(p, s.branch); }

const Writers *nested_writers(Tag tag)
{
    switch (tag) {
    case Tag::array: return &kWriters<write_array>;
    case Tag::map: return &kWriters<write_map>;
    case Tag::record: return &kWriters<write_record>;
    default: return nullptr;
    }
}

std::string label(const Node &n)
{
    switch (n.logical) {
    case Logical::none: break;
    case Logical::date: return "date";
    case Logical::time_millis: return "time-millis";
    case Logical::time_micros: return "time-micros";
    case Logical::timestamp_millis: return "timestamp-millis";
    case Logical::timestamp_micros: return "timestamp-micros";
    case Logical::local_timestamp_millis: return "local-timestamp-millis";
    case Logical::local_timestamp_micros: return "local-timestamp-micros";
    case Logical::decimal:
        return "decimal(" + std::to_string(n.precision) + ',' + std::to_string(n.scale) + ')';
    case Logical::uuid: return "uuid";
    }
    switch (n.tag) {
    case Tag::null: return "null";
    case Tag::boolean: return "boolean";
    case Tag::int32: return "int";
    case Tag::int64: return "long";
    case Tag::float32: return "float";
    case Tag::float64: return "double";
    case Tag::bytes: return "bytes";
    case Tag::string: return "string";
    case Tag::record: return "record " + n.full_name;
    case Tag::enumeration: return "enum " + n.full_name;
    case Tag::array: return "array of " + label(*n.items);
    case Tag::map: return "map of " + label(*n.items);
    case Tag::fixed: return "fixed(" + std::to_string(n.size) + ')';
    case Tag::choice: break;
    }
    std::string all;
    for (const Node *b : n.branches)
        if (b->tag != Tag::null) all += (all.empty() ? "" : " or ") + label(*b);
    return all.empty() ? "null" : all;
}
} // namespace spout::avro
