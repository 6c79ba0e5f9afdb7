// text_values_test.cpp - the quick ways of printing give what the general ones give, at every length and
// edge.
#include <gtest/gtest.h>

#include <random>

#include "avro_rows.hpp"
#include "base/decimal.hpp"
#include "base/escape.hpp"
#include "base/moment.hpp"
#include "base/scan.hpp"
#include "base/short_decimal.hpp"
#include "base/text.hpp"

using namespace spout;
using namespace spout::test;

namespace
{
struct Room {
    uint8_t bytes[kTimeText];
    std::string to(const uint8_t *end) const
    {
        return std::string(reinterpret_cast<const char *>(bytes), static_cast<size_t>(end - bytes));
    }
};

// Around every power of ten, the ends, and anywhere.
std::vector<int64_t> interesting_integers()
{
    std::vector<int64_t> all = {0, INT64_MIN, INT64_MAX, INT64_MIN + 1};
    for (uint64_t power : kPowersOfTen)
        for (int64_t near : {-1, 0, 1}) {
            all.push_back(static_cast<int64_t>(power) + near);
            all.push_back(-(static_cast<int64_t>(power) + near));
        }
    std::mt19937_64 random(1);
    for (int i = 0; i < 20000; i++)
        all.push_back(static_cast<int64_t>(random()) >> (random() % 64));
    return all;
}

// Days and microseconds where the text changes its shape, and anywhere.
std::vector<int64_t> interesting_moments()
{
    const int64_t first = -730119 * kMicrosPerDay, last = 2921940 * kMicrosPerDay; // 0001-01-01, 10000-01-01
    std::vector<int64_t> all = {kTimestampInfinity, kTimestampMinusInfinity};
    for (int64_t base : {int64_t{0}, first, last, 58 * kMicrosPerDay, -kUnixMicros,
                         INT64_C(9223371331199999999), INT64_C(-211813488000000000)})
        for (int64_t off : {INT64_C(0), INT64_C(1), INT64_C(-1), INT64_C(100000), INT64_C(1000000),
                            kMicrosPerDay, -kMicrosPerDay, kMicrosPerDay - 1})
            if (base < INT64_MAX / 2 || off <= 0) all.push_back(base + off);
    std::mt19937_64 random(2);
    for (int i = 0; i < 20000; i++) {
        int64_t t = first + static_cast<int64_t>(random() % static_cast<uint64_t>(last - first));
        static constexpr int64_t kUnits[] = {1, 10, 1000, 100000, 1000000, 60000000};
        all.push_back(t - t % kUnits[i % 6]);
        if (i % 3) all.push_back(all.back() + 1000000); // the same day again
    }
    return all;
}
} // namespace

TEST(TextValues, Integers)
{
    for (int64_t v : interesting_integers()) {
        Room r;
        EXPECT_EQ(r.to(put_integer(r.bytes, v)), std::to_string(v));
    }
}

TEST(TextValues, MomentsAreTheGeneralTexts)
{
    Moments blank(' '), t('T');
    const int32_t offsets[] = {0, 3600, 3600, -12600, 20700, 5172, -5172, 359999, 360000, -601200, 0};
    size_t i = 0;
    for (int64_t v : interesting_moments()) {
        Room a, b;
        EXPECT_EQ(a.to(blank.timestamp(a.bytes, v)), b.to(timestamp_text(b.bytes, v, false))) << v;
        EXPECT_EQ(a.to(t.timestamp(a.bytes, v)), b.to(iso_timestamp_text(b.bytes, v))) << v;
        int32_t offset = offsets[i++ % std::size(offsets)];
        for (auto *m : {&blank, &t}) {
            char between = m == &t ? 'T' : ' ';
            EXPECT_EQ(a.to(m->local(a.bytes, v, offset)),
                      b.to(local_timestamp_text(b.bytes, v, offset, between)))
                << v << " " << offset;
        }
        int64_t days = v / kMicrosPerDay;
        EXPECT_EQ(a.to(blank.date(a.bytes, days)), b.to(date_text(b.bytes, days))) << days;
        auto time = static_cast<uint64_t>(v) % (kMicrosPerDay + 1);
        EXPECT_EQ(a.to(Moments::time(a.bytes, time)), b.to(time_text(b.bytes, static_cast<int64_t>(time))))
            << v;
    }
    for (int64_t days : {kDateInfinity, kDateMinusInfinity, INT64_C(-730119), INT64_C(-730120),
                         INT64_C(2921939), INT64_C(2921940)}) {
        Room a, b;
        EXPECT_EQ(a.to(blank.date(a.bytes, days)), b.to(date_text(b.bytes, days))) << days;
    }
}

TEST(TextValues, ShortDecimalsAreTheGeneralTexts)
{
    std::mt19937 random(3);
    int quick = 0;
    for (int i = 0; i < 50000; i++) {
        int16_t digits[5];
        for (int16_t &d : digits)
            d = static_cast<int16_t>(random() % (random() % 2 ? 10000 : 12));
        Digits d = {reinterpret_cast<const char *>(digits), static_cast<uint16_t>(random() % 6),
                    static_cast<int16_t>(static_cast<int>(random() % 8) - 3),
                    static_cast<uint16_t>(random() % 6),
                    static_cast<Sign>(random() % 8 ? random() % 2 : random() % 5)};
        uint8_t a[64], b[64];
        uint8_t *end = short_decimal_text(a, d);
        if (!end) continue;
        quick++;
        EXPECT_EQ(std::string(a, end), std::string(b, decimal_text(b, d)));
    }
    EXPECT_GT(quick, 10000);
}

TEST(TextValues, HexadecimalOfEveryLength)
{
    std::mt19937 random(4);
    for (size_t n = 0; n <= 70; n++) {
        std::vector<char> bytes(n);
        std::string expected;
        for (char &b : bytes) {
            char digits[3];
            b = static_cast<char>(random());
            snprintf(digits, sizeof digits, "%02x", static_cast<unsigned char>(b));
            expected += digits;
        }
        std::vector<uint8_t> to(2 * n);
        EXPECT_EQ(hex_text(to.data(), bytes.data(), n), to.data() + 2 * n);
        EXPECT_EQ(std::string(to.begin(), to.end()), expected);
        if (n != 16) continue;
        uint8_t uuid[kUuidText];
        uuid_text(uuid, bytes.data());
        for (size_t at : {8u, 13u, 18u, 23u})
            expected.insert(at, "-");
        EXPECT_EQ(std::string(uuid, uuid + kUuidText), expected);
    }
}

TEST(TextValues, CopiesStopAtEverySpecialByte)
{
    for (size_t n = 0; n <= 70; n++) {
        const std::string plain = "abcdefghij\x7f\x80\xff !#[]xyz0123456789";
        std::string s;
        while (s.size() < n)
            s += plain;
        s.resize(n);
        std::vector<char> exact(s.begin(), s.end()); // the sanitizer sees every byte beyond
        std::vector<uint8_t> to(n + kWide);
        EXPECT_EQ(copy_unless(to.data(), exact.data(), n, JsonSpecial()), to.data() + n);
        EXPECT_EQ(std::string(to.begin(), to.begin() + static_cast<ptrdiff_t>(n)), s);
        for (size_t at = 0; at < n; at++)
            for (char c : {'"', '\\', '\0', '\x1f'}) {
                char kept = exact[at];
                exact[at] = c;
                EXPECT_EQ(copy_unless(to.data(), exact.data(), n, JsonSpecial()), nullptr) << n << " " << at;
                exact[at] = kept;
            }
    }
}
