// codec.hpp - what a compression codec implements. One whole frame per call, nothing kept between
// frames but reusable working memory, so any block can be made anywhere.
// New codec: src/codec/x.cpp defines `extern const CodecDef kX`, and one line in codecs.def.
#pragma once
#include <memory>

#include "codec/unpack.hpp"

namespace spout
{
class Codec
{
  public:
    virtual ~Codec() = default;
    // Appends one frame. Throws std::bad_alloc, or Error(Code::limit) for input the library cannot take.
    virtual void compress(Bytes in, Buffer &out) = 0;
};

struct CodecDef {
    const char *name;
    int level_min, level_default, level_max; // all 0: the codec has no levels
    // Its working memory comes from the allocator, which may be asked in any thread, one at a time, and
    // outlives it.
    std::unique_ptr<Codec> (*make)(int level, const Allocator &);
    std::unique_ptr<Unpacker> (*unpacker)(const Allocator &);
    bool has_levels() const { return level_max != 0; }
};

// Null when there is no such codec in this build.
const CodecDef *find_codec(std::string_view name);
// Every registered codec, in the order of codecs.def; the codec test suite runs over it.
const CodecDef *const *all_codecs(size_t *n);
} // namespace spout
