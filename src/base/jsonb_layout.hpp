// jsonb_layout.hpp - PostgreSQL's on-disk jsonb (utils/jsonb.h): a container is a header with count and
// flags, an array of entries (type, and length or end offset), then the data; keys come before values. A
// scalar is an array of one with a flag. For those who walk through it; every offset is checked.
#pragma once
#include <cstdint>
#include <cstring>
#include <vector>

#include "base/error.hpp"

namespace spout::jsonb
{
constexpr uint32_t kCount = 0x0FFFFFFF, kScalar = 0x10000000, kObject = 0x20000000, kArray = 0x40000000;
constexpr uint32_t kLength = 0x0FFFFFFF, kTypeMask = 0x70000000, kHasOffset = 0x80000000;
constexpr uint32_t kString = 0, kNumber = 1, kFalse = 2, kTrue = 3, kNull = 4,
                   kNested = 5; // after kTypeShift
constexpr int kTypeShift = 28;

[[noreturn]] inline void damaged() { throw Error(Code::corrupt, "jsonb value is damaged"); }

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
    bool object;
};

inline Container open(const uint8_t *p, size_t n)
{
    if (n < 4 || n > UINT32_MAX) damaged();
    uint32_t header = load(p), count = header & kCount, kind = header & (kObject | kArray);
    Container c;
    c.object = kind == kObject;
    if (!c.object && kind != kArray) damaged();
    uint64_t head = 4 + (uint64_t{count} << (c.object ? 3 : 2));
    if (head > n) damaged();
    c.keys = p + 4;
    c.values = c.object ? c.keys + 4 * size_t{count} : c.keys;
    c.data = p + head;
    c.size = static_cast<uint32_t>(n - head);
    c.left = count;
    c.key_end = c.value_end = 0;
    for (const uint8_t *k = c.keys; k < c.values; k += 4) // values begin where the last key ends
        c.value_end = entry_end(load(k), c.value_end);
    return c;
}

// A scalar at the root, an array of one element, has its entry at 4 and its data, which begins at 8, to here.
inline uint32_t scalar_end(const uint8_t *root, size_t n)
{
    if (load(root) != (kScalar | kArray | 1) || n < 8) damaged();
    uint32_t end = entry_end(load(root + 4), 0);
    if (end > n - 8) damaged();
    return end;
}

// Outer containers; the first few without the heap. Copied member by member, so that the walk's own position
// stays in registers.
class Stack
{
  public:
    void push(const Container &c) { (n_++ < kInline ? near_[n_ - 1] : far_.emplace_back()) = c; }
    bool empty() const { return n_ == 0; }
    void clear()
    {
        far_.clear();
        n_ = 0;
    }
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
} // namespace spout::jsonb
