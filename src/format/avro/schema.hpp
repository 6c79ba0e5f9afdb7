// schema.hpp - an Avro schema as a tree, and the strict checker that builds it from JSON text.
// Used by the encoder (derived or user schema), by the reader (header of a file) and by tests.
// Source: Avro 1.12 specification, "Schema Declaration", "Names", "Logical Types".
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace spout::avro
{
enum class Tag : uint8_t {
    null,
    boolean,
    int32,
    int64,
    float32,
    float64,
    bytes,
    string,
    record,
    enumeration,
    array,
    map,
    fixed,
    choice // a union
};

enum class Logical : uint8_t {
    none,
    date,
    time_millis,
    time_micros,
    timestamp_millis,
    timestamp_micros,
    local_timestamp_millis,
    local_timestamp_micros,
    decimal,
    uuid
};

struct Node;

struct NodeField {
    std::string name;
    const Node *type; // owned by the Schema
};

struct Node {
    Tag tag = Tag::null;
    Logical logical = Logical::none;
    int32_t precision = 0, scale = 0;   // decimal
    uint32_t size = 0;                  // fixed
    std::string full_name;              // record, enumeration, fixed
    std::vector<NodeField> fields;      // record
    std::vector<std::string> symbols;   // enumeration
    std::vector<const Node *> branches; // choice
    const Node *items = nullptr;        // array, map (values)
};

struct Schema {
    std::string text; // verbatim
    const Node *root = nullptr;
    std::vector<std::unique_ptr<Node>> nodes;
};

struct SchemaLimits {
    size_t text = 1 << 20; // bytes
    uint32_t depth = 64;   // records, arrays and maps inside each other, in the row
    uint32_t fields = 1664;
};

// Parses and checks: names, uniqueness, unions, fixed size 1..2^30, decimal rules, defaults, no record
// containing itself, depth. Then Avro C parses it too, as a second opinion.
// Throws Error(Code::bad_value) with a message that names the place, e.g. `field "a.b": ...`.
Schema parse_schema(std::string_view json, const SchemaLimits & = {});
} // namespace spout::avro
