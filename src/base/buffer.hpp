// buffer.hpp - a growing byte buffer with headroom, on an allocator chosen at the wall.
// In the server the allocator is a memory context that returns null instead of raising, so that a
// full memory becomes std::bad_alloc here and an ordinary ERROR there; tests make the Nth call fail.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>
#include <utility>

#include "base/allocator.hpp"

namespace spout
{
struct Bytes {
    const uint8_t *p;
    size_t n;
};

// Room beyond an expected size: for one more row of a block, or for a block that is a little larger.
inline size_t slack(size_t n) { return n < (512 << 10) ? n / 8 : 64 << 10; }

class Buffer
{
  public:
    // The site is where this is written: a meter names it.
    explicit Buffer(const Allocator &a = kMalloc, AllocationSite site = {__builtin_FILE(), __builtin_LINE()})
        : alloc_(&a), site_(site)
    {
    }
    ~Buffer() { release(); }
    Buffer(const Buffer &) = delete;
    Buffer &operator=(const Buffer &) = delete;
    Buffer(Buffer &&o) noexcept : alloc_(o.alloc_), site_(o.site_) { swap(o); }
    void swap(Buffer &o) noexcept
    {
        std::swap(alloc_, o.alloc_);
        std::swap(base_, o.base_);
        std::swap(data_, o.data_);
        std::swap(size_, o.size_);
        std::swap(cap_, o.cap_);
    }

    uint8_t *data() { return data_; }
    const uint8_t *data() const { return data_; }
    size_t size() const { return size_; }
    size_t capacity() const { return cap_; }
    bool empty() const { return size_ == 0; }
    Bytes bytes() const { return {data_, size_}; }
    std::string_view view() const { return {reinterpret_cast<const char *>(data_), size_}; }
    void clear()
    {
        cap_ += static_cast<size_t>(data_ - base_);
        data_ = base_;
        size_ = 0;
    }
    // Forgets the first n bytes without moving the rest; clear() gives their room back. So a header
    // whose length is known last can be written right-justified into headroom.
    void drop_front(size_t n)
    {
        data_ += n;
        size_ -= n;
        cap_ -= n;
    }
    void resize(size_t n) // does not initialise
    {
        if (n > cap_) grow(n - size_);
        size_ = n;
    }

    // Room for n more bytes at the returned pointer; commit with advance().
    uint8_t *reserve(size_t n)
    {
        if (__builtin_expect(cap_ - size_ < n, 0)) grow(n);
        return data_ + size_;
    }
    void advance(size_t n) { size_ += n; }
    void advance_to(const uint8_t *end) { size_ = static_cast<size_t>(end - data_); }

    void push(uint8_t b)
    {
        *reserve(1) = b;
        size_++;
    }
    void append(const void *p, size_t n)
    {
        uint8_t *to = reserve(n);
        if (n) memcpy(to, p, n);
        size_ += n;
    }
    void append(std::string_view s) { append(s.data(), s.size()); }

    // Gives memory back after an unusually large value, so that memory stays constant.
    void shrink(size_t keep)
    {
        if (cap_ > keep) release();
    }
    void release();

  private:
    void grow(size_t n);      // throws std::bad_alloc
    const Allocator *alloc_;  // borrowed, outlives the buffer
    uint8_t *base_ = nullptr; // what the allocator gave
    uint8_t *data_ = nullptr; // base_ plus what drop_front() dropped
    size_t size_ = 0, cap_ = 0;
    AllocationSite site_;
};

// An allocator for large containers of the standard library.
template <typename T> class FromAllocator
{
  public:
    using value_type = T;
    explicit FromAllocator(const Allocator &a, AllocationSite site = {__builtin_FILE(), __builtin_LINE()})
        : from_(&a), site_(site)
    {
    }
    T *allocate(size_t n)
    {
        allocation_site = site_;
        void *p = n > SIZE_MAX / sizeof(T) ? nullptr : from_->allocate(from_->arg, n * sizeof(T));
        if (!p) throw std::bad_alloc();
        return static_cast<T *>(p);
    }
    void deallocate(T *p, size_t) noexcept { from_->release(from_->arg, p); }
    bool operator==(const FromAllocator &o) const { return from_->arg == o.from_->arg; }
    bool operator!=(const FromAllocator &o) const { return !(*this == o); }

  private:
    const Allocator *from_; // outlives the container
    AllocationSite site_;
};
} // namespace spout
