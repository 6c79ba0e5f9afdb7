// buffer.cpp - growth policy of Buffer.
#include "base/buffer.hpp"

#include <cstdlib>

#include "base/no_postgres.hpp"

namespace spout
{
const Allocator kMalloc = {[](void *, size_t n) { return malloc(n); }, [](void *, void *p) { free(p); },
                           nullptr};

thread_local AllocationSite allocation_site = {"", 0};

void Buffer::grow(size_t n)
{
    if (n > SIZE_MAX / 2 - size_) throw std::bad_alloc();
    // Half again, so that a buffer near 1 GB does not ask for two. What asks for much more than there is
    // knows its bound; the next one is rarely the same to the byte.
    size_t want = size_ + n, cap = n > size_ ? want + slack(want) : cap_ + cap_ / 2;
    if (cap < want) cap = want;
    if (cap < 256) cap = 256;
    allocation_site = site_;
    auto *fresh = static_cast<uint8_t *>(alloc_->allocate(alloc_->arg, cap));
    if (!fresh) throw std::bad_alloc();
    if (size_) memcpy(fresh, data_, size_);
    size_t size = size_;
    release();
    base_ = data_ = fresh;
    size_ = size;
    cap_ = cap;
}

void Buffer::release()
{
    if (base_) alloc_->release(alloc_->arg, base_);
    base_ = data_ = nullptr;
    size_ = cap_ = 0;
}
} // namespace spout
