// reader.hpp - reads an Avro object container file back, as strictly as a reader can be: every row is
// walked, and then decoded by Avro C as well. It goes in steps of bounded work, also inside blocks and rows,
// and memory does not depend on what the file claims, holds or unpacks to. Knows no descriptors: bytes come
// from ReadOps. Sources: Avro 1.12 specification, "Object Container Files"; our limits.
#pragma once
#include <map>
#include <string>

#include "codec/codec.hpp"
#include "base/read.hpp"
#include "format/avro/avro_c.hpp"
#include "format/avro/datum.hpp"

namespace spout::avro
{
// Bytes on their way in, counted and checksummed.
class Source
{
  public:
    Source(const ReadOps &ops, const Allocator &a) : ops_(ops), buffer_(a) {}
    bool at_end() { return at_ == buffer_.size() && !fill(); }
    // These throw Error(Code::corrupt) where the file ends, Error(Code::internal) when reading fails.
    uint8_t byte();
    int64_t number();
    // Appends n bytes. Asks for memory as they arrive, since n is what the file claims.
    void take(uint64_t n, Buffer &to);
    // Some of the bytes to come, at least one and at most n, which stay until they are skipped.
    Bytes some(uint64_t n);
    void skip(size_t n) { at_ += n; }

    uint64_t bytes() const { return bytes_; } // read so far
    uint32_t crc32c() const { return crc32c_; }

  private:
    bool fill(); // false at the end of the file
    ReadOps ops_;
    Buffer buffer_;
    size_t at_ = 0; // what of the buffer was handed out
    uint64_t bytes_ = 0;
    uint32_t crc32c_ = 0;
};

class FileReader
{
  public:
    // Reads the header. Throws Error(Code::corrupt), or what Source throws.
    explicit FileReader(const ReadOps &, const Allocator & = kMalloc);
    // Reads and checks a piece of a block; false at the end. Throws Error(Code::corrupt) or
    // Error(Code::limit) with `block 3: ...`. Not to be called again after that.
    bool next();
    ReadStats stats() const;
    const Schema &schema() const { return schema_; }

  private:
    static constexpr size_t kSync = 16;
    using Metadata = std::map<std::string, std::string>;

    Metadata read_header();
    std::string header_string(size_t *left);
    void open_schema(const Metadata &);
    void open_codec(const Metadata &, const Allocator &);
    void begin_block();
    void go_on();
    bool refill();
    bool unpack_some();
    void end_row();
    void end_block();
    [[noreturn]] void ends_inside_row();
    bool second_opinion() const;

    Source source_;
    Schema schema_;
    std::unique_ptr<DatumChecker> checker_;
    std::unique_ptr<AvroC> second_;
    std::unique_ptr<Unpacker> unpacker_; // null: blocks are not compressed
    std::string codec_;                  // its name
    bool snappy_ = false;                // data is followed by a checksum
    uint8_t sync_[kSync];
    uint64_t rows_ = 0, blocks_ = 0, raw_bytes_ = 0;

    // Of the block that has begun.
    bool in_block_ = false;
    uint64_t block_rows_ = 0, rows_left_ = 0, packed_left_ = 0, block_bytes_ = 0, frames_ = 0;
    uint32_t checksum_ = 0;
    // What was unpacked of it, from the row that has begun on, unless that is too long to be kept.
    Buffer raw_;
    size_t at_ = 0; // up to here it was walked
    bool row_kept_ = true;
};
} // namespace spout::avro
