// encoder.cpp - blocks of text rows.
#include "format/text/encoder.hpp"

#include "base/no_postgres.hpp"

namespace spout
{
namespace
{
constexpr size_t kKeep = 4 * kTextBlock; // a buffer larger than this is not kept
} // namespace

extern const FormatCodec kTextCodecs[] = {
    {"none", nullptr},      {"gzip", "gzip", ".gz"}, {"zstd", "zstd_checked", ".zst"},
    {"lz4", "lz4", ".lz4"}, {nullptr, nullptr},
};

size_t text_block_size(const Options &) { return kTextBlock; }

TextEncoder::TextEncoder(const Spec &spec)
    : ncolumns_(spec.row.nfields), open_(*spec.allocator), out_(open_), done_(*spec.allocator)
{
}

void TextEncoder::add(Row row)
{
    const size_t before = open_.size();
    uint32_t column = ncolumns_;
    try {
        out_.commit(write(row, out_, column));
    } catch (Error &e) {
        open_.resize(before);
        if (column < ncolumns_) e.column = static_cast<int32_t>(column);
        throw;
    } catch (...) {
        open_.resize(before);
        throw;
    }
}

Block &TextEncoder::take(uint32_t rows, size_t bytes)
{
    Buffer &done = done_.bytes;
    done.clear();
    done.shrink(kKeep);
    done.swap(open_);
    if (bytes < done.size()) {
        open_.append(done.data() + bytes, done.size() - bytes);
        done.resize(bytes);
    }
    done_.rows = rows;
    done_.raw_bytes = bytes;
    return done_;
}

void TextEncoder::absorb(Bytes rows, uint32_t) { open_.append(rows.p, rows.n); }
} // namespace spout
