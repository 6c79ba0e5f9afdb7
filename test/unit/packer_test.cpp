// packer_test.cpp - blocks packed by a thread of their own are those that would have been packed in line, in
// order, whatever the format; failures arrive where the block is collected, and stopping never hangs.
#include <gtest/gtest.h>

#include <csignal>
#include <poll.h>
#include <string>
#include <sys/resource.h>

#include "avro_rows.hpp"
#include "engine/packer.hpp"

using namespace spout;
using namespace spout::test;

namespace
{
constexpr char kMarker[] = "000102030405060708090a0b0c0d0e0f";

struct Target {
    const char *format, *codec;
};
const Target kTargets[] = {
    {"avro", "deflate"}, {"avro", "snappy"}, {"avro", "zstandard"}, {"avro", "bzip2"}, {"avro", "xz"},
    {"csv", "gzip"},     {"csv", "zstd"},    {"json", "lz4"},       {"xml", "gzip"},
};

class File
{
  public:
    explicit File(const Target &t)
    {
        std::vector<RawOption> raw = {{"compression", t.codec}};
        if (strcmp(t.format, "avro") == 0) raw.push_back({"sync_marker", kMarker});
        if (strcmp(t.format, "json") == 0) raw.push_back({"force_array", "on"});
        Failure why = {};
        EXPECT_EQ(
            options_parse(t.format, raw.data(), static_cast<uint32_t>(raw.size()), &spec_.options, &why),
            Code::ok)
            << why.message;
        spec_.row = {nullptr, nullptr, fields_, 2};
        spec_.allocator = &Export::kTestAllocator;
        spec_.options.csv.delimiter = ',';
        spec_.options.csv.quote = spec_.options.csv.escape = '"';
        spec_.options.csv.null_text = spec_.options.csv.null_server = "";
        EXPECT_EQ(writer_open(&spec_, &writer, &why), Code::ok) << why.message;
        BytesRef b = {};
        EXPECT_EQ(file_begin(writer, 0, &b), Code::ok);
        bytes = Export::string(b);
    }
    ~File() { writer_free(writer); }
    File(const File &) = delete;
    File &operator=(const File &) = delete;

