// xml.cpp - an XML document: an element per row, an element per column, NULL as xsi:nil
// (docs/formats/xml.md). Depends on no setting of the session. Knows nothing of JSON's and markup's insides:
// xml_json, xml_markup.
#include <charconv>
#include <string>

#include "base/cursor.hpp"
#include "base/decimal.hpp"
#include "base/moment.hpp"
#include "base/short_decimal.hpp"
#include "base/text.hpp"
#include "format/text/encoder.hpp"
#include "format/xml/json.hpp"
#include "format/xml/markup.hpp"
#include "format/xml/names.hpp"
#include "format/xml/text.hpp"

#include "base/no_postgres.hpp"

namespace spout
{
namespace
{
constexpr std::string_view kDeclaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
constexpr std::string_view kInstance = " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"";

// Working memory of the slow conversions, one for all columns.
struct Scratch {
    Buffer text;
    xml::JsonElements json;
};

// How a value becomes an element; its parts are those of an array (one) or a record.
struct Column {
    using Write = uint8_t *(*)(const Column &, const Cell &, Cursor &, uint8_t *p);
    Write write; // the whole element; the value is not null
    const Type *type;
    xml::Element element;
    bool omit_nulls;
    Scratch *scratch; // owned by the encoder
    mutable Moments moments;
    std::vector<Column> parts;
};

uint8_t *put(uint8_t *p, std::string_view s) { return copy(p, s.data(), s.size()); }

// --- values of bounded size ----------------------------------------------------------------------------

uint8_t *print_bool(const Column &, uint8_t *p, const Cell &v) { return put(p, v.i ? "true" : "false"); }
uint8_t *print_integer(const Column &, uint8_t *p, const Cell &v) { return put_integer(p, v.i); }
uint8_t *print_date(const Column &c, uint8_t *p, const Cell &v) { return c.moments.date(p, v.i); }
uint8_t *print_time(const Column &, uint8_t *p, const Cell &v)
{
    return Moments::time(p, static_cast<uint64_t>(v.i));
}
uint8_t *print_timestamp(const Column &c, uint8_t *p, const Cell &v) { return c.moments.timestamp(p, v.i); }
uint8_t *print_utc(const Column &c, uint8_t *p, const Cell &v) { return c.moments.local(p, v.i, 0); }
uint8_t *print_interval(const Column &c, uint8_t *p, const Cell &v)
{
    return interval_text(p, v.span, c.type->precision == kInfiniteIntervals);
}
uint8_t *print_uuid(const Column &, uint8_t *p, const Cell &v)
{
    uuid_text(p, v.s.p);
    return p + kUuidText;
}

// The shortest digits that read back as the same value; plain between 10^-4 and 10^fixed_below, else with an
// exponent, as the server lays them out.
template <typename Float> uint8_t *float_text(uint8_t *p, Float v, int fixed_below)
{
    if (v != v) return put(p, "NaN");
    if (v - v != 0) return put(p, v > 0 ? "Infinity" : "-Infinity");
    char text[32]; // [-]d[.d...]e+dd[d]
    char *end = std::to_chars(text, text + sizeof text, v, std::chars_format::scientific).ptr, *digit = text;
    std::string_view all(text, static_cast<size_t>(end - text));
    size_t e = all.find('e');
    int exponent = 0;
    std::from_chars(text + e + 1 + (text[e + 1] == '+'), end, exponent);
    if (exponent < -4 || exponent >= fixed_below) return put(p, all);
    if (*digit == '-') *p++ = static_cast<uint8_t>(*digit++);
    char *stop = text + e;
    if (exponent < 0) {
        p = put(p, std::string_view("0.000", static_cast<size_t>(1 - exponent)));
        *p++ = static_cast<uint8_t>(*digit);
        return digit + 1 < stop ? put(p, {digit + 2, static_cast<size_t>(stop - digit - 2)}) : p;
    }
    *p++ = static_cast<uint8_t>(*digit++);
    if (digit < stop) digit++; // the point moves behind `exponent` more digits
    for (; exponent > 0; exponent--)
        *p++ = static_cast<uint8_t>(digit < stop ? *digit++ : '0');
    if (digit < stop) *p++ = '.';
    return put(p, {digit, static_cast<size_t>(stop - digit)});
}
uint8_t *print_float4(const Column &, uint8_t *p, const Cell &v) { return float_text(p, v.f, 6); }
uint8_t *print_float8(const Column &, uint8_t *p, const Cell &v) { return float_text(p, v.d, 15); }

// Prints at most kTimeText bytes, none of which needs an escape.
template <uint8_t *(*print)(const Column &, uint8_t *, const Cell &)>
uint8_t *write_plain(const Column &c, const Cell &v, Cursor &out, uint8_t *p)
{
    p = out.room(p, c.element.open.room() + kTimeText + c.element.close.room());
    return c.element.close.put(print(c, c.element.open.put(p), v));
}

uint8_t *write_numeric(const Column &c, const Cell &v, Cursor &out, uint8_t *p)
{
    p = c.element.open.put(out.room(p, c.element.open.room() + kShortDecimal + c.element.close.room()));
    if (uint8_t *end = short_decimal_text(p, v.num)) return c.element.close.put(end);
    p = out.room(p, decimal_text_size(v.num) + 4 + c.element.close.room());
    return c.element.close.put(decimal_text(p, v.num));
}

// --- text ----------------------------------------------------------------------------------------------

uint8_t *escaped(const Column &c, std::string_view s, Cursor &out, uint8_t *p)
{
    p = c.element.open.put(out.room(p, c.element.open.room()));
    p = xml::escape(out, p, s.data(), s.size(), c.element.close.room());
    return c.element.close.put(p);
}

uint8_t *write_text(const Column &c, const Cell &v, Cursor &out, uint8_t *p)
{
    return escaped(c, {v.s.p, v.s.n}, out, p);
}

// What has no form of its own here: the text its output function prints under pinned settings.
uint8_t *write_pinned(const Column &c, const Cell &v, Cursor &out, uint8_t *p)
{
    Buffer &text = c.scratch->text;
    text.clear();
    append_text(*c.type, v, text);
    p = escaped(c, text.view(), out, p);
    text.shrink(kTextBlock);
    return p;
}

uint8_t *write_base64(const Column &c, const Cell &v, Cursor &out, uint8_t *p)
{
    static constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    auto *s = reinterpret_cast<const uint8_t *>(v.s.p);
    size_t n = v.s.n;
    p = c.element.open.put(out.room(p, c.element.open.room() + (n + 2) / 3 * 4 + c.element.close.room()));
    for (; n > 0; s += 3, n -= n < 3 ? n : 3) {
        uint32_t three = static_cast<uint32_t>(s[0]) << 16 | (n > 1 ? s[1] << 8 : 0) | (n > 2 ? s[2] : 0);
        *p++ = static_cast<uint8_t>(kDigits[three >> 18]);
        *p++ = static_cast<uint8_t>(kDigits[three >> 12 & 63]);
        *p++ = static_cast<uint8_t>(n > 1 ? kDigits[three >> 6 & 63] : '=');
        *p++ = static_cast<uint8_t>(n > 2 ? kDigits[three & 63] : '=');
    }
    return c.element.close.put(p);
}

uint8_t *write_markup(const Column &c, const Cell &v, Cursor &out, uint8_t *p)
{
    std::string_view s = xml::without_declaration({v.s.p, v.s.n});
    if (!xml::is_content(s)) return escaped(c, s, out, p);
    p = out.room(p, c.element.open.room() + s.size() + c.element.close.room());
    return c.element.close.put(put(c.element.open.put(p), s));
}

uint8_t *write_json(const Column &c, const Cell &v, Cursor &out, uint8_t *p)
{
    return c.scratch->json.write(c.element, {v.s.p, v.s.n}, out, p);
}

uint8_t *write_jsonb(const Column &c, const Cell &v, Cursor &out, uint8_t *p)
{
    return c.scratch->json.write_jsonb(c.element, reinterpret_cast<const uint8_t *>(v.s.p), v.s.n, out, p);
}

// --- elements within elements --------------------------------------------------------------------------

inline uint8_t *write_value(const Column &c, const Cell &v, Cursor &out, uint8_t *p)
{
    if (!v.null) return c.write(c, v, out, p);
    return c.omit_nulls ? p : c.element.nil.put(out.room(p, c.element.nil.room()));
}

// As many dimensions as the value has: what is in an array of arrays has the tags of an element, too.
uint8_t *write_dimension(const Column &item, const xml::Element &tags, const Parts &list, Cursor &out,
                         uint8_t *p)
{
    p = tags.open.put(out.room(p, tags.open.room()));
    uint32_t i = 0;
    try {
        for (; i < list.n; i++)
            p = list.deeper ? write_dimension(item, item.element, list.cells[i].list, out, p)
                            : write_value(item, list.cells[i], out, p);
    } catch (Error &e) {
        e.within("[" + std::to_string(i + 1) + "]");
        throw;
    }
    return tags.close.put(out.room(p, tags.close.room()));
}

uint8_t *write_array(const Column &c, const Cell &v, Cursor &out, uint8_t *p)
{
    return write_dimension(c.parts[0], c.element, v.list, out, p);
}

uint8_t *write_record(const Column &c, const Cell &v, Cursor &out, uint8_t *p)
{
    p = c.element.open.put(out.room(p, c.element.open.room()));
    size_t i = 0;
    try {
        for (; i < c.parts.size(); i++)
            p = write_value(c.parts[i], v.list.cells[i], out, p);
    } catch (Error &e) {
        e.within("." + std::string(c.type->fields[i].name));
        throw;
    }
    return c.element.close.put(out.room(p, c.element.close.room()));
}

// --- which type becomes what ---------------------------------------------------------------------------

struct Mapping {
    Column::Write write;
    const char *target; // for describe_export
};

Mapping mapping_of(const Type &t)
{
    switch (t.kind) {
    case Kind::boolean: return {write_plain<print_bool>, "boolean"};
    case Kind::int2:
    case Kind::int4:
    case Kind::int8:
    case Kind::oid: return {write_plain<print_integer>, "integer"};
    case Kind::float4: return {write_plain<print_float4>, "number"};
    case Kind::float8: return {write_plain<print_float8>, "number"};
    case Kind::numeric:
    case Kind::money: return {write_numeric, "number"};
    case Kind::uuid: return {write_plain<print_uuid>, "text"};
    case Kind::bytes: return {write_base64, "base64"};
    case Kind::date: return {write_plain<print_date>, "date"};
    case Kind::time: return {write_plain<print_time>, "time"};
    case Kind::timestamp: return {write_plain<print_timestamp>, "timestamp"};
    case Kind::timestamptz: return {write_plain<print_utc>, "timestamp"};
    case Kind::interval: return {write_plain<print_interval>, "interval"};
    case Kind::jsonb: return {t.repr == Repr::jsonb ? write_jsonb : write_json, "elements"};
    case Kind::json:
    case Kind::json_text: return {write_json, "elements"};
    case Kind::xml: return {write_markup, "markup"};
    case Kind::record: return {write_record, "elements"};
    case Kind::array: return {write_array, "elements"};
    case Kind::map: return {write_pinned, "text"};
    case Kind::text:
    case Kind::enumeration:
    case Kind::pinned: break;
    }
    return {write_text, "text"};
}

Column compile(const char *name, const Type &t, bool omit_nulls, Scratch *scratch)
{
    std::string tag;
    xml::append_name(tag, name);
    Column c = {mapping_of(t).write, &t, xml::Element(tag), omit_nulls, scratch, Moments('T'), {}};
    // An element of an array is never left out: the others would change their places.
    if (t.kind == Kind::array) {
        c.parts.push_back(compile("element", *t.element, omit_nulls, scratch));
        c.parts.back().omit_nulls = false;
    }
    for (uint32_t i = 0; i < t.nfields; i++)
        c.parts.push_back(compile(t.fields[i].name, *t.fields[i].type, omit_nulls, scratch));
    return c;
}

const char *why_lossy(const Type &t)
{
    if (t.kind == Kind::json || t.kind == Kind::jsonb)
        return "JSON types are not marked: 1 and \"1\", {} and [], null and an SQL NULL look the same";
    if (t.kind == Kind::json_text) return "types are not marked: inside, 1 and \"1\" look the same";
    const char *why = t.element ? why_lossy(*t.element) : nullptr;
    for (uint32_t i = 0; i < t.nfields && !why; i++)
        why = why_lossy(*t.fields[i].type);
    return why;
}

void describe_xml(const Spec &spec, Description &d)
{
    for (uint32_t i = 0; i < spec.row.nfields; i++) {
        const Field &f = spec.row.fields[i];
        const char *why = why_lossy(*f.type);
        std::string name;
        xml::append_name(name, f.name);
        d.columns.push_back({mapping_of(*f.type).target, name, why ? why : ""});
    }
}

// --- the file ------------------------------------------------------------------------------------------

std::string tag_name(const char *option, const char *otherwise)
{
    std::string name;
    xml::append_name(name, option ? option : otherwise);
    return name;
}

class XmlEncoder : public TextEncoder
{
  public:
    explicit XmlEncoder(const Spec &spec) : TextEncoder(spec), scratch_{Buffer(*spec.allocator), {}}
    {
        std::string name = tag_name(spec.options.row_name, "row");
        row_ = Label("<" + name + ">");
        end_row_ = Label("</" + name + ">\n");
        for (uint32_t i = 0; i < spec.row.nfields; i++)
            columns_.push_back(compile(spec.row.fields[i].name, *spec.row.fields[i].type,
                                       spec.options.omit_nulls, &scratch_));
    }

