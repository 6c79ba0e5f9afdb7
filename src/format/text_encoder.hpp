// text_encoder.hpp - what csv, json and xml share: the open block, all-or-nothing rows, cutting, codecs.
// A format brings a row writer. Knows nothing of what a row looks like.
#pragma once
#include "core/cursor.hpp"
#include "format/format.hpp"

namespace spout
{
constexpr size_t kTextBlock = 256 * 1024;         // raw bytes
extern const FormatCodec kTextCodecs[];           // a block becomes a frame of its own
size_t text_block_size(const Options &);          // for Format::block_size
inline void no_contradictions(const Options &) {} // for Format::check

// A text that stands before or behind many values: short ones are copied without a call.
class Label
{
  public:
    Label() = default;
    explicit Label(std::string s) : text_(std::move(s)), size_(text_.size()) { text_.resize(room()); }
    size_t room() const { return size_ > kFixed ? size_ : kFixed; } // bytes that put() may write
    uint8_t *put(uint8_t *p) const
    {
        memcpy(p, text_.data(), kFixed);
        if (__builtin_expect(size_ > kFixed, 0)) memcpy(p, text_.data(), size_);
        return p + size_;
    }
    std::string_view view() const { return {text_.data(), size_}; }

  private:
    static constexpr size_t kFixed = 32;
    std::string text_ = std::string(kFixed, '\0');
    size_t size_ = 0;
};

class TextEncoder : public Encoder
{
  public:
    void add(Row row) final;
    size_t pending() const final { return open_.size(); }
    Block &take(uint32_t rows, size_t bytes) final;

  protected:
    // `joint` bytes in front of every row but a block's first belong to what joins the two rows.
    explicit TextEncoder(const Spec &, size_t joint = 0);
    // Prints a row into `out` and returns its end. `column` says where an error happens; at first it is none.
    virtual uint8_t *write(Row row, Cursor &out, uint32_t &column) = 0;
    bool first_row() const { return rows_ == 0; }

  private:
    const uint32_t ncolumns_;
    const size_t joint_;
    Buffer open_; // the rows of the open block
    Cursor out_;  // writes into open_
    Block done_;  // what take() handed out last
    uint32_t rows_ = 0;
};
} // namespace spout
