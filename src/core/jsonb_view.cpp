// jsonb_view.cpp - PostgreSQL's on-disk jsonb (utils/jsonb.h): a container is a header with count and flags,
// an array of entries (type, and length or end offset), then the data; keys come before values. The walk is a
// loop with its own stack: a value nested deeper than the C stack allows must not end the server.
#include "core/jsonb_view.hpp"

#include <vector>

#include "core/decimal.hpp"
#include "core/error.hpp"
#include "core/escape.hpp"

#include "core/no_postgres.hpp"

namespace spout
{
namespace
{
constexpr uint32_t kCount = 0x0FFFFFFF, kScalar = 0x10000000, kObject = 0x20000000, kArray = 0x40000000;
constexpr uint32_t kLength = 0x0FFFFFFF, kTypeMask = 0x70000000, kHasOffset = 0x80000000;
constexpr uint32_t kString = 0, kNumber = 1, kFalse = 2, kTrue = 3, kNull = 4,
                   kNested = 5; // after kTypeShift
constexpr int kTypeShift = 28;

// What one element may write between two checks of the room: a short key, a short value, quotes, separators.
constexpr size_t kStep = 64;

[[noreturn]] void damaged() { throw Error(Code::corrupt, "jsonb value is damaged"); }

inline uint32_t load(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, 4);
    return v;
}

// Where the entry's data ends; entries hold either an end offset or a length.
inline uint32_t entry_end(uint32_t entry, uint32_t start)
{
    return (entry & kLength) + (entry & kHasOffset ? 0 : start);
}

// Numbers and containers are aligned; the padding belongs to their entry.
inline uint32_t align(uint32_t start, uint32_t end)
{
    start = (start + 3) & ~3u;
    if (__builtin_expect(start > end, 0)) damaged();
    return start;
}

// A container as its elements are met in order.
struct Container {
    const uint8_t *keys, *values; // the next entries; arrays have no keys
    const uint8_t *data;          // what offsets count from
    uint32_t size;                // bytes of data
    uint32_t left;                // elements or pairs to come
    uint32_t key_end, value_end;  // where the last ones ended
    bool object, empty;
};

// Only the root may be a scalar: an array of one element without brackets.
inline Container open(const uint8_t *p, size_t n, bool scalar)
{
    if (n < 4 || n > UINT32_MAX) damaged();
    uint32_t header = load(p), count = header & kCount, kind = header & (kScalar | kObject | kArray);
    Container c;
    c.object = kind == kObject;
    if (!c.object && kind != (scalar ? kScalar | kArray : kArray)) damaged();
    uint64_t head = 4 + (uint64_t{count} << (c.object ? 3 : 2));
    if (head > n || (scalar && count != 1)) damaged();
    c.keys = p + 4;
    c.values = c.object ? c.keys + 4 * size_t{count} : c.keys;
    c.data = p + head;
    c.size = static_cast<uint32_t>(n - head);
    c.left = count;
    c.empty = count == 0;
    c.key_end = c.value_end = 0;
    for (const uint8_t *k = c.keys; k < c.values; k += 4) // values begin where the last key ends
        c.value_end = entry_end(load(k), c.value_end);
    return c;
}

// Outer containers; the first few without the heap. Copied member by member, so that the walk's own position
// stays in registers.
class Stack
{
  public:
    void push(const Container &c) { (n_++ < kInline ? near_[n_ - 1] : far_.emplace_back()) = c; }
    bool empty() const { return n_ == 0; }
    Container pop()
    {
        if (--n_ < kInline) return near_[n_];
        Container c = far_.back();
        far_.pop_back();
        return c;
    }

  private:
    static constexpr size_t kInline = 8;
    Container near_[kInline];
    std::vector<Container> far_;
    size_t n_ = 0;
};

// The text and its closing quote; the opening one is written.
inline uint8_t *print_string(Cursor &out, uint8_t *p, const uint8_t *s, size_t n, const uint8_t *readable,
                             size_t tail)
{
    uint8_t *end = copy_plain(p, s, n, readable);
    if (!end) end = escape_json(out, p, reinterpret_cast<const char *>(s), n, tail);
    *end = '"';
    return end + 1;
}

inline uint8_t *print_number(Cursor &out, uint8_t *p, const uint8_t *s, size_t n, size_t tail)
{
    if (uint8_t *end = small_numeric_text(p, s, n)) return end;
    Digits d;
    if (!read_numeric(s, n, &d)) damaged();
    p = out.room(p, decimal_text_size(d) + tail);
    return decimal_text(p, d);
}

// Eight bytes, of which n count.
inline uint8_t *word(uint8_t *p, const char (&text)[9], size_t n)
{
    memcpy(p, text, 8);
    return p + n;
}

inline uint8_t *print_key(Cursor &out, uint8_t *p, Container &c, const uint8_t *readable, size_t tail)
{
    uint32_t entry = load(c.keys), start = c.key_end, end = entry_end(entry, start);
    if (__builtin_expect((entry & kTypeMask) != kString || end < start || end > c.size, 0)) damaged();
    c.keys += 4;
    c.key_end = end;
    *p++ = '"';
    p = print_string(out, p, c.data + start, end - start, readable, tail);
    memcpy(p, ": ", 2);
    return p + 2;
}
} // namespace

uint8_t *print_jsonb(Cursor &out, uint8_t *p, const uint8_t *root, size_t n, size_t tail)
{
    const uint8_t *readable = root + n;
    const bool scalar = n >= 4 && (load(root) & kScalar);
    tail += kStep;
    Stack outer;
    Container c = open(root, n, scalar);
    p = out.room(p, tail);
    if (!scalar) *p++ = c.object ? '{' : '[';
    for (;; p = out.room(p, tail)) {
        if (c.left == 0) {
            p -= c.empty ? 0 : 2; // the last separator
            if (!scalar) *p++ = c.object ? '}' : ']';
            if (outer.empty()) return p;
            c = outer.pop();
            p = word(p, ",       ", 2);
            continue;
        }
        if (c.object) p = print_key(out, p, c, readable, tail);
        uint32_t entry = load(c.values), start = c.value_end, end = entry_end(entry, start);
        if (__builtin_expect(end < start || end > c.size, 0)) damaged();
        c.values += 4;
        c.value_end = end;
        c.left--;
        switch ((entry & kTypeMask) >> kTypeShift) {
        case kString:
            *p++ = '"';
            p = print_string(out, p, c.data + start, end - start, readable, tail);
            break;
        case kNumber:
            start = align(start, end);
            p = print_number(out, p, c.data + start, end - start, tail);
            break;
        case kFalse: p = word(p, "false   ", 5); break;
        case kTrue: p = word(p, "true    ", 4); break;
        case kNull: p = word(p, "null    ", 4); break;
        case kNested:
            start = align(start, end);
            outer.push(c);
            c = open(c.data + start, end - start, false);
            *p++ = c.object ? '{' : '[';
            continue;
        default: damaged();
        }
        p = word(p, ",       ", 2);
    }
}
} // namespace spout
