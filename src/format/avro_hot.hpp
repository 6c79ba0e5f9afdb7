// avro_hot.hpp - the commonest columns in line: their usual values are written without a call. What is
// unusual, NULL among it, is left to the step's own writer, so there is one place that decides and one that
// refuses.
#pragma once
#include "core/decimal.hpp"
#include "core/time.hpp"
#include "format/avro_step.hpp"
#include "format/avro_wire.hpp"

namespace spout::avro
{
// The widest range every reader takes, in PostgreSQL's count: years 1 to 9999.
constexpr int64_t kFirstDay = -730119, kLastDay = 2921939;
constexpr int64_t kFirstMicro = kFirstDay * kMicrosPerDay, kLastMicro = (kLastDay + 1) * kMicrosPerDay - 1;

inline uint8_t *put_text(const Step &s, Sink &out, uint8_t *p, const void *text, size_t n)
{
    p = out.room(p, n + kMaxVarint + s.tail);
    p = put_long(p, static_cast<int64_t>(n));
    return copy(p, text, n);
}

// A decimal of up to 8 bytes; writes 8, of which s.width count.
inline Fit put_small_decimal(const Step &s, const Digits &d, uint8_t *p)
{
    int64_t v = 0;
    Fit fit = unscaled64(d, s.precision, s.scale, &v);
    uint64_t big_endian = __builtin_bswap64(static_cast<uint64_t>(v) << (64 - 8 * s.width));
    memcpy(p, &big_endian, 8);
    return fit;
}

uint8_t *write_jsonb(const Step &, const Cell &, Sink &, uint8_t *p);

// The value behind its branch. Null: not the usual value; nothing is written, and no room was asked for.
inline uint8_t *write_hot(const Step &s, const Cell &c, Sink &out, uint8_t *p)
{
    switch (s.hot) {
    case Hot::integer: return put_long(p, c.i);
    case Hot::timestamp:
        if (__builtin_expect(c.i < kFirstMicro || c.i > kLastMicro, 0)) return nullptr;
        return put_long(p, c.i + kUnixMicros);
    case Hot::text: return put_text(s, out, p, c.s.p, c.s.n);
    case Hot::decimal:
        if (__builtin_expect(c.num.sign > Sign::minus, 0)) return nullptr;
        *p = static_cast<uint8_t>(s.width << 1); // a length below 64
        return put_small_decimal(s, c.num, p + 1) == Fit::ok ? p + 1 + s.width : nullptr;
    case Hot::jsonb: return write_jsonb(s, c, out, p);
    case Hot::none: break;
    }
    return nullptr;
}

// A column of a row.
inline uint8_t *write_step(const Step &s, const Cell &c, Sink &out, uint8_t *p)
{
    if (s.hot != Hot::none && __builtin_expect(!c.null, 1)) {
        *p = 2; // zigzag of branch 1; overwritten when there is no union
        if (uint8_t *end = write_hot(s, c, out, p + s.lead)) return end;
    }
    return s.emit(s, c, out, p);
}
} // namespace spout::avro
