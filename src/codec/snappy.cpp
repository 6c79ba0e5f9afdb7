// snappy.cpp - raw snappy blocks, without the framing format. Checksums belong to the file format.
#include <snappy.h>

#include "codec/codec.hpp"
#include "core/error.hpp"

#include "core/no_postgres.hpp"

namespace spout
{
namespace
{
class Snappy : public Codec
{
  public:
    void compress(Bytes in, Buffer &out) override
    {
        if (in.n > UINT32_MAX) throw Error(Code::limit, "block is too large for snappy");
        size_t n;
        snappy::RawCompress(reinterpret_cast<const char *>(in.p), in.n,
                            reinterpret_cast<char *>(out.reserve(snappy::MaxCompressedLength(in.n))), &n);
        out.advance(n);
    }

    void decompress(Bytes in, size_t max_out, Buffer &out) override
    {
        auto *p = reinterpret_cast<const char *>(in.p);
        size_t n;
        if (!snappy::GetUncompressedLength(p, in.n, &n)) corrupt();
        if (n > max_out) throw Error(Code::limit, "snappy data is larger than allowed");
        // A copy takes three bytes of input and gives at most 64: more is a lie, told before any memory is
        // asked for.
        if (n / 32 > in.n) corrupt();
        if (!snappy::RawUncompress(p, in.n, reinterpret_cast<char *>(out.reserve(n + 1)))) corrupt();
        out.advance(n);
    }

  private:
    [[noreturn]] static void corrupt() { throw Error(Code::corrupt, "snappy data is damaged"); }
};
} // namespace

extern const CodecDef kSnappy;
const CodecDef kSnappy = {"snappy", 0, 0, 0, [](int, const Allocator &) -> std::unique_ptr<Codec> {
                              return std::make_unique<Snappy>(); // its 170 kB at work cannot be led anywhere
                          }};
} // namespace spout
