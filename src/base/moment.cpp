// moment.cpp - another day, another zone.
#include "base/moment.hpp"

#include "base/no_postgres.hpp"

namespace spout
{
bool Moments::set_day(int64_t days)
{
    constexpr int64_t kFirst = -730119, kLast = 2921939; // 0001-01-01, 9999-12-31
    if (days < kFirst || days > kLast) return false;
    Civil c = civil_of_days(days);
    uint8_t *p = put_word(date_, four_digits_of(static_cast<uint32_t>(c.year)), 4);
    *p++ = '-';
    p = put_word(p, two_digits(c.month), 2);
    *p++ = '-';
    p = put_word(p, two_digits(c.day), 2);
    *p = static_cast<uint8_t>(between_);
    day_ = days;
    midnight_ = static_cast<uint64_t>(days * kMicrosPerDay);
    return true;
}

bool Moments::set_zone(int32_t offset)
{
    constexpr int32_t kBeyond = 100 * 3600;
    if (offset <= -kBeyond || offset >= kBeyond) return false;
    auto seconds = static_cast<uint32_t>(offset < 0 ? -offset : offset);
    uint8_t *p = zone_;
    *p++ = offset < 0 ? '-' : '+';
    p = put_word(p, two_digits(seconds / 3600), 2);
    if (seconds % 3600 || between_ == 'T') {
        *p++ = ':';
        p = put_word(p, two_digits(seconds / 60 % 60), 2);
    }
    if (seconds % 60) {
        *p++ = ':';
        p = put_word(p, two_digits(seconds % 60), 2);
    }
    zone_size_ = static_cast<uint32_t>(p - zone_);
    offset_ = offset;
    return true;
}
} // namespace spout
