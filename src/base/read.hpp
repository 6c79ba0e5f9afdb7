// read.hpp - what reading a file back takes and gives, in plain data: where bytes come from, what is known of
// the file, what was counted.
#pragma once
#include <cstddef>
#include <cstdint>

#include "base/allocator.hpp"

namespace spout
{
// `read` fills up to n bytes and returns their number, 0 at the end, -1 with errno kept by the caller.
// It must neither throw nor jump.
struct ReadOps {
    int64_t (*read)(void *arg, void *to, size_t n);
    void *arg;
};
// What is known of a file beforehand: nothing but its path, or what its manifest says.
struct ReadAs {
    const char *format; // null: told by the first bytes, or by the path's extension
    const char *path;
    bool plain;         // not compressed; else the first bytes tell
    char quote, escape; // csv
    bool header;
    int encoding; // and mblen: as in CsvOptions
    int (*mblen)(int encoding, const char *);
    const Allocator *allocator = &kMalloc; // for buffers and codecs
};
struct ReadStats {
    uint64_t rows, blocks, bytes, raw_bytes; // blocks of a text format: frames of its codec
    uint32_t crc32c;                         // of all bytes read so far
};
} // namespace spout
