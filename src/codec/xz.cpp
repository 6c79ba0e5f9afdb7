// xz.cpp - one .xz container per block (never the old .lzma format).
#include <lzma.h>

#include "codec/codec.hpp"
#include "codec/memory.hpp"
#include "core/error.hpp"

#include "core/no_postgres.hpp"

namespace spout
{
namespace
{
constexpr size_t kStep = 256 * 1024;              // bytes of output asked for at a time
constexpr uint64_t kDecoderMemory = 128ull << 20; // more than level 9 needs (65 MiB)

class Xz : public Codec
{
  public:
    Xz(uint32_t level, const Allocator &a) : memory_(a), level_(level) {}

    void compress(Bytes in, Buffer &out) override
    {
        size_t room = lzma_stream_buffer_bound(in.n), at = 0;
        if (!room) throw Error(Code::limit, "block is too large for xz");
        // The dictionary of a high level is larger than any block: without the cut it would only cost memory.
        lzma_options_lzma options;
        lzma_lzma_preset(&options, level_);
        if (options.dict_size > in.n)
            options.dict_size = in.n < LZMA_DICT_SIZE_MIN ? LZMA_DICT_SIZE_MIN : static_cast<uint32_t>(in.n);
        lzma_filter filters[] = {{LZMA_FILTER_LZMA2, &options}, {LZMA_VLI_UNKNOWN, nullptr}};
        lzma_ret rc = lzma_stream_buffer_encode(filters, LZMA_CHECK_CRC64, &hooks_, in.p, in.n,
                                                out.reserve(room), &at, room);
        if (rc == LZMA_MEM_ERROR) throw std::bad_alloc();
        if (rc != LZMA_OK) throw Error(Code::internal, "xz failed");
        out.advance(at);
    }

    void decompress(Bytes in, size_t max_out, Buffer &out) override
    {
        Stream s;
        s.z.allocator = &hooks_;
        if (lzma_stream_decoder(&s.z, kDecoderMemory, 0) != LZMA_OK) throw std::bad_alloc();
        s.z.next_in = in.p;
        s.z.avail_in = in.n;
        const size_t start = out.size();
        for (lzma_ret rc = LZMA_OK; rc != LZMA_STREAM_END;) {
            s.z.next_out = out.reserve(kStep);
            s.z.avail_out = kStep;
            rc = lzma_code(&s.z, LZMA_FINISH);
            if (rc == LZMA_MEM_ERROR) throw std::bad_alloc();
            if (rc != LZMA_OK && rc != LZMA_STREAM_END) throw Error(Code::corrupt, "xz data is damaged");
            out.advance(kStep - s.z.avail_out);
            if (out.size() - start > max_out) throw Error(Code::limit, "xz data is larger than allowed");
        }
        if (s.z.avail_in) throw Error(Code::corrupt, "xz data is damaged");
    }

  private:
    struct Stream {
        lzma_stream z = LZMA_STREAM_INIT;
        ~Stream() { lzma_end(&z); }
    };
    CodecMemory memory_;
    const lzma_allocator hooks_ = {CodecMemory::items<size_t>, CodecMemory::give_back, &memory_};
    uint32_t level_;
};
} // namespace

extern const CodecDef kXz;
const CodecDef kXz = {"xz", 0, 6, 9, [](int level, const Allocator &a) -> std::unique_ptr<Codec> {
                          return std::make_unique<Xz>(static_cast<uint32_t>(level), a);
                      }};
} // namespace spout
