// moment.hpp - dates and timestamps as text, one column of them: most share day and zone with the one before.
// Gives what time.hpp gives. One object per column; not for two threads.
#pragma once
#include "base/digits.hpp"
#include "base/time.hpp"

namespace spout
{
class Moments
{
  public:
    // 'T' or a blank stands between date and time; it also decides how a zone is told (local_timestamp_text).
    explicit Moments(char between) : between_(between)
    {
        set_day(0);
        set_zone(0);
    }

    // At most kTimeText bytes are written, whatever the value.
    uint8_t *date(uint8_t *p, int64_t days)
    {
        if (days != day_ && !set_day(days)) return date_text(p, days);
        memcpy(p, date_, kDate);
        return p + kDate;
    }
    uint8_t *timestamp(uint8_t *p, int64_t micros)
    {
        uint64_t rest = since_midnight(micros);
        if (rest >= kDay) return far(p, micros);
        return time(put_date(p), rest);
    }
    // Local time, and its offset in seconds east of Greenwich.
    uint8_t *local(uint8_t *p, int64_t micros, int32_t offset)
    {
        uint64_t rest = since_midnight(micros);
        if (rest >= kDay) return local_timestamp_text(p, micros, offset, between_);
        if (offset != offset_ && !set_zone(offset)) return local_timestamp_text(p, micros, offset, between_);
        p = time(put_date(p), rest);
        memcpy(p, zone_, sizeof zone_);
        return p + zone_size_;
    }
    // hh:mm:ss, and the fraction without its last zeros. Up to 24:00:00; may write one byte beyond.
    static uint8_t *time(uint8_t *p, uint64_t micros)
    {
        auto seconds = static_cast<uint32_t>(micros / 1000000), us = static_cast<uint32_t>(micros % 1000000);
        uint64_t text = two_digits(seconds / 3600) | static_cast<uint64_t>(':') << 16 |
                        static_cast<uint64_t>(two_digits(seconds / 60 % 60)) << 24 |
                        static_cast<uint64_t>(':') << 40 |
                        static_cast<uint64_t>(two_digits(seconds % 60)) << 48;
        p = put_word(p, text, 8);
        if (us == 0) return p;
        uint64_t digits = two_digits(us / 10000) | static_cast<uint64_t>(four_digits_of(us % 10000)) << 16;
        auto zeros = static_cast<uint32_t>(__builtin_clzll((digits ^ 0x303030303030) << 16)) / 8;
        return put_word(p, digits << 8 | '.', 7 - zeros);
    }

  private:
    static constexpr uint64_t kDay = kMicrosPerDay;
    static constexpr size_t kDate = 10; // years 1 to 9999

    // Below kDay, unless the year has not four digits or there is no year at all.
    uint64_t since_midnight(int64_t micros)
    {
        uint64_t rest = static_cast<uint64_t>(micros) - midnight_;
        if (__builtin_expect(rest < kDay, 1)) return rest;
        int64_t days = micros / kMicrosPerDay - (micros % kMicrosPerDay < 0);
        return set_day(days) ? static_cast<uint64_t>(micros) - midnight_ : kDay;
    }
    uint8_t *put_date(uint8_t *p) const
    {
        memcpy(p, date_, sizeof date_);
        return p + kDate + 1;
    }
    uint8_t *far(uint8_t *p, int64_t micros) const
    {
        return between_ == 'T' ? iso_timestamp_text(p, micros) : timestamp_text(p, micros, false);
    }
    // False when there are too many digits for that; nothing has changed then.
    bool set_day(int64_t days);
    bool set_zone(int32_t offset);

    const char between_;
    uint8_t date_[16] = {}; // and what stands between date and time
    uint8_t zone_[16] = {};
    uint32_t zone_size_;
    int32_t offset_;
    int64_t day_;
    uint64_t midnight_; // of the day, in microseconds; two's complement
};
} // namespace spout
