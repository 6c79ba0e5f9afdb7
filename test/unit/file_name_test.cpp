// What the name of a file says of its content, and where it would mislead.
#include <gtest/gtest.h>

#include "engine/wall.hpp"

using namespace spout;

namespace
{
std::string doubt(const char *format, const char *compression, const char *path)
{
    RawOption raw = {"compression", compression};
    Options o;
    Failure why = {};
    EXPECT_EQ(options_parse(format, &raw, compression ? 1 : 0, &o, &why), Code::ok) << why.message;
    return name_misleads(&o, path, &why) ? why.message : "";
}
} // namespace

TEST(FileName, CompressionGoesByTheLastSuffix)
{
    EXPECT_STREQ(compression_by_name("csv", "/x/a.csv.gz"), "gzip");
    EXPECT_STREQ(compression_by_name("json", "/x/a.ndjson.ZST"), "zstd");
    EXPECT_STREQ(compression_by_name("XML", "/x/a.lz4"), "lz4");
    for (const char *path : {"/x/a.csv", "/x/a", "/x.gz/a", "/x/a.gz.csv", "/x/gz", "/x/a.gzip", "", "a.bz2"})
        EXPECT_EQ(compression_by_name("csv", path), nullptr) << path;
    EXPECT_EQ(compression_by_name("avro", "/x/a.avro.gz"), nullptr); // it compresses inside
    EXPECT_EQ(compression_by_name("nonsense", "/x/a.gz"), nullptr);
}

TEST(FileName, AnHonestNameRaisesNoDoubt)
{
    for (const char *path : {"/x/a.csv", "/x/a", "/x/a.txt", "/x/a.parquet/b.csv", "/x/.csv", "/x/a.tsv"})
        EXPECT_EQ(doubt("csv", nullptr, path), "") << path;
    for (const char *path : {"/x/a.csv.gz", "/x/a.gz", "/x/a", "/x/a.dat"})
        EXPECT_EQ(doubt("csv", "gzip", path), "") << path;
    EXPECT_EQ(doubt("json", "zstandard", "/x/a.jsonl.zst"), "");
    EXPECT_EQ(doubt("avro", "zstd", "/x/a.avro"), "");
}

TEST(FileName, AMisleadingOneIsTold)
{
    const std::string ends = "the file's name ends in ";
    EXPECT_EQ(doubt("csv", "zstd", "/x/a.csv.gz"), ends + "\".gz\", but the file is compressed with zstd");
    EXPECT_EQ(doubt("csv", nullptr, "/x/a.csv.zst"), ends + "\".zst\", but the file is not compressed");
    EXPECT_EQ(doubt("xml", "lz4", "/x/a.xml.xz"), ends + "\".xz\", but the file is compressed with lz4");
    EXPECT_EQ(doubt("json", "gzip", "/x/a.JSON"), ends + "\".json\", but the file is compressed with gzip");
    EXPECT_EQ(doubt("avro", nullptr, "/x/a.gz"),
              ends + "\".gz\", but avro files are compressed block by block inside");
    EXPECT_EQ(doubt("avro", nullptr, "/x/a.parquet"), ends + "\".parquet\", but its format is avro");
    EXPECT_EQ(doubt("csv", "gzip", "/x/a.ndjson.gz"), ends + "\".ndjson\", but its format is csv");
}
