// zstd.cpp - one Zstandard frame per block, with its content size: older readers need it.
#define ZSTD_STATIC_LINKING_ONLY // for memory hooks, which every shared library has
#include <zstd.h>
#include <zstd_errors.h>

#include "codec/codec.hpp"
#include "codec/memory.hpp"
#include "base/error.hpp"

#include "base/no_postgres.hpp"

namespace spout
{
namespace
{
// Level 1 is asked for speed. The library's own choice for blocks just above 256 kB fits plain files: a table
// of 2^14 positions, which overflows the first-level cache, and matches of seven bytes, longer than most that
// rows have. With these, rows of bench's reference table, as Avro, CSV and JSON, compress 27 to 31 % faster
// to a size 0.4 to 2.7 % smaller; source code and prose get 5 to 7 % larger.
constexpr int kFastHashLog = 12, kFastMinMatch = 6;
// For the fast strategy, how far it steps between two look-ups that found nothing (2: three bytes, not two).
constexpr int kFastTargetLength = 2;

// Steps without a match would also turn off Huffman codes for literals, as in negative levels. What keeps
// them on is ZSTD_c_literalCompressionMode, experimental by name, with 1 for "enabled" in every release;
// without it no steps.
void prefer_speed(ZSTD_CCtx *c)
{
    ZSTD_CCtx_setParameter(c, ZSTD_c_hashLog, kFastHashLog);
    ZSTD_CCtx_setParameter(c, ZSTD_c_minMatch, kFastMinMatch);
    if (ZSTD_isError(ZSTD_CCtx_setParameter(c, ZSTD_c_experimentalParam5, 1))) return;
    ZSTD_CCtx_setParameter(c, ZSTD_c_targetLength, kFastTargetLength);
}

// Level 22 would have windows of 128 MB, for frames of more than 64 MB. Who reads has to find room for them.
constexpr int kMaxWindowLog = 26;

class Zstd : public Codec
{
  public:
    Zstd(int level, bool checksum, const Allocator &a)
        : memory_(a), compress_(ZSTD_createCCtx_advanced(hooks()))
    {
        if (!compress_) throw std::bad_alloc();
        ZSTD_CCtx_setParameter(compress_, ZSTD_c_compressionLevel, level);
        ZSTD_CCtx_setParameter(compress_, ZSTD_c_checksumFlag, checksum);
        if (level == 1) prefer_speed(compress_);
        if (level == 22) ZSTD_CCtx_setParameter(compress_, ZSTD_c_windowLog, kMaxWindowLog);
    }
    ~Zstd() override { ZSTD_freeCCtx(compress_); }

    void compress(Bytes in, Buffer &out) override
    {
        size_t room = ZSTD_compressBound(in.n);
        size_t n = ZSTD_compress2(compress_, out.reserve(room), room, in.p, in.n);
        if (ZSTD_isError(n)) {
            if (ZSTD_getErrorCode(n) == ZSTD_error_memory_allocation) throw std::bad_alloc();
            throw Error(Code::internal, std::string("zstd failed: ") + ZSTD_getErrorName(n));
        }
        out.advance(n);
    }

  private:
    ZSTD_customMem hooks() { return {CodecMemory::bytes, CodecMemory::give_back, &memory_}; }

    CodecMemory memory_;
    ZSTD_CCtx *compress_; // owned
};

class Unzstd : public Unpacker
{
  public:
    explicit Unzstd(const Allocator &a)
        : memory_(a),
          context_(ZSTD_createDCtx_advanced({CodecMemory::bytes, CodecMemory::give_back, &memory_}))
    {
        if (!context_) throw std::bad_alloc();
        ZSTD_DCtx_setParameter(context_, ZSTD_d_windowLogMax, kMaxWindowLog);
    }
    ~Unzstd() override { ZSTD_freeDCtx(context_); }

    size_t unpack(Bytes *in, uint8_t *out, size_t room) override
    {
        ZSTD_inBuffer from = {in->p, in->n, 0};
        ZSTD_outBuffer to = {out, room, 0};
        while (to.pos < to.size && (from.pos < from.size || !between_)) {
            const size_t read = from.pos, written = to.pos;
            between_ = false;
            size_t left = ZSTD_decompressStream(context_, &to, &from);
            if (ZSTD_isError(left)) fail(ZSTD_getErrorCode(left));
            if (left == 0)
                frame_done();
            else if (from.pos == read && to.pos == written)
                break; // wants more
        }
        *in = {in->p + from.pos, in->n - from.pos};
        return to.pos;
    }

  private:
    [[noreturn]] static void fail(ZSTD_ErrorCode why)
    {
        if (why == ZSTD_error_memory_allocation) throw std::bad_alloc();
        if (why == ZSTD_error_frameParameter_windowTooLarge)
            throw Error(Code::limit, "zstandard data need a window of more than 64 MB");
        throw Error(Code::corrupt, "zstandard data is damaged");
    }
    CodecMemory memory_;
    ZSTD_DCtx *context_; // owned
};

std::unique_ptr<Unpacker> make_unzstd(const Allocator &a) { return std::make_unique<Unzstd>(a); }
} // namespace

extern const CodecDef kZstd, kZstdChecked;
const CodecDef kZstd = {"zstd",
                        1,
                        3,
                        22,
                        [](int level, const Allocator &a) -> std::unique_ptr<Codec> {
                            return std::make_unique<Zstd>(level, false, a);
                        },
                        make_unzstd};
// For files that have no checksums of their own.
const CodecDef kZstdChecked = {"zstd_checked",
                               1,
                               3,
                               22,
                               [](int level, const Allocator &a) -> std::unique_ptr<Codec> {
                                   return std::make_unique<Zstd>(level, true, a);
                               },
                               make_unzstd};
} // namespace spout
