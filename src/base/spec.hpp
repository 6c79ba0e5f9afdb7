// spec.hpp - everything an export is, for core. Plain data, borrowed for the life of the Writer.
#pragma once
#include "base/allocator.hpp"
#include "base/options.hpp"
#include "base/schema.hpp"
#include "base/stored.hpp"

namespace spout
{
struct Spec {
    RowType row;
    const StoredColumn *stored; // per field, none opaque: rows may come as they are stored; else null
    Options options;
    uint8_t random[16];         // fresh for every export; ignored where an option fixes the outcome
    const Allocator *allocator; // for block-sized buffers
    // For what a packing thread asks for: packed blocks, codecs' working memory.
    const Allocator *any_thread = &kMalloc;
    bool cut_rows; // writer_take may be asked for fewer rows than are pending
};
} // namespace spout
