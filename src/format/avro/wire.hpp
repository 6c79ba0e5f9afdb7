// wire.hpp - Avro's binary encoding of single values. Knows no schema and no types.
// Source: Avro 1.12 specification, "Binary Encoding".
#pragma once
#include <cstdint>
#include <cstring>

namespace spout::avro
{
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "values are stored as they lie in memory");

constexpr size_t kMaxVarint = 10; // bytes of a long; every writer below may touch that many

inline uint64_t zigzag(int64_t v) { return static_cast<uint64_t>(v) << 1 ^ static_cast<uint64_t>(v >> 63); }

// Groups of 7 bits, at least one; 9/64 is as good as 1/7 up to 63 bits and costs no division.
inline size_t varint_size(uint64_t z)
{
    return ((63 ^ static_cast<size_t>(__builtin_clzll(z | 1))) * 9 + 73) >> 6;
}

// Without a loop up to 56 bits: the groups of 7 bits are spread over the bytes in three steps.
inline uint8_t *put_varint(uint8_t *p, uint64_t z)
{
    if (z < 0x80) {
        *p = static_cast<uint8_t>(z);
        return p + 1;
    }
    if (__builtin_expect(z < uint64_t{1} << 56, 1)) {
        size_t n = varint_size(z);
        z = (z & 0x000000000FFFFFFF) | (z & 0x00FFFFFFF0000000) << 4;
        z = (z & 0x00003FFF00003FFF) | (z & 0x0FFFC0000FFFC000) << 2;
        z = (z & 0x007F007F007F007F) | (z & 0x3F803F803F803F80) << 1;
        z |= 0x8080808080808080 & ((uint64_t{1} << (8 * (n - 1))) - 1);
        memcpy(p, &z, 8);
        return p + n;
    }
    for (; z >= 0x80; z >>= 7)
        *p++ = static_cast<uint8_t>(z | 0x80);
    *p = static_cast<uint8_t>(z);
    return p + 1;
}

inline uint8_t *put_long(uint8_t *p, int64_t v) { return put_varint(p, zigzag(v)); }
inline size_t long_size(int64_t v) { return varint_size(zigzag(v)); }
// The same for what is nearly always short.
inline size_t length_size(size_t n)
{
    return __builtin_expect(n < 8192, 1) ? 1 + (n >= 64) : long_size(static_cast<int64_t>(n));
}
} // namespace spout::avro
