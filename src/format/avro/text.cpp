// text.cpp - strings, bytes, fixed and enum symbols. Text is UTF-8 when it arrives here.
#include "base/text.hpp"

#include "base/decimal.hpp"
#include "base/error.hpp"
#include "base/jsonb_view.hpp"
#include "base/time.hpp"
#include "format/avro/hot.hpp"

#include "base/no_postgres.hpp"

namespace spout::avro
{
namespace
{
uint8_t *write_text(const Step &s, const Cell &c, Sink &out, uint8_t *p)
{
    return put_text(s, out, p, c.s.p, c.s.n);
}

uint8_t *write_jsonb(const Step &s, const Cell &c, Sink &out, uint8_t *p)
{
    return put_jsonb(s, c.s, out, p);
}

// Without touching what stands behind it, as put_long() would.
__attribute__((noinline)) void put_length(uint8_t *to, size_t n, size_t size)
{
    uint8_t length[kMaxVarint];
    put_long(length, static_cast<int64_t>(n));
    memcpy(to, length, size);
}

uint8_t *write_digits(const Step &s, const Cell &c, Sink &out, uint8_t *p)
{
    size_t n = decimal_text_size(c.num);
    p = out.room(p, n + kMaxVarint + s.tail);
    p = put_long(p, static_cast<int64_t>(n));
    return decimal_text(p, c.num);
}

uint8_t *write_interval(const Step &s, const Cell &c, Sink &out, uint8_t *p)
{
    uint8_t text[kTimeText];
    uint8_t *end = interval_text(text, c.span, s.type->precision == kInfiniteIntervals);
    return put_text(s, out, p, text, static_cast<size_t>(end - text));
}

uint8_t *write_uuid_text(const Step &s, const Cell &c, Sink &out, uint8_t *p)
{
    p = out.room(p, kUuidText + kMaxVarint + s.tail);
    p = put_long(p, kUuidText);
    uuid_text(p, c.s.p);
    return p + kUuidText;
}

uint8_t *write_checked_uuid(const Step &s, const Cell &c, Sink &out, uint8_t *p)
{
    if (!is_uuid_text(c.s.p, c.s.n)) throw Error(Code::bad_value, "value is not a uuid, as the schema asks");
    return put_text(s, out, p, c.s.p, c.s.n);
}

uint8_t *write_any_text(const Step &s, const Cell &c, Sink &out, uint8_t *p)
{
    out.scratch.clear();
    append_text(*s.type, c, out.scratch);
    p = put_text(s, out, p, out.scratch.data(), out.scratch.size());
    out.scratch.shrink(1 << 20);
    return p;
}

uint8_t *write_fixed(const Step &s, const Cell &c, Sink &out, uint8_t *p)
{
    if (c.s.n != s.width)
        throw Error(Code::out_of_range, "value of " + std::to_string(c.s.n) +
                                            " bytes cannot be stored as Avro " + label(*s.node));
    p = out.room(p, s.width + s.tail);
    return copy(p, c.s.p, c.s.n);
}

uint8_t *write_symbol(const Step &s, const Cell &c, Sink &, uint8_t *p)
{
    auto found = s.symbols.find(std::string_view(c.s.p, c.s.n));
    if (found == s.symbols.end())
        throw Error(Code::bad_value, "value is not a symbol of Avro " + label(*s.node));
    return put_long(p, found->second);
}

// Whose text lies in the cell as it is.
bool is_text(const Type &t) { return t.repr == Repr::text && t.kind != Kind::bytes && t.kind != Kind::uuid; }

bool has_array(const Type &t)
{
    if (t.kind == Kind::array) return true;
    for (uint32_t i = 0; i < t.nfields; i++)
        if (has_array(*t.fields[i].type)) return true;
    return false;
}

const Writers *fixed_writers(const Type &t, const Node &n, Step &s)
{
    bool uuid = t.kind == Kind::uuid && n.size == 16;
    if (!uuid && (t.kind != Kind::bytes || n.logical != Logical::none)) return nullptr;
    s.width = n.size;
    return &kWriters<write_fixed>;
}

const Writers *symbol_writers(const Type &t, const Node &n, Step &s)
{
    if (t.kind != Kind::enumeration && t.kind != Kind::text) return nullptr;
    for (uint32_t i = 0; i < n.symbols.size(); i++)
        s.symbols.emplace(n.symbols[i], i);
    return &kWriters<write_symbol>;
}

const Writers *bytes_writers(const Type &t)
{
    if (t.repr == Repr::jsonb) return &kWriters<write_jsonb, Hot::jsonb>;
    bool takes = t.kind == Kind::bytes || t.kind == Kind::text || t.kind == Kind::json ||
                 t.kind == Kind::jsonb || t.kind == Kind::json_text || t.kind == Kind::xml;
    return takes ? &kWriters<write_text, Hot::text> : nullptr;
}
} // namespace

// The length comes before the text and is known after it. A value like the one before is longer or shorter
// than its packed form by about as much; in the rare case that this gives another number of bytes, the text
// moves.
uint8_t *put_jsonb(const Step &s, Text jsonb, Sink &out, uint8_t *p)
{
    const int64_t packed = jsonb.n;
    size_t at = out.offset(p), guess = length_size(static_cast<size_t>(packed + s.text_growth));
    p = print_jsonb(out, p + guess, reinterpret_cast<const uint8_t *>(jsonb.p), jsonb.n, kMaxVarint + s.tail);
    uint8_t *from = out.at(at);
    auto n = static_cast<size_t>(p - from) - guess;
    size_t need = length_size(n);
    s.text_growth = static_cast<int64_t>(n) - packed;
    if (__builtin_expect(need != guess, 0)) {
        memmove(from + need, from + guess, n);
        p = from + need + n;
    }
    if (__builtin_expect(need > 2, 0)) {
        put_length(from, n, need);
        return p;
    }
    // One or two bytes without asking which: around 64 bytes of text it would be anybody's guess.
    from[need - 1] = static_cast<uint8_t>(n >> 6);
    from[0] = static_cast<uint8_t>((n << 1 & 0x7F) | (need - 1) << 7);
    return p;
}

const Writers *string_writers(const Type &t, const Node &n, Step &s)
{
    if (t.kind == Kind::uuid) return &kWriters<write_uuid_text>;
    if (n.logical == Logical::uuid) return t.kind == Kind::text ? &kWriters<write_checked_uuid> : nullptr;
    if (t.repr == Repr::jsonb) return &kWriters<write_jsonb, Hot::jsonb>;
    if (t.repr == Repr::digits) return &kWriters<write_digits>;
    if (t.repr == Repr::span) return &kWriters<write_interval>;
    if (is_text(t)) return &kWriters<write_text, Hot::text>;
    if (has_array(t)) s.lossy = "lower bounds of arrays are not kept";
    return &kWriters<write_any_text>;
}

const Writers *scalar_writers(const Type &t, const Node &n, Step &s)
{
    if (n.logical == Logical::decimal) return decimal_writers(t, n, s);
    switch (n.tag) {
    case Tag::string: return string_writers(t, n, s);
    case Tag::bytes: return bytes_writers(t);
    case Tag::fixed: return fixed_writers(t, n, s);
    case Tag::enumeration: return symbol_writers(t, n, s);
    case Tag::int32:
    case Tag::int64:
        if (n.logical != Logical::none) return time_writers(t, n, s);
        [[fallthrough]];
    default: return number_writers(t, n, s);
    }
}
} // namespace spout::avro
