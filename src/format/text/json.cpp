// json.cpp - JSON lines, or one array, with the text that row_to_json prints (PostgreSQL 19's COPY FORMAT
// json). In an array the blank or comma in front of a row belongs to the file: the blank only before its
// first row. Blocks begin with a comma like every row; the framer patches the one in front of a file's first.
#include <cstring>
#include <string>
#include <unordered_set>
#include <utility>

#include "base/cursor.hpp"
#include "base/decimal.hpp"
#include "base/escape.hpp"
#include "base/jsonb_view.hpp"
#include "base/moment.hpp"
#include "base/parse.hpp"
#include "base/short_decimal.hpp"
#include "base/text.hpp"
#include "format/text/encoder.hpp"

#include "base/no_postgres.hpp"

namespace spout
{
namespace
{
constexpr size_t kRoom = kTimeText + 4; // any value that is no text, numeric, bytea or jsonb, in quotes

struct Column {
    using Write = uint8_t *(*)(const Column &, const Cell &, Cursor &, uint8_t *p);
    Write write; // leaves kTail behind the result
    Label key;   // `,"name":`
    bool one_line, omit_nulls;
    mutable Moments moments;
    std::vector<Column> fields; // record
    Write own = nullptr;        // of values that are not Cell::printed, once some may be
};
constexpr size_t kTail = 4;    // comma or brace, line end
constexpr uint8_t kNext = ','; // in front of a row of an array

uint8_t *put(uint8_t *p, std::string_view s)
{
    memcpy(p, s.data(), s.size());
    return p + s.size();
}

// --- numbers and words
// ----------------------------------------------------------------------------------------

uint8_t *write_bool(const Column &, const Cell &v, Cursor &out, uint8_t *p)
{
    return put(out.room(p, kRoom), v.i ? "true" : "false");
}

uint8_t *write_integer(const Column &, const Cell &v, Cursor &out, uint8_t *p)
{
    return put_integer(out.room(p, kRoom), v.i);
}

// oid, xid, cid: row_to_json has no numeric category for them.
uint8_t *write_quoted_integer(const Column &, const Cell &v, Cursor &out, uint8_t *p)
{
    p = out.room(p, kRoom);
    *p++ = '"';
    p = put_integer(p, v.i);
    *p++ = '"';
    return p;
}

uint8_t *write_numeric(const Column &, const Cell &v, Cursor &out, uint8_t *p)
{
    p = out.room(p, kShortDecimal + kTail);
    if (uint8_t *end = short_decimal_text(p, v.num)) return end;
    bool special = v.num.sign != Sign::plus && v.num.sign != Sign::minus;
    p = out.room(p, decimal_text_size(v.num) + 4 + 2 + kTail);
    if (special) *p++ = '"';
    p = decimal_text(p, v.num);
    if (special) *p++ = '"';
    return p;
}

// The server's own digits. NaN and Infinity are no numbers in JSON.
uint8_t *write_float(const Column &, const Cell &v, Cursor &out, uint8_t *p)
{
    std::string_view s(v.s.p, v.s.n);
    bool special = s.find_first_of("Ny") != s.npos;
    p = out.room(p, s.size() + 2 + kTail);
    if (special) *p++ = '"';
    p = put(p, s);
    if (special) *p++ = '"';
    return p;
}

// --- dates
// ------------------------------------------------------------------------------------------------------

template <uint8_t *(*print)(const Column &, uint8_t *, const Cell &)>
uint8_t *write_plain(const Column &c, const Cell &v, Cursor &out, uint8_t *p)
{
    p = out.room(p, kRoom + kTail);
    *p++ = '"';
    p = print(c, p, v);
    *p++ = '"';
    return p;
}

uint8_t *print_date(const Column &c, uint8_t *p, const Cell &v) { return c.moments.date(p, v.i); }
uint8_t *print_time(const Column &, uint8_t *p, const Cell &v)
{
    return Moments::time(p, static_cast<uint64_t>(v.i));
}
uint8_t *print_timestamp(const Column &c, uint8_t *p, const Cell &v) { return c.moments.timestamp(p, v.i); }
uint8_t *print_local(const Column &c, uint8_t *p, const Cell &v)
{
    return c.moments.local(p, v.span.micros, v.span.days);
}
uint8_t *print_uuid(const Column &, uint8_t *p, const Cell &v)
{
    uuid_text(p, v.s.p);
    return p + kUuidText;
}

// --- text
// ---------------------------------------------------------------------------------------------------------

uint8_t *write_text(const Column &, const Cell &v, Cursor &out, uint8_t *p)
{
    p = out.room(p, v.s.n + 2 + kWide + kTail);
    *p++ = '"';
    uint8_t *end = v.s.n <= kShortText ? copy_unless(p, v.s.p, v.s.n, JsonSpecial()) : nullptr;
    p = end ? end : escape_json(out, p, v.s.p, v.s.n, 1 + kTail);
    *p++ = '"';
    return p;
}

uint8_t *write_bytes(const Column &, const Cell &v, Cursor &out, uint8_t *p)
{
    p = put(out.room(p, 2 * size_t{v.s.n} + 5 + kTail), "\"\\\\x");
    p = hex_text(p, v.s.p, v.s.n);
    *p++ = '"';
    return p;
}

// Verbatim. A line end in a json value is white space between tokens: strings cannot hold one raw.
uint8_t *write_json(const Column &c, const Cell &v, Cursor &out, uint8_t *p)
{
    p = out.room(p, v.s.n + kTail);
    uint8_t *end = copy(p, v.s.p, v.s.n);
    if (c.one_line)
        for (; p < end; p++)
            if (*p == '\n' || *p == '\r') *p = ' ';
    return end;
}

uint8_t *write_jsonb(const Column &, const Cell &v, Cursor &out, uint8_t *p)
{
    return print_jsonb(out, p, reinterpret_cast<const uint8_t *>(v.s.p), v.s.n, kTail);
}

// --- objects
// --------------------------------------------------------------------------------------------------------

// `at` says which column it is at.
uint8_t *write_object(const std::vector<Column> &columns, const Cell *cells, Cursor &out, uint8_t *p,
                      uint32_t &at)
{
    p = out.room(p, 1 + kTail);
    uint8_t lead = '{'; // in place of the comma of the first key
    for (const Column &c : columns) {
        const Cell &v = *cells++;
        at = static_cast<uint32_t>(&c - columns.data());
        if (v.null && c.omit_nulls) continue;
        p = out.room(p, c.key.room() + 8 + kTail);
        uint8_t *key = p;
        p = c.key.put(p);
        *key = lead;
        lead = ',';
        p = v.null ? put(p, "null") : c.write(c, v, out, p);
    }
    if (lead == '{') *p++ = lead;
    *p++ = '}';
    return p;
}

uint8_t *write_record(const Column &c, const Cell &v, Cursor &out, uint8_t *p)
{
    uint32_t at;
    return out.room(write_object(c.fields, v.list.cells, out, p, at), kTail);
}

uint8_t *write_either(const Column &c, const Cell &v, Cursor &out, uint8_t *p)
{
    return (v.printed ? write_text : c.own)(c, v, out, p);
}

void expect_printed_in(std::vector<Column> &columns)
{
    for (Column &c : columns) {
        if (c.write != write_either) c.own = std::exchange(c.write, write_either);
        expect_printed_in(c.fields);
    }
}

Column::Write writer_of(const Type &t)
{
    if (t.repr == Repr::digits) return write_numeric;
    if (t.repr == Repr::jsonb) return write_jsonb;
    switch (t.kind) {
    case Kind::boolean: return write_bool;
    case Kind::int2:
    case Kind::int4:
    case Kind::int8: return write_integer;
    case Kind::oid: return write_quoted_integer;
    case Kind::float4:
    case Kind::float8: return write_float;
    case Kind::uuid: return write_plain<print_uuid>;
    case Kind::bytes: return write_bytes;
    case Kind::date: return write_plain<print_date>;
    case Kind::time: return write_plain<print_time>;
    case Kind::timestamp: return write_plain<print_timestamp>;
    case Kind::timestamptz: return write_plain<print_local>;
    case Kind::json:
    case Kind::jsonb:
    case Kind::json_text: return write_json;
    case Kind::record: return write_record;
    default: return write_text;
    }
}

std::vector<Column> compile(const Field *fields, uint32_t n, const Options &o)
{
    std::vector<Column> columns;
    for (uint32_t i = 0; i < n; i++) {
        const Type &t = *fields[i].type;
        std::string key = ",";
        append_json_string(key, fields[i].name);
        columns.push_back({writer_of(t), Label(key + ':'), !o.json_array, o.omit_nulls, Moments('T'),
                           compile(t.fields, t.nfields, o)});
    }
    return columns;
}

// --- the file
// -------------------------------------------------------------------------------------------------------

class JsonEncoder : public TextEncoder
{
  public:
    explicit JsonEncoder(const Spec &spec)
        : TextEncoder(spec), array_(spec.options.json_array),
          columns_(compile(spec.row.fields, spec.row.nfields, spec.options))
    {
    }

