// memory.hpp - leads a codec library's own working memory to an allocator, through the library's hooks: so a
// meter sees it, with the line that made the codec. Snappy has no hooks.
#pragma once
#include "base/allocator.hpp"

namespace spout
{
// Stays where it is as long as the library uses it: the hooks get its address.
class CodecMemory
{
  public:
    explicit CodecMemory(const Allocator &a, AllocationSite site = {__builtin_FILE(), __builtin_LINE()})
        : from_(a), site_(site)
    {
    }
    CodecMemory(const CodecMemory &) = delete;
    CodecMemory &operator=(const CodecMemory &) = delete;

    void *allocate(size_t n) const noexcept
    {
        allocation_site = site_;
        return from_.allocate(from_.arg, n);
    }
    void release(void *p) const noexcept
    {
        if (p) from_.release(from_.arg, p);
    }

    // The two shapes of hooks; `self` is a CodecMemory.
    static void *bytes(void *self, size_t n) { return static_cast<CodecMemory *>(self)->allocate(n); }
    template <typename N> static void *items(void *self, N n, N size)
    {
        size_t all;
        if (__builtin_mul_overflow(static_cast<size_t>(n), static_cast<size_t>(size), &all)) return nullptr;
        return bytes(self, all);
    }
    static void give_back(void *self, void *p) { static_cast<CodecMemory *>(self)->release(p); }

  private:
    const Allocator &from_; // outlives the codec
    const AllocationSite site_;
};
} // namespace spout
