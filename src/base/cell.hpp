// cell.hpp - one value of one row: what passes the wall on the way in, but for rows that stay as they are
// stored (stored.hpp). Plain data, borrowed: every pointer dies when writer_add() returns. Which member of
// the union is set follows from Type::repr (schema.hpp); core never guesses.
#pragma once
#include <cstdint>
#include <type_traits>

namespace spout
{
struct Cell;

// Text in UTF-8, or raw bytes (bytea, uuid). Not NUL-terminated. A value is below 1 GB.
struct Text {
    const char *p;
    uint32_t n;
};

// A numeric's base-10000 digits, read in place: digit k counts 10000^(weight - k). Unaligned.
enum class Sign : uint8_t { plus, minus, nan, plus_infinity, minus_infinity };
struct Digits {
    const char *p; // n int16 digits, native byte order, unaligned
    uint16_t n;    // 0 for zero
    int16_t weight;
    uint16_t dscale; // decimal places to print
    Sign sign;
};

// An interval as PostgreSQL keeps it; the three parts have independent signs.
struct Span {
    int64_t micros;
    int32_t days;
    int32_t months;
};

// Elements of an array, attributes of a composite in order, or key, value, key, value of a map. The elements
// of an array with several dimensions are arrays with one less.
struct Parts {
    const Cell *cells;
    uint32_t n;
    uint32_t deeper; // array: dimensions beyond its first; 0 when it is empty
};
#ifdef __cpp_exceptions
using List = Parts;
#endif

struct Cell {
    bool null;
    bool like_null; // CSV only: a text equal to the null string before its encoding was converted
    bool printed;   // CSV, JSON: `s` is the server's text of a value that has a form of its own
    union {
        int64_t i; // bool, integers, oid; date = days, time = us, timestamp = us, all since 2000-01-01
        double d;
        float f;
        Text s;
        Digits num;
        Span span;
        Parts list;
    };
};

struct Row {
    const Cell *cells;
    uint32_t n;
};

// PostgreSQL's special values of date and timestamp, as they arrive in Cell::i.
constexpr int64_t kDateInfinity = INT32_MAX, kDateMinusInfinity = INT32_MIN;
constexpr int64_t kTimestampInfinity = INT64_MAX, kTimestampMinusInfinity = INT64_MIN;

static_assert(sizeof(Cell) == 24 && std::is_trivially_copyable_v<Cell>);
} // namespace spout
