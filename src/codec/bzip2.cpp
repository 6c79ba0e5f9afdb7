// bzip2.cpp - one bzip2 stream per block.
#include <bzlib.h>

#include <algorithm>
#include <optional>

#include "codec/codec.hpp"
#include "codec/memory.hpp"
#include "base/error.hpp"

#include "base/no_postgres.hpp"

namespace spout
{
namespace
{
constexpr size_t kStep = 256 * 1024; // bytes of output asked for at a time

[[noreturn]] void corrupt() { throw Error(Code::corrupt, "bzip2 data is damaged"); }

// A libbz2 stream; ended by the destructor, so also after bad_alloc.
struct Stream {
    bz_stream z = {};
    int (*end)(bz_stream *) = nullptr;
    explicit Stream(CodecMemory *m)
    {
        z.bzalloc = CodecMemory::items<int>;
        z.bzfree = CodecMemory::give_back;
        z.opaque = m;
    }
    Stream(const Stream &) = delete;
    Stream &operator=(const Stream &) = delete;
    ~Stream()
    {
        if (end) end(&z);
    }
    // libbz2 counts in unsigned int: large blocks go in pieces.
    void feed(Bytes &in)
    {
        if (z.avail_in || !in.n) return;
        unsigned n = in.n < (1u << 30) ? static_cast<unsigned>(in.n) : 1u << 30;
        z.next_in = const_cast<char *>(reinterpret_cast<const char *>(in.p));
        z.avail_in = n;
        in.p += n;
        in.n -= n;
    }
    unsigned room(Buffer &out, size_t wanted = kStep)
    {
        z.next_out = reinterpret_cast<char *>(out.reserve(wanted));
        return z.avail_out = wanted < (1u << 30) ? static_cast<unsigned>(wanted) : 1u << 30;
    }
};

class Bzip2 : public Codec
{
  public:
    Bzip2(int level, const Allocator &a) : memory_(a), level_(level) {}

    void compress(Bytes in, Buffer &out) override
    {
        Stream s(&memory_);
        // The level is a block size in 100 kB: beyond the input it would only cost memory.
        int level = static_cast<int>(std::min<size_t>(level_, in.n / 100000 + 1));
        if (BZ2_bzCompressInit(&s.z, level, 0, 0) != BZ_OK) throw std::bad_alloc();
        s.end = BZ2_bzCompressEnd;
        size_t bound = in.n + in.n / 100 + 600, start = out.size(); // the library's promise
        for (int rc = BZ_RUN_OK; rc != BZ_STREAM_END;) {
            s.feed(in);
            size_t done = out.size() - start;
            unsigned room = s.room(out, done < bound ? bound - done : kStep);
            rc = BZ2_bzCompress(&s.z, in.n ? BZ_RUN : BZ_FINISH);
            if (rc < 0) throw Error(Code::internal, "bzip2 failed");
            out.advance(room - s.z.avail_out);
        }
    }

  private:
    CodecMemory memory_;
    int level_;
};

class Bunzip2 : public Unpacker
{
  public:
    explicit Bunzip2(const Allocator &a) : memory_(a) {}

    size_t unpack(Bytes *in, uint8_t *out, size_t room) override
    {
        size_t got = 0;
        while (got < room && (in->n || !between_)) {
            if (between_) begin();
            bz_stream &z = s_->z;
            const size_t had = in->n, wanted = std::min<size_t>(room - got, kStep);
            s_->feed(*in);
            z.next_out = reinterpret_cast<char *>(out + got);
            z.avail_out = static_cast<unsigned>(wanted);
            int rc = BZ2_bzDecompress(&z);
            *in = {in->p - z.avail_in, in->n + z.avail_in};
            z.avail_in = 0;
            const size_t gave = wanted - z.avail_out;
            got += gave;
            if (rc == BZ_MEM_ERROR) throw std::bad_alloc();
            if (rc == BZ_STREAM_END)
                frame_done();
            else if (rc != BZ_OK)
                corrupt();
            else if (!gave && in->n == had)
                break; // wants more
        }
        return got;
    }

  private:
    void begin()
    {
        s_.emplace(&memory_);
        if (BZ2_bzDecompressInit(&s_->z, 0, 0) != BZ_OK) throw std::bad_alloc();
        s_->end = BZ2_bzDecompressEnd;
        between_ = false;
    }
    CodecMemory memory_;
    std::optional<Stream> s_;
};
} // namespace

extern const CodecDef kBzip2;
const CodecDef kBzip2 = {
    "bzip2",
    1,
    9,
    9,
    [](int level, const Allocator &a) -> std::unique_ptr<Codec> { return std::make_unique<Bzip2>(level, a); },
    [](const Allocator &a) -> std::unique_ptr<Unpacker> { return std::make_unique<Bunzip2>(a); }};
} // namespace spout
