// zstd.cpp - one Zstandard frame per block, with its content size: older readers need it.
#define ZSTD_STATIC_LINKING_ONLY // for memory hooks, which every shared library has
#include <zstd.h>
#include <zstd_errors.h>

#include "codec/codec.hpp"
#include "codec/memory.hpp"
#include "core/error.hpp"

#include "core/no_postgres.hpp"

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

class Zstd : public Codec
{
  public:
    Zstd(int level, bool checksum, const Allocator &a)
        : memory_(a), compress_(ZSTD_createCCtx_advanced(hooks())), decompress_(nullptr)
    {
        if (!compress_) throw std::bad_alloc();
        ZSTD_CCtx_setParameter(compress_, ZSTD_c_compressionLevel, level);
        ZSTD_CCtx_setParameter(compress_, ZSTD_c_checksumFlag, checksum);
        if (level == 1) prefer_speed(compress_);
    }
    ~Zstd() override
    {
        ZSTD_freeCCtx(compress_);
        ZSTD_freeDCtx(decompress_);
    }

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

    // Streaming, so that a frame that claims a size gets memory only for what it really gives.
    void decompress(Bytes in, size_t max_out, Buffer &out) override
    {
        if (!decompress_ && !(decompress_ = ZSTD_createDCtx_advanced(hooks()))) throw std::bad_alloc();
        ZSTD_DCtx_reset(decompress_, ZSTD_reset_session_only);
        ZSTD_inBuffer from = {in.p, in.n, 0};
        const size_t start = out.size();
        for (size_t left = 1; left;) {
            size_t room = ZSTD_DStreamOutSize();
            ZSTD_outBuffer to = {out.reserve(room), room, 0};
            size_t consumed = from.pos;
            left = ZSTD_decompressStream(decompress_, &to, &from);
            if (ZSTD_isError(left)) {
                if (ZSTD_getErrorCode(left) == ZSTD_error_memory_allocation) throw std::bad_alloc();
                corrupt();
            }
            out.advance(to.pos);
            if (out.size() - start > max_out)
                throw Error(Code::limit, "zstandard data is larger than allowed");
            if (left && to.pos == 0 && from.pos == consumed) corrupt(); // ends in the middle
        }
        if (from.pos != in.n) corrupt();
    }

  private:
    [[noreturn]] static void corrupt() { throw Error(Code::corrupt, "zstandard data is damaged"); }

    ZSTD_customMem hooks() { return {CodecMemory::bytes, CodecMemory::give_back, &memory_}; }

    CodecMemory memory_;
    ZSTD_CCtx *compress_;   // owned
    ZSTD_DCtx *decompress_; // owned, made at the first use
};
} // namespace

extern const CodecDef kZstd, kZstdChecked;
const CodecDef kZstd = {"zstd", 1, 3, 22, [](int level, const Allocator &a) -> std::unique_ptr<Codec> {
                            return std::make_unique<Zstd>(level, false, a);
                        }};
// For files that have no checksums of their own.
const CodecDef kZstdChecked = {"zstd_checked", 1, 3, 22,
                               [](int level, const Allocator &a) -> std::unique_ptr<Codec> {
                                   return std::make_unique<Zstd>(level, true, a);
                               }};
} // namespace spout
