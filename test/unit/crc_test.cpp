// crc_test.cpp - published check values, and both ways to compute CRC-32C against the definition.
#include "base/crc32.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

using namespace spout;

namespace
{
// One bit at a time, from the polynomial.
uint32_t by_definition(uint32_t poly, const uint8_t *p, size_t n)
{
    uint32_t c = ~0u;
    for (size_t i = 0; i < n; i++) {
        c ^= p[i];
        for (int k = 0; k < 8; k++)
            c = c & 1 ? c >> 1 ^ poly : c >> 1;
    }
    return ~c;
}
} // namespace

TEST(Crc, CheckValues)
{
    EXPECT_EQ(crc32(0, "123456789", 9), 0xCBF43926u);
    EXPECT_EQ(crc32c(0, "123456789", 9), 0xE3069283u);
    EXPECT_EQ(crc32(0, "", 0), 0u);
    EXPECT_EQ(crc32c(0, "", 0), 0u);
    // RFC 3720, appendix B.4
    std::string bytes(32, '\0');
    EXPECT_EQ(crc32c(0, bytes.data(), 32), 0x8A9136AAu);
    bytes.assign(32, '\xFF');
    EXPECT_EQ(crc32c(0, bytes.data(), 32), 0x62A8AB43u);
    for (size_t i = 0; i < 32; i++)
        bytes[i] = static_cast<char>(i);
    EXPECT_EQ(crc32c(0, bytes.data(), 32), 0x46DD794Eu);
}

TEST(Crc, Joined)
{
    std::string text;
    for (int i = 0; i < 100'000; i++)
        text.push_back(static_cast<char>(i * 7 + i / 251));
    uint32_t whole = crc32c(0, text.data(), text.size());
    for (size_t cut : {size_t{0}, size_t{1}, size_t{8}, size_t{4097}, size_t{65536}, text.size()}) {
        uint32_t a = crc32c(0, text.data(), cut), b = crc32c(0, text.data() + cut, text.size() - cut);
        EXPECT_EQ(crc32c_join(a, b, text.size() - cut), whole) << cut;
    }
    // Three gigabytes of zeros after a byte: the length needs more than 31 bits.
    const std::string zeros(3 << 20, '\0');
    uint32_t direct = crc32c(0, "x", 1), of_zeros = 0;
    for (int i = 0; i < 1024; i++) {
        direct = crc32c(direct, zeros.data(), zeros.size());
        of_zeros = crc32c(of_zeros, zeros.data(), zeros.size());
    }
    EXPECT_EQ(crc32c_join(crc32c(0, "x", 1), of_zeros, uint64_t{zeros.size()} << 10), direct);
}

TEST(Crc, EveryLengthAndAlignment)
{
    std::vector<uint8_t> data(40'000);
    std::mt19937 random(7);
    for (uint8_t &b : data)
        b = static_cast<uint8_t>(random());
    std::vector<size_t> sizes = {767, 768, 769, 775, 1536, 12287, 12288, 12289, 13055, 13056, 24576, 39'990};
    for (size_t n = 0; n < 40; n++)
        sizes.push_back(n);
    for (size_t n : sizes)
        for (size_t at : {0u, 1u, 7u}) {
            ASSERT_EQ(crc32c(0, data.data() + at, n), by_definition(0x82F63B78, data.data() + at, n)) << n;
            ASSERT_EQ(crc32(0, data.data() + at, n), by_definition(0xEDB88320, data.data() + at, n)) << n;
        }
}

TEST(Crc, PiecesMakeTheWhole)
{
    std::vector<uint8_t> data(30'000, 'p');
    data[12'345] = 0;
    for (size_t cut : {0u, 1u, 800u, 12'289u, 29'999u, 30'000u}) {
        EXPECT_EQ(crc32c(crc32c(0, data.data(), cut), data.data() + cut, data.size() - cut),
                  crc32c(0, data.data(), data.size()));
        EXPECT_EQ(crc32(crc32(0, data.data(), cut), data.data() + cut, data.size() - cut),
                  crc32(0, data.data(), data.size()));
    }
}
