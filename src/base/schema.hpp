// schema.hpp - what the columns of a query are, in plain data built by the glue (src/pg/bind).
// Strings are UTF-8 and, like the nodes, live as long as the export; core only borrows them.
// Domains are resolved to their base type, dropped attributes are gone, recursive composites and
// anonymous records arrive as Kind::json_text.
#pragma once
#include <cstdint>

namespace spout
{
enum class Kind : uint8_t {
    boolean,
    int2,
    int4,
    int8,
    oid, // also xid, cid: unsigned 32 bit
    float4,
    float8,
    numeric,
    money, // arrives as numeric digits
    text,  // text, varchar, name, "char", citext, bpchar
    bytes,
    uuid, // 16 raw bytes
    date,
    time,
    timestamp,
    timestamptz,
    interval,
    json,
    jsonb,
    json_text, // anonymous record or recursive composite, as row_to_json text
    xml,
    enumeration,
    record,
    array, // of any number of dimensions: RowType::dimensions
    map,   // hstore: text -> nullable text
    pinned // anything else: its output function's text under pinned settings
};

// How a Cell carries the value.
enum class Repr : uint8_t { integer, float4, float8, text, digits, span, jsonb, list };

struct Field;

// Type::precision of an interval whose server knows infinity (PostgreSQL 17): only there are the extreme
// spans words, before they are ordinary, if long, intervals.
constexpr int16_t kInfiniteIntervals = 17;

struct Type {
    Kind kind;
    Repr repr;         // jsonb: Repr::jsonb (Cell::s is the root container), or Repr::text where not UTF-8
    int16_t precision; // numeric(p,s), -1 without; interval: kInfiniteIntervals or anything else
    int16_t scale;
    const char *sql_name; // as format_type prints it, for pg.type and messages
    const char *schema;   // composite, enum: where it lives; else null
    const char *name;     // composite, enum: its name; else null
    const Type *element;  // array
    const Field *fields;  // record
    uint32_t nfields;     // record
    uint32_t array;       // array: its place in RowType::dimensions
};

struct Field {
    const char *name; // as the target shall call it, before the format's own rules
    const Type *type;
    bool required = false; // of a row's columns: it is never NULL, and shall be written so
};

struct RowType {
    const char *schema;   // of the relation the rows come from; null for a query
    const char *relation; // null for a query
    const Field *fields;
    uint32_t nfields;
    // What is known of every array in the row: how many dimensions its values have, 0 when nothing says so.
    // Null: there is no array, or each has one.
    const uint8_t *dimensions = nullptr;
    uint32_t narrays = 0;
    // 1 where nothing is known.
    uint32_t dimensions_of(const Type &array) const
    {
        return dimensions && dimensions[array.array] ? dimensions[array.array] : 1;
    }
};
} // namespace spout
