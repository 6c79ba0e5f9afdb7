// lz4.cpp - one LZ4 frame per block, with content size and checksum.
#define LZ4F_STATIC_LINKING_ONLY // for memory hooks
#include <lz4.h>
#include <lz4frame.h>

#include "codec/codec.hpp"
#include "codec/memory.hpp"
#include "base/error.hpp"

#include "base/no_postgres.hpp"

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

bool out_of_memory(size_t rc) { return strcmp(LZ4F_getErrorName(rc), "ERROR_allocation_failed") == 0; }

class Lz4 : public Codec
{
  public:
    Lz4(int level, const Allocator &a) : memory_(a), level_(level) {}

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

  private:
    CodecMemory memory_;
    int level_;
};

class Unlz4 : public Unpacker
{
  public:
    explicit Unlz4(const Allocator &a) : memory_(a), context_(make_decompressor(&memory_))
    {
        if (!context_) throw std::bad_alloc();
    }
    ~Unlz4() override { LZ4F_freeDecompressionContext(context_); }

    size_t unpack(Bytes *in, uint8_t *out, size_t room) override
    {
        size_t got = 0;
        while (got < room && (in->n || !between_)) {
            between_ = false;
            size_t n = room - got, used = in->n;
            size_t hint = LZ4F_decompress(context_, out + got, &n, in->p, &used, nullptr);
            if (LZ4F_isError(hint) && out_of_memory(hint)) throw std::bad_alloc();
            if (LZ4F_isError(hint)) throw Error(Code::corrupt, "lz4 data is damaged");
            got += n;
            *in = {in->p + used, in->n - used};
            if (hint == 0)
                frame_done();
            else if (!n && !used)
                break; // wants more
        }
        return got;
    }

  private:
    CodecMemory memory_;
    LZ4F_dctx *context_; // owned
};
} // namespace

extern const CodecDef kLz4;
const CodecDef kLz4 = {
    "lz4",
    1,
    1,
    12,
    [](int level, const Allocator &a) -> std::unique_ptr<Codec> { return std::make_unique<Lz4>(level, a); },
    [](const Allocator &a) -> std::unique_ptr<Unpacker> { return std::make_unique<Unlz4>(a); }};
} // namespace spout
