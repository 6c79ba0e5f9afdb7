// deflate.cpp - DEFLATE: raw (RFC 1951), as Avro wants it, and as a gzip member (RFC 1952) without name or
// time. libdeflate where the build has it, else zlib; both give frames the other reads.
#ifdef HAVE_LIBDEFLATE
#include <cstdlib>

#include <libdeflate.h>
#define PER_OBJECT_HOOKS (LIBDEFLATE_VERSION_MAJOR > 1 || LIBDEFLATE_VERSION_MINOR >= 19)
#else
#include <zlib.h>
#endif

#include "codec/codec.hpp"
#include "codec/memory.hpp"
#include "core/error.hpp"

#include "core/no_postgres.hpp"

namespace spout
{
namespace
{
[[noreturn]] void corrupt() { throw Error(Code::corrupt, "deflate data is damaged"); }
[[noreturn]] void bomb() { throw Error(Code::limit, "deflate data is larger than allowed"); }

// A first guess of the decompressed size; grows up to max_out.
size_t first_guess(size_t in, size_t max_out)
{
    size_t guess = in < SIZE_MAX / 8 ? in * 4 + 4096 : max_out;
    return guess < max_out ? guess : max_out;
}

#ifdef HAVE_LIBDEFLATE
size_t next_guess(size_t guess, size_t max_out)
{
    if (guess >= max_out) bomb();
    return guess > max_out / 2 ? max_out : guess * 2;
}

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

libdeflate_decompressor *make_decompressor(const CodecMemory &m)
{
    Hooks hooks(m);
#if PER_OBJECT_HOOKS
    const libdeflate_options o = {sizeof o, Hooks::allocate, Hooks::release};
    return libdeflate_alloc_decompressor_ex(&o);
#else
    return libdeflate_alloc_decompressor();
#endif
}

struct Raw {
    static constexpr auto bound = libdeflate_deflate_compress_bound;
    static constexpr auto compress = libdeflate_deflate_compress;
    static constexpr auto decompress = libdeflate_deflate_decompress_ex;
};
struct Gzip {
    static constexpr auto bound = libdeflate_gzip_compress_bound;
    static constexpr auto compress = libdeflate_gzip_compress;
    static constexpr auto decompress = libdeflate_gzip_decompress_ex;
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
        libdeflate_free_decompressor(decompressor_);
    }

    void compress(Bytes in, Buffer &out) override
    {
        size_t room = Form::bound(compressor_, in.n);
        size_t n = Form::compress(compressor_, in.p, in.n, out.reserve(room), room);
        if (!n) throw Error(Code::internal, "deflate failed");
        out.advance(n);
    }

    void decompress(Bytes in, size_t max_out, Buffer &out) override
    {
        if (!decompressor_ && !(decompressor_ = make_decompressor(memory_))) throw std::bad_alloc();
        for (size_t room = first_guess(in.n, max_out);; room = next_guess(room, max_out)) {
            size_t used, got;
            auto rc = Form::decompress(decompressor_, in.p, in.n, out.reserve(room), room, &used, &got);
            if (rc == LIBDEFLATE_INSUFFICIENT_SPACE) continue;
            if (rc != LIBDEFLATE_SUCCESS || used != in.n) corrupt();
            out.advance(got);
            return;
        }
    }

  private:
    const CodecMemory memory_;
    libdeflate_compressor *compressor_;               // owned
    libdeflate_decompressor *decompressor_ = nullptr; // owned, made at the first use
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

    void decompress(Bytes in, size_t max_out, Buffer &out) override
    {
        z_stream z = stream();
        if (in.n > UINT32_MAX) corrupt();
        if (inflateInit2(&z, Form::bits) != Z_OK) throw std::bad_alloc();
        End end{&z, inflateEnd};
        z.next_in = const_cast<uint8_t *>(in.p);
        z.avail_in = static_cast<uInt>(in.n);
        for (size_t total = 0;;) {
            // One byte more than allowed: zlib says that a stream has ended only when asked for another.
            size_t left = max_out - total;
            size_t room = first_guess(in.n, left < SIZE_MAX ? left + 1 : left);
            z.next_out = out.reserve(room);
            z.avail_out = static_cast<uInt>(room < UINT32_MAX ? room : UINT32_MAX);
            uInt before = z.avail_out;
            int rc = inflate(&z, Z_NO_FLUSH);
            out.advance(before - z.avail_out);
            total += before - z.avail_out;
            if (total > max_out) bomb();
            if (rc == Z_STREAM_END) break;
            if (rc == Z_MEM_ERROR) throw std::bad_alloc();
            if (rc != Z_OK || z.avail_out) corrupt();
        }
        if (z.avail_in) corrupt();
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
} // namespace

template <class Form> std::unique_ptr<Codec> make(int level, const Allocator &a)
{
    return std::make_unique<Deflate<Form>>(level, a);
}

extern const CodecDef kDeflate, kGzip;
const CodecDef kDeflate = {"deflate", 1, 6, 9, make<Raw>};
const CodecDef kGzip = {"gzip", 1, 6, 9, make<Gzip>};
} // namespace spout
