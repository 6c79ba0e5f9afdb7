// csv.cpp - CSV exactly as the server's own COPY writes it (copyto.c, CopyAttributeOutCSV).
// Values that come as text are in the file's encoding already; numbers and dates are ASCII in all of them.
// Knows nothing of settings: what follows them arrives as text.
#include <algorithm>
#include <array>
#include <utility>

#include "base/cursor.hpp"
#include "base/decimal.hpp"
#include "base/jsonb_view.hpp"
#include "base/moment.hpp"
#include "base/scan.hpp"
#include "base/short_decimal.hpp"
#include "base/text.hpp"
#include "format/text/encoder.hpp"

#include "base/no_postgres.hpp"

namespace spout
{
namespace
{
constexpr size_t kRoom = kTimeText; // any value that is no text, numeric or jsonb

// Everything that numbers, dates, uuids and hexadecimal strings are made of.
constexpr std::string_view kPlainBytes =
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+-.: \\";

struct Dialect {
    explicit Dialect(const CsvOptions &o) : csv(o), null(o.null_text)
    {
        for (char c : {o.delimiter, o.quote, '\n', '\r'})
            special[static_cast<uint8_t>(c)] = true;
        memset(delimiters, o.delimiter, kWide);
        memset(quotes, o.quote, kWide);
        auto plain = [](char c) { return kPlainBytes.find(c) != kPlainBytes.npos; };
        plain_is_safe = !plain(o.delimiter) && !plain(o.quote) &&
                        (null.empty() || !std::all_of(null.begin(), null.end(), plain));
        doubles = o.quote == '"' && o.escape == '"' && !o.mblen;
    }
    const CsvOptions &csv; // owned by the Spec
    std::string_view null;
    std::array<bool, 256> special{};
    alignas(kWide) uint8_t delimiters[kWide];
    alignas(kWide) uint8_t quotes[kWide];
    bool plain_is_safe; // values that are no text never need quotes
    bool doubles;       // a quote in a quoted value is two quotes, and nothing else is changed
};

// --- text
// ---------------------------------------------------------------------------------------------------

// The bytes that make a text need quotes.
struct Special {
    const Dialect &d;
#ifdef __SSE2__
    __m128i operator()(__m128i v) const
    {
        __m128i delimiter = _mm_load_si128(reinterpret_cast<const __m128i *>(d.delimiters));
        __m128i quote = _mm_load_si128(reinterpret_cast<const __m128i *>(d.quotes));
        __m128i lf = _mm_cmpeq_epi8(v, _mm_set1_epi8('\n')), cr = _mm_cmpeq_epi8(v, _mm_set1_epi8('\r'));
        __m128i marks = _mm_or_si128(_mm_cmpeq_epi8(v, delimiter), _mm_cmpeq_epi8(v, quote));
        return _mm_or_si128(_mm_or_si128(lf, cr), marks);
    }
#endif
    bool operator()(uint8_t c) const { return d.special[c]; }
};

bool needs_quotes(const Dialect &d, std::string_view s)
{
    for (size_t i = 0; i < s.size(); i++) {
        auto c = static_cast<uint8_t>(s[i]);
        if (d.special[c]) return true;
        if (c & 0x80 && d.csv.mblen) i += static_cast<size_t>(d.csv.mblen(d.csv.encoding, &s[i])) - 1;
    }
    return false;
}

// Escapes as many bytes as fill wide steps; says how many.
size_t escape_wide(const Dialect &d, uint8_t *&p, std::string_view s)
{
    size_t i = 0;
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8(d.csv.quote), escape = _mm_set1_epi8(d.csv.escape);
    while (i + kWide <= s.size()) {
        __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i *>(&s[i]));
        __m128i hit = _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, escape));
        auto mask = static_cast<uint32_t>(_mm_movemask_epi8(hit));
        _mm_storeu_si128(reinterpret_cast<__m128i *>(p), v);
        size_t plain = mask ? static_cast<size_t>(__builtin_ctz(mask)) : kWide;
        p += plain;
        i += plain;
        if (!mask) continue;
        *p++ = static_cast<uint8_t>(d.csv.escape);
        *p++ = static_cast<uint8_t>(s[i++]);
    }
#endif
    return i;
}

