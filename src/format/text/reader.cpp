// reader.cpp - bytes, codec, rows, in this order.
#include "format/text/reader.hpp"

#include "base/crc32.hpp"
#include "base/error.hpp"
#include "base/parse.hpp"

#include "base/no_postgres.hpp"

namespace spout
{
namespace
{
constexpr size_t kStep = 256 << 10; // bytes read, and unpacked, at a time

[[noreturn]] void corrupt(const char *why) { throw Error(Code::corrupt, why); }
} // namespace

bool TextReader::fill()
{
    packed_.clear();
    int64_t n = ops_.read(ops_.arg, packed_.reserve(kStep), kStep);
    if (n < 0 || n > static_cast<int64_t>(kStep)) throw Error(Code::internal, "read failed");
    packed_.advance(static_cast<size_t>(n));
    left_ = packed_.bytes();
    bytes_ += left_.n;
    crc32c_ = crc32c(crc32c_, left_.p, left_.n);
    return n > 0;
}

bool TextReader::next()
{
    if (!left_.n && !filled_ && !fill()) {
        finish();
        return false;
    }
    if (!started_) {
        started_ = true;
        if (!as_.plain) unpacker_ = make_unpacker(left_, *as_.allocator);
    }
    Bytes raw = left_;
    if (unpacker_) {
        raw_.clear();
        size_t n = unpacker_->unpack(&left_, raw_.reserve(kStep), kStep);
        filled_ = n == kStep && !unpacker_->between_frames();
        raw = {raw_.data(), n};
    } else
        left_.n = 0;
    raw_bytes_ += raw.n;
    if (raw.n) count(raw);
    return true;
}

void TextReader::count(Bytes raw)
{
    if (!rows_) start(raw);
    rows_->feed(raw);
}

void TextReader::start(Bytes first)
{
    std::string_view format = as_.format ? as_.format : "";
    uint8_t c = first.n ? first.p[0] : 0;
    if (format.empty()) format = c == '<' ? "xml" : c == '{' || c == '[' ? "json" : "";
    if (iequals(format, "csv"))
        rows_ = count_csv(as_);
    else if (iequals(format, "json"))
        rows_ = count_json();
    else if (iequals(format, "xml"))
        rows_ = count_xml();
    else
        corrupt("what is packed is neither XML nor JSON, and the name does not say csv");
}

void TextReader::finish()
{
    if (unpacker_ && !unpacker_->between_frames()) corrupt("the compressed data ends too early");
    if (!rows_) start({nullptr, 0});
    rows_->finish();
}

ReadStats TextReader::stats() const
{
    return {rows_ ? rows_->rows() : 0, unpacker_ ? unpacker_->frames() : 0, bytes_, raw_bytes_, crc32c_};
}
} // namespace spout
