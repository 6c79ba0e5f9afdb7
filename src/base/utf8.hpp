// utf8.hpp - is a text well-formed UTF-8? For text that comes from files; the server's own is valid already.
// Source: Unicode 15, table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once
#include <cstddef>
#include <cstdint>

namespace spout
{
bool is_utf8(const uint8_t *p, size_t n) noexcept;

// The same for a text that comes in pieces.
class Utf8Pieces
{
  public:
    bool feed(const uint8_t *p, size_t n) noexcept; // false: it is none
    bool whole() const noexcept { return n_ == 0; } // else it ends inside a character

  private:
    uint8_t held_[4]; // of a character that is not complete
    size_t n_ = 0;
};
} // namespace spout
