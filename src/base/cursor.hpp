// cursor.hpp - writes into a Buffer through a raw pointer: one bounds check per value, not per byte.
// The pointer travels by value through the emit functions, so it stays in a register. Knows no format.
// Contract between writers: who is called with `tail` leaves at least that much room behind its result.
#pragma once
#include "base/buffer.hpp"

namespace spout
{
class Cursor
{
  public:
    // A row, with what the open block holds before it, may encode to this many bytes: readers keep block
    // sizes in an int.
    static constexpr size_t kMaxBytes = INT32_MAX;

    explicit Cursor(Buffer &b) : buffer_(&b) {}

    // Starts a row at the end of the buffer with room for n bytes.
    uint8_t *begin(size_t n)
    {
        uint8_t *p = buffer_->reserve(n);
        end_ = buffer_->data() + buffer_->capacity();
        return p;
    }
    // Room for n bytes at the result, which replaces p. Throws std::bad_alloc, Error(Code::limit).
    uint8_t *room(uint8_t *p, size_t n)
    {
        return __builtin_expect(static_cast<size_t>(end_ - p) >= n, 1) ? p : grow(p, n);
    }
    // Everything before p is part of the buffer. Throws Error(Code::limit) when the row is too large.
    void commit(uint8_t *p)
    {
        if (__builtin_expect(offset(p) > kMaxBytes, 0)) too_large();
        buffer_->advance_to(p);
    }
    // Positions that survive room().
    size_t offset(const uint8_t *p) const { return static_cast<size_t>(p - buffer_->data()); }
    uint8_t *at(size_t offset) { return buffer_->data() + offset; }

  private:
    uint8_t *grow(uint8_t *p, size_t n);
    [[noreturn]] static void too_large();

    Buffer *buffer_; // borrowed
    uint8_t *end_ = nullptr;
};

// Copies short texts without a call; may not read or write beyond n bytes.
inline uint8_t *copy(uint8_t *to, const void *from, size_t n)
{
    auto *s = static_cast<const uint8_t *>(from);
    if (n > 32 || n == 0) {
        if (n) memcpy(to, s, n);
    } else if (n >= 16) {
        unsigned __int128 a, b;
        memcpy(&a, s, 16);
        memcpy(&b, s + n - 16, 16);
        memcpy(to, &a, 16);
        memcpy(to + n - 16, &b, 16);
    } else if (n >= 8) {
        uint64_t a, b;
        memcpy(&a, s, 8);
        memcpy(&b, s + n - 8, 8);
        memcpy(to, &a, 8);
        memcpy(to + n - 8, &b, 8);
    } else if (n >= 4) {
        uint32_t a, b;
        memcpy(&a, s, 4);
        memcpy(&b, s + n - 4, 4);
        memcpy(to, &a, 4);
        memcpy(to + n - 4, &b, 4);
    } else {
        to[0] = s[0];
        to[n / 2] = s[n / 2];
        to[n - 1] = s[n - 1];
    }
    return to + n;
}
} // namespace spout
