// codec_test.cpp - every codec of the table, with the same questions: what went in comes out, damaged frames
// are refused, and no frame makes us take more memory than was allowed.
#include "codec/codec.hpp"

#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <random>
#include <set>
#include <string>

#include "allocators.hpp"
#include "core/error.hpp"

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

// The Code of the failure, or ok and the content.
Code unpack(const CodecDef &def, const std::string &in, size_t max_out, std::string *content = nullptr,
            CountingAllocator *allocator = nullptr)
{
    CountingAllocator own;
    Buffer out(*(allocator ? allocator : &own)->get());
    try {
        def.make(def.level_default, kMalloc)->decompress(bytes(in), max_out, out);
    } catch (const Error &e) {
        EXPECT_FALSE(e.message.empty());
        return e.code;
    }
    if (content) *content = out.view();
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
    const std::string a = random_bytes(50'000, 8), b = "b";
    for (int i = 0; i < 3; i++)
        for (const std::string &in : {a, b}) {
            Buffer packed, plain;
            codec->compress(bytes(in), packed);
            EXPECT_EQ(packed.view(), pack(def, def.level_default, in));
            codec->decompress(packed.bytes(), in.size(), plain);
            EXPECT_EQ(plain.view(), in);
        }
}

// Working memory comes from the allocator they were made with, all of it goes back, and when there is none
// the codec says so.
TEST_P(Codecs, WorkInMemoryOfTheirAllocator)
{
    const std::string in = random_bytes(200'000, 8);
    auto there_and_back = [&](const Allocator &a) {
        auto codec = def.make(def.level_default, a);
        Buffer packed, plain;
        codec->compress(bytes(in), packed);
        codec->decompress(packed.bytes(), in.size(), plain);
        EXPECT_TRUE(plain.view() == in);
    };
    CountingAllocator memory;
    there_and_back(*memory.get());
    EXPECT_EQ(memory.live(), 0u);
    const bool hooks = strcmp(def.name, "snappy") != 0;
    EXPECT_EQ(memory.calls() > 0, hooks);
    EXPECT_EQ(memory.peak() > 10'000, hooks);
    for (size_t n = 1; n <= memory.calls(); n++) {
        CountingAllocator failing(n);
        EXPECT_THROW(there_and_back(*failing.get()), std::bad_alloc)
            << "call " << n << " of " << memory.calls();
        EXPECT_EQ(failing.live(), 0u);
    }
}

TEST_P(Codecs, AppendBehindWhatIsThere)
{
    Buffer packed, plain;
    packed.append("head");
    plain.append("head");
    def.make(def.level_default, kMalloc)->compress(bytes("content"), packed);
    EXPECT_EQ(packed.view().substr(0, 4), "head");
    def.make(def.level_default, kMalloc)->decompress({packed.data() + 4, packed.size() - 4}, 7, plain);
    EXPECT_EQ(plain.view(), "headcontent");
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
        ASSERT_LE(memory.peak(), 1u << 20) << "bit " << bit;
    }
}

TEST_P(Codecs, StopAtTheAllowedSize)
{
    const std::string in(100'000, 'x'), whole = pack(def, def.level_default, in);
    EXPECT_EQ(unpack(def, whole, in.size()), Code::ok);
    EXPECT_EQ(unpack(def, whole, in.size() - 1), Code::limit);
    EXPECT_EQ(unpack(def, whole, 0), Code::limit);
}

TEST_P(Codecs, TakeNoMemoryForABomb)
{
    const std::string whole = pack(def, def.level_max, std::string(64 << 20, '\0'));
    CountingAllocator memory;
    EXPECT_EQ(unpack(def, whole, 1 << 20, nullptr, &memory), Code::limit);
    EXPECT_LE(memory.peak(), 4u << 20);
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
                auto codec = def.make(def.level_default, kMalloc);
                try {
                    if (packing)
                        codec->compress(bytes(in), out);
                    else
                        codec->decompress(bytes(whole), in.size(), out);
                } catch (const std::bad_alloc &) {
                    failed = true;
                }
            }
            EXPECT_EQ(memory.live(), 0u);
            if (!failed) break;
            ASSERT_LT(n, 100u);
        }
}

TEST(Snappy, RefusesALengthNoDataCanGive)
{
    CountingAllocator memory;
    EXPECT_EQ(unpack(*find_codec("snappy"), "\xFF\xFF\xFF\xFF\x07\x00\x00", SIZE_MAX, nullptr, &memory),
              Code::corrupt);
    EXPECT_EQ(memory.calls(), 0u);
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
