// text.cpp - pinned text of scalars, and PostgreSQL's literals for arrays, composites and hstore.
#include "base/text.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <string>

#include "base/cell.hpp"
#include "base/cursor.hpp"
#include "base/decimal.hpp"
#include "base/error.hpp"
#include "base/jsonb_view.hpp"
#include "base/parse.hpp"
#include "base/scan.hpp"
#include "base/time.hpp"

#include "base/no_postgres.hpp"

namespace spout
{
namespace
{
constexpr char kHex[] = "0123456789abcdef";

void append_integer(int64_t v, Buffer &out)
{
    char text[24];
    out.append(text, static_cast<size_t>(std::to_chars(text, text + sizeof text, v).ptr - text));
}

// True when the text lies exactly half-way between v and a neighbour. It reads back as v only because
// ties go to even; PostgreSQL prints more digits then.
template <typename Float, typename Wide> bool on_boundary(Float v, const char *text, const char *end)
{
    Wide written = 0;
    if (std::from_chars(text, end, written).ec != std::errc()) return false;
    constexpr Float kInfinity = std::numeric_limits<Float>::infinity();
    for (Float neighbour : {std::nextafter(v, kInfinity), std::nextafter(v, -kInfinity)})
        if (written == (static_cast<Wide>(v) + static_cast<Wide>(neighbour)) / 2) return true;
    return false;
}

// Shortest digits that read back as the same value, laid out as float8out does: plain between 10^-4
// and 10^fixed_below, else with an exponent of at least two digits.
template <typename Float, typename Wide> void append_float(Float v, int fixed_below, Buffer &out)
{
    if (v != v) return out.append("NaN");
    if (v - v != 0) return out.append(v > 0 ? "Infinity" : "-Infinity");
    char text[64], *limit = text + sizeof text;
    char *end = std::to_chars(text, limit, v, std::chars_format::scientific).ptr;
    char *e = std::find(text, end, 'e');
    int exponent = 0;
    std::from_chars(e + 1 + (e[1] == '+'), end, exponent);
    if (exponent >= -4 && exponent < fixed_below) {
        end = std::to_chars(text, limit, v, std::chars_format::fixed).ptr;
    } else if (on_boundary<Float, Wide>(v, text, end)) {
        auto digits = static_cast<int>(std::count_if(text, e, [](char c) { return c >= '0' && c <= '9'; }));
        do
            end = std::to_chars(text, limit, v, std::chars_format::scientific, digits++).ptr;
        while (digits < std::numeric_limits<Float>::max_digits10 && on_boundary<Float, Wide>(v, text, end));
    }
    out.append(std::string_view(text, static_cast<size_t>(end - text)));
}

void append_uuid(const Cell &c, Buffer &out)
{
    uuid_text(out.reserve(kUuidText), c.s.p);
    out.advance(kUuidText);
}

void append_hex(const Cell &c, Buffer &out)
{
    uint8_t *p = out.reserve(2 + size_t{2} * c.s.n);
    *p++ = '\\'; // NOLINT(clang-analyzer-core.NullDereference): reserve() gives room or throws
    *p++ = 'x';
    out.advance_to(hex_text(p, c.s.p, c.s.n));
}

void append_digits(const Cell &c, Buffer &out)
{
    out.advance_to(decimal_text(out.reserve(decimal_text_size(c.num) + 4), c.num));
}

void append_jsonb(const Cell &c, Buffer &out)
{
    Cursor cursor(out);
    cursor.commit(print_jsonb(cursor, cursor.begin(0), reinterpret_cast<const uint8_t *>(c.s.p), c.s.n, 0));
}

void append_time(const Type &t, const Cell &c, Buffer &out)
{
    uint8_t *p = out.reserve(kTimeText);
    switch (t.kind) {
    case Kind::date: p = date_text(p, c.i); break;
    case Kind::time: p = time_text(p, c.i); break;
    case Kind::interval: p = interval_text(p, c.span, t.precision == kInfiniteIntervals); break;
    default: p = timestamp_text(p, c.i, t.kind == Kind::timestamptz); break;
    }
    out.advance_to(p);
}

bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

// array_out's rule for elements, record_out's for attributes.
struct Quoting {
    const char *always; // characters that need quotes
    bool null_word;     // an unquoted NULL would be taken for one
    bool doubled;       // quotes are doubled, else escaped by a backslash
};

void append_quoted(std::string_view s, const Quoting &q, Buffer &out)
{
    bool quote = s.empty() || (q.null_word && iequals(s, "null"));
    for (char c : s)
        if (is_space(c) || strchr(q.always, c)) quote = true;
    if (!quote) return out.append(s);
    out.push('"');
    for (char c : s) {
        if (c == '"' || c == '\\') out.push(static_cast<uint8_t>(q.doubled ? c : '\\'));
        out.push(static_cast<uint8_t>(c));
    }
    out.push('"');
}

void append_item(const Type &t, const Cell &c, const Quoting &q, Buffer &out)
{
    Buffer item;
    append_text(t, c, item);
    append_quoted(item.view(), q, out);
}

void append_array(const Type &t, const Cell &c, Buffer &out)
{
    const Type &element = *t.element;
    bool vector = !strcmp(t.sql_name, "int2vector") || !strcmp(t.sql_name, "oidvector");
    bool boxes = !strcmp(element.sql_name, "box");
    const Quoting quoting = {boxes ? "{};\"\\" : "{},\"\\", true, false};
    if (!vector) out.push('{');
    for (uint32_t i = 0; i < c.list.n; i++) {
        const Cell &v = c.list.cells[i];
        if (i) out.push(vector ? ' ' : boxes ? ';' : ',');
        if (v.null)
            out.append("NULL");
        else if (c.list.deeper)
            append_array(t, v, out);
        else
            append_item(element, v, quoting, out);
    }
    if (!vector) out.push('}');
}

void append_record(const Type &t, const Cell &c, Buffer &out)
{
    static constexpr Quoting kQuoting = {"(),\"\\", false, true};
    out.push('(');
    for (uint32_t i = 0; i < t.nfields; i++) {
        if (i) out.push(',');
        if (!c.list.cells[i].null) append_item(*t.fields[i].type, c.list.cells[i], kQuoting, out);
    }
    out.push(')');
}

void append_hstore_string(const Text &s, Buffer &out)
{
    out.push('"');
    for (uint32_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"' || s.p[i] == '\\') out.push('\\');
        out.push(static_cast<uint8_t>(s.p[i]));
    }
    out.push('"');
}

void append_hstore(const Cell &c, Buffer &out)
{
    for (uint32_t i = 0; i + 1 < c.list.n; i += 2) {
        if (i) out.append(", ");
        append_hstore_string(c.list.cells[i].s, out);
        out.append("=>");
        if (c.list.cells[i + 1].null)
            out.append("NULL");
        else
            append_hstore_string(c.list.cells[i + 1].s, out);
    }
}
} // namespace

uint8_t *hex_text(uint8_t *to, const char *bytes, size_t n)
{
#ifdef __SSE2__
    const __m128i low = _mm_set1_epi8(15), nine = _mm_set1_epi8(9), zero = _mm_set1_epi8('0'),
                  letters = _mm_set1_epi8('a' - '0' - 10);
    auto store = [&](uint8_t *p, __m128i digits) {
        __m128i text = _mm_add_epi8(digits, _mm_and_si128(_mm_cmpgt_epi8(digits, nine), letters));
        _mm_storeu_si128(reinterpret_cast<__m128i *>(p), _mm_add_epi8(text, zero));
    };
    for (; n >= 16; n -= 16, bytes += 16, to += 32) {
        __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i *>(bytes));
        __m128i high = _mm_and_si128(_mm_srli_epi16(v, 4), low), last = _mm_and_si128(v, low);
        store(to, _mm_unpacklo_epi8(high, last));
        store(to + 16, _mm_unpackhi_epi8(high, last));
    }
#endif
    for (; n; n--) {
        auto b = static_cast<uint8_t>(*bytes++);
        *to++ = static_cast<uint8_t>(kHex[b >> 4]);
        *to++ = static_cast<uint8_t>(kHex[b & 15]);
    }
    return to;
}

