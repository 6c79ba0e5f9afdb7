// codec_test.cpp - every codec of the table, with the same questions: what went in comes out, damaged frames
// are refused, and no frame makes us take more memory than was allowed.
#include "codec/codec.hpp"

#include <gtest/gtest.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <random>
#include <set>
#include <string>

#include "allocators.hpp"
#include "base/error.hpp"

using namespace spout;
using spout::test::CountingAllocator;

namespace
{
Bytes bytes(const std::string &s) { return {reinterpret_cast<const uint8_t *>(s.data()), s.size()}; }

std::string random_bytes(size_t n, int symbols)
{
    std::mt19937 random(42);
    std::string s(n, '\0');
    for (char &c : s)
        c = static_cast<char>(random() % static_cast<unsigned>(symbols));
    return s;
}

std::string pack(const CodecDef &def, int level, const std::string &in)
{
    Buffer out;
    def.make(level, kMalloc)->compress(bytes(in), out);
    return std::string(out.view());
}

// Exactly one frame, in pieces of at most `step` bytes either way.
std::string unpack_frame(Unpacker &u, const std::string &in, size_t step = SIZE_MAX,
                         size_t max_out = SIZE_MAX)
{
    std::string out, room(std::min<size_t>(step, 100'000), '\0');
    const uint64_t before = u.frames();
    for (size_t at = 0;;) {
        Bytes piece = {bytes(in).p + at, std::min(step, in.size() - at)};
        const size_t had = piece.n;
        const size_t n = u.unpack(&piece, reinterpret_cast<uint8_t *>(room.data()), room.size());
        at += had - piece.n;
        out.append(room, 0, n);
        if (out.size() > max_out) throw Error(Code::limit, "too much");
        if (u.frames() > before) {
            if (at == in.size() && u.between_frames() && u.frames() == before + 1) return out;
            throw Error(Code::corrupt, "more than a frame");
        }
        if (!n && piece.n == had) throw Error(Code::corrupt, "wants more");
    }
}

// The Code of the failure, or ok and the content.
Code unpack(const CodecDef &def, const std::string &in, size_t max_out, std::string *content = nullptr,
            CountingAllocator *allocator = nullptr)
{
    CountingAllocator own;
    try {
        auto u = def.unpacker(*(allocator ? allocator : &own)->get());
        std::string out = unpack_frame(*u, in, SIZE_MAX, max_out);
        if (content) *content = out;
    } catch (const Error &e) {
        EXPECT_FALSE(e.message.empty());
        return e.code;
    }
    return Code::ok;
}

struct Codecs : testing::TestWithParam<const CodecDef *> {
    const CodecDef &def = *GetParam();
    std::set<int> levels() const
    {
        return {def.level_min, def.level_default, (def.level_min + def.level_max) / 2, def.level_max};
    }
};

std::vector<const CodecDef *> every_codec()
{
    size_t n;
    auto *all = all_codecs(&n);
    return {all, all + n};
}
} // namespace

INSTANTIATE_TEST_SUITE_P(All, Codecs, testing::ValuesIn(every_codec()),
                         [](auto &info) { return std::string(info.param->name); });

TEST(Registry, FindsEveryCodecByItsName)
{
    for (const CodecDef *c : every_codec())
        EXPECT_EQ(find_codec(c->name), c);
    EXPECT_EQ(every_codec().size(), 8u);
    EXPECT_EQ(find_codec("none"), nullptr);
    EXPECT_EQ(find_codec(""), nullptr);
}

TEST(Registry, LevelsAreThoseOfTheContract)
{
    auto range = [](const char *name) {
        const CodecDef *c = find_codec(name);
        return std::vector<int>{c->level_min, c->level_default, c->level_max};
    };
    EXPECT_EQ(range("deflate"), (std::vector<int>{1, 6, 9}));
    EXPECT_EQ(range("zstd"), (std::vector<int>{1, 3, 22}));
    EXPECT_EQ(range("bzip2"), (std::vector<int>{1, 9, 9}));
    EXPECT_EQ(range("xz"), (std::vector<int>{0, 6, 9}));
    EXPECT_FALSE(find_codec("snappy")->has_levels());
    EXPECT_TRUE(find_codec("xz")->has_levels());
}

TEST_P(Codecs, GiveBackWhatWentIn)
{
    const std::string inputs[] = {"", "x", random_bytes(70'000, 256), random_bytes(1'200'000, 4),
                                  std::string(3'000'000, 'r')};
    for (int level : levels())
        for (const std::string &in : inputs) {
            std::string out;
            ASSERT_EQ(unpack(def, pack(def, level, in), in.size(), &out), Code::ok)
                << "level " << level << ", " << in.size() << " bytes";
            ASSERT_TRUE(out == in) << "level " << level << ", " << in.size() << " bytes";
        }
}

TEST_P(Codecs, KeepNothingBetweenFrames)
{
    auto codec = def.make(def.level_default, kMalloc);
    auto unpacker = def.unpacker(kMalloc);
    const std::string a = random_bytes(50'000, 8), b = "b";
    for (int i = 0; i < 3; i++)
        for (const std::string &in : {a, b}) {
            Buffer packed;
            codec->compress(bytes(in), packed);
            EXPECT_EQ(packed.view(), pack(def, def.level_default, in));
            EXPECT_EQ(unpack_frame(*unpacker, std::string(packed.view())), in);
        }
}

// Working memory comes from the allocator they were made with, all of it goes back, and when there is none
// the codec says so.
TEST_P(Codecs, WorkInMemoryOfTheirAllocator)
{
    const std::string in = random_bytes(200'000, 8);
    auto there_and_back = [&](const Allocator &a) {
        auto codec = def.make(def.level_default, a);
        Buffer packed;
        codec->compress(bytes(in), packed);
        EXPECT_TRUE(unpack_frame(*def.unpacker(a), std::string(packed.view())) == in);
    };
    CountingAllocator memory;
    there_and_back(*memory.get());
    EXPECT_EQ(memory.live(), 0u);
    EXPECT_GT(memory.calls(), 0u);
    EXPECT_GT(memory.peak(), 10'000u);
    for (size_t n = 1; n <= memory.calls(); n++) {
        CountingAllocator failing(n);
        EXPECT_THROW(there_and_back(*failing.get()), std::bad_alloc)
            << "call " << n << " of " << memory.calls();
        EXPECT_EQ(failing.live(), 0u);
    }
}

TEST_P(Codecs, AppendBehindWhatIsThere)
{
    Buffer packed;
    packed.append("head");
    def.make(def.level_default, kMalloc)->compress(bytes("content"), packed);
    EXPECT_EQ(packed.view().substr(0, 4), "head");
    std::string content;
    EXPECT_EQ(unpack(def, std::string(packed.view().substr(4)), 7, &content), Code::ok);
    EXPECT_EQ(content, "content");
}

TEST_P(Codecs, UnpackInPiecesOfAnySize)
{
    for (const std::string &in : {std::string("x"), random_bytes(3000, 4), std::string(70'000, 'r')}) {
        const std::string packed = pack(def, def.level_default, in);
        auto u = def.unpacker(kMalloc);
        for (size_t step : {1, 2, 3, 7, 1000})
            EXPECT_TRUE(unpack_frame(*u, packed, step) == in) << step;
    }
}

TEST_P(Codecs, RefuseEveryPrefixAndTrailingBytes)
{
    const std::string in = random_bytes(300, 5), whole = pack(def, def.level_default, in);
    for (size_t n = 0; n < whole.size(); n++)
        ASSERT_EQ(unpack(def, whole.substr(0, n), 1000), Code::corrupt) << n << " of " << whole.size();
    EXPECT_EQ(unpack(def, whole + '\0', 1000), Code::corrupt);
    EXPECT_EQ(unpack(def, whole + whole, 1000), Code::corrupt);
    EXPECT_EQ(unpack(def, std::string(100, '\0'), 1000), Code::corrupt);
    EXPECT_EQ(unpack(def, std::string(100, '\xFF'), 1000), Code::corrupt);
}

TEST_P(Codecs, SurviveEveryFlippedBit)
{
    const std::string whole = pack(def, def.level_default, random_bytes(200, 5));
    for (size_t bit = 0; bit < whole.size() * 8; bit++) {
        std::string damaged = whole;
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ 1 << bit % 8);
        CountingAllocator memory;
        std::string out;
        Code code = unpack(def, damaged, 10'000, &out, &memory);
        ASSERT_TRUE(code == Code::ok || code == Code::corrupt || code == Code::limit) << "bit " << bit;
        ASSERT_LE(out.size(), 10'000u);
        ASSERT_LE(memory.peak(), 4u << 20) << "bit " << bit; // a bzip2 of the largest blocks
    }
}

TEST_P(Codecs, StopAtTheAllowedSize)
{
    const std::string in(100'000, 'x'), whole = pack(def, def.level_default, in);
    EXPECT_EQ(unpack(def, whole, in.size()), Code::ok);
    EXPECT_EQ(unpack(def, whole, in.size() - 1), Code::limit);
    EXPECT_EQ(unpack(def, whole, 0), Code::limit);
}

// Only a window that the data really fill, and that writers use.
TEST_P(Codecs, TakeNoMemoryForABomb)
{
    const std::string whole = pack(def, def.level_default, std::string(64 << 20, '\0'));
    CountingAllocator memory;
    EXPECT_EQ(unpack(def, whole, 64 << 20, nullptr, &memory), Code::ok);
    EXPECT_LE(memory.peak(), strcmp(def.name, "snappy") == 0 ? 48u << 20 : 16u << 20) << memory.peak();
}

TEST_P(Codecs, LeaveNothingWhenMemoryEnds)
{
    const std::string in = random_bytes(600'000, 3), whole = pack(def, def.level_default, in);
    for (bool packing : {true, false})
        for (size_t n = 1;; n++) {
            CountingAllocator memory(n);
            bool failed = false;
            {
                Buffer out(*memory.get());
                try {
                    if (packing)
                        def.make(def.level_default, kMalloc)->compress(bytes(in), out);
                    else
                        unpack_frame(*def.unpacker(*memory.get()), whole);
                } catch (const std::bad_alloc &) {
                    failed = true;
                }
            }
            EXPECT_EQ(memory.live(), 0u);
            if (!failed) break;
            ASSERT_LT(n, 100u);
        }
}

// Ours in steps against the library: what it takes and gives, so does ours.
TEST(Snappy, AgreesWithTheLibrary)
{
    const CodecDef &def = *find_codec("snappy");
    std::mt19937 random(7);
    const std::string inputs[] = {random_bytes(60, 3), random_bytes(5000, 2), random_bytes(200'000, 5)};
    for (const std::string &in : inputs) {
        const std::string good = pack(def, 0, in);
        for (int i = 0; i < 400; i++) {
            std::string packed = good;
            for (unsigned k = random() % 3; k < 3; k++)
                packed[random() % std::min<size_t>(packed.size(), 300)] = static_cast<char>(random());
            std::string theirs, ours;
            size_t n = 0;
            const bool sane =
                snappy::GetUncompressedLength(packed.data(), packed.size(), &n) && n < 10'000'000;
            if (!sane) continue;
            const bool taken = snappy::Uncompress(packed.data(), packed.size(), &theirs);
            EXPECT_EQ(unpack(def, packed, SIZE_MAX, &ours), taken ? Code::ok : Code::corrupt) << i;
            EXPECT_TRUE(ours == theirs || !taken) << i;
        }
    }
}

// Elements that the library's writer never makes.
TEST(Snappy, TakesEveryElement)
{
    const CodecDef &def = *find_codec("snappy");
    const std::string text = random_bytes(300, 250);
    auto literal = [](char tag, size_t more, const std::string &s) {
        std::string out(1, tag);
        for (size_t i = 0; i < more; i++)
            out += static_cast<char>((s.size() - 1) >> (8 * i) & 0xFF);
        return out + s;
    };
    for (const std::string &packed :
         {"\xAC\x02" + literal('\xF4', 2, text), "\xAC\x02" + literal('\xF8', 3, text),
          "\xAC\x02" + literal('\xFC', 4, text),
          "\xAD\x02" + literal('\xF4', 2, text) + std::string("\x03\x2C\x01\x00\x00", 5),
          "\xB0\x02" + literal('\xF4', 2, text) + std::string("\x21\x2C", 2)}) {
        std::string theirs, ours;
        EXPECT_TRUE(snappy::Uncompress(packed.data(), packed.size(), &theirs));
        EXPECT_EQ(unpack(def, packed, SIZE_MAX, &ours), Code::ok);
        EXPECT_TRUE(ours == theirs);
    }
}

TEST(Snappy, RefusesALengthNoDataCanGive)
{
    CountingAllocator memory;
    EXPECT_EQ(unpack(*find_codec("snappy"), "\xFF\xFF\xFF\xFF\x07\x00\x00", SIZE_MAX, nullptr, &memory),
              Code::corrupt);
    EXPECT_LE(memory.peak(), 100'000u);
}

TEST(Deflate, IsRawAndZlibReadsIt)
{
    const std::string in = random_bytes(10'000, 6), packed = pack(*find_codec("deflate"), 6, in);
    std::string out(in.size(), '\0');
    z_stream z = {};
    ASSERT_EQ(inflateInit2(&z, -15), Z_OK);
    z.next_in = reinterpret_cast<Bytef *>(const_cast<char *>(packed.data()));
    z.avail_in = static_cast<uInt>(packed.size());
    z.next_out = reinterpret_cast<Bytef *>(out.data());
    z.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(inflate(&z, Z_FINISH), Z_STREAM_END);
    EXPECT_EQ(z.avail_in, 0u);
    inflateEnd(&z);
    EXPECT_EQ(out, in);
}

TEST(Deflate, RefusesTheZlibWrapper)
{
    uLongf n = 100;
    std::string wrapped(n, '\0');
    ASSERT_EQ(::compress(reinterpret_cast<Bytef *>(wrapped.data()), &n,
                         reinterpret_cast<const Bytef *>("text text text"), 14),
              Z_OK);
    wrapped.resize(n);
    EXPECT_EQ(unpack(*find_codec("deflate"), wrapped, 1000), Code::corrupt);
}

TEST(Zstd, FramesSayTheirContentSize)
{
    for (size_t n : {0u, 1u, 100'000u}) {
        std::string packed = pack(*find_codec("zstd"), 3, random_bytes(n, 9));
        EXPECT_EQ(ZSTD_getFrameContentSize(packed.data(), packed.size()), n);
    }
}

// What is written, is read back: windows have a limit there.
TEST(Zstd, LargestLevelsKeepToTheLargestWindow)
{
    const std::string in(66 << 20, 'x');
    for (int level : {21, 22}) {
        std::string packed = pack(*find_codec("zstd"), level, in), out;
        EXPECT_EQ(unpack(*find_codec("zstd"), packed, in.size(), &out), Code::ok) << level;
        EXPECT_TRUE(out == in) << level;
    }
}
