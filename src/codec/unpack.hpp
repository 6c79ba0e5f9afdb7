// unpack.hpp - reads compressed data back piece by piece, in memory that does not depend on what the data
// claim or unpack to: any number of frames after each other. Used by the reader only, so speed is second.
#pragma once
#include <memory>

#include "base/buffer.hpp"

namespace spout
{
class Unpacker
{
  public:
    virtual ~Unpacker() = default;
    // Writes up to `room` bytes to `out` and returns their number; takes what it has read off the front of
    // `in`. When it fills the room, there may be more without more input. Throws Error(Code::corrupt),
    // Error(Code::limit) where the data ask for more memory than any writer makes them need, std::bad_alloc.
    virtual size_t unpack(Bytes *in, uint8_t *out, size_t room) = 0;
    bool between_frames() const { return between_; } // else the data may not end here
    uint64_t frames() const { return frames_; }      // that have ended

  protected:
    void frame_done()
    {
        frames_++;
        between_ = true;
    }
    uint64_t frames_ = 0;
    bool between_ = true;
};

// By the first bytes of a text file; null: it is not compressed, or not by a codec of ours.
std::unique_ptr<Unpacker> make_unpacker(Bytes head, const Allocator &);
} // namespace spout
