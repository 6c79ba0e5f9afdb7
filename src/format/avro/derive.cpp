// derive.cpp - writes the schema text and builds its tree in one walk, so they cannot disagree.
#include "format/avro/derive.hpp"

#include <cstring>
#include <map>

#include "base/decimal.hpp"
#include "base/error.hpp"
#include "base/escape.hpp"
#include "base/parse.hpp"
#include "format/avro/names.hpp"

#include "base/no_postgres.hpp"

namespace spout::avro
{
namespace
{
constexpr int kMaxDerivedPrecision = 38; // beyond it readers disagree; such columns are exact text

// Temporary schemas are numbered by backend; a schema text must not depend on that.
std::string_view stable_schema(const char *schema)
{
    if (!strncmp(schema, "pg_temp_", 8)) return "pg_temp";
    return schema;
}

class Deriver
{
  public:
    Deriver(const RowType &row, const Options &o) : row_(row), o_(o) {}
    Schema run();

  private:
    bool millis() const { return o_.profile == Profile::hive || o_.profile == Profile::kafka_connect; }
    bool iceberg() const { return o_.profile == Profile::iceberg; }
    bool as_decimal(const Type &t, int *precision, int *scale) const;
    bool hides(const Type &t) const;
    bool stays_required(const Field &f) const;

    Node *make(Tag tag, Logical logical = Logical::none);
    const Node *plain(const char *name, Tag tag, Logical logical = Logical::none);
    const Node *logical(const char *base, Tag tag, const char *name, Logical logical, const char *more = "");
    const Node *type(const Type &t);
    const Node *scalar(const Type &t);
    template <typename Branch> const Node *optional(Branch branch);
    const Node *decimal(int precision, int scale);
    Node *fixed(const std::string &name, uint32_t size, const std::string &rest, Logical logical);
    const Node *uuid();
    const Node *array(const Type &t, uint32_t dimensions);
    const Node *map();
    const Node *composite(const Type &t);
    void add_dimensions(std::string &key, const Type &t) const;
    void fields(const Field *f, uint32_t n, Node *record, bool columns);
    void check_bigquery(const std::string &name) const;
    std::string full_name(const std::string &name) const
    {
        return space_.empty() ? name : space_ + '.' + name;
    }
    void id(const char *key, int value)
    {
        if (iceberg()) text_ += std::string(",\"") + key + "\":" + std::to_string(value);
    }
    int next_id() { return ++last_id_; }

