// time.hpp - PostgreSQL's dates, times and intervals as text that depends on no setting.
// Source: PostgreSQL's output functions under DateStyle ISO, TimeZone UTC, IntervalStyle iso_8601.
#pragma once
#include <cstddef>
#include <cstdint>

#include "base/cell.hpp"

namespace spout
{
constexpr int64_t kMicrosPerDay = 86400000000;
constexpr int64_t kUnixDays = 10957; // 1970-01-01 to 2000-01-01
constexpr int64_t kUnixMicros = kUnixDays * kMicrosPerDay;

struct Civil {
    int64_t year; // proleptic Gregorian, 0 = 1 BC
    uint32_t month, day;
};
Civil civil_of_days(int64_t days_since_2000);

// Each writes at most kTimeText bytes and returns the end; no terminator.
constexpr size_t kTimeText = 128;
uint8_t *date_text(uint8_t *to, int64_t days);
uint8_t *time_text(uint8_t *to, int64_t micros);
uint8_t *timestamp_text(uint8_t *to, int64_t micros, bool with_zone);
uint8_t *iso_timestamp_text(uint8_t *to, int64_t micros); // with 'T' between date and time
// Local time and its offset in seconds east of Greenwich. With 'T' between date and time minutes are always
// told, as row_to_json does; else only where there are any.
uint8_t *local_timestamp_text(uint8_t *to, int64_t micros, int32_t offset, char between);
// `infinite`: the server has infinite intervals (PostgreSQL 17), so the extreme spans are words.
uint8_t *interval_text(uint8_t *to, const Span &, bool infinite);
} // namespace spout
