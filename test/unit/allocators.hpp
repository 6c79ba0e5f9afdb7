// allocators.hpp - an allocator that counts, and that fails at the Nth call, for Buffers.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <unordered_map>

#include "base/allocator.hpp"

namespace spout::test
{
// Counts what is held and fails at call number `fail_at` (from 1; 0 = never).
class CountingAllocator
{
  public:
    explicit CountingAllocator(size_t fail_at = 0) : fail_at_(fail_at) {}

    size_t calls() const { return calls_; }
    size_t peak() const { return peak_; }
    size_t live() const { return sizes_.size(); }
    const Allocator *get() const { return &plain_; }

  private:
    static void *allocate(void *arg, size_t n)
    {
        auto *self = static_cast<CountingAllocator *>(arg);
        if (++self->calls_ == self->fail_at_) return nullptr;
        void *p = malloc(n);
        if (!p) return nullptr;
        self->sizes_[p] = n;
        self->held_ += n;
        if (self->held_ > self->peak_) self->peak_ = self->held_;
        return p;
    }
    static void release(void *arg, void *p)
    {
        auto *self = static_cast<CountingAllocator *>(arg);
        auto it = self->sizes_.find(p);
        if (it == self->sizes_.end()) abort();
        self->held_ -= it->second;
        self->sizes_.erase(it);
        free(p);
    }

    Allocator plain_ = {allocate, release, this};
    std::unordered_map<void *, size_t> sizes_;
    size_t fail_at_, calls_ = 0, held_ = 0, peak_ = 0;
};
} // namespace spout::test