    const RowType &row_;
    const Options &o_;
    Schema schema_;
    std::string text_, space_;
    NameSet taken_;                               // names of types; one namespace holds them all
    std::map<std::string, const Node *> defined_; // composites, by what they are, not what they are called
    int last_id_ = 0;
};

bool Deriver::as_decimal(const Type &t, int *precision, int *scale) const
{
    return o_.on_nan != OnNan::string && derived_decimal(t, precision, scale);
}

// True when the Avro type alone does not tell which PostgreSQL type it came from.
bool Deriver::hides(const Type &t) const
{
    int p, s;
    switch (t.kind) {
    case Kind::boolean:
    case Kind::int4:
    case Kind::int8:
    case Kind::float4:
    case Kind::float8:
    case Kind::bytes:
    case Kind::date:
    case Kind::time:
    case Kind::timestamptz:
    case Kind::record: return false;
    case Kind::timestamp: return millis();
    case Kind::uuid: return millis();
    case Kind::numeric: return !as_decimal(t, &p, &s) || p != t.precision || s != t.scale;
    case Kind::text: return strcmp(t.sql_name, "text") != 0;
    case Kind::array: {
        const Type *e = t.element;
        while (e->kind == Kind::array)
            e = e->element;
        return hides(*e);
    }
    default: return true;
    }
}

// Options that write a value as NULL take precedence.
bool Deriver::stays_required(const Field &f) const
{
    int p, s;
    switch (f.type->kind) {
    case Kind::date:
    case Kind::time:
    case Kind::timestamp:
    case Kind::timestamptz: return f.required && o_.on_infinity != OnInfinity::null;
    case Kind::numeric: return f.required && !(o_.on_nan == OnNan::null && as_decimal(*f.type, &p, &s));
    default: return f.required;
    }
}

Node *Deriver::make(Tag tag, Logical logical)
{
    schema_.nodes.push_back(std::make_unique<Node>());
    Node *n = schema_.nodes.back().get();
    n->tag = tag;
    n->logical = logical;
    return n;
}

const Node *Deriver::plain(const char *name, Tag tag, Logical logical)
{
    text_ += std::string("\"") + name + '"';
    return make(tag, logical);
}

const Node *Deriver::logical(const char *base, Tag tag, const char *name, Logical l, const char *more)
{
    text_ += std::string("{\"type\":\"") + base + "\",\"logicalType\":\"" + name + '"' + more + '}';
    return make(tag, l);
}

// Of profile iceberg. PyIceberg and others of its family find no type by its name: every use of one is a
// definition of its own.
Node *Deriver::fixed(const std::string &name, uint32_t size, const std::string &rest, Logical l)
{
    Node *n = make(Tag::fixed, l);
    n->size = size;
    std::string own = taken_.take(name);
    n->full_name = full_name(own);
    text_ += "{\"type\":\"fixed\",\"name\":\"" + own + "\",\"size\":" + std::to_string(size) + rest + '}';
    return n;
}

const Node *Deriver::decimal(int precision, int scale)
{
    std::string p = std::to_string(precision), s = std::to_string(scale);
    // The scale is written even when it is 0: Hive fails without it.
    std::string rest = ",\"logicalType\":\"decimal\",\"precision\":" + p + ",\"scale\":" + s;
    Node *n;
    if (iceberg()) {
        n = fixed("decimal_" + p + '_' + s, decimal_bytes(precision), rest, Logical::decimal);
    } else {
        text_ += "{\"type\":\"bytes\"" + rest + '}';
        n = make(Tag::bytes, Logical::decimal);
    }
    n->precision = precision;
    n->scale = scale;
    return n;
}

const Node *Deriver::uuid()
{
    if (millis()) return plain("string", Tag::string);
    if (iceberg()) return fixed("uuid_fixed", 16, ",\"logicalType\":\"uuid\"", Logical::uuid);
    return logical("string", Tag::string, "uuid", Logical::uuid);
}

const Node *Deriver::array(const Type &t, uint32_t dimensions)
{
    bool plain_items = o_.profile == Profile::bigquery;
    if (plain_items && (dimensions > 1 || t.element->kind == Kind::array))
        throw Error(Code::bad_value, "profile bigquery cannot store multidimensional arrays",
                    "Use to_jsonb() in the query.");
    Node *n = make(Tag::array);
    int element_id = iceberg() ? next_id() : 0;
    text_ += "{\"type\":\"array\",\"items\":";
    auto item = [&] { return dimensions > 1 ? array(t, dimensions - 1) : type(*t.element); };
    n->items = plain_items ? item() : optional(item);
    id("element-id", element_id);
    text_ += '}';
    return n;
}

const Node *Deriver::map()
{
    Node *n = make(Tag::map), *value = make(Tag::choice);
    int key_id = iceberg() ? next_id() : 0, value_id = iceberg() ? next_id() : 0;
    text_ += "{\"type\":\"map\",\"values\":[\"null\",\"string\"]";
    id("key-id", key_id);
    id("value-id", value_id);
    text_ += '}';
    value->branches = {make(Tag::null), make(Tag::string)};
    n->items = value;
    return n;
}

// The same composite may hold arrays of other dimensions in another column: then it is another record.
void Deriver::add_dimensions(std::string &key, const Type &t) const
{
    if (t.kind == Kind::array) {
        key += ' ' + std::to_string(row_.dimensions_of(t));
        add_dimensions(key, *t.element);
    }
    for (uint32_t i = 0; i < t.nfields; i++)
        add_dimensions(key, *t.fields[i].type);
}

const Node *Deriver::composite(const Type &t)
{
    std::string_view space = t.schema ? stable_schema(t.schema) : "";
    std::string key = "record " + std::to_string(space.size()) + ' ' + std::string(space) + '.' + t.name;
    add_dimensions(key, t);
    // As in fixed(); and Iceberg's field ids are unique in the whole schema.
    auto known = defined_.find(key);
    if (known != defined_.end() && !iceberg()) {
        append_json_string(text_, known->second->full_name);
        return known->second;
    }
    std::string own = taken_.take(space.empty() ? mangle(t.name) : mangle(space) + '_' + mangle(t.name));
    Node *n = make(Tag::record);
    n->full_name = full_name(own);
    text_ += "{\"type\":\"record\",\"name\":\"" + own + "\",\"fields\":[";
    defined_[key] = n;
    fields(t.fields, t.nfields, n, false);
    text_ += "]}";
    return n;
}

const Node *Deriver::scalar(const Type &t)
{
    int p, s;
    switch (t.kind) {
    case Kind::boolean: return plain("boolean", Tag::boolean);
    case Kind::int2:
    case Kind::int4: return plain("int", Tag::int32);
    case Kind::int8:
    case Kind::oid: return plain("long", Tag::int64);
    case Kind::float4: return plain("float", Tag::float32);
    case Kind::float8: return plain("double", Tag::float64);
    case Kind::numeric: return as_decimal(t, &p, &s) ? decimal(p, s) : plain("string", Tag::string);
    case Kind::bytes: return plain("bytes", Tag::bytes);
    case Kind::uuid: return uuid();
    case Kind::date: return logical("int", Tag::int32, "date", Logical::date);
    case Kind::time:
        if (millis()) return logical("int", Tag::int32, "time-millis", Logical::time_millis);
        return logical("long", Tag::int64, "time-micros", Logical::time_micros);
    case Kind::timestamp:
        if (millis()) return logical("long", Tag::int64, "timestamp-millis", Logical::timestamp_millis);
        if (iceberg())
            return logical("long", Tag::int64, "timestamp-micros", Logical::timestamp_micros,
                           ",\"adjust-to-utc\":false");
        return logical("long", Tag::int64, "local-timestamp-micros", Logical::local_timestamp_micros);
    case Kind::timestamptz:
        if (millis()) return logical("long", Tag::int64, "timestamp-millis", Logical::timestamp_millis);
        return logical("long", Tag::int64, "timestamp-micros", Logical::timestamp_micros,
                       ",\"adjust-to-utc\":true");
    case Kind::json:
    case Kind::jsonb:
        if (o_.profile != Profile::bigquery) return plain("string", Tag::string);
        text_ += "{\"type\":\"string\",\"sqlType\":\"JSON\"}";
        return make(Tag::string);
    default: return plain("string", Tag::string);
    }
}

const Node *Deriver::type(const Type &t)
{
    switch (t.kind) {
    case Kind::array: return array(t, row_.dimensions_of(t));
    case Kind::map: return map();
    case Kind::record: return composite(t);
    default: return scalar(t);
    }
}

template <typename Branch> const Node *Deriver::optional(Branch branch)
{
    Node *n = make(Tag::choice);
    const Node *null = make(Tag::null);
    text_ += "[\"null\",";
    n->branches = {null, branch()};
    text_ += ']';
    return n;
}

void Deriver::check_bigquery(const std::string &name) const
{
    for (std::string_view prefix : {"_TABLE_", "_FILE_", "_PARTITION"})
        if (iequals(std::string_view(name).substr(0, prefix.size()), prefix))
            throw Error(Code::bad_value,
                        "BigQuery reserves names that begin with \"" + std::string(prefix) + "\"",
                        "Rename the column.");
}

void Deriver::fields(const Field *f, uint32_t n, Node *record, bool columns)
{
    std::vector<std::string_view> sql_names(n);
    for (uint32_t i = 0; i < n; i++)
        sql_names[i] = f[i].name;
    std::vector<std::string> names = unique_names(sql_names);
    for (uint32_t i = 0; i < n; i++) {
        try {
            if (o_.profile == Profile::bigquery) check_bigquery(names[i]);
            int field_id = iceberg() ? next_id() : 0;
            text_ += std::string(i ? "," : "") + "{\"name\":\"" + names[i] + "\",\"type\":";
            auto value = [&] { return type(*f[i].type); };
            const bool required = stays_required(f[i]);
            record->fields.push_back({names[i], required ? value() : optional(value)});
            if (!required) text_ += ",\"default\":null";
            id("field-id", field_id);
            if (hides(*f[i].type)) {
                text_ += ",\"pg.type\":";
                append_json_string(text_, f[i].type->sql_name);
            }
            if (names[i] != sql_names[i]) {
                text_ += ",\"pg.name\":";
                append_json_string(text_, sql_names[i]);
            }
            text_ += '}';
        } catch (Error &e) {
            if (columns)
                e.column = static_cast<int32_t>(i);
            else
                e.within("." + std::string(sql_names[i]));
            throw;
        }
    }
}

Schema Deriver::run()
{
    std::string name = o_.record_name ? o_.record_name : row_.relation ? mangle(row_.relation) : "row";
    if (o_.name_space)
        space_ = o_.name_space;
    else
        space_ = row_.relation && row_.schema ? mangle(stable_schema(row_.schema)) : "pg_spout";
    name = taken_.take(name);
    Node *root = make(Tag::record);
    root->full_name = full_name(name);
    text_ = "{\"type\":\"record\",\"name\":\"" + name + '"';
    if (!space_.empty()) text_ += ",\"namespace\":\"" + space_ + '"';
    text_ += ",\"fields\":[";
    fields(row_.fields, row_.nfields, root, true);
    text_ += "]}";
    schema_.root = root;
    schema_.text = std::move(text_);
    return std::move(schema_);
}
} // namespace

bool derived_decimal(const Type &t, int *precision, int *scale)
{
    if (t.kind != Kind::numeric || t.precision < 1) return false;
    *precision = t.scale < 0 ? t.precision - t.scale : t.scale > t.precision ? t.scale : t.precision;
    *scale = t.scale < 0 ? 0 : t.scale;
    return *precision <= kMaxDerivedPrecision;
}

Schema derive_schema(const RowType &row, const Options &o) { return Deriver(row, o).run(); }
} // namespace spout::avro