uint8_t *quoted(const Dialect &d, Cursor &out, uint8_t *p, std::string_view s, size_t tail)
{
    p = out.room(p, 2 * s.size() + 2 + kWide + tail);
    *p++ = static_cast<uint8_t>(d.csv.quote);
    size_t i = d.csv.mblen ? 0 : escape_wide(d, p, s);
    for (; i < s.size(); i++) {
        char c = s[i];
        if (c == d.csv.quote || c == d.csv.escape) *p++ = static_cast<uint8_t>(d.csv.escape);
        *p++ = static_cast<uint8_t>(c);
        if (d.csv.mblen && c & 0x80) {
            // The bytes of one character, of which the later ones may look like a quote.
            auto more = static_cast<size_t>(d.csv.mblen(d.csv.encoding, &s[i])) - 1;
            for (; more && i + 1 < s.size(); more--)
                *p++ = static_cast<uint8_t>(s[++i]);
        }
    }
    *p++ = static_cast<uint8_t>(d.csv.quote);
    return p;
}

// `quote`: needs quotes whatever its bytes are.
inline uint8_t *text(const Dialect &d, Cursor &out, uint8_t *p, std::string_view s, bool quote,
                     bool only_column, size_t tail)
{
    if (quote || s == d.null || (only_column && s == "\\.")) return quoted(d, out, p, s, tail);
    p = out.room(p, s.size() + kWide + tail);
    if (__builtin_expect(d.csv.mblen != nullptr, 0) && needs_quotes(d, s)) return quoted(d, out, p, s, tail);
    if (d.csv.mblen) return copy(p, s.data(), s.size());
    uint8_t *end = copy_unless(p, s.data(), s.size(), Special{d});
    return end ? end : quoted(d, out, p, s, tail);
}

// --- columns
// --------------------------------------------------------------------------------------------------

struct Column {
    uint8_t *(*write)(const Column &, const Cell &, Cursor &, uint8_t *p); // leaves kTail behind the result
    const Dialect *dialect;
    bool force, only;
    bool plain; // a value that is no text is written as it is
    mutable Moments moments;
    mutable Buffer scratch;        // values that must be looked at before they are written
    decltype(write) own = nullptr; // of values that are not Cell::printed, once some may be
};
constexpr size_t kTail = 2; // delimiter or line end, and the next column's first byte

uint8_t *write_text(const Column &c, const Cell &v, Cursor &out, uint8_t *p)
{
    return text(*c.dialect, out, p, {v.s.p, v.s.n}, c.force || v.like_null, c.only, kTail);
}

// A value of bounded size, made of kPlainBytes.
template <uint8_t *(*print)(const Column &, uint8_t *, const Cell &)>
uint8_t *write_plain(const Column &c, const Cell &v, Cursor &out, uint8_t *p)
{
    if (__builtin_expect(c.plain, 1)) return print(c, out.room(p, kRoom + kTail), v);
    uint8_t room[kRoom];
    std::string_view s(reinterpret_cast<char *>(room), static_cast<size_t>(print(c, room, v) - room));
    return text(*c.dialect, out, p, s, c.force, c.only, kTail);
}

