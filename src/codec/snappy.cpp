// snappy.cpp - raw snappy blocks, without the framing format. Checksums belong to the file format.
#include <snappy.h>

#include <algorithm>
#include <cstring>

#include "codec/codec.hpp"
#include "base/error.hpp"

#include "base/no_postgres.hpp"

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
};

// The library unpacks whole blocks only, to any size they claim, so this is the format itself, in steps: a
// length, then literals and copies of what came before. Source: format_description.txt of snappy.
class Unsnappy : public Unpacker
{
  public:
    explicit Unsnappy(const Allocator &a) : window_(a) {}

    size_t unpack(Bytes *in, uint8_t *out, size_t room) override
    {
        size_t got = 0;
        for (;;) {
            if (left_) {
                const size_t n =
                    literal_ ? literals(in, out + got, room - got) : copies(out + got, room - got);
                if (!n) return got;
                got += n;
                left_ -= n;
            } else if (!between_ && length_known_ && done_ == length_) {
                length_known_ = false;
                frame_done();
            } else if (got == room || !element(in))
                return got;
        }
    }

  private:
    // How far back a copy may reach. Writers look back 64 kB; whole blocks of this size are legal in any
    // case.
    static constexpr uint64_t kWindow = 32 << 20;
    static constexpr size_t kFirstWindow = 64 << 10;

    [[noreturn]] static void corrupt() { throw Error(Code::corrupt, "snappy data is damaged"); }

    // Reads what stands in front of bytes: the length of all, or a tag. False: wants more.
    bool element(Bytes *in)
    {
        if (between_) {
            if (!in->n) return false;
            between_ = false;
            length_ = done_ = 0;
            nhead_ = 0;
        }
        while (in->n) {
            head_[nhead_++] = *in->p;
            in->p++;
            in->n--;
            if (length_known_ ? tag() : length()) {
                nhead_ = 0;
                return true;
            }
        }
        return false;
    }
    bool length()
    {
        const uint8_t b = head_[nhead_ - 1];
        if (nhead_ == 5 && b > 0x0F) corrupt();
        length_ |= static_cast<uint64_t>(b & 0x7F) << (7 * (nhead_ - 1));
        length_known_ = !(b & 0x80);
        return length_known_;
    }
    bool tag()
    {
        const uint32_t kind = head_[0] & 3, size = head_[0] >> 2;
        const unsigned more = kind == 0 ? (size < 60 ? 0 : size - 59) : kind == 3 ? 4 : kind;
        if (nhead_ < 1 + more) return false;
        uint64_t number = 0; // little-endian, behind the tag
        for (unsigned i = 0; i < more; i++)
            number |= static_cast<uint64_t>(head_[1 + i]) << (8 * i);
        literal_ = kind == 0;
        if (literal_)
            left_ = (more ? number : size) + 1;
        else if (kind == 1) {
            left_ = (size & 7) + 4;
            back_ = static_cast<uint64_t>(head_[0] >> 5) << 8 | number;
        } else {
            left_ = size + 1;
            back_ = number;
        }
        if (left_ > length_ - done_) corrupt();
        if (literal_) return true;
        if (back_ == 0 || back_ > done_) corrupt();
        if (back_ > kWindow) throw Error(Code::limit, "snappy data refer back by more than 32 MB");
        return true;
    }

    size_t literals(Bytes *in, uint8_t *out, size_t room)
    {
        const size_t n = std::min({static_cast<size_t>(left_), room, in->n});
        if (!n) return 0;
        memcpy(out, in->p, n);
        keep(in->p, n);
        in->p += n;
        in->n -= n;
        return n;
    }
    size_t copies(uint8_t *out, size_t room)
    {
        const size_t n = std::min<size_t>(left_, room);
        make_room(n);
        for (size_t i = 0; i < n; i++, done_++)
            window_.data()[done_ & mask_] = out[i] = window_.data()[(done_ - back_) & mask_];
        return n;
    }
    void keep(const uint8_t *p, size_t n)
    {
        make_room(n);
        while (n) {
            const size_t at = done_ & mask_, some = std::min<size_t>(n, mask_ + 1 - at);
            memcpy(window_.data() + at, p, some);
            p += some;
            n -= some;
            done_ += some;
        }
    }
    // The window is a ring, which grows to its size as long as it has not wrapped around.
    void make_room(size_t n)
    {
        while (done_ + n > window_.size() && window_.size() < kWindow)
            window_.resize(window_.empty() ? kFirstWindow : 2 * window_.size());
        mask_ = window_.size() - 1;
    }

    Buffer window_;
    size_t mask_ = 0;
    uint8_t head_[5]; // of a tag and its number, or the length
    unsigned nhead_ = 0;
    bool length_known_ = false, literal_ = false;
    uint64_t length_ = 0, done_ = 0; // of the frame's content
    uint64_t left_ = 0, back_ = 0;   // of the element: bytes to come, and how far behind they are found
};
} // namespace

extern const CodecDef kSnappy;
const CodecDef kSnappy = {
    "snappy",
    0,
    0,
    0,
    [](int, const Allocator &) -> std::unique_ptr<Codec> {
        return std::make_unique<Snappy>(); // its 170 kB at work cannot be led anywhere
    },
    [](const Allocator &a) -> std::unique_ptr<Unpacker> { return std::make_unique<Unsnappy>(a); }};
} // namespace spout
