// hot.hpp - the commonest columns in line: their usual values are written without a call. What is
// unusual, NULL among it, is left to the step's own writer, so there is one place that decides and one that
// refuses.
#pragma once
#include "base/decimal.hpp"
#include "base/time.hpp"
#include "format/avro/step.hpp"
#include "format/avro/wire.hpp"

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

uint8_t *put_jsonb(const Step &, Text, Sink &, uint8_t *p);

// Three values behind their branch. Null: not the usual one; nothing is written, and no room was asked for.
inline uint8_t *put_timestamp(int64_t us, uint8_t *p)
{
    if (__builtin_expect(us < kFirstMicro || us > kLastMicro, 0)) return nullptr;
    return put_long(p, us + kUnixMicros);
}

inline uint8_t *put_decimal(const Step &s, const Digits &d, uint8_t *p)
{
    if (__builtin_expect(d.sign > Sign::minus, 0)) return nullptr;
    *p = static_cast<uint8_t>(s.width << 1); // a length below 64
    return put_small_decimal(s, d, p + 1) == Fit::ok ? p + 1 + s.width : nullptr;
}

inline uint8_t *write_hot(const Step &s, const Cell &c, Sink &out, uint8_t *p)
{
    switch (s.hot) {
    case Hot::integer: return put_long(p, c.i);
    case Hot::timestamp: return put_timestamp(c.i, p);
    case Hot::text: return put_text(s, out, p, c.s.p, c.s.n);
    case Hot::decimal: return put_decimal(s, c.num, p);
    case Hot::jsonb: return put_jsonb(s, c.s, out, p);
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

// --- rows as they are stored ---

// Which step may read its values in write_stored() itself.
inline Hot hot_stored(Hot hot, Stored form)
{
    bool fits = hot == Hot::integer     ? form == Stored::word || form == Stored::int4
                : hot == Hot::timestamp ? form == Stored::word
                : hot == Hot::decimal   ? form == Stored::numeric
                                        : form == Stored::varlena;
    return fits ? hot : Hot::none;
}

// By way of a cell. Null: the value lies elsewhere.
uint8_t *write_stored_cell(const Step &s, uint64_t value, bool null, Sink &out, uint8_t *p);

// A column of a row. Null: the value lies elsewhere. What is rare is called, so that the row's own variables
// stay in registers.
__attribute__((always_inline)) inline uint8_t *write_stored(const Step &s, StoredRow row, Sink &out,
                                                            uint8_t *p)
{
    const bool null = row.nulls[s.stored.attribute];
    const uint64_t value = row.values[s.stored.attribute];
    if (__builtin_expect(null, 0)) return write_stored_cell(s, value, null, out, p);
    *p = 2; // as above
    uint8_t *at = p + s.lead, *end = nullptr;
    Text t;
    switch (s.hot_stored) {
    case Hot::integer:
        return put_long(at, s.stored.form == Stored::word ? static_cast<int64_t>(value)
                                                          : static_cast<int32_t>(value));
    case Hot::timestamp: end = put_timestamp(static_cast<int64_t>(value), at); break;
    case Hot::text:
        if (__builtin_expect(!read_varlena(value, &t), 0)) return nullptr;
        return put_text(s, out, at, t.p, t.n);
    case Hot::decimal: {
        Digits d;
        if (__builtin_expect(!read_varlena(value, &t), 0)) return nullptr;
        read_numeric(t, &d);
        end = put_decimal(s, d, at);
        break;
    }
    case Hot::jsonb:
        if (__builtin_expect(!read_varlena(value, &t), 0)) return nullptr;
        return put_jsonb(s, t, out, at);
    case Hot::none: break;
    }
    return end ? end : write_stored_cell(s, value, null, out, p);
}
} // namespace spout::avro
