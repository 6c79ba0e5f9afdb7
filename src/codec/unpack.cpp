// unpack.cpp - gzip by zlib, Zstandard and LZ4 by their own streaming readers.
#include <lz4frame.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include "codec/unpack.hpp"

#include "core/error.hpp"

#include "core/no_postgres.hpp"

namespace spout
{
namespace
{
[[noreturn]] void corrupt(const char *codec)
{
    throw Error(Code::corrupt, std::string(codec) + " data is damaged");
}

class Gunzip : public Unpacker
{
  public:
    Gunzip()
    {
        if (inflateInit2(&z_, 15 + 16) != Z_OK) throw std::bad_alloc();
    }
    ~Gunzip() override { inflateEnd(&z_); }

    size_t unpack(Bytes *in, uint8_t *out, size_t room) override
    {
        size_t got = 0;
        while (got < room && (in->n || !between_)) {
            if (between_ && inflateReset(&z_) != Z_OK) corrupt("gzip");
            between_ = false;
            z_.next_in = const_cast<uint8_t *>(in->p);
            z_.avail_in = static_cast<uInt>(in->n);
            z_.next_out = out + got;
            z_.avail_out = static_cast<uInt>(room - got);
            int rc = inflate(&z_, Z_NO_FLUSH);
            if (rc == Z_MEM_ERROR) throw std::bad_alloc();
            if (rc == Z_BUF_ERROR) break; // wants more
            if (rc != Z_OK && rc != Z_STREAM_END) corrupt("gzip");
            got = room - z_.avail_out;
            *in = {z_.next_in, z_.avail_in};
            if (rc == Z_STREAM_END) frame_done();
        }
        return got;
    }

  private:
    z_stream z_ = {};
};

class Unzstd : public Unpacker
{
  public:
    Unzstd() : context_(ZSTD_createDCtx())
    {
        if (!context_) throw std::bad_alloc();
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
            if (ZSTD_isError(left)) {
                if (ZSTD_getErrorCode(left) == ZSTD_error_memory_allocation) throw std::bad_alloc();
                corrupt("zstandard");
            }
            if (left == 0)
                frame_done();
            else if (from.pos == read && to.pos == written)
                break; // wants more
        }
        *in = {in->p + from.pos, in->n - from.pos};
        return to.pos;
    }

  private:
    ZSTD_DCtx *context_; // owned
};

class Unlz4 : public Unpacker
{
  public:
    Unlz4()
    {
        if (LZ4F_isError(LZ4F_createDecompressionContext(&context_, LZ4F_VERSION))) throw std::bad_alloc();
    }
    ~Unlz4() override { LZ4F_freeDecompressionContext(context_); }

    size_t unpack(Bytes *in, uint8_t *out, size_t room) override
    {
        size_t got = 0;
        while (got < room && (in->n || !between_)) {
            between_ = false;
            size_t n = room - got, used = in->n;
            size_t hint = LZ4F_decompress(context_, out + got, &n, in->p, &used, nullptr);
            if (LZ4F_isError(hint)) {
                if (strcmp(LZ4F_getErrorName(hint), "ERROR_allocation_failed") == 0) throw std::bad_alloc();
                corrupt("lz4");
            }
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
    LZ4F_dctx *context_ = nullptr; // owned
};

bool starts_with(Bytes head, const char *magic, size_t n)
{
    return head.n >= n && memcmp(head.p, magic, n) == 0;
}
} // namespace

std::unique_ptr<Unpacker> make_unpacker(Bytes head)
{
    if (starts_with(head, "\x1f\x8b", 2)) return std::make_unique<Gunzip>();
    if (starts_with(head, "\x28\xb5\x2f\xfd", 4)) return std::make_unique<Unzstd>();
    if (starts_with(head, "\x04\x22\x4d\x18", 4)) return std::make_unique<Unlz4>();
    return nullptr;
}
} // namespace spout
