// jsonb_view.cpp - jsonb as text. The walk is a loop with its own stack: a value nested deeper than the C
// stack allows must not end the server.
#include "base/jsonb_view.hpp"

#include "base/decimal.hpp"
#include "base/escape.hpp"
#include "base/jsonb_layout.hpp"
#include "base/short_decimal.hpp"

#include "base/no_postgres.hpp"

namespace spout
{
namespace
{
using namespace jsonb;

// What wide stores may write beyond the text.
constexpr size_t kSlack = 64;

// How a quote is written: once, or twice where the whole text stands in quotes.
enum class Quote { once, twice };

template <Quote kQuote> inline uint8_t *put_quote(uint8_t *p)
{
    *p++ = '"';
    if (kQuote == Quote::twice) *p++ = '"';
    return p;
}

// Where texts go that need more than a copy, and the bytes a wide load may touch: those of the whole value.
struct Job {
    Cursor &out;
    const uint8_t *begin, *end;
    size_t tail; // to keep free behind whatever is written
};

template <Quote kQuote> uint8_t *print_escaped(const Job &j, uint8_t *p, const uint8_t *s, size_t n)
{
    auto *text = reinterpret_cast<const char *>(s);
    if (n <= kShortText)
        if (uint8_t *end = copy_unless(p, text, n, JsonSpecial())) return end;
    auto *escape = kQuote == Quote::once ? escape_json : escape_json_quotes_twice;
    return escape(j.out, p, text, n, j.tail);
}

// Without the quote at its end.
template <Quote kQuote> inline uint8_t *print_string(const Job &j, uint8_t *p, const uint8_t *s, size_t n)
{
    p = put_quote<kQuote>(p);
    uint8_t *end = copy_plain(p, s, n, j.begin, j.end);
    return __builtin_expect(end != nullptr, 1) ? end : print_escaped<kQuote>(j, p, s, n);
}

uint8_t *print_large_number(const Job &j, uint8_t *p, const uint8_t *s, size_t n)
{
    Digits d;
    if (!read_numeric(s, n, &d)) damaged();
    p = j.out.room(p, decimal_text_size(d) + j.tail);
    return decimal_text(p, d);
}

// Eight bytes, of which n count.
inline uint8_t *word(uint8_t *p, const char (&text)[9], size_t n)
{
    memcpy(p, text, 8);
    return p + n;
}

// Anything but a container.
template <Quote kQuote>
__attribute__((always_inline)) inline uint8_t *print_leaf(const Job &j, uint8_t *p, uint32_t entry,
                                                          const uint8_t *data, uint32_t start, uint32_t end)
{
    switch ((entry & kTypeMask) >> kTypeShift) {
    case kString: return put_quote<kQuote>(print_string<kQuote>(j, p, data + start, end - start));
    case kNumber: {
        start = align(start, end);
        uint8_t *past = packed_decimal_text(p, data + start, end - start);
        return past ? past : print_large_number(j, p, data + start, end - start);
    }
    case kFalse: return word(p, "false   ", 5);
    case kTrue: return word(p, "true    ", 4);
    case kNull: return word(p, "null    ", 4);
    default: damaged();
    }
}

template <Quote kQuote> inline uint8_t *print_key(const Job &j, uint8_t *p, Container &c)
{
    uint32_t entry = load(c.keys), start = c.key_end, end = entry_end(entry, start);
    if (__builtin_expect((entry & kTypeMask) != kString || end < start || end > c.size, 0)) damaged();
    c.keys += 4;
    c.key_end = end;
    p = print_string<kQuote>(j, p, c.data + start, end - start);
    return kQuote == Quote::once ? word(p, "\":      ", 3) : word(p, "\"\":     ", 4);
}

template <Quote kQuote> uint8_t *print_tree(const Job &j, uint8_t *p, const uint8_t *root, size_t n)
{
    Stack outer;
    Container c = open(root, n);
    *p++ = c.object ? '{' : '[';
    for (;;) {
        if (c.left == 0) {
            *p++ = c.object ? '}' : ']';
            if (outer.empty()) return p;
            c = outer.pop();
            if (c.left) p = word(p, ",       ", 2);
            continue;
        }
        if (c.object) p = print_key<kQuote>(j, p, c);
        uint32_t entry = load(c.values), start = c.value_end, end = entry_end(entry, start);
        if (__builtin_expect(end < start || end > c.size, 0)) damaged();
        c.values += 4;
        c.value_end = end;
        c.left--;
        if ((entry & kTypeMask) >> kTypeShift == kNested) {
            start = align(start, end);
            outer.push(c);
            c = open(c.data + start, end - start);
            *p++ = c.object ? '{' : '[';
            continue;
        }
        p = print_leaf<kQuote>(j, p, entry, c.data, start, end);
        if (c.left) p = word(p, ",       ", 2);
    }
}
// No byte is printed twice, and none of them, nor an entry of four, gives more than two characters with
// all quotes and separators; what does, escapes and long numbers, asks for its own room.
Job job(Cursor &out, const uint8_t *root, size_t n, size_t tail)
{
    return {out, root, root + n, 2 * n + kSlack + tail};
}
} // namespace

bool is_jsonb_object(const uint8_t *root, size_t n)
{
    return n >= 4 && (load(root) & (kScalar | kObject)) == kObject && (load(root) & kCount);
}

uint8_t *quote_jsonb(Cursor &out, uint8_t *p, const uint8_t *root, size_t n, size_t tail)
{
    const Job j = job(out, root, n, tail);
    p = out.room(p, j.tail);
    *p++ = '"';
    p = print_tree<Quote::twice>(j, p, root, n);
    *p++ = '"';
    return p;
}

uint8_t *print_jsonb(Cursor &out, uint8_t *p, const uint8_t *root, size_t n, size_t tail)
{
    const Job j = job(out, root, n, tail);
    p = out.room(p, j.tail);
    if (n < 4) damaged();
    uint32_t header = load(root);
    if (!(header & kScalar)) return print_tree<Quote::once>(j, p, root, n);
    uint32_t end = scalar_end(root, n);
    return print_leaf<Quote::once>(j, p, load(root + 4), root + 8, 0, end);
}
} // namespace spout
