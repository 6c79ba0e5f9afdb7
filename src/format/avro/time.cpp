// time.cpp - dates, times and timestamps as Avro logical types: exact integers of the proleptic
// Gregorian calendar, shifted from PostgreSQL's 2000-01-01 to 1970-01-01.
#include "base/time.hpp"

#include "base/error.hpp"
#include "format/avro/hot.hpp"

#include "base/no_postgres.hpp"

namespace spout::avro
{
namespace
{
[[noreturn]] void refuse_infinity(const Step &s, const char *what)
{
    throw Error(Code::out_of_range, std::string(what) + " cannot be stored as Avro " + label(*s.node),
                "Use on_infinity 'null' or 'clamp'.");
}

// A value the type cannot hold. True: clamp it; false: write NULL instead.
bool clamped(const Step &s, const char *what)
{
    if (s.on_infinity == OnInfinity::error) refuse_infinity(s, what);
    return s.on_infinity == OnInfinity::clamp;
}

const char *infinity_name(const Step &s, bool plus)
{
    if (s.type->kind == Kind::date) return plus ? "date \"infinity\"" : "date \"-infinity\"";
    return plus ? "timestamp \"infinity\"" : "timestamp \"-infinity\"";
}

uint8_t *write_date(const Step &s, const Cell &c, Sink &, uint8_t *p)
{
    int64_t day = c.i;
    if (__builtin_expect(day < kFirstDay || day > kLastDay, 0)) {
        bool plus = day == kDateInfinity;
        if (plus || day == kDateMinusInfinity) {
            if (!clamped(s, infinity_name(s, plus))) return nullptr;
            day = plus ? kLastDay : kFirstDay;
        } else {
            s.far = true;
        }
    }
    return put_long(p, day + kUnixDays);
}

// Microseconds since 1970 to milliseconds, towards the past.
int64_t millis(const Step &s, int64_t micros)
{
    int64_t ms = micros / 1000, rest = micros % 1000;
    if (rest != 0 && !s.floor_millis)
        throw Error(Code::out_of_range, "value has microseconds that Avro " + label(*s.node) + " cannot hold",
                    "Truncate it in the query: date_trunc('milliseconds', x).");
    return rest < 0 ? ms - 1 : ms;
}

// 24:00:00 is outside every reader's time of day.
template <bool to_millis> uint8_t *write_time(const Step &s, const Cell &c, Sink &, uint8_t *p)
{
    int64_t us = c.i;
    if (__builtin_expect(us >= kMicrosPerDay, 0)) {
        if (!clamped(s, "time \"24:00:00\"")) return nullptr;
        return put_long(p, to_millis ? kMicrosPerDay / 1000 - 1 : kMicrosPerDay - 1);
    }
    return put_long(p, to_millis ? millis(s, us) : us);
}

// Outside years 1 to 9999. False: write NULL instead.
bool rare_timestamp(const Step &s, int64_t *us)
{
    bool plus = *us > 0, infinite = *us == kTimestampInfinity || *us == kTimestampMinusInfinity;
    if (infinite || *us > INT64_MAX - kUnixMicros) {
        const char *what = infinite ? infinity_name(s, plus) : "timestamp after 294247-01-10 04:00:54.775807";
        if (!clamped(s, what)) return false;
        *us = plus ? kLastMicro : kFirstMicro;
        return true;
    }
    s.far = true;
    return true;
}

// Days that do not fit are as good as infinite; PostgreSQL's own are within 32 bits.
int64_t midnight(int64_t day)
{
    if (day == kDateInfinity) return kTimestampInfinity;
    if (day == kDateMinusInfinity) return kTimestampMinusInfinity;
    int64_t us;
    if (!__builtin_mul_overflow(day, kMicrosPerDay, &us)) return us;
    return day > 0 ? kTimestampInfinity - 1 : kTimestampMinusInfinity;
}

template <bool from_date, bool to_millis>
uint8_t *write_timestamp(const Step &s, const Cell &c, Sink &, uint8_t *p)
{
    int64_t us = from_date ? midnight(c.i) : c.i;
    bool clamp = false;
    if (__builtin_expect(us < kFirstMicro || us > kLastMicro, 0)) {
        int64_t before = us;
        if (!rare_timestamp(s, &us)) return nullptr;
        clamp = us != before;
    }
    us += kUnixMicros;
    if (!to_millis) return put_long(p, us);
    if (clamp && us % 1000) us -= us % 1000; // a clamped value is nobody's microseconds
    return put_long(p, millis(s, us));
}

void note_infinity(Step &s, const char *what)
{
    if (s.on_infinity == OnInfinity::null) s.lossy = std::string(what) + " is written as null";
    if (s.on_infinity == OnInfinity::clamp) s.lossy = std::string(what) + " is written as the nearest value";
}

void note_millis(Step &s)
{
    if (s.floor_millis)
        s.lossy += std::string(s.lossy.empty() ? "" : "; ") + "microseconds are floored to milliseconds";
}

template <bool to_millis> const Writers *timestamp_writers(Kind kind, Step &s)
{
    if (kind != Kind::date && kind != Kind::timestamp && kind != Kind::timestamptz) return nullptr;
    note_infinity(s, "infinity");
    if (kind == Kind::date) return &kWriters<write_timestamp<true, to_millis>>;
    if (to_millis) note_millis(s);
    return &kWriters < write_timestamp<false, to_millis>, to_millis ? Hot::none : Hot::timestamp > ;
}
} // namespace

const Writers *time_writers(const Type &t, const Node &n, Step &s)
{
    switch (n.logical) {
    case Logical::date:
        if (t.kind != Kind::date) return nullptr;
        note_infinity(s, "infinity");
        return &kWriters<write_date>;
    case Logical::time_micros:
    case Logical::time_millis:
        if (t.kind != Kind::time) return nullptr;
        note_infinity(s, "24:00:00");
        if (n.logical == Logical::time_micros) return &kWriters<write_time<false>>;
        note_millis(s);
        return &kWriters<write_time<true>>;
    case Logical::timestamp_micros:
    case Logical::local_timestamp_micros: return timestamp_writers<false>(t.kind, s);
    case Logical::timestamp_millis:
    case Logical::local_timestamp_millis: return timestamp_writers<true>(t.kind, s);
    default: return nullptr;
    }
}
} // namespace spout::avro
