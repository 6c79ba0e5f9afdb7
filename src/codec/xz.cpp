// xz.cpp - one .xz container per block (never the old .lzma format).
#include <lzma.h>

#include "codec/codec.hpp"
#include "codec/memory.hpp"
#include "base/error.hpp"

#include "base/no_postgres.hpp"

namespace spout
{
namespace
{
constexpr uint64_t kDecoderMemory = 96ull << 20; // more than level 9 needs (65 MiB)

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

  private:
    CodecMemory memory_;
    const lzma_allocator hooks_ = {CodecMemory::items<size_t>, CodecMemory::give_back, &memory_};
    uint32_t level_;
};

class Unxz : public Unpacker
{
  public:
    explicit Unxz(const Allocator &a) : memory_(a) { z_.allocator = &hooks_; }
    ~Unxz() override { lzma_end(&z_); }

    size_t unpack(Bytes *in, uint8_t *out, size_t room) override
    {
        z_.next_out = out;
        z_.avail_out = room;
        while (z_.avail_out && (in->n || !between_)) {
            if (between_ && lzma_stream_decoder(&z_, kDecoderMemory, 0) != LZMA_OK) throw std::bad_alloc();
            between_ = false;
            z_.next_in = in->p;
            z_.avail_in = in->n;
            lzma_ret rc = lzma_code(&z_, LZMA_RUN);
            *in = {z_.next_in, z_.avail_in};
            if (rc == LZMA_BUF_ERROR) break; // wants more
            if (rc == LZMA_MEM_ERROR) throw std::bad_alloc();
            if (rc == LZMA_MEMLIMIT_ERROR) throw Error(Code::limit, "xz data need more than 96 MB to unpack");
            if (rc != LZMA_OK && rc != LZMA_STREAM_END) throw Error(Code::corrupt, "xz data is damaged");
            if (rc == LZMA_STREAM_END) frame_done();
        }
        return room - z_.avail_out;
    }

  private:
    CodecMemory memory_;
    const lzma_allocator hooks_ = {CodecMemory::items<size_t>, CodecMemory::give_back, &memory_};
    lzma_stream z_ = LZMA_STREAM_INIT;
};
} // namespace

extern const CodecDef kXz;
const CodecDef kXz = {
    "xz",
    0,
    6,
    9,
    [](int level, const Allocator &a) -> std::unique_ptr<Codec> {
        return std::make_unique<Xz>(static_cast<uint32_t>(level), a);
    },
    [](const Allocator &a) -> std::unique_ptr<Unpacker> { return std::make_unique<Unxz>(a); }};
} // namespace spout
