// code.hpp - how core reports failure across the wall, in plain data.
// src/pg/server/error.cpp has the one table from Code to SQLSTATE.
#pragma once
#include <cstdint>

namespace spout
{
enum class Code : uint8_t {
    ok,
    no_memory,    // 53200
    bad_value,    // 22023
    unknown_name, // 22023: of an option or a format
    out_of_range, // 22003
    bad_text,     // 22021
    null_value,   // 22004
    unsupported,  // 0A000
    limit,        // 54000
    corrupt,      // XX001, only from the reader
    internal      // XX000
};

// Plain data for the other side of the wall.
struct Failure {
    Code code;
    int32_t column;     // index into the row, -1 when no column is meant
    int32_t option;     // index into the raw options, -1 when none is meant
    char path[192];     // inside the column: `.lines[3].price`, else empty
    char message[1000]; // lower case, no full stop
    char hint[1000];    // what to do, else empty
};
} // namespace spout
