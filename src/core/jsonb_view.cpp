// jsonb_view.cpp - the walk is a loop with its own stack: a value nested deeper than the C stack allows
// must not end the server.
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
constexpr uint32_t kLength = 0x0FFFFFFF, kTypeShift = 28, kTypeMask = 7, kHasOffset = 0x80000000;

[[noreturn]] void damaged() { throw Error(Code::corrupt, "jsonb value is damaged"); }

uint32_t load32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, 4);
    return v;
}

// Where the entry's data ends; entries hold either an end offset or a length.
inline uint32_t entry_end(uint32_t entry, uint32_t start)
{
    return (entry & kHasOffset) ? entry & kLength : start + (entry & kLength);
}

inline JsonbItem item(JsonbContainer &c, uint32_t entry, uint32_t &position)
{
    uint32_t start = position, end = entry_end(entry, start);
    if (__builtin_expect(end < start || end > c.size, 0)) damaged();
    position = end;
    uint32_t type = entry >> kTypeShift & kTypeMask;
    switch (type) {
    case 0: return {JsonbTag::string, c.data + start, end - start};
    case 1:
    case 5:
        start = (start + 3) & ~3u; // numerics and containers are aligned, padding belongs to them
        if (start > end) damaged();
        return {type == 1 ? JsonbTag::number : JsonbTag::container, c.data + start, end - start};
    case 2: return {JsonbTag::no, nullptr, 0};
    case 3: return {JsonbTag::yes, nullptr, 0};
    case 4: return {JsonbTag::null, nullptr, 0};
    default: damaged();
    }
}

// Free at the beginning of each step of the loop below: enough for separators, a short key and a short
// value, so that these need no check of their own.
constexpr size_t kStep = 64;

uint8_t *print_number(Cursor &out, uint8_t *p, const JsonbItem &v, size_t tail)
{
    Digits d;
    if (!read_numeric(v.p, v.n, &d)) damaged();
    p = out.room(p, decimal_text_size(d) + 4 + tail);
    return decimal_text(p, d);
}

// `end` is where the whole jsonb ends: up to there a wide load is harmless.
inline uint8_t *print_string(Cursor &out, uint8_t *p, const JsonbItem &v, const uint8_t *end, size_t tail)
{
    *p++ = '"';
    uint8_t *q = v.n <= 16 && end - v.p >= 16 ? escape_json_short(p, v.p, v.n) : nullptr;
    if (!q) q = escape_json(out, p, reinterpret_cast<const char *>(v.p), v.n, tail + 1);
    *q++ = '"';
    return q;
}

// Saved outer containers: the first few without the heap.
class Stack
{
  public:
    void push(const JsonbContainer &c)
    {
        if (n_ < kInline)
            near_[n_] = c;
        else
            far_.push_back(c);
        n_++;
    }
    bool pop(JsonbContainer *c)
    {
        if (n_ == 0) return false;
        n_--;
        if (n_ < kInline) {
            *c = near_[n_];
        } else {
            *c = far_.back();
            far_.pop_back();
        }
        return true;
    }

  private:
    static constexpr size_t kInline = 8;
    JsonbContainer near_[kInline];
    std::vector<JsonbContainer> far_;
    size_t n_ = 0;
};

inline JsonbContainer open_container(const uint8_t *p, size_t n)
{
    if (n < 4) damaged();
    uint32_t header = load32(p), count = header & kCount;
    JsonbContainer c;
    c.object = header & kObject;
    c.scalar = header & kScalar;
    if (!c.object && !(header & kArray)) damaged();
    uint64_t head = 4 + uint64_t{4} * count * (c.object ? 2 : 1);
    if (head > n || n > UINT32_MAX || (c.scalar && (c.object || count != 1))) damaged();
    c.entries = p + 4;
    c.data = p + head;
    c.size = static_cast<uint32_t>(n - head);
    c.n = count;
    c.at = 0;
    c.key_end = c.value_end = 0;
    if (c.object) // values begin where the last key ends
        for (uint32_t i = 0; i < count; i++)
            c.value_end = entry_end(load32(c.entries + 4 * i), c.value_end);
    return c;
}

inline JsonbItem take_key(JsonbContainer &c)
{
    JsonbItem k = item(c, load32(c.entries + size_t{4} * c.at), c.key_end);
    if (k.tag != JsonbTag::string) damaged();
    return k;
}

inline JsonbItem take_value(JsonbContainer &c)
{
    size_t i = c.object ? size_t{c.n} + c.at : c.at;
    c.at++;
    return item(c, load32(c.entries + 4 * i), c.value_end);
}
} // namespace

JsonbContainer open_jsonb(const uint8_t *p, size_t n) { return open_container(p, n); }
JsonbItem next_key(JsonbContainer &c) { return take_key(c); }
JsonbItem next_value(JsonbContainer &c) { return take_value(c); }

uint8_t *print_jsonb(Cursor &out, uint8_t *p, const uint8_t *root, size_t n, size_t tail)
{
    const uint8_t *end = root + n;
    tail += kStep;
    Stack outer;
    JsonbContainer c = open_container(root, n);
    p = out.room(p, tail);
    if (!c.scalar) *p++ = c.object ? '{' : '[';
    for (;; p = out.room(p, tail)) {
        if (c.at == c.n) {
            if (!c.scalar) *p++ = c.object ? '}' : ']';
            if (!outer.pop(&c)) return p;
            continue;
        }
        if (c.at) {
            *p++ = ',';
            *p++ = ' ';
        }
        if (c.object) {
            p = print_string(out, p, take_key(c), end, tail);
            *p++ = ':';
            *p++ = ' ';
        }
        JsonbItem v = take_value(c);
        switch (v.tag) {
        case JsonbTag::string: p = print_string(out, p, v, end, tail); break;
        case JsonbTag::number: p = print_number(out, p, v, tail); break;
        case JsonbTag::no: p = copy(p, "false", 5); break;
        case JsonbTag::yes: p = copy(p, "true", 4); break;
        case JsonbTag::null: p = copy(p, "null", 4); break;
        case JsonbTag::container:
            outer.push(c);
            c = open_container(v.p, v.n);
            *p++ = c.object ? '{' : '[';
            break;
        }
    }
}
} // namespace spout
