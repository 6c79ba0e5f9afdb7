// number.cpp - integers, floating point and decimals as Avro values.
// Nothing is rounded on the way to an integer or a decimal; floating point targets are asked for.
#include <charconv>
#include <cmath>

#include "base/error.hpp"
#include "format/avro/hot.hpp"

#include "base/no_postgres.hpp"

namespace spout::avro
{
namespace
{
[[noreturn]] void out_of_range(const Step &s)
{
    throw Error(Code::out_of_range, "value is out of range for Avro " + label(*s.node));
}

bool finite(const Digits &d) { return d.sign <= Sign::minus; }
const char *word(Sign s)
{
    return s == Sign::nan ? "NaN" : s == Sign::plus_infinity ? "Infinity" : "-Infinity";
}

[[noreturn]] void refuse_word(const Step &s, Sign sign)
{
    bool nan = sign == Sign::nan, decimal = s.node->logical == Logical::decimal;
    throw Error(Code::out_of_range,
                std::string("numeric \"") + word(sign) + "\" cannot be stored as Avro " + label(*s.node),
                !decimal ? ""
                : nan    ? "Use on_nan 'null' or 'string'."
                         : "Use on_infinity 'null' or 'clamp'.");
}

[[noreturn]] void refuse_fit(const Step &s, Fit fit)
{
    if (fit == Fit::overflow) out_of_range(s);
    throw Error(Code::out_of_range, "value has more decimal places than Avro " + label(*s.node) + " can hold",
                "Round it in the query.");
}

// --- integers ---

uint8_t *write_long(const Step &, const Cell &c, Sink &, uint8_t *p) { return put_long(p, c.i); }

uint8_t *write_small_int(const Step &s, const Cell &c, Sink &, uint8_t *p)
{
    if (c.i < INT32_MIN || c.i > INT32_MAX) out_of_range(s);
    return put_long(p, c.i);
}

uint8_t *write_boolean(const Step &, const Cell &c, Sink &, uint8_t *p)
{
    *p = c.i != 0;
    return p + 1;
}

template <int64_t low, int64_t high>
uint8_t *write_whole_numeric(const Step &s, const Cell &c, Sink &, uint8_t *p)
{
    if (!finite(c.num)) refuse_word(s, c.num.sign);
    __int128 v = 0;
    Fit fit = unscaled128(c.num, 19, 0, &v);
    if (fit != Fit::ok) refuse_fit(s, fit);
    if (v < low || v > high) out_of_range(s);
    return put_long(p, static_cast<int64_t>(v));
}

// --- floating point ---

template <typename Float> uint8_t *put_float(uint8_t *p, Float v)
{
    memcpy(p, &v, sizeof v);
    return p + sizeof v;
}

uint8_t *write_float(const Step &, const Cell &c, Sink &, uint8_t *p) { return put_float(p, c.f); }
uint8_t *write_double(const Step &, const Cell &c, Sink &, uint8_t *p) { return put_float(p, c.d); }
uint8_t *write_widened(const Step &, const Cell &c, Sink &, uint8_t *p)
{
    return put_float(p, static_cast<double>(c.f));
}

uint8_t *write_narrowed(const Step &s, const Cell &c, Sink &, uint8_t *p)
{
    auto f = static_cast<float>(c.d);
    if (std::isinf(f) && !std::isinf(c.d)) out_of_range(s);
    return put_float(p, f);
}

template <typename Float> uint8_t *write_float_of_int(const Step &, const Cell &c, Sink &, uint8_t *p)
{
    return put_float(p, static_cast<Float>(c.i));
}

template <typename Float> uint8_t *write_float_of_numeric(const Step &s, const Cell &c, Sink &out, uint8_t *p)
{
    if (c.num.sign == Sign::nan) return put_float(p, static_cast<Float>(NAN));
    if (!finite(c.num))
        return put_float(p, static_cast<Float>(c.num.sign == Sign::plus_infinity ? INFINITY : -INFINITY));
    out.scratch.clear();
    uint8_t *text = out.scratch.reserve(decimal_text_size(c.num) + 4);
    uint8_t *end = decimal_text(text, c.num);
    Float v = 0;
    auto r = std::from_chars(reinterpret_cast<char *>(text), reinterpret_cast<char *>(end), v);
    // Too small to be told from zero is a loss of digits like any other; too large is not.
    if (r.ec == std::errc::result_out_of_range) {
        if (c.num.weight >= 0) out_of_range(s);
        v = 0;
    }
    return put_float(p, v);
}

// --- decimals ---

enum class Size : uint8_t { small, medium, any }; // up to 8, up to 16 bytes, more

// NaN and infinities. True: write NULL instead; false: clamp.
bool special_is_null(const Step &s, Sign sign)
{
    if (sign == Sign::nan ? s.on_nan == OnNan::null : s.on_infinity == OnInfinity::null) return true;
    if (sign == Sign::nan || s.on_infinity != OnInfinity::clamp) refuse_word(s, sign);
    return false;
}

template <Size size> inline Fit put_unscaled(const Step &s, const Digits &d, uint8_t *p)
{
    if constexpr (size == Size::small) {
        return put_small_decimal(s, d, p);
    } else if constexpr (size == Size::medium) {
        __int128 v = 0;
        Fit fit = unscaled128(d, s.precision, s.scale, &v);
        auto u = static_cast<unsigned __int128>(v) << (128 - 8 * s.width);
        uint64_t high = __builtin_bswap64(static_cast<uint64_t>(u >> 64));
        uint64_t low = __builtin_bswap64(static_cast<uint64_t>(u));
        memcpy(p, &high, 8);
        memcpy(p + 8, &low, 8);
        return fit;
    } else {
        return unscaled_bytes(d, s.precision, s.scale, p, s.width);
    }
}

template <bool fixed, Size size>
inline uint8_t *put_number(const Step &s, const Digits &d, Sink &out, uint8_t *p)
{
    if (__builtin_expect(!finite(d), 0) && special_is_null(s, d.sign)) return nullptr;
    if constexpr (size == Size::any) p = out.room(p, s.width + kMaxVarint + s.tail);
    if constexpr (!fixed) p = put_long(p, s.width);
    if (__builtin_expect(!finite(d), 0)) {
        largest_bytes(s.precision, d.sign == Sign::minus_infinity, p, s.width);
        return p + s.width;
    }
    Fit fit = put_unscaled<size>(s, d, p);
    if (__builtin_expect(fit != Fit::ok, 0)) refuse_fit(s, fit);
    return p + s.width;
}

template <bool integer, bool fixed, Size size>
uint8_t *write_decimal(const Step &s, const Cell &c, Sink &out, uint8_t *p)
{
    if constexpr (!integer) return put_number<fixed, size>(s, c.num, out, p);
    int16_t room[5];
    return put_number<fixed, size>(s, digits_of(c.i, room), out, p);
}

template <bool integer, bool fixed> const Writers *decimal_of_size(uint32_t width, int precision)
{
    constexpr Hot hot = integer || fixed ? Hot::none : Hot::decimal;
    if (width <= 8 && precision <= 18) return &kWriters<write_decimal<integer, fixed, Size::small>, hot>;
    if (width <= 16 && precision <= 38) return &kWriters<write_decimal<integer, fixed, Size::medium>>;
    return &kWriters<write_decimal<integer, fixed, Size::any>>;
}

bool is_integer(Kind k) { return k == Kind::int2 || k == Kind::int4 || k == Kind::int8 || k == Kind::oid; }
bool is_numeric(Kind k) { return k == Kind::numeric || k == Kind::money; }

const Writers *float_writers(Kind kind, Step &s)
{
    s.lossy = "floating point holds 7 digits";
    if (is_integer(kind)) return &kWriters<write_float_of_int<float>>;
    if (is_numeric(kind)) return &kWriters<write_float_of_numeric<float>>;
    if (kind == Kind::float8) return &kWriters<write_narrowed>;
    s.lossy.clear();
    return kind == Kind::float4 ? &kWriters<write_float> : nullptr;
}

const Writers *double_writers(Kind kind, Step &s)
{
    if (kind == Kind::int8 || is_numeric(kind)) s.lossy = "floating point holds 15 digits";
    if (is_integer(kind)) return &kWriters<write_float_of_int<double>>;
    if (is_numeric(kind)) return &kWriters<write_float_of_numeric<double>>;
    if (kind == Kind::float4) return &kWriters<write_widened>;
    return kind == Kind::float8 ? &kWriters<write_double> : nullptr;
}
} // namespace

const Writers *decimal_writers(const Type &t, const Node &n, Step &s)
{
    bool integer = is_integer(t.kind), fixed = n.tag == Tag::fixed;
    if (!integer && !is_numeric(t.kind)) return nullptr;
    if (n.precision < 1 || n.precision > kMaxPrecision) return nullptr;
    s.precision = static_cast<int16_t>(n.precision);
    s.scale = static_cast<int16_t>(n.scale);
    s.width = fixed ? n.size : decimal_bytes(n.precision);
    if (!integer && s.on_nan == OnNan::null) s.lossy = "NaN is written as null";
    if (integer)
        return fixed ? decimal_of_size<true, true>(s.width, s.precision)
                     : decimal_of_size<true, false>(s.width, s.precision);
    return fixed ? decimal_of_size<false, true>(s.width, s.precision)
                 : decimal_of_size<false, false>(s.width, s.precision);
}

const Writers *number_writers(const Type &t, const Node &n, Step &s)
{
    switch (n.tag) {
    case Tag::boolean: return t.kind == Kind::boolean ? &kWriters<write_boolean> : nullptr;
    case Tag::int32:
        if (is_numeric(t.kind)) return &kWriters<write_whole_numeric<INT32_MIN, INT32_MAX>>;
        if (t.kind == Kind::int2 || t.kind == Kind::int4) return &kWriters<write_long, Hot::integer>;
        return is_integer(t.kind) ? &kWriters<write_small_int> : nullptr;
    case Tag::int64:
        if (is_numeric(t.kind)) return &kWriters<write_whole_numeric<INT64_MIN, INT64_MAX>>;
        return is_integer(t.kind) ? &kWriters<write_long, Hot::integer> : nullptr;
    case Tag::float32: return float_writers(t.kind, s);
    case Tag::float64: return double_writers(t.kind, s);
    default: return nullptr;
    }
}
} // namespace spout::avro
