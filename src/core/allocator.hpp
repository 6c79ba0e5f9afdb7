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
} // namespace spout
