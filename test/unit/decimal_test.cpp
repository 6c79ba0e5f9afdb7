// decimal_test.cpp - scaling numeric digits is exact or refused, in every width.
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "base/decimal.hpp"

using namespace spout;

namespace
{
using I128 = __int128;
using U128 = unsigned __int128;

I128 power(int n)
{
    I128 v = 1;
    while (n-- > 0)
        v *= 10;
    return v;
}

// Digits of unscaled * 10^-scale, made with plain long division.
struct Holder {
    std::vector<int16_t> groups;
    Digits d = {};
    Holder(I128 unscaled, int scale)
    {
        U128 u = unscaled < 0 ? -static_cast<U128>(unscaled) : static_cast<U128>(unscaled);
        std::string text;
        for (; u; u /= 10)
            text.insert(text.begin(), static_cast<char>('0' + static_cast<int>(u % 10)));
        int pad = (4 - scale % 4) % 4;
        text.append(static_cast<size_t>(pad), '0');
        int below = (scale + pad) / 4;
        while (text.size() % 4)
            text.insert(0, 1, '0');
        for (size_t i = 0; i < text.size(); i += 4)
            groups.push_back(static_cast<int16_t>(std::stoi(text.substr(i, 4))));
        d.weight = static_cast<int16_t>(static_cast<int>(groups.size()) - 1 - below);
        while (!groups.empty() && groups.back() == 0)
            groups.pop_back(); // as the server strips
        while (!groups.empty() && groups.front() == 0)
            groups.erase(groups.begin()), d.weight--;
        d.n = static_cast<uint16_t>(groups.size());
        d.p = reinterpret_cast<const char *>(groups.data());
        d.dscale = static_cast<uint16_t>(scale);
        d.sign = unscaled < 0 ? Sign::minus : Sign::plus;
    }
};

I128 from_bytes(const uint8_t *p, uint32_t n)
{
    U128 v = p[0] & 0x80 ? ~U128{0} : 0;
    for (uint32_t i = 0; i < n; i++)
        v = v << 8 | p[i];
    return static_cast<I128>(v);
}
} // namespace

TEST(Decimal, BytesForPrecision)
{
    EXPECT_EQ(decimal_bytes(1), 1u);
    EXPECT_EQ(decimal_bytes(2), 1u);
    EXPECT_EQ(decimal_bytes(3), 2u);
    EXPECT_EQ(decimal_bytes(9), 4u);
    EXPECT_EQ(decimal_bytes(10), 5u);
    EXPECT_EQ(decimal_bytes(18), 8u);
    EXPECT_EQ(decimal_bytes(19), 9u);
    EXPECT_EQ(decimal_bytes(38), 16u);
    EXPECT_EQ(decimal_bytes(39), 17u);
    EXPECT_EQ(decimal_bytes(76), 32u);
    EXPECT_EQ(decimal_bytes(1000), 416u);
    for (int p = 1; p <= 37; p++) { // by definition, where 128 bits reach
        uint32_t n = 1;
        while (power(p) - 1 > (I128{1} << (8 * n - 1)) - 1)
            n++;
        EXPECT_EQ(decimal_bytes(p), n) << p;
    }
}

TEST(Decimal, RandomValuesAgreeInEveryWidth)
{
    std::mt19937_64 random(7);
    for (int round = 0; round < 200000; round++) {
        int precision = 1 + static_cast<int>(random() % 38),
            scale = static_cast<int>(random() % static_cast<uint64_t>(precision + 1));
        I128 limit = power(1 + static_cast<int>(random() % static_cast<uint64_t>(precision)));
        I128 v = static_cast<I128>((static_cast<U128>(random()) << 64 | random()) % static_cast<U128>(limit));
        if (round % 5 == 0) v = power(precision) - 1;
        if (random() & 1) v = -v;
        Holder h(v, scale);
        I128 medium = 0;
        ASSERT_EQ(unscaled128(h.d, precision, scale, &medium), Fit::ok);
        ASSERT_TRUE(medium == v);
        if (precision <= 18) {
            int64_t small = 0;
            ASSERT_EQ(unscaled64(h.d, precision, scale, &small), Fit::ok);
            ASSERT_TRUE(small == v);
        }
        uint8_t bytes[24];
        uint32_t width = decimal_bytes(precision);
        ASSERT_EQ(unscaled_bytes(h.d, precision, scale, bytes, width), Fit::ok);
        ASSERT_TRUE(from_bytes(bytes, width) == v);
    }
}

TEST(Decimal, OneTooManyIsRefusedInEveryWidth)
{
    for (int precision = 1; precision <= 37; precision++)
        for (int scale = 0; scale <= precision; scale++) {
            Holder over(power(precision), scale), under(-power(precision), scale);
            Holder fine(power(precision) * 10 + 1, scale + 1); // one digit more than the scale keeps
            int64_t small;
            I128 medium;
            uint8_t bytes[24];
            for (const Digits *d : {&over.d, &under.d}) {
                if (precision <= 18) {
                    EXPECT_EQ(unscaled64(*d, precision, scale, &small), Fit::overflow);
                }
                EXPECT_EQ(unscaled128(*d, precision, scale, &medium), Fit::overflow);
                EXPECT_EQ(unscaled_bytes(*d, precision, scale, bytes, 20), Fit::overflow);
            }
            if (precision <= 18) {
                EXPECT_NE(unscaled64(fine.d, precision, scale, &small), Fit::ok);
            }
            EXPECT_NE(unscaled128(fine.d, precision, scale, &medium), Fit::ok);
            EXPECT_NE(unscaled_bytes(fine.d, precision, scale, bytes, 20), Fit::ok);
        }
}

TEST(Decimal, ThousandDigits)
{
    std::vector<int16_t> groups(250, 9999);
    Digits d = {reinterpret_cast<const char *>(groups.data()), 250, 249, 0, Sign::minus};
    std::vector<uint8_t> a(416), b(416);
    EXPECT_EQ(unscaled_bytes(d, 1000, 0, a.data(), 416), Fit::ok);
    largest_bytes(1000, true, b.data(), 416);
    EXPECT_EQ(a, b);
    EXPECT_EQ(a[0] & 0x80, 0x80);
    EXPECT_EQ(unscaled_bytes(d, 999, 0, a.data(), 416), Fit::overflow);
    EXPECT_EQ(unscaled_bytes(d, 1000, 1, a.data(), 416), Fit::overflow);
}

TEST(Decimal, IntegersAsDigits)
{
    for (int64_t v :
         {int64_t{0}, int64_t{1}, int64_t{-1}, int64_t{9999}, int64_t{10000}, INT64_MAX, INT64_MIN}) {
        int16_t room[5];
        I128 back = 7;
        EXPECT_EQ(unscaled128(digits_of(v, room), 19, 0, &back), Fit::ok);
        EXPECT_TRUE(back == v);
    }
}

TEST(Decimal, DamagedNumericIsRefused)
{
    Digits d;
    const uint8_t empty[] = {0x03}, short_header[] = {0x07, 0x00, 0x00}, beyond[] = {0x40, 0, 0, 0, 0, 0};
    EXPECT_FALSE(read_numeric(empty, 0, &d));
    EXPECT_FALSE(read_numeric(empty, 1, &d));
    EXPECT_FALSE(read_numeric(short_header, 3, &d));
    EXPECT_FALSE(read_numeric(beyond, 6, &d));
}