  private:
    uint8_t *write(Row row, Cursor &out, uint32_t &column) override
    {
        uint8_t *p = row_.put(out.begin(row_.room()));
        for (column = 0; column < columns_.size(); column++)
            p = write_value(columns_[column], row.cells[column], out, p);
        return end_row_.put(out.room(p, end_row_.room()));
    }

    Scratch scratch_;
    Label row_, end_row_;
    std::vector<Column> columns_; // point to scratch_
};

class XmlFramer : public Framer
{
  public:
    explicit XmlFramer(const Spec &spec) : root_(tag_name(spec.options.root_name, "rows")) {}
    void begin(uint32_t, Buffer &out) override
    {
        out.append(kDeclaration);
        out.append("<" + root_);
        out.append(kInstance);
        out.append(">\n");
    }
    void end(uint32_t, Buffer &out) override { out.append("</" + root_ + ">\n"); }

  private:
    const std::string root_;
};

const char *name_value(const RawOption &raw)
{
    if (!raw.value || !*raw.value)
        throw Error(Code::bad_value, "option \"" + std::string(raw.name) + "\" needs a name",
                    "Characters that an XML name cannot have are escaped.");
    return raw.value;
}

constexpr OptionDef kOptions[] = {
    {"root_name", [](Options &o, const RawOption &raw) { o.root_name = name_value(raw); }},
    {"row_name", [](Options &o, const RawOption &raw) { o.row_name = name_value(raw); }},
    {"nulls", set_nulls},
    {nullptr, nullptr},
};
} // namespace

extern const Format kXml;
const Format kXml = {
    "xml",
    Style::self_contained,
    /* codec_inside */ false,
    /* blocks_commute */ true,
    kTextCodecs,
    kOptions,
    text_block_size,
    no_contradictions,
    [](const Spec &s) -> std::unique_ptr<Encoder> { return std::make_unique<XmlEncoder>(s); },
    [](const Spec &s) -> std::unique_ptr<Framer> { return std::make_unique<XmlFramer>(s); },
    describe_xml,
    {".xml"},
};
} // namespace spout