    void expect_printed() override { expect_printed_in(columns_); }
    void warnings(std::vector<std::string> &to) const override
    {
        std::unordered_set<std::string_view> seen;
        for (const Column &c : columns_)
            if (!seen.insert(c.key.view()).second) {
                std::string name(c.key.view().substr(1, c.key.view().size() - 2));
                to.push_back("several columns are called " + name + ": most JSON readers keep only the last");
                return;
            }
    }

  private:
    uint8_t *write(Row row, Cursor &out, uint32_t &column) override
    {
        uint8_t *p = out.begin(1 + kTail);
        if (array_) *p++ = kNext;
        p = write_object(columns_, row.cells, out, p, column);
        *p++ = '\n';
        return p;
    }

    const bool array_;
    std::vector<Column> columns_;
};

class JsonFramer : public Framer
{
  public:
    explicit JsonFramer(const Spec &spec) : array_(spec.options.json_array) {}
    void begin(uint32_t, Buffer &out) override
    {
        if (array_) out.append("[\n");
    }
    void lead(bool first, uint8_t *block) override
    {
        if (array_) *block = first ? ' ' : kNext;
    }
    void end(uint32_t, Buffer &out) override
    {
        if (array_) out.append("]\n");
    }

  private:
    const bool array_;
};

void describe_json(const Spec &spec, Description &d)
{
    for (uint32_t i = 0; i < spec.row.nfields; i++) {
        const Type &t = *spec.row.fields[i].type;
        auto write = writer_of(t);
        const char *target = write == write_bool ? "boolean"
                             : write == write_integer || write == write_numeric || write == write_float
                                 ? "number"
                             : write == write_record                       ? "object"
                             : write == write_json || write == write_jsonb ? "any JSON"
                                                                           : "string";
        d.columns.push_back({target, spec.row.fields[i].name, ""});
    }
}

void set_force_array(Options &o, const RawOption &raw)
{
    o.json_array = true;
    if (raw.value && !parse_bool(raw.value, &o.json_array))
        throw Error(Code::bad_value,
                    "invalid value for option \"force_array\": \"" + std::string(raw.value) + "\"",
                    "Use on or off.");
}

constexpr OptionDef kOptions[] = {{"force_array", set_force_array}, {"nulls", set_nulls}, {nullptr, nullptr}};
} // namespace

extern const Format kJson;
const Format kJson = {
    "json",
    Style::json,
    /* codec_inside */ false,
    /* blocks_commute */ true,
    kTextCodecs,
    kOptions,
    text_block_size,
    no_contradictions,
    [](const Spec &s) -> std::unique_ptr<Encoder> { return std::make_unique<JsonEncoder>(s); },
    [](const Spec &s) -> std::unique_ptr<Framer> { return std::make_unique<JsonFramer>(s); },
    describe_json,
    {".json", ".jsonl", ".ndjson"},
};
} // namespace spout