uint8_t *print_integer(const Column &, uint8_t *p, const Cell &v) { return put_integer(p, v.i); }
uint8_t *print_bool(const Column &, uint8_t *p, const Cell &v)
{
    *p = v.i ? 't' : 'f';
    return p + 1;
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

uint8_t *write_numeric(const Column &c, const Cell &v, Cursor &out, uint8_t *p)
{
    if (__builtin_expect(c.plain, 1)) {
        p = out.room(p, kShortDecimal + kTail);
        if (uint8_t *end = short_decimal_text(p, v.num)) return end;
    }
    size_t n = decimal_text_size(v.num) + 4; // may write 4 bytes beyond the text
    if (c.plain) return decimal_text(out.room(p, n + kTail), v.num);
    c.scratch.clear();
    uint8_t *start = c.scratch.reserve(n), *end = decimal_text(start, v.num);
    std::string_view s(reinterpret_cast<char *>(start), static_cast<size_t>(end - start));
    return text(*c.dialect, out, p, s, c.force, c.only, kTail);
}

uint8_t *write_bytes(const Column &c, const Cell &v, Cursor &out, uint8_t *p)
{
    auto print = [&](uint8_t *to) {
        *to++ = '\\';
        *to++ = 'x';
        return hex_text(to, v.s.p, v.s.n);
    };
    const size_t n = 2 * size_t{v.s.n} + 2;
    if (__builtin_expect(c.plain, 1)) return print(out.room(p, n + kTail));
    c.scratch.clear();
    uint8_t *start = c.scratch.reserve(n);
    print(start);
    std::string_view s(reinterpret_cast<char *>(start), n);
    p = text(*c.dialect, out, p, s, c.force, c.only, kTail);
    c.scratch.shrink(kTextBlock);
    return p;
}

uint8_t *write_jsonb(const Column &c, const Cell &v, Cursor &out, uint8_t *p)
{
    auto *root = reinterpret_cast<const uint8_t *>(v.s.p);
    if (c.dialect->doubles && is_jsonb_object(root, v.s.n)) return quote_jsonb(out, p, root, v.s.n, kTail);
    c.scratch.clear();
    Cursor side(c.scratch);
    side.commit(print_jsonb(side, side.begin(0), root, v.s.n, 0));
    std::string_view s = c.scratch.view();
    p = text(*c.dialect, out, p, s, c.force, c.only, kTail);
    c.scratch.shrink(kTextBlock);
    return p;
}

uint8_t *write_either(const Column &c, const Cell &v, Cursor &out, uint8_t *p)
{
    return (v.printed ? write_text : c.own)(c, v, out, p);
}

decltype(Column::write) writer_of(const Type &t)
{
    if (t.repr == Repr::digits) return write_numeric;
    if (t.repr == Repr::jsonb) return write_jsonb;
    switch (t.kind) {
    case Kind::boolean: return write_plain<print_bool>;
    case Kind::uuid: return write_plain<print_uuid>;
    case Kind::bytes: return write_bytes;
    case Kind::date: return t.repr == Repr::integer ? write_plain<print_date> : write_text;
    case Kind::time: return write_plain<print_time>;
    case Kind::timestamp: return write_plain<print_timestamp>;
    case Kind::timestamptz: return write_plain<print_local>;
    default: return t.repr == Repr::integer ? write_plain<print_integer> : write_text;
    }
}

// --- the file
// ---------------------------------------------------------------------------------------------------

class CsvEncoder : public TextEncoder
{
  public:
    explicit CsvEncoder(const Spec &spec) : TextEncoder(spec), dialect_(spec.options.csv)
    {
        const bool *force = spec.options.csv.force_quote;
        for (uint32_t i = 0; i < spec.row.nfields; i++)
            columns_.push_back({writer_of(*spec.row.fields[i].type), &dialect_, force && force[i],
                                spec.row.nfields == 1, dialect_.plain_is_safe && !(force && force[i]),
                                Moments(' '), Buffer(*spec.allocator)});
    }
    void expect_printed() override
    {
        for (Column &c : columns_)
            if (c.write != write_either) c.own = std::exchange(c.write, write_either);
    }

  private:
    uint8_t *write(Row row, Cursor &out, uint32_t &column) override
    {
        uint8_t *p = out.begin(kTail);
        uint32_t i = 0;
        for (const Column &c : columns_) {
            column = i;
            if (i) *p++ = static_cast<uint8_t>(dialect_.csv.delimiter);
            const Cell &v = row.cells[i++];
            p = v.null ? copy(out.room(p, dialect_.null.size() + kTail), dialect_.null.data(),
                              dialect_.null.size())
                       : c.write(c, v, out, p);
        }
        *p++ = '\n';
        return p;
    }

    const Dialect dialect_;
    std::vector<Column> columns_;
};

class CsvFramer : public Framer
{
  public:
    explicit CsvFramer(const Spec &spec) : spec_(spec), dialect_(spec.options.csv) {}

    // Names are quoted where they must be, never by force_quote.
    void begin(uint32_t, Buffer &out) override
    {
        if (!dialect_.csv.header) return;
        Cursor to(out);
        uint8_t *p = to.begin(kTail);
        for (uint32_t i = 0; i < spec_.row.nfields; i++) {
            if (i) *p++ = static_cast<uint8_t>(dialect_.csv.delimiter);
            std::string_view name = spec_.row.fields[i].name;
            p = text(dialect_, to, p, name, false, spec_.row.nfields == 1, kTail);
        }
        *p++ = '\n';
        to.commit(p);
    }
    void end(uint32_t, Buffer &) override {}

  private:
    const Spec &spec_; // owned by the Writer
    const Dialect dialect_;
};

void describe_csv(const Spec &spec, Description &d)
{
    for (uint32_t i = 0; i < spec.row.nfields; i++)
        d.columns.push_back({"text", spec.row.fields[i].name, ""});
}

// The server checks these with its own COPY's messages.
constexpr OptionDef kOptions[] = {
    {"header", nullptr}, {"delimiter", nullptr},   {"quote", nullptr},    {"escape", nullptr},
    {"null", nullptr},   {"force_quote", nullptr}, {"encoding", nullptr}, {nullptr, nullptr},
};
} // namespace

extern const Format kCsv;
const Format kCsv = {
    "csv",
    Style::csv,
    /* codec_inside */ false,
    /* blocks_commute */ true,
    kTextCodecs,
    kOptions,
    text_block_size,
    no_contradictions,
    [](const Spec &s) -> std::unique_ptr<Encoder> { return std::make_unique<CsvEncoder>(s); },
    [](const Spec &s) -> std::unique_ptr<Framer> { return std::make_unique<CsvFramer>(s); },
    describe_csv,
    {".csv"},
};
} // namespace spout
