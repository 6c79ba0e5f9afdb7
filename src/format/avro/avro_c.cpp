// avro_c.cpp - Avro C's schemas, values and memory reader, with owners.
#include "format/avro/avro_c.hpp"

#include <avro.h>
#include <cerrno>
#include <unordered_map>

#include "base/error.hpp"

#include "base/no_postgres.hpp"

namespace spout::avro
{
namespace
{
// The schema as Avro C gets it: shapes, field names and symbols. Left out is what it ignores and may stumble
// over although it is legal: documentation with U+0000, properties with large numbers, namespaces that empty
// themselves. Types are called t0, t1, ... for the same reason. A record without fields has no bytes, like
// null; written as null, since Avro C takes an array of the former for out of memory.
class Plain
{
  public:
    std::string text;

    void add(const Node &n)
    {
        auto known = names_.find(&n);
        if (known != names_.end()) {
            text += '"' + known->second + '"';
            return;
        }
        switch (n.tag) {
        case Tag::record: n.fields.empty() ? void(text += "\"null\"") : record(n); return;
        case Tag::enumeration: enumeration(n); return;
        case Tag::fixed:
            open(n, "fixed");
            text += "\"size\":" + std::to_string(n.size) + '}';
            return;
        case Tag::array: part("{\"type\":\"array\",\"items\":", *n.items); return;
        case Tag::map: part("{\"type\":\"map\",\"values\":", *n.items); return;
        case Tag::choice: choice(n); return;
        case Tag::null: text += "\"null\""; return;
        case Tag::boolean: text += "\"boolean\""; return;
        case Tag::int32: text += "\"int\""; return;
        case Tag::int64: text += "\"long\""; return;
        case Tag::float32: text += "\"float\""; return;
        case Tag::float64: text += "\"double\""; return;
        case Tag::bytes: text += "\"bytes\""; return;
        case Tag::string: text += "\"string\""; return;
        }
    }

  private:
    void open(const Node &n, const char *type)
    {
        std::string name = 't' + std::to_string(names_.size());
        text += std::string("{\"type\":\"") + type + "\",\"name\":\"" + name + "\",";
        names_.emplace(&n, std::move(name));
    }
    void part(const std::string &before, const Node &n)
    {
        text += before;
        add(n);
        text += '}';
    }
    void record(const Node &n)
    {
        open(n, "record");
        text += "\"fields\":[";
        for (const NodeField &f : n.fields) {
            if (text.back() != '[') text += ',';
            part("{\"name\":\"" + f.name + "\",\"type\":", *f.type);
        }
        text += "]}";
    }
    void enumeration(const Node &n)
    {
        open(n, "enum");
        text += "\"symbols\":[";
        for (const std::string &s : n.symbols)
            text += (text.back() == '[' ? "\"" : ",\"") + s + '"';
        text += "]}";
    }
    void choice(const Node &n)
    {
        text += '[';
        for (const Node *b : n.branches) {
            if (b != n.branches[0]) text += ',';
            add(*b);
        }
        text += ']';
    }

    std::unordered_map<const Node *, std::string> names_;
};

[[noreturn]] void fail(Code code, int rc, const char *what)
{
    if (rc == ENOMEM) throw std::bad_alloc();
    throw Error(code, std::string(what) + ": " + avro_strerror());
}
} // namespace

struct AvroC::Handles {
    avro_schema_t schema = nullptr;
    avro_value_iface_t *type = nullptr;
    avro_reader_t reader = nullptr;
    avro_value_t value = {};
    bool has_value = false;

    void forget()
    {
        if (has_value) avro_value_decref(&value);
        has_value = false;
    }
    void prepare()
    {
        if (!type && !(type = avro_generic_class_from_schema(schema))) throw std::bad_alloc();
        if (!reader && !(reader = avro_reader_memory("", 0))) throw std::bad_alloc();
        if (!has_value && avro_generic_value_new(type, &value) != 0) throw std::bad_alloc();
        has_value = true;
    }
    ~Handles()
    {
        forget();
        if (reader) avro_reader_free(reader);
        if (type) avro_value_iface_decref(type);
        if (schema) avro_schema_decref(schema);
    }
};

AvroC::AvroC(const Schema &schema) : handles_(std::make_unique<Handles>())
{
    Plain plain;
    plain.add(*schema.root);
    int rc = avro_schema_from_json_length(plain.text.data(), plain.text.size(), &handles_->schema);
    if (rc == 0) return;
    handles_->schema = nullptr; // it may point to what Avro C has freed
    fail(Code::bad_value, rc, "Avro C refuses it");
}

AvroC::~AvroC() = default;

void AvroC::decode(Bytes row)
{
    Handles &h = *handles_;
    h.prepare();
    avro_reader_memory_set_source(h.reader, reinterpret_cast<const char *>(row.p),
                                  static_cast<int64_t>(row.n));
    int rc = avro_value_read(h.reader, &h.value);
    if (rc != 0) fail(Code::corrupt, rc, "Avro C cannot read it");
    char beyond;
    if (avro_read(h.reader, &beyond, 1) == 0)
        throw Error(Code::corrupt, "Avro C reads fewer bytes of it than there are");
}

void AvroC::forget() { handles_->forget(); }
} // namespace spout::avro
