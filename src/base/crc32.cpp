// crc32.cpp - CRC-32 from the deflate library, CRC-32C by hand: no library we need anyway has it.
// The instruction has a latency of three cycles and a throughput of one, so three streams run side by side
// and are joined by shifting: crc(AB) = shift(crc(A), |B|) ^ crc(B), a multiplication by x^(8|B|) modulo P.
#include "base/crc32.hpp"

#ifdef HAVE_LIBDEFLATE
#include <libdeflate.h>
#else
#include <zlib.h>
#endif

#include <array>
#include <cstring>

#include "base/no_postgres.hpp"

namespace spout
{
uint32_t crc32(uint32_t crc, const void *p, size_t n) noexcept
{
#ifdef HAVE_LIBDEFLATE
    return libdeflate_crc32(crc, p, n);
#else
    return static_cast<uint32_t>(crc32_z(crc, static_cast<const Bytef *>(p), n));
#endif
}

namespace
{
constexpr uint32_t kPoly = 0x82F63B78; // Castagnoli, reflected

using Table = std::array<uint32_t, 256>;

constexpr Table make_byte_table()
{
    Table t{};
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t c = i;
        for (int k = 0; k < 8; k++)
            c = c & 1 ? c >> 1 ^ kPoly : c >> 1;
        t[i] = c;
    }
    return t;
}
constexpr Table kByte = make_byte_table();

uint32_t by_table(uint32_t c, const uint8_t *p, size_t n) noexcept
{
    for (; n; n--)
        c = kByte[(c ^ *p++) & 0xFF] ^ c >> 8;
    return c;
}

// a * b modulo P, bit-reflected: bit 31 is x^0.
constexpr uint32_t multiply(uint32_t a, uint32_t b)
{
    uint32_t product = 0;
    for (uint32_t bit = 1u << 31; bit; bit >>= 1) {
        if (a & bit) product ^= b;
        b = b & 1 ? b >> 1 ^ kPoly : b >> 1;
    }
    return product;
}

// x^(8n) modulo P.
constexpr uint32_t power(uint64_t n)
{
    uint32_t result = 1u << 31, square = 1u << 23; // x^0, x^8
    for (; n; n >>= 1) {
        if (n & 1) result = multiply(square, result);
        square = multiply(square, square);
    }
    return result;
}

#if defined(__x86_64__)
// Appends n zero bytes to a CRC: four look-ups, since multiplication is linear.
struct Shift {
    std::array<Table, 4> t{};
    constexpr explicit Shift(size_t n)
    {
        uint32_t x = power(n);
        for (uint32_t k = 0; k < 4; k++)
            for (uint32_t bit = 0; bit < 8; bit++) {
                uint32_t v = multiply(x, 1u << (8 * k + bit));
                for (uint32_t i = 0; i < 256; i++)
                    if (i >> bit & 1) t[k][i] ^= v;
            }
    }
    uint32_t operator()(uint32_t c) const
    {
        return t[0][c & 0xFF] ^ t[1][c >> 8 & 0xFF] ^ t[2][c >> 16 & 0xFF] ^ t[3][c >> 24];
    }
};

constexpr size_t kLong = 4096, kShort = 256; // bytes per stream
constexpr Shift kShiftLong(kLong), kShiftShort(kShort);

__attribute__((target("sse4.2"))) inline uint64_t step(uint64_t c, const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return __builtin_ia32_crc32di(c, v);
}

template <size_t stream>
__attribute__((target("sse4.2"))) uint32_t three(uint32_t crc, const uint8_t *p, const Shift &shift)
{
    uint64_t a = crc, b = 0, c = 0;
    for (size_t i = 0; i < stream; i += 8) {
        a = step(a, p + i);
        b = step(b, p + stream + i);
        c = step(c, p + 2 * stream + i);
    }
    crc = shift(static_cast<uint32_t>(a)) ^ static_cast<uint32_t>(b);
    return shift(crc) ^ static_cast<uint32_t>(c);
}

__attribute__((target("sse4.2"))) uint32_t by_instruction(uint32_t crc, const uint8_t *p, size_t n) noexcept
{
    for (; n >= 3 * kLong; p += 3 * kLong, n -= 3 * kLong)
        crc = three<kLong>(crc, p, kShiftLong);
    for (; n >= 3 * kShort; p += 3 * kShort, n -= 3 * kShort)
        crc = three<kShort>(crc, p, kShiftShort);
    uint64_t c = crc;
    for (; n >= 8; p += 8, n -= 8)
        c = step(c, p);
    return by_table(static_cast<uint32_t>(c), p, n);
}
#endif
} // namespace

uint32_t crc32c(uint32_t crc, const void *p, size_t n) noexcept
{
    auto *bytes = static_cast<const uint8_t *>(p);
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2")) return ~by_instruction(~crc, bytes, n);
#endif
    return ~by_table(~crc, bytes, n);
}

uint32_t crc32c_join(uint32_t a, uint32_t b, uint64_t b_bytes) noexcept
{
    return multiply(power(b_bytes), a) ^ b;
}
} // namespace spout
