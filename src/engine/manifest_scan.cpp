// manifest_scan.cpp - one byte at a time: a few comparisons each, and manifests are small.
#include "engine/manifest_scan.hpp"

#include <cstring>

#include "base/no_postgres.hpp"

namespace spout
{
namespace
{
using Scan = ManifestScan;
using State = Scan::State;
using Number = Scan::Number;
using Key = Scan::Key;

// False, for the caller to hand on.
bool bad(Scan *m, const char *why)
{
    m->problem = why;
    return false;
}
bool no_json(Scan *m) { return bad(m, "is not valid JSON"); }

uint32_t bit(Key k) { return 1u << static_cast<int>(k); }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

int hex_digit(char c)
{
    if (is_digit(c)) return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool in_object(const Scan *m)
{
    return m->depth && (m->objects[(m->depth - 1) / 8] >> ((m->depth - 1) % 8) & 1);
}

// --- what is of interest ------------------------------------------------------------------------
enum class Kind : uint8_t { string, number, yes, no, null };

bool is(const Scan *m, const char *word)
{
    return m->ntext == strlen(word) && memcmp(m->text, word, m->ntext) == 0;
}

Key key_of(const Scan *m)
{
    static constexpr struct {
        const char *name;
        Key key;
    } kKeys[] = {{"pg_spout_manifest", Key::version},
                 {"format", Key::format},
                 {"compression", Key::compression},
                 {"csv", Key::csv},
                 {"files", Key::files},
                 {"header", Key::header},
                 {"quote", Key::quote},
                 {"escape", Key::escape},
                 {"encoding", Key::encoding},
                 {"name", Key::name},
                 {"rows", Key::rows},
                 {"bytes", Key::bytes},
                 {"crc32c", Key::crc32c}};
    for (auto &k : kKeys)
        if (is(m, k.name)) return k.key;
    return Key::other;
}

bool copy(Scan *m, char *to, size_t room)
{
    if (m->ntext >= room) return bad(m, "has a text that is too long");
    memcpy(to, m->text, m->ntext);
    to[m->ntext] = '\0';
    return true;
}

bool whole_number(const Scan *m, uint64_t *value)
{
    *value = 0;
    if (m->ntext == 0 || m->ntext > 18) return false;
    for (uint32_t i = 0; i < m->ntext; i++) {
        if (!is_digit(m->text[i])) return false;
        *value = *value * 10 + static_cast<uint64_t>(m->text[i] - '0');
    }
    return true;
}

// A character, or the number of a byte that is none.
bool byte_member(Scan *m, Kind kind, char *to)
{
    uint64_t v = 0;
    if (kind == Kind::string && m->ntext == 1)
        *to = m->text[0];
    else if (kind == Kind::number && whole_number(m, &v) && v >= 1 && v <= 255)
        *to = static_cast<char>(v);
    else
        return bad(m, "has a quote or escape that is no single byte");
    return true;
}

bool csv_member(Scan *m, Kind kind)
{
    ManifestAbout *a = &m->about;
    switch (m->sub) {
    case Key::header:
        if (kind != Kind::yes && kind != Kind::no)
            return bad(m, "has a CSV header that is neither true nor false");
        a->header = kind == Kind::yes;
        break;
    case Key::quote:
        if (!byte_member(m, kind, &a->quote)) return false;
        break;
    case Key::escape:
        if (!byte_member(m, kind, &a->escape)) return false;
        break;
    case Key::encoding:
        if (kind != Kind::string) return bad(m, "has an encoding that is no text");
        if (!copy(m, a->encoding, sizeof a->encoding)) return false;
        break;
    default: return true;
    }
    m->given |= bit(m->sub);
    return true;
}

bool checksum(Scan *m)
{
    m->file.crc32c = 0;
    if (m->ntext != 8) return false;
    for (uint32_t i = 0; i < 8; i++) {
        int digit = hex_digit(m->text[i]);
        if (digit < 0) return false;
        m->file.crc32c = m->file.crc32c << 4 | static_cast<uint32_t>(digit);
    }
    return true;
}

bool file_member(Scan *m, Kind kind)
{
    switch (m->sub) {
    case Key::name:
        if (kind != Kind::string || !m->ntext) return bad(m, "has a file without a name");
        if (!copy(m, m->file.name, sizeof m->file.name)) return bad(m, "has a file name that is too long");
        break;
    case Key::rows:
    case Key::bytes:
        if (kind != Kind::number || !whole_number(m, m->sub == Key::rows ? &m->file.rows : &m->file.bytes))
            return bad(m, "has a file whose rows or bytes are no whole number");
        break;
    case Key::crc32c:
        if (kind != Kind::string || !checksum(m))
            return bad(m, "has a file whose checksum is not eight hexadecimal digits");
        break;
    default: return true;
    }
    m->given_file |= bit(m->sub);
    return true;
}

bool top_member(Scan *m, Kind kind)
{
    switch (m->top) {
    case Key::version:
        if (kind != Kind::number || !is(m, "1"))
            return bad(m, "is of a version that this release does not know");
        break;
    case Key::format:
        if (kind != Kind::string) return bad(m, "does not name its format");
        if (!copy(m, m->about.format, sizeof m->about.format)) return false;
        break;
    case Key::compression:
        if (kind != Kind::string) return bad(m, "has a compression that is no text");
        if (!copy(m, m->about.compression, sizeof m->about.compression)) return false;
        break;
    case Key::csv: return bad(m, "has CSV options that are no object");
    case Key::files: return bad(m, "has a list of files that is no list");
    default: return true;
    }
    m->given |= bit(m->top);
    return true;
}

bool in_file(const Scan *m) { return m->depth == 3 && m->top == Key::files; }

bool scalar(Scan *m, Kind kind)
{
    m->state = State::after;
    if (m->depth == 0) return bad(m, "is not one of pg_spout");
    if (m->depth == 1) return top_member(m, kind);
    if (m->depth == 2 && m->top == Key::files) return bad(m, "has a file that is no object");
    if (m->depth == 2 && m->top == Key::csv) return csv_member(m, kind);
    return !in_file(m) || file_member(m, kind);
}

bool open(Scan *m, bool object)
{
    if (m->depth == 0 && !object) return bad(m, "is not one of pg_spout");
    if (m->depth == Scan::kMaxDepth) return bad(m, "is nested too deeply");
    if (m->depth == 1) {
        const bool files = m->top == Key::files, csv = m->top == Key::csv;
        if (((files || csv) && object != csv) || m->top == Key::version || m->top == Key::format ||
            m->top == Key::compression)
            return bad(m, "is not one of pg_spout");
        if (files && (m->given & bit(m->top))) return bad(m, "has two lists of files");
        m->given |= bit(m->top);
        m->about.csv = m->about.csv || csv;
    } else if (m->depth == 2 && m->top == Key::files) {
        if (!object) return bad(m, "has a file that is no object");
        m->given_file = 0;
    } else if (in_file(m) && m->sub != Key::other && m->sub >= Key::name)
        return bad(m, "has a file without a name, numbers or checksum");
    const uint8_t mask = static_cast<uint8_t>(1u << (m->depth % 8));
    uint8_t &byte = m->objects[m->depth / 8];
    byte = static_cast<uint8_t>(object ? byte | mask : byte & ~mask);
    m->depth++;
    m->state = object ? State::first_key : State::first_value;
    return true;
}

ManifestStep close(Scan *m)
{
    const bool file = in_file(m);
    m->depth--;
    m->state = m->depth ? State::after : State::end;
    if (!file) return ManifestStep::more;
    const uint32_t needed = bit(Key::name) | bit(Key::rows) | bit(Key::bytes) | bit(Key::crc32c);
    if ((m->given_file & needed) != needed) {
        bad(m, "has a file without a name, numbers or checksum");
        return ManifestStep::bad;
    }
    m->files++;
    return ManifestStep::file;
}

// --- JSON ---------------------------------------------------------------------------------------
void put(Scan *m, char c)
{
    if (m->ntext < Scan::kMaxText) m->text[m->ntext++] = c;
}

void put_code_point(Scan *m, uint32_t c)
{
    auto tail = [&](unsigned shift) { put(m, static_cast<char>(0x80 | (c >> shift & 0x3F))); };
    if (c < 0x80)
        put(m, static_cast<char>(c));
    else if (c < 0x800)
        put(m, static_cast<char>(0xC0 | c >> 6)), tail(0);
    else if (c < 0x10000)
        put(m, static_cast<char>(0xE0 | c >> 12)), tail(6), tail(0);
    else
        put(m, static_cast<char>(0xF0 | c >> 18)), tail(12), tail(6), tail(0);
}

bool string_begin(Scan *m, bool key)
{
    m->state = State::string;
    m->is_key = key;
    m->ntext = 0;
    m->surrogate = 0;
    return true;
}

bool string_end(Scan *m)
{
    if (!m->is_key) return scalar(m, Kind::string);
    if (m->depth == 1) m->top = key_of(m);
    if (m->depth == 2 || m->depth == 3) m->sub = key_of(m);
    m->state = State::colon;
    return true;
}

bool string_byte(Scan *m, char c)
{
    if (m->surrogate && c != '\\') return no_json(m);
    if (c == '"') return string_end(m);
    if (static_cast<unsigned char>(c) < 0x20) return no_json(m);
    if (c == '\\')
        m->state = State::escape;
    else
        put(m, c);
    return true;
}

bool escape_byte(Scan *m, char c)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    if (c == 'u') {
        m->state = State::hex;
        m->hex = m->nhex = 0;
        return true;
    }
    const char *hit = c ? strchr(from, c) : nullptr;
    if (!hit || m->surrogate) return no_json(m);
    put(m, to[hit - from]);
    m->state = State::string;
    return true;
}

bool hex_byte(Scan *m, char c)
{
    int digit = hex_digit(c);
    if (digit < 0) return no_json(m);
    m->hex = m->hex << 4 | static_cast<uint32_t>(digit);
    if (++m->nhex < 4) return true;
    m->state = State::string;
    const bool low = m->hex >= 0xDC00 && m->hex <= 0xDFFF;
    if (low != (m->surrogate != 0)) return no_json(m);
    if (m->hex >= 0xD800 && m->hex <= 0xDBFF) {
        m->surrogate = m->hex;
        return true;
    }
    if (m->hex == 0) return bad(m, "has a text with U+0000, which is no character of texts here");
    put_code_point(m, low ? 0x10000 + ((m->surrogate - 0xD800) << 10) + (m->hex - 0xDC00) : m->hex);
    m->surrogate = 0;
    return true;
}

// False with no problem set: the number ended before c.
bool number_byte(Scan *m, char c)
{
    auto go = [&](Number to) {
        m->number = to;
        put(m, c);
        return true;
    };
    switch (m->number) {
    case Number::minus: return is_digit(c) ? go(c == '0' ? Number::zero : Number::whole) : no_json(m);
    case Number::whole:
        if (is_digit(c)) return go(Number::whole);
        [[fallthrough]];
    case Number::zero:
        if (c == '.') return go(Number::point);
        if (c == 'e' || c == 'E') return go(Number::e);
        return false;
    case Number::point: return is_digit(c) ? go(Number::fraction) : no_json(m);
    case Number::fraction:
        if (c == 'e' || c == 'E') return go(Number::e);
        return is_digit(c) && go(Number::fraction);
    case Number::e:
        if (c == '+' || c == '-') return go(Number::sign);
        [[fallthrough]];
    case Number::sign: return is_digit(c) ? go(Number::exponent) : no_json(m);
    case Number::exponent: return is_digit(c) && go(Number::exponent);
    }
    return false;
}

bool word_byte(Scan *m, char c)
{
    if (c != *m->word) return no_json(m);
    if (*++m->word) return true;
    return scalar(m, m->text[0] == 't' ? Kind::yes : m->text[0] == 'f' ? Kind::no : Kind::null);
}

bool value_begin(Scan *m, char c)
{
    m->ntext = 0;
    switch (c) {
    case '{': return open(m, true);
    case '[': return open(m, false);
    case '"': return string_begin(m, false);
    case 't': m->word = "rue"; break;
    case 'f': m->word = "alse"; break;
    case 'n': m->word = "ull"; break;
    default:
        if (c != '-' && !is_digit(c)) return no_json(m);
        m->state = State::number;
        m->number = c == '-' ? Number::minus : c == '0' ? Number::zero : Number::whole;
        put(m, c);
        return true;
    }
    put(m, c);
    m->state = State::word;
    return true;
}

ManifestStep between(Scan *m, char c)
{
    if (is_space(c)) return ManifestStep::more;
    const bool object = in_object(m);
    bool fine = false;
    switch (m->state) {
    case State::first_value:
        if (c == ']') return close(m);
        [[fallthrough]];
    case State::value: fine = value_begin(m, c); break;
    case State::first_key:
        if (c == '}') return close(m);
        [[fallthrough]];
    case State::key: fine = c == '"' ? string_begin(m, true) : no_json(m); break;
    case State::colon:
        fine = c == ':' || no_json(m);
        m->state = State::value;
        break;
    case State::after:
        if (c == (object ? '}' : ']')) return close(m);
        fine = c == ',' || no_json(m);
        m->state = object ? State::key : State::value;
        break;
    default: fine = no_json(m);
    }
    return fine ? ManifestStep::more : ManifestStep::bad;
}

ManifestStep step(Scan *m, char c)
{
    bool fine = false;
    switch (m->state) {
    case State::string: fine = string_byte(m, c); break;
    case State::escape: fine = escape_byte(m, c); break;
    case State::hex: fine = hex_byte(m, c); break;
    case State::word: fine = word_byte(m, c); break;
    case State::number:
        if (number_byte(m, c)) return ManifestStep::more;
        if (m->problem || !scalar(m, Kind::number)) return ManifestStep::bad;
        return between(m, c);
    default: return between(m, c);
    }
    return fine ? ManifestStep::more : ManifestStep::bad;
}
} // namespace

void manifest_begin(ManifestScan *m) noexcept
{
    *m = {};
    m->about.quote = m->about.escape = '"';
}

ManifestStep manifest_feed(ManifestScan *m, const char **p, const char *end) noexcept
{
    while (*p < end) {
        m->at++;
        ManifestStep s = step(m, *(*p)++);
        if (s != ManifestStep::more) return s;
    }
    return ManifestStep::more;
}

ManifestStep manifest_end(ManifestScan *m) noexcept
{
    if (m->state != State::end) return bad(m, m->at ? "ends too early" : "is empty"), ManifestStep::bad;
    if (!(m->given & bit(Key::version)) || !(m->given & bit(Key::files)))
        return bad(m, "is not one of pg_spout"), ManifestStep::bad;
    if (!(m->given & bit(Key::format))) return bad(m, "does not name its format"), ManifestStep::bad;
    return ManifestStep::done;
}
} // namespace spout