void uuid_text(uint8_t to[kUuidText], const char bytes[16])
{
    uint8_t hex[32];
    hex_text(hex, bytes, 16);
    memcpy(to, hex, 8);
    memcpy(to + 9, hex + 8, 4);
    memcpy(to + 14, hex + 12, 4);
    memcpy(to + 19, hex + 16, 4);
    memcpy(to + 24, hex + 20, 12);
    to[8] = to[13] = to[18] = to[23] = '-';
}

bool is_uuid_text(const char *p, size_t n)
{
    if (n != kUuidText) return false;
    for (size_t i = 0; i < n; i++) {
        bool hyphen = i == 8 || i == 13 || i == 18 || i == 23;
        char c = p[i];
        bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (hyphen ? c != '-' : !hex) return false;
    }
    return true;
}

void append_text(const Type &t, const Cell &c, Buffer &out)
{
    switch (t.kind) {
    case Kind::boolean: return out.append(c.i ? "t" : "f");
    case Kind::int2:
    case Kind::int4:
    case Kind::int8:
    case Kind::oid: return append_integer(c.i, out);
    case Kind::float4: return append_float<float, double>(c.f, 6, out);
    case Kind::float8: return append_float<double, long double>(c.d, 15, out);
    case Kind::numeric:
    case Kind::money: return append_digits(c, out);
    case Kind::bytes: return append_hex(c, out);
    case Kind::uuid: return append_uuid(c, out);
    case Kind::date:
    case Kind::time:
    case Kind::timestamp:
    case Kind::timestamptz:
    case Kind::interval: return append_time(t, c, out);
    case Kind::array: return append_array(t, c, out);
    case Kind::record: return append_record(t, c, out);
    case Kind::map: return append_hstore(c, out);
    case Kind::text:
    case Kind::json:
    case Kind::jsonb:
    case Kind::json_text:
    case Kind::xml:
    case Kind::enumeration:
    case Kind::pinned: break;
    }
    if (t.repr == Repr::jsonb) return append_jsonb(c, out);
    out.append(c.s.p, c.s.n);
}
} // namespace spout
