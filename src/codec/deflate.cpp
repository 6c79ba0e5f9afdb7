// deflate.cpp - DEFLATE: raw (RFC 1951), as Avro wants it, and as a gzip member (RFC 1952) without name or
// time. libdeflate where the build has it, else zlib; both give frames the other reads.
#ifdef HAVE_LIBDEFLATE
#include <cstdlib>

#include <libdeflate.h>
#define PER_OBJECT_HOOKS (LIBDEFLATE_VERSION_MAJOR > 1 || LIBDEFLATE_VERSION_MINOR >= 19)
#endif
#include <algorithm>
#include <zlib.h>

#include "codec/codec.hpp"
#include "codec/memory.hpp"
#include "base/error.hpp"

#include "base/no_postgres.hpp"

namespace spout
{
namespace
{
#ifdef HAVE_LIBDEFLATE
// libdeflate's hooks know no owner, so they act for whoever makes or ends an object in this thread.
// Before 1.19 they are the library's only ones: set no longer than that, for objects of other users are none
// of ours.
class Hooks
{
  public:
    explicit Hooks(const CodecMemory &m)
    {
        acting = &m;
        install(allocate, release);
    }
    ~Hooks() { install(malloc, free); }
    Hooks(const Hooks &) = delete;
    Hooks &operator=(const Hooks &) = delete;
    static void *allocate(size_t n) { return acting->allocate(n); }
    static void release(void *p) { acting->release(p); }

  private:
    static void install(void *(*allocate)(size_t), void (*release)(void *))
    {
#if !PER_OBJECT_HOOKS
        libdeflate_set_memory_allocator(allocate, release);
#endif
    }
    static thread_local const CodecMemory *acting;
};
thread_local const CodecMemory *Hooks::acting;

libdeflate_compressor *make_compressor(const CodecMemory &m, int level)
{
    Hooks hooks(m);
#if PER_OBJECT_HOOKS
    const libdeflate_options o = {sizeof o, Hooks::allocate, Hooks::release};
    return libdeflate_alloc_compressor_ex(level, &o);
#else
    return libdeflate_alloc_compressor(level);
#endif
}

struct Raw {
    static constexpr auto bound = libdeflate_deflate_compress_bound;
    static constexpr auto compress = libdeflate_deflate_compress;
};
struct Gzip {
    static constexpr auto bound = libdeflate_gzip_compress_bound;
    static constexpr auto compress = libdeflate_gzip_compress;
};

template <class Form> class Deflate : public Codec
{
  public:
    Deflate(int level, const Allocator &a) : memory_(a), compressor_(make_compressor(memory_, level))
    {
        if (!compressor_) throw std::bad_alloc();
    }
    ~Deflate() override
    {
        Hooks hooks(memory_);
        libdeflate_free_compressor(compressor_);
    }

    void compress(Bytes in, Buffer &out) override
    {
        size_t room = Form::bound(compressor_, in.n);
        size_t n = Form::compress(compressor_, in.p, in.n, out.reserve(room), room);
        if (!n) throw Error(Code::internal, "deflate failed");
        out.advance(n);
    }

  private:
    const CodecMemory memory_;
    libdeflate_compressor *compressor_; // owned
};
#else
// Window bits; the sign and the 16 choose the wrapper.
struct Raw {
    static constexpr int bits = -15;
};
struct Gzip {
    static constexpr int bits = 15 + 16;
};

template <class Form> class Deflate : public Codec
{
  public:
    Deflate(int level, const Allocator &a) : memory_(a), level_(level) {}

    void compress(Bytes in, Buffer &out) override
    {
        z_stream z = stream();
        if (deflateInit2(&z, level_, Z_DEFLATED, Form::bits, 8, Z_DEFAULT_STRATEGY) != Z_OK)
            throw std::bad_alloc();
        End end{&z, deflateEnd};
        if (in.n > UINT32_MAX) throw Error(Code::limit, "block is too large for deflate");
        size_t room = deflateBound(&z, in.n);
        z.next_in = const_cast<uint8_t *>(in.p);
        z.avail_in = static_cast<uInt>(in.n);
        z.next_out = out.reserve(room);
        z.avail_out = static_cast<uInt>(room);
        if (deflate(&z, Z_FINISH) != Z_STREAM_END) throw Error(Code::internal, "deflate failed");
        out.advance(room - z.avail_out);
    }

  private:
    struct End {
        z_stream *z;
        int (*end)(z_stream *);
        ~End() { end(z); }
    };
    z_stream stream()
    {
        z_stream z = {};
        z.zalloc = CodecMemory::items<uInt>;
        z.zfree = CodecMemory::give_back;
        z.opaque = &memory_;
        return z;
    }
    CodecMemory memory_;
    int level_;
};
#endif

// By zlib in either build: libdeflate unpacks whole frames only.
template <int window_bits> class Inflate : public Unpacker
{
  public:
    explicit Inflate(const Allocator &a) : memory_(a)
    {
        z_.zalloc = CodecMemory::items<uInt>;
        z_.zfree = CodecMemory::give_back;
        z_.opaque = &memory_;
        if (inflateInit2(&z_, window_bits) != Z_OK) throw std::bad_alloc();
    }
    ~Inflate() override { inflateEnd(&z_); }

    // Pieces are small: zlib counts in unsigned int.
    size_t unpack(Bytes *in, uint8_t *out, size_t room) override
    {
        size_t got = 0;
        while (got < room && (in->n || !between_)) {
            if (between_ && inflateReset(&z_) != Z_OK) corrupt();
            between_ = false;
            const auto n = static_cast<uInt>(std::min<size_t>(in->n, UINT32_MAX));
            const auto wanted = static_cast<uInt>(std::min<size_t>(room - got, UINT32_MAX));
            z_.next_in = const_cast<uint8_t *>(in->p);
            z_.avail_in = n;
            z_.next_out = out + got;
            z_.avail_out = wanted;
            int rc = inflate(&z_, Z_NO_FLUSH);
            if (rc == Z_MEM_ERROR) throw std::bad_alloc();
            if (rc == Z_BUF_ERROR) break; // wants more
            if (rc != Z_OK && rc != Z_STREAM_END) corrupt();
            got += wanted - z_.avail_out;
            *in = {z_.next_in, in->n - (n - z_.avail_in)};
            if (rc == Z_STREAM_END) frame_done();
        }
        return got;
    }

  private:
    [[noreturn]] static void corrupt()
    {
        throw Error(Code::corrupt, window_bits < 0 ? "deflate data is damaged" : "gzip data is damaged");
    }
    CodecMemory memory_;
    z_stream z_ = {};
};
} // namespace

template <class Form> std::unique_ptr<Codec> make(int level, const Allocator &a)
{
    return std::make_unique<Deflate<Form>>(level, a);
}

template <int window_bits> std::unique_ptr<Unpacker> make_inflate(const Allocator &a)
{
    return std::make_unique<Inflate<window_bits>>(a);
}

extern const CodecDef kDeflate, kGzip;
const CodecDef kDeflate = {"deflate", 1, 6, 9, make<Raw>, make_inflate<-15>};
const CodecDef kGzip = {"gzip", 1, 6, 9, make<Gzip>, make_inflate<15 + 16>};
} // namespace spout
