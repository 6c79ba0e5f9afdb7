// manifest_scan_test.cpp - manifests of ours, in pieces of any size; and what makes a text none.
#include "engine/manifest_scan.hpp"

#include <gtest/gtest.h>
#include <string>
#include <vector>

using namespace spout;

namespace
{
struct Found {
    std::vector<ManifestFile> files;
    ManifestAbout about = {};
    std::string problem;
    uint64_t at = 0;
};

Found scan(const std::string &text, size_t step = SIZE_MAX)
{
    Found found;
    ManifestScan m;
    manifest_begin(&m);
    ManifestStep s = ManifestStep::more;
    for (size_t at = 0; at < text.size() && s != ManifestStep::bad;) {
        const char *p = text.data() + at, *end = p + std::min(step, text.size() - at);
        at += static_cast<size_t>(end - p);
        while ((s = manifest_feed(&m, &p, end)) == ManifestStep::file)
            found.files.push_back(m.file);
    }
    if (s != ManifestStep::bad) s = manifest_end(&m);
    EXPECT_EQ(s == ManifestStep::bad, m.problem != nullptr);
    if (m.problem) found.problem = m.problem;
    found.about = m.about;
    found.at = m.at;
    return found;
}

const std::string kFile =
    R"({"name": "a.csv", "rows": 3, "bytes": 12, "raw_bytes": 12, "crc32c": "00Ff0080"})";

std::string manifest(const std::string &files, const std::string &more = "")
{
    return R"({"pg_spout_manifest": 1, "run": "x", "format": "csv", "compression": "gzip",)"
           R"("csv": {"header": true, "delimiter": "\t", "quote": 252, "escape": "\\", "encoding": "LATIN1"},)" +
           more + R"("rows": 3, "bytes": 12, "files": [)" + files +
           R"(], "schema": {"a": [[{"files": [1]}]]}})";
}
} // namespace

TEST(ManifestScan, AllThatIsOfInterestInPiecesOfAnySize)
{
    const std::string text = manifest(
        kFile + "," +
        R"({"crc32c":"00000001","bytes":0,"x":{"name":5},"rows":0,"name":"\u00fc\ud83d\ude00\n\/"})");
    for (size_t step : {size_t{1}, size_t{2}, size_t{7}, text.size()}) {
        Found f = scan(text, step);
        ASSERT_EQ(f.problem, "");
        EXPECT_EQ(f.at, text.size());
        EXPECT_STREQ(f.about.format, "csv");
        EXPECT_STREQ(f.about.compression, "gzip");
        EXPECT_STREQ(f.about.encoding, "LATIN1");
        EXPECT_TRUE(f.about.csv && f.about.header);
        EXPECT_EQ(f.about.quote, '\xFC');
        EXPECT_EQ(f.about.escape, '\\');
        ASSERT_EQ(f.files.size(), 2u);
        EXPECT_STREQ(f.files[0].name, "a.csv");
        EXPECT_EQ(f.files[0].rows, 3u);
        EXPECT_EQ(f.files[0].bytes, 12u);
        EXPECT_EQ(f.files[0].crc32c, 0x00ff0080u);
        EXPECT_STREQ(f.files[1].name, "\xC3\xBC\xF0\x9F\x98\x80\n/");
    }
}

TEST(ManifestScan, EveryCutIsSeen)
{
    const std::string text = manifest(kFile);
    for (size_t n = 1; n < text.size(); n++)
        EXPECT_EQ(scan(text.substr(0, n)).problem, "ends too early") << n;
    EXPECT_EQ(scan("").problem, "is empty");
}

TEST(ManifestScan, WhatIsNoJsonIsRefused)
{
    for (const char *value : {"01",
                              "-",
                              "1.",
                              ".5",
                              "1e",
                              "1e+",
                              "+1",
                              "0x1",
                              "tru",
                              "nul",
                              "True",
                              "'a'",
                              "\"\\x\"",
                              "\"\\u12g4\"",
                              "\"\\ud800\"",
                              "\"\\udc00\"",
                              "\"\\ud800\\ud800\"",
                              "\"\\ud800x\"",
                              "\"\t\"",
                              "[1,]",
                              "[,1]",
                              "{\"a\"}",
                              "{\"a\":1,}",
                              "{1:2}",
                              "[1 2]",
                              "[}",
                              "{]",
                              "\f1",
                              "NaN",
                              "Infinity",
                              "\xEF\xBB\xBF"
                              "1"}) {
        Found f = scan(manifest("", std::string("\"x\": ") + value + ','));
        EXPECT_EQ(f.problem, "is not valid JSON") << value;
    }
    for (const char *value : {"0", "-0", "1.5e+3", "-1E-2", "\"\\ud83d\\ude00\"", "\"\xFF\"", "[]",
                              "[[], {}]", " {\"a\" : null } "})
        EXPECT_EQ(scan(manifest("", std::string("\"x\": ") + value + ',')).problem, "") << value;
}

TEST(ManifestScan, DepthAndLengthHaveNoEffectOnMemory)
{
    const std::string deep = std::string(1020, '[') + std::string(1020, ']') + ',';
    EXPECT_EQ(scan(manifest("", "\"x\":" + deep)).problem, "");
    EXPECT_EQ(scan(manifest("", "\"x\":" + std::string(100000, '['))).problem, "is nested too deeply");
    const std::string n = std::string(300, 'n');
    EXPECT_EQ(scan(manifest("", '"' + n + "\": \"" + n + "\",")).problem, "");
    EXPECT_EQ(
        scan(manifest(R"({"name": ")" + n + R"(", "rows": 3, "bytes": 12, "crc32c": "00000000"})")).problem,
        "has a file name that is too long");
}
