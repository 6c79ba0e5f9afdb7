// lz4.cpp - one LZ4 frame per block, with content size and checksum.
#include <lz4frame.h>

#include "codec/codec.hpp"
#include "core/error.hpp"

#include "core/no_postgres.hpp"

namespace spout
{
namespace
{
constexpr size_t kStep = 256 * 1024; // bytes of output asked for at a time

class Lz4 : public Codec
{
  public:
    explicit Lz4(int level) : level_(level) {}
    ~Lz4() override { LZ4F_freeDecompressionContext(decompress_); }

    void compress(Bytes in, Buffer &out) override
    {
        LZ4F_preferences_t p = LZ4F_INIT_PREFERENCES;
        p.compressionLevel = level_;
        p.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
        p.frameInfo.contentSize = in.n;
        size_t room = LZ4F_compressFrameBound(in.n, &p);
        size_t n = LZ4F_compressFrame(out.reserve(room), room, in.p, in.n, &p);
        if (LZ4F_isError(n)) {
            if (strcmp(LZ4F_getErrorName(n), "ERROR_allocation_failed") == 0) throw std::bad_alloc();
            throw Error(Code::internal, std::string("lz4 failed: ") + LZ4F_getErrorName(n));
        }
        out.advance(n);
    }

    void decompress(Bytes in, size_t max_out, Buffer &out) override
    {
        if (!decompress_ && LZ4F_isError(LZ4F_createDecompressionContext(&decompress_, LZ4F_VERSION)))
            throw std::bad_alloc();
        LZ4F_resetDecompressionContext(decompress_);
        const size_t start = out.size();
        for (size_t hint = 1; hint;) {
            size_t got = kStep, used = in.n;
            hint = LZ4F_decompress(decompress_, out.reserve(kStep), &got, in.p, &used, nullptr);
            if (LZ4F_isError(hint)) corrupt();
            out.advance(got);
            if (out.size() - start > max_out) throw Error(Code::limit, "lz4 data is larger than allowed");
            if (hint && !got && !used) corrupt(); // ends in the middle
            in.p += used;
            in.n -= used;
        }
        if (in.n) corrupt();
    }

  private:
    [[noreturn]] static void corrupt() { throw Error(Code::corrupt, "lz4 data is damaged"); }
    LZ4F_dctx *decompress_ = nullptr; // owned, made at the first use
    int level_;
};
} // namespace

extern const CodecDef kLz4;
const CodecDef kLz4 = {"lz4", 1, 1, 12,
                       [](int level) -> std::unique_ptr<Codec> { return std::make_unique<Lz4>(level); }};
} // namespace spout
