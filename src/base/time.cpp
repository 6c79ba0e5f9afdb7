// time.cpp - calendar arithmetic and pinned date/time text.
#include "base/time.hpp"

#include <charconv>
#include <cstring>
#include <string_view>

#include "base/no_postgres.hpp"

namespace spout
{
namespace
{
uint8_t *put(uint8_t *p, std::string_view s)
{
    memcpy(p, s.data(), s.size());
    return p + s.size();
}

// Non-negative, at least `width` digits.
uint8_t *number(uint8_t *p, uint64_t v, int width)
{
    char text[20];
    char *end = std::to_chars(text, text + sizeof text, v).ptr;
    for (auto n = end - text; n < width; n++)
        *p++ = '0';
    return put(p, {text, static_cast<size_t>(end - text)});
}

// ".6" for 600000; nothing for 0.
uint8_t *fraction(uint8_t *p, uint64_t micros)
{
    if (micros == 0) return p;
    *p++ = '.';
    p = number(p, micros, 6);
    while (p[-1] == '0')
        p--;
    return p;
}

uint8_t *civil_text(uint8_t *p, const Civil &c)
{
    p = number(p, static_cast<uint64_t>(c.year > 0 ? c.year : 1 - c.year), 4);
    *p++ = '-';
    p = number(p, c.month, 2);
    *p++ = '-';
    return number(p, c.day, 2);
}

uint8_t *signed_part(uint8_t *p, int64_t v, char unit)
{
    if (v == 0) return p;
    if (v < 0) *p++ = '-';
    p = number(p, v < 0 ? -static_cast<uint64_t>(v) : static_cast<uint64_t>(v), 1);
    *p++ = static_cast<uint8_t>(unit);
    return p;
}
} // namespace

Civil civil_of_days(int64_t days)
{
    // Years begin in March here, so that the leap day is the last of its year; eras have 400 years.
    int64_t since = days + 730425; // days since 0000-03-01
    int64_t era = (since >= 0 ? since : since - 146096) / 146097;
    auto in_era = static_cast<uint32_t>(since - era * 146097);
    uint32_t year_in_era = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    uint32_t in_year = in_era - (365 * year_in_era + year_in_era / 4 - year_in_era / 100);
    uint32_t from_march = (5 * in_year + 2) / 153;
    uint32_t month = from_march < 10 ? from_march + 3 : from_march - 9;
    return {era * 400 + year_in_era + (month <= 2), month, in_year - (153 * from_march + 2) / 5 + 1};
}

uint8_t *date_text(uint8_t *p, int64_t days)
{
    if (days == kDateInfinity) return put(p, "infinity");
    if (days == kDateMinusInfinity) return put(p, "-infinity");
    Civil c = civil_of_days(days);
    p = civil_text(p, c);
    return c.year > 0 ? p : put(p, " BC");
}

uint8_t *time_text(uint8_t *p, int64_t micros)
{
    auto us = static_cast<uint64_t>(micros);
    p = number(p, us / 3600000000, 2);
    *p++ = ':';
    p = number(p, us / 60000000 % 60, 2);
    *p++ = ':';
    p = number(p, us / 1000000 % 60, 2);
    return fraction(p, us % 1000000);
}

namespace
{
// Finite; `zone` is text to put between the time and BC.
uint8_t *moment_text(uint8_t *p, int64_t micros, char between, std::string_view zone)
{
    int64_t days = micros / kMicrosPerDay, rest = micros % kMicrosPerDay;
    if (rest < 0) {
        rest += kMicrosPerDay;
        days--;
    }
    Civil c = civil_of_days(days);
    p = civil_text(p, c);
    *p++ = static_cast<uint8_t>(between);
    p = put(time_text(p, rest), zone);
    return c.year > 0 ? p : put(p, " BC");
}
} // namespace

uint8_t *timestamp_text(uint8_t *p, int64_t micros, bool with_zone)
{
    if (micros == kTimestampInfinity) return put(p, "infinity");
    if (micros == kTimestampMinusInfinity) return put(p, "-infinity");
    return moment_text(p, micros, ' ', with_zone ? "+00" : "");
}

uint8_t *iso_timestamp_text(uint8_t *p, int64_t micros)
{
    if (micros == kTimestampInfinity) return put(p, "infinity");
    if (micros == kTimestampMinusInfinity) return put(p, "-infinity");
    return moment_text(p, micros, 'T', "");
}

uint8_t *local_timestamp_text(uint8_t *p, int64_t micros, int32_t offset, char between)
{
    if (micros == kTimestampInfinity) return put(p, "infinity");
    if (micros == kTimestampMinusInfinity) return put(p, "-infinity");
    uint8_t zone[16], *z = zone;
    auto seconds = static_cast<uint32_t>(offset < 0 ? -offset : offset);
    *z++ = offset < 0 ? '-' : '+';
    z = number(z, seconds / 3600, 2);
    if (seconds % 3600 || between == 'T') {
        *z++ = ':';
        z = number(z, seconds / 60 % 60, 2);
    }
    if (seconds % 60) {
        *z++ = ':';
        z = number(z, seconds % 60, 2);
    }
    return moment_text(p, micros, between, {reinterpret_cast<char *>(zone), static_cast<size_t>(z - zone)});
}

uint8_t *interval_text(uint8_t *p, const Span &s, bool infinite)
{
    if (infinite) {
        if (s.months == INT32_MAX && s.days == INT32_MAX && s.micros == INT64_MAX) return put(p, "infinity");
        if (s.months == INT32_MIN && s.days == INT32_MIN && s.micros == INT64_MIN) return put(p, "-infinity");
    }
    if (s.months == 0 && s.days == 0 && s.micros == 0) return put(p, "PT0S");
    *p++ = 'P';
    p = signed_part(p, s.months / 12, 'Y');
    p = signed_part(p, s.months % 12, 'M');
    p = signed_part(p, s.days, 'D');
    if (s.micros == 0) return p;
    *p++ = 'T';
    p = signed_part(p, s.micros / 3600000000, 'H');
    p = signed_part(p, s.micros / 60000000 % 60, 'M');
    int64_t rest = s.micros % 60000000; // seconds and their fraction share one sign
    if (rest == 0) return p;
    if (rest < 0) *p++ = '-';
    auto us = static_cast<uint64_t>(rest < 0 ? -rest : rest);
    p = number(p, us / 1000000, 1);
    p = fraction(p, us % 1000000);
    *p++ = 'S';
    return p;
}
} // namespace spout
