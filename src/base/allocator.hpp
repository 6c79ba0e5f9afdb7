// allocator.hpp - where core's block-sized buffers live, chosen by whoever opens a Writer.
#pragma once
#include <cstddef>

namespace spout
{
struct Allocator {
    void *(*allocate)(void *arg, size_t n); // null when out of memory; never throws, never jumps
    void (*release)(void *arg, void *p);
    void *arg;
};
extern const Allocator kMalloc; // plain malloc and free

// Who asks: the line that made the buffer. Set before every call of allocate, for allocators that keep
// accounts.
struct AllocationSite {
    const char *file;
    int line;
};
extern thread_local AllocationSite allocation_site; // of this thread: blocks may be packed beside
} // namespace spout