    void add(uint32_t from, uint32_t to)
    {
        for (uint32_t i = from; i < to; i++) {
            std::string s(i % 97, static_cast<char>('a' + i % 26));
            std::vector<Cell> row = {integer(i), i % 5 ? text(s) : null()};
            ASSERT_EQ(writer_add(writer, row.data(), 2), Code::ok);
        }
    }
    void place(BlockRef b, bool last)
    {
        ASSERT_EQ(file_place(writer, {0, blocks_++ == 0, last}, &b), Code::ok);
        bytes += Export::string(b.bytes);
    }
    void take(bool last)
    {
        BlockRef b = {};
        ASSERT_EQ(writer_take(writer, 0, &b), Code::ok);
        place(b, last);
    }
    BlockRef collect()
    {
        pollfd p = {writer_submitted_fd(writer), POLLIN, 0};
        if (p.fd >= 0) {
            EXPECT_EQ(poll(&p, 1, 10'000), 1);
        }
        BlockRef b = {};
        EXPECT_EQ(writer_collect(writer, &b), Code::ok);
        EXPECT_EQ(writer_submitted_fd(writer), -1);
        return b;
    }
    void end()
    {
        BytesRef b = {};
        ASSERT_EQ(file_end(writer, 0, Ending::closed, &b), Code::ok);
        bytes += Export::string(b);
    }

    Writer *writer = nullptr;
    std::string bytes;

  private:
    Field fields_[2] = {{"id", &kInt8}, {"t", &kText}};
    Spec spec_ = {};
    uint32_t blocks_ = 0;
};

constexpr uint32_t kBlocks = 20, kRows = 500;

// While it lives, no descriptor can be had.
class NoDescriptors
{
  public:
    explicit NoDescriptors(bool none)
    {
        getrlimit(RLIMIT_NOFILE, &old_);
        rlimit now = {none ? 0 : old_.rlim_cur, old_.rlim_max};
        setrlimit(RLIMIT_NOFILE, &now);
    }
    ~NoDescriptors() { setrlimit(RLIMIT_NOFILE, &old_); }
    NoDescriptors(const NoDescriptors &) = delete;
    NoDescriptors &operator=(const NoDescriptors &) = delete;

  private:
    rlimit old_ = {};
};

// A file of kBlocks blocks that went through submit and collect; `refused`: no thread could be had for them.
std::string submitted(const Target &t, bool refused)
{
    File f(t);
    BlockRef last = {};
    for (uint32_t i = 0; i < kBlocks; i++) {
        f.add(i * kRows, i * kRows + kRows);
        if (i) last = f.collect();
        {
            NoDescriptors limit(refused && i == 0);
            EXPECT_EQ(writer_submit(f.writer, {0, i == 0, i == kBlocks - 1}), Code::ok);
        }
        EXPECT_EQ(writer_submitted_fd(f.writer) < 0, refused);
        if (i) f.place(last, false); // what was collected stays while the next is at work
    }
    f.place(f.collect(), true);
    f.end();
    return f.bytes;
}
} // namespace

TEST(Packer, GivesTheBytesOfPackingInLine)
{
    for (const Target &t : kTargets) {
        SCOPED_TRACE(std::string(t.format) + " " + t.codec);
        File in_line(t);
        for (uint32_t i = 0; i < kBlocks; i++) {
            in_line.add(i * kRows, i * kRows + kRows);
            in_line.take(i == kBlocks - 1); // a wrong guess for the first and the last
        }
        in_line.end();
        EXPECT_EQ(in_line.bytes, submitted(t, false));
        EXPECT_EQ(in_line.bytes, submitted(t, true));
    }
}

TEST(Packer, PacksAgainForAnotherPlaceWhatIsNotYetFollowed)
{
    File wrong({"xml", "gzip"}), right({"xml", "gzip"});
    for (File *f : {&wrong, &right}) {
        f->add(0, kRows);
        ASSERT_EQ(writer_submit(f->writer, {0, f == &right, f == &right}), Code::ok);
        f->place(f->collect(), true);
        f->end();
    }
    EXPECT_EQ(wrong.bytes, right.bytes);
    // The raw bytes are gone when the next block is at work: an error, not a file without its header.
    File late({"xml", "gzip"});
    late.add(0, kRows);
    ASSERT_EQ(writer_submit(late.writer), Code::ok);
    BlockRef b = late.collect();
    late.add(0, kRows);
    ASSERT_EQ(writer_submit(late.writer), Code::ok);
    EXPECT_EQ(file_place(late.writer, {0, true, false}, &b), Code::internal);
}

TEST(Packer, StopsWithABlockAtWork)
{
    for (int i = 0; i < 8; i++) {
        File f({"avro", "xz"});
        f.add(0, 20'000);
        ASSERT_EQ(writer_submit(f.writer), Code::ok);
        if (i % 2) f.add(0, 100); // and an open block
    }
}

static void expect_failure_of_second(bool refused)
{
    int calls = 0;
    NoDescriptors limit(refused);
    Packer p(
        [](void *n, Block &raw, Block &packed) {
            if (++*static_cast<int *>(n) == 2) throw std::bad_alloc();
            packed.bytes.clear();
            packed.bytes.append(raw.bytes.view());
        },
        &calls, kMalloc, kMalloc);
    Block raw(kMalloc);
    for (const char *text : {"one", "two", "three"}) {
        raw.bytes.clear();
        raw.bytes.append(text);
        p.submit(raw);
        EXPECT_TRUE(p.busy());
        if (std::string(text) == "two")
            EXPECT_THROW(p.collect(), std::bad_alloc);
        else
            EXPECT_EQ(p.collect().bytes.view(), text);
        EXPECT_FALSE(p.busy());
    }
}

TEST(Packer, TellsWhatWentWrongWhereItIsCollected)
{
    expect_failure_of_second(false);
    expect_failure_of_second(true);
}

// The server's handlers must never run in the thread.
TEST(Packer, TakesNoSignals)
{
    static sigset_t mask;
    Packer p([](void *, Block &, Block &) { pthread_sigmask(SIG_SETMASK, nullptr, &mask); }, nullptr, kMalloc,
             kMalloc);
    Block raw(kMalloc);
    p.submit(raw);
    p.collect();
    for (int s : {SIGINT, SIGTERM, SIGUSR1, SIGALRM, SIGHUP, SIGQUIT, SIGURG})
        EXPECT_EQ(sigismember(&mask, s), 1) << s;
    sigset_t ours;
    pthread_sigmask(SIG_SETMASK, nullptr, &ours);
    EXPECT_EQ(sigismember(&ours, SIGUSR1), 0);
}
