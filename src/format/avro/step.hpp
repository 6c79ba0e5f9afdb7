// step.hpp - a column compiled: which function writes it, and what that function needs to know.
// Chosen once per export; per row there is one call through a pointer and no decision left, or not even that
// (avro_hot.hpp).
#pragma once
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/cell.hpp"
#include "base/cursor.hpp"
#include "base/options.hpp"
#include "base/schema.hpp"
#include "base/stored.hpp"
#include "format/avro/schema.hpp"

namespace spout::avro
{
// Where rows are written, and room for conversions that need an intermediate text.
struct Sink : Cursor {
    Sink(Buffer &rows, const Allocator &a) : Cursor(rows), scratch(a) {}
    Buffer scratch;
};

struct Step;
// Writes one cell at p and returns the end. On entry step.fixed + step.tail bytes are free at p; on
// return step.tail bytes are. Returns null, having asked for no room, when the value shall be NULL.
using Emit = uint8_t *(*)(const Step &, const Cell &, Sink &, uint8_t *p);

// Step::fixed of scalars: a branch index and any value of fixed size; longer values ask for more.
constexpr uint32_t kFixedRoom = 48;

// Columns that avro_hot.hpp writes in line: long and int, timestamp-micros, text, decimal of up to 8 bytes as
// bytes, jsonb as text; required, or in ["null", T].
enum class Hot : uint8_t { none, integer, timestamp, text, decimal, jsonb };

struct Step {
    Emit emit = nullptr;
    Hot hot = Hot::none;
    uint8_t lead = 0;            // hot: bytes in front of the value, 1 for the branch of a union
    Hot hot_stored = Hot::none;  // the same for values as they are stored; only for columns of the row
    StoredColumn stored = {};    // likewise
    uint32_t column = 0;         // index into the row, or into the attributes of a composite
    uint32_t fixed = kFixedRoom; // bytes it may write without asking
    uint32_t tail = 0;           // bytes that what follows in the row may write without asking
    uint32_t width = 0;          // decimal, fixed: bytes
    uint32_t deeper = 0;         // array: dimensions beyond its first
    int16_t precision = 0, scale = 0;
    uint32_t branch = 0;      // of a union
    int32_t null_branch = -1; // -1: NULL has no place
    OnInfinity on_infinity = OnInfinity::error;
    OnNan on_nan = OnNan::error;
    bool proved_required = false;    // by the server, not by a schema of the user's
    bool floor_millis = false;       // else microseconds that would be lost are an error
    mutable int64_t text_growth = 0; // jsonb: how much longer the last text was than its packed form
    mutable bool far = false;        // wrote a date before year 1 or after 9999
    const Type *type = nullptr;      // borrowed from the Spec
    const Node *node = nullptr;      // borrowed from the Schema; never a union
    std::vector<Step> parts;         // array, map: one; record: its fields
    std::unordered_map<std::string_view, uint32_t> symbols; // enumeration; views into the Schema
    std::string lossy; // why a value may lose something; empty: it does not
    std::string path;  // array: as the option array_dimensions calls it; empty: the option does not count
};

// The three ways a writer can stand in a schema.
struct Writers {
    Emit required; // T
    Emit optional; // ["null", T], the usual one
    Emit choice;   // any other union
    Hot hot;       // the first two also in line
};

[[noreturn]] void refuse_null(const Step &);
uint8_t *write_null(const Step &, uint8_t *p);
uint8_t *write_branch(const Step &, uint8_t *p);

template <Emit write> uint8_t *required(const Step &s, const Cell &c, Sink &out, uint8_t *p)
{
    if (__builtin_expect(c.null, 0)) refuse_null(s);
    p = write(s, c, out, p);
    if (__builtin_expect(!p, 0)) refuse_null(s);
    return p;
}

template <Emit write> uint8_t *optional(const Step &s, const Cell &c, Sink &out, uint8_t *p)
{
    *p = 0;
    if (c.null) return p + 1;
    *p = 2; // zigzag of branch 1
    uint8_t *end = write(s, c, out, p + 1);
    if (__builtin_expect(!end, 0)) {
        *p = 0;
        return p + 1;
    }
    return end;
}

template <Emit write> uint8_t *choice(const Step &s, const Cell &c, Sink &out, uint8_t *p)
{
    if (c.null) return write_null(s, p);
    uint8_t *end = write(s, c, out, write_branch(s, p));
    return end ? end : write_null(s, p);
}

template <Emit write, Hot hot = Hot::none>
constexpr Writers kWriters = {required<write>, optional<write>, choice<write>, hot};

// What the node is called in messages and in describe_export: "timestamp-micros", "decimal(10,2)", "int".
std::string label(const Node &);

// Each returns null when the node does not take the type; else fills what its writer needs.
const Writers *scalar_writers(const Type &, const Node &, Step &);
const Writers *decimal_writers(const Type &, const Node &, Step &); // bytes and fixed with logical decimal
const Writers *number_writers(const Type &, const Node &, Step &);  // int, long, float, double
const Writers *time_writers(const Type &, const Node &, Step &);    // date, time-*, timestamp-*
const Writers *string_writers(const Type &, const Node &, Step &);
const Writers *nested_writers(Tag); // array, map, record whose parts are compiled
// A record from json or jsonb: shape and values are checked per row.
const Writers *json_writers(const Type &, const Node &, Step &);
} // namespace spout::avro
