// lz4.cpp - one LZ4 frame per block, with content size and checksum.
#define LZ4F_STATIC_LINKING_ONLY // for memory hooks
#include <lz4.h>
#include <lz4frame.h>

#include "codec/codec.hpp"
#include "codec/memory.hpp"
#include "core/error.hpp"

#include "core/no_postgres.hpp"

namespace spout
{
namespace
{
#if LZ4_VERSION_NUMBER >= 10904
LZ4F_CustomMem hooks(CodecMemory *m) { return {CodecMemory::bytes, nullptr, CodecMemory::give_back, m}; }

// A context for one frame, as LZ4F_compressFrame() makes it: one used before might choose other matches.
class Context
{
  public:
    explicit Context(CodecMemory *m) : c_(LZ4F_createCompressionContext_advanced(hooks(m), LZ4F_VERSION))
    {
        if (!c_) throw std::bad_alloc();
    }
    ~Context() { LZ4F_freeCompressionContext(c_); }
    Context(const Context &) = delete;
    Context &operator=(const Context &) = delete;
    size_t frame(uint8_t *out, size_t room, Bytes in, const LZ4F_preferences_t &p)
    {
        return LZ4F_compressFrame_usingCDict(c_, out, room, in.p, in.n, nullptr, &p);
    }

  private:
    LZ4F_cctx *c_;
};

LZ4F_dctx *make_decompressor(CodecMemory *m)
{
    return LZ4F_createDecompressionContext_advanced(hooks(m), LZ4F_VERSION);
}
#else // no hooks: its 80 to 300 kB are not seen
struct Context {
    explicit Context(CodecMemory *) {}
    size_t frame(uint8_t *out, size_t room, Bytes in, const LZ4F_preferences_t &p)
    {
        return LZ4F_compressFrame(out, room, in.p, in.n, &p);
    }
};

LZ4F_dctx *make_decompressor(CodecMemory *)
{
    LZ4F_dctx *d = nullptr;
    return LZ4F_isError(LZ4F_createDecompressionContext(&d, LZ4F_VERSION)) ? nullptr : d;
}
#endif

constexpr size_t kStep = 256 * 1024; // bytes of output asked for at a time

class Lz4 : public Codec
{
  public:
    Lz4(int level, const Allocator &a) : memory_(a), level_(level) {}
    ~Lz4() override { LZ4F_freeDecompressionContext(decompress_); }

    void compress(Bytes in, Buffer &out) override
    {
        LZ4F_preferences_t p = LZ4F_INIT_PREFERENCES;
        p.compressionLevel = level_;
        p.frameInfo.contentChecksumFlag = LZ4F_contentChecksumEnabled;
        p.frameInfo.contentSize = in.n;
        size_t room = LZ4F_compressFrameBound(in.n, &p);
        size_t n = Context(&memory_).frame(out.reserve(room), room, in, p);
        if (LZ4F_isError(n)) {
            if (out_of_memory(n)) throw std::bad_alloc();
            throw Error(Code::internal, std::string("lz4 failed: ") + LZ4F_getErrorName(n));
        }
        out.advance(n);
    }

    void decompress(Bytes in, size_t max_out, Buffer &out) override
    {
        if (!decompress_ && !(decompress_ = make_decompressor(&memory_))) throw std::bad_alloc();
        LZ4F_resetDecompressionContext(decompress_);
        const size_t start = out.size();
        for (size_t hint = 1; hint;) {
            size_t got = kStep, used = in.n;
            hint = LZ4F_decompress(decompress_, out.reserve(kStep), &got, in.p, &used, nullptr);
            if (LZ4F_isError(hint) && out_of_memory(hint)) throw std::bad_alloc();
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
    static bool out_of_memory(size_t rc)
    {
        return strcmp(LZ4F_getErrorName(rc), "ERROR_allocation_failed") == 0;
    }
    [[noreturn]] static void corrupt() { throw Error(Code::corrupt, "lz4 data is damaged"); }
    CodecMemory memory_;
    LZ4F_dctx *decompress_ = nullptr; // owned, made at the first use
    int level_;
};
} // namespace

extern const CodecDef kLz4;
const CodecDef kLz4 = {"lz4", 1, 1, 12, [](int level, const Allocator &a) -> std::unique_ptr<Codec> {
                           return std::make_unique<Lz4>(level, a);
                       }};
} // namespace spout
