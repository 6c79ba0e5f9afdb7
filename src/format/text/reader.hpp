// reader.hpp - reads a CSV, JSON or XML export back: counts its bytes and rows, sums it up, unpacks it.
// Knows no descriptors: bytes come from ReadOps. Memory is constant, whatever the file holds.
#pragma once
#include "codec/unpack.hpp"
#include "format/text/rows.hpp"

namespace spout
{
class TextReader
{
  public:
    TextReader(const ReadOps &ops, const ReadAs &as)
        : ops_(ops), as_(as), packed_(*as.allocator), raw_(*as.allocator)
    {
    }
    // One step, of at most some hundred kB; false at the end. Throws Error(Code::corrupt, Code::internal).
    bool next();
    ReadStats stats() const;

  private:
    bool fill(); // false at the end of the file
    void start(Bytes first);
    void count(Bytes raw);
    void finish();

    ReadOps ops_;
    ReadAs as_;
    bool started_ = false;
    std::unique_ptr<Unpacker> unpacker_; // null: the file is not compressed
    std::unique_ptr<RowCounter> rows_;   // made when the format is known
    Buffer packed_, raw_;
    Bytes left_ = {nullptr, 0}; // of packed_
    bool filled_ = false;       // the unpacker gave a full buffer, so it may have more
    uint64_t bytes_ = 0, raw_bytes_ = 0;
    uint32_t crc32c_ = 0;
};
} // namespace spout
