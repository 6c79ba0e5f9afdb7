// label.hpp - a text that is made once and written many times.
#pragma once
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace spout
{
// A text that stands before or behind many values: short ones are copied without a call.
class Label
{
  public:
    Label() = default;
    explicit Label(std::string s) : text_(std::move(s)), size_(text_.size()) { text_.resize(room()); }
    size_t room() const { return size_ > kFixed ? size_ : kFixed; } // bytes that put() may write
    uint8_t *put(uint8_t *p) const
    {
        memcpy(p, text_.data(), kFixed);
        if (__builtin_expect(size_ > kFixed, 0)) memcpy(p, text_.data(), size_);
        return p + size_;
    }
    std::string_view view() const { return {text_.data(), size_}; }

  private:
    static constexpr size_t kFixed = 32;
    std::string text_ = std::string(kFixed, '\0');
    size_t size_ = 0;
};
} // namespace spout
