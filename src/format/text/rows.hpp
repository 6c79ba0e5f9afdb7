// rows.hpp - counts the rows of CSV, JSON and XML as a reader would find them, and notices where a file
// cannot be what was written: cut off, or damaged in its structure. Values are not judged: that is a
// checksum's business. Knows no files and no codecs: bytes come in pieces of any size.
#pragma once
#include <memory>
#include <vector>

#include "base/buffer.hpp"
#include "base/read.hpp"

namespace spout
{
class RowCounter
{
  public:
    virtual ~RowCounter() = default;
    // Both throw Error(Code::corrupt).
    virtual void feed(Bytes) = 0;
    virtual void finish() = 0; // the file ends here
    uint64_t rows() const { return rows_; }

  protected:
    [[noreturn]] void corrupt(const char *what) const;
    uint64_t rows_ = 0; // whole ones
};

std::unique_ptr<RowCounter> count_csv(const ReadAs &);
std::unique_ptr<RowCounter> count_json(); // objects, one a line or in one array
std::unique_ptr<RowCounter> count_xml();  // children of the root element
} // namespace spout
