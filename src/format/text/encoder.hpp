// encoder.hpp - what csv, json and xml share: the open block, all-or-nothing rows, cutting, codecs.
// A format brings a row writer. Knows nothing of what a row looks like.
#pragma once
#include "base/cursor.hpp"
#include "base/label.hpp"
#include "format/format.hpp"

namespace spout
{
constexpr size_t kTextBlock = 256 * 1024;         // raw bytes
extern const FormatCodec kTextCodecs[];           // a block becomes a frame of its own
size_t text_block_size(const Options &);          // for Format::block_size
inline void no_contradictions(const Options &) {} // for Format::check

class TextEncoder : public Encoder
{
  public:
    void add(Row row) final;
    size_t pending() const final { return open_.size(); }
    Block &take(uint32_t rows, size_t bytes) final;
    void absorb(Bytes, uint32_t rows) final;

  protected:
    explicit TextEncoder(const Spec &);
    // Prints a row into `out` and returns its end. `column` says where an error happens; at first it is none.
    virtual uint8_t *write(Row row, Cursor &out, uint32_t &column) = 0;

  private:
    const uint32_t ncolumns_;
    Buffer open_; // the rows of the open block
    Cursor out_;  // writes into open_
    Block done_;  // what take() handed out last
};
} // namespace spout
