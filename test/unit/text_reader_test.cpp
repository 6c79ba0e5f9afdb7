// text_reader_test.cpp - rows of CSV, JSON and XML are counted as a reader finds them, in pieces of any size,
// through every codec; what is cut off or damaged is named with its row.
#include "format/text/reader.hpp"

#include <gtest/gtest.h>

#include "avro_files.hpp"
#include "codec/codec.hpp"

using namespace spout;
using namespace spout::test;

namespace
{
ReadAs as(const char *format, const char *path = "")
{
    return {format, path, false, '"', '"', false, 0, nullptr};
}

// The same verdict whatever pieces the bytes come in.
Verdict read_text(const std::string &file, const ReadAs &how)
{
    Verdict v = read_back(Memory{file}, how);
    for (size_t step : {1, 2, 3, 7}) {
        Memory pieces{file};
        pieces.step = step;
        Verdict again = read_back(pieces, how);
        EXPECT_EQ(again.message, v.message);
        if (v.code != Code::ok) continue;
        EXPECT_EQ(again.stats.rows, v.stats.rows);
        EXPECT_EQ(again.stats.bytes, file.size());
        EXPECT_EQ(again.stats.crc32c, v.stats.crc32c);
    }
    return v;
}

void expect_rows(const std::string &file, const ReadAs &how, uint64_t rows)
{
    Verdict v = read_text(file, how);
    EXPECT_EQ(v.message, "") << file;
    EXPECT_EQ(v.stats.rows, rows) << file;
    EXPECT_EQ(v.stats.raw_bytes, file.size()) << file;
}

void expect_defect(const std::string &file, const ReadAs &how, const std::string &why)
{
    Verdict v = read_text(file, how);
    EXPECT_EQ(v.code, Code::corrupt) << file;
    EXPECT_EQ(v.message, why) << file;
}

std::string packed(const char *codec, const std::string &text)
{
    const CodecDef *def = find_codec(codec);
    Buffer out;
    def->make(def->level_default, kMalloc)
        ->compress({reinterpret_cast<const uint8_t *>(text.data()), text.size()}, out);
    return std::string(out.view());
}

// Of a Shift JIS character: both bytes of a pair, one byte for the half-width ones.
int sjis_mblen(int, const char *s)
{
    auto c = static_cast<uint8_t>(*s);
    return c >= 0xA1 && c <= 0xDF ? 1 : c >= 0x80 ? 2 : 1;
}
} // namespace

TEST(TextReader, CsvRows)
{
    ReadAs csv = as("csv");
    expect_rows("", csv, 0);
    expect_rows("\n", csv, 1);
    expect_rows("1,a\n2,b\n", csv, 2);
    expect_rows("1,\"two\nlines\"\n2,\"a \"\"quoted\"\"\n one\"\n3,\"\"\n", csv, 3);
    csv.header = true;
    expect_rows("id,\"odd\nname\"\n1,a\n", csv, 1);
    expect_rows("id\n", csv, 0);
    csv.header = false;
    csv.escape = '\\';
    expect_rows("\"a \\\" b\n\\\\\"\n\\,\"\\n\"\n", csv, 2);
    csv.quote = csv.escape = '\'';
    expect_rows("'\"\n',\"\n'it''s\n'\n", csv, 2);
    csv.quote = csv.escape = '\xFC'; // of LATIN1
    expect_rows("\xFC\"\n\xFC\n\xFC\xFC\xFC\n\xFC\n", csv, 2);
}

TEST(TextReader, CsvOfEncodingsThatEmbedAscii)
{
    ReadAs csv = as("csv");
    csv.mblen = sjis_mblen;
    csv.quote = csv.escape = '|';
    // 0x83 0x7C has the quote for its second byte; 0xB1 stands alone.
    expect_rows("\x83\x7C,1\n|\x83\x7C\n|,\xB1|\n|\n", csv, 2);
    csv.mblen = nullptr;
    EXPECT_NE(read_back(Memory{"\x83\x7C,1\n2\n"}, csv).message, "");
}

TEST(TextReader, CsvDefects)
{
    ReadAs csv = as("csv");
    expect_defect("1,a\n2,b", csv, "row 2: the file ends before the line does");
    expect_defect("1,a\n2,\"b\n3,c\n", csv, "row 2: the file ends inside a quoted value");
    csv.header = true;
    expect_defect("", csv, "the header is missing");
}

// What is open is remembered, so there is an end to it.
TEST(TextReader, DepthIsBounded)
{
    constexpr size_t kMost = 1 << 20;
    auto nested = [](const std::string &open, const std::string &close, size_t n) {
        std::string s;
        for (size_t i = 0; i < n; i++)
            s += open;
        for (size_t i = 0; i < n; i++)
            s += close;
        return s;
    };
    EXPECT_EQ(read_back(Memory{"{\"a\":" + nested("[", "]", kMost - 1) + "}\n"}, as("json")).message, "");
    EXPECT_EQ(read_back(Memory{nested("<a>", "</a>", kMost)}, as("xml")).message, "");
    const std::string deep = "row 1: is nested deeper than 1048576 levels";
    EXPECT_EQ(read_back(Memory{"{\"a\":" + nested("[", "]", kMost) + "}\n"}, as("json")).message, deep);
    EXPECT_EQ(read_back(Memory{nested("{\"a\":", "}", kMost + 1)}, as("json")).message, deep);
    EXPECT_EQ(read_back(Memory{nested("<a>", "</a>", kMost + 1)}, as("xml")).message, deep);
}

TEST(TextReader, JsonRows)
{
    const ReadAs json = as("json");
    expect_rows("", json, 0);
    expect_rows("{}\n{}\n", json, 2);
    expect_rows("{\"a\":\"} \\\" \\\\\",\"b\":[{\"c\":[]},{}]}\n{\"a\":-1.5e+7, \"\xC3\xBC\":null}\n", json,
                2);
    expect_rows("[\n]\n", json, 0);
    expect_rows("[\n {\"a\":1}\n,{\"a\":[2]}\n]\n", json, 2);
}

TEST(TextReader, JsonDefects)
{
    const ReadAs json = as("json");
    expect_defect("{}\n{}", json, "row 2: the file ends before the line does");
    expect_defect("{}\n{\"a\":", json, "row 2: the file ends inside it");
    expect_defect("{}\n{\"a", json, "row 2: the file ends inside it");
    expect_defect("{\"a\":1\n}\n", json, "row 1: an object goes on in the next line");
    expect_defect("{\"a\":\"x\ny\"}\n", json, "row 1: a control character in a string");
    expect_defect("{\"a\":[1}\n", json, "row 1: brackets do not match");
    expect_defect("{} {}\n", json, "row 2: not a JSON object where one is expected");
    expect_defect("{}\n\n", json, "row 2: not a JSON object where one is expected");
    expect_defect("1\n", json, "row 1: not a JSON object where one is expected");
    expect_defect("{}\n]\n", json, "row 2: not a JSON object where one is expected");
    expect_defect(std::string("{}\n{\0}\n", 7), json,
                  "row 2: a character outside of strings that JSON does not have");
    expect_defect("[\n {}\n", json, "row 2: the file ends before the array does");
    expect_defect("[\n {}\n {}\n]", json, "row 2: not a JSON object where one is expected");
    expect_defect("[\n {}\n,]", json, "row 2: not a JSON object where one is expected");
    expect_defect("[]\n{}", json, "row 1: not a JSON object where one is expected");
}

TEST(TextReader, XmlRows)
{
    const ReadAs xml = as("xml");
    const std::string start = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rows xmlns:xsi=\"x>y\">\n";
    expect_rows(start + "</rows>\n", xml, 0);
    expect_rows(start + "<row><a>1</a><b xsi:nil=\"true\"/></row>\n<row></row>\n<row/>\n</rows>\n", xml, 3);
    expect_rows(start + "<row><a><row>x</row><!-- <row> --><?p "
                        "<row>?>]]&gt;<![CDATA[<row>]]]]></a></row>\n</rows>\n<!-- end -->",
                xml, 1);
    expect_rows("\xEF\xBB\xBF<a><b c='>'/></a >", xml, 1);
}

TEST(TextReader, XmlDefects)
{
    const ReadAs xml = as("xml");
    expect_defect("", xml, "row 1: the document ends too early");
    expect_defect("<rows>\n<row></row>\n", xml, "row 2: the document ends too early");
    expect_defect("<rows>\n<row><a>1</b></row></rows>", xml, "row 1: an end tag without its start");
    expect_defect("<rows></rows></rows>", xml, "row 1: an end tag without its start");
    expect_defect("<rows></rows><rows></rows>", xml, "row 1: markup that cannot be read");
    expect_defect("<rows></rows>x", xml, "row 1: text outside of the root element");
    expect_defect("<rows><row>\x01</row></rows>", xml, "row 1: a character that XML does not have");
    expect_defect("<!DOCTYPE a><a/>", xml, "row 1: markup that an export does not have");
    expect_defect("<rows></rows><!-- ", xml, "row 1: the file ends inside markup");
    expect_defect("<rows><row a=\"", xml, "row 1: the document ends too early");
}

TEST(TextReader, Codecs)
{
    std::string text, big;
    for (int i = 0; i < 50'000; i++)
        text += std::to_string(i) + ",\"two\nlines\"\n";
    for (const char *codec : {"gzip", "zstd_checked", "lz4"}) {
        std::string file = packed(codec, text) + packed(codec, "") + packed(codec, text);
        Verdict v = read_back(Memory{file}, as("csv"));
        EXPECT_EQ(v.message, "") << codec;
        EXPECT_EQ(v.stats.rows, 100'000u);
        EXPECT_EQ(v.stats.raw_bytes, 2 * text.size());
        EXPECT_EQ(v.stats.blocks, 3u);
        EXPECT_EQ(v.stats.bytes, file.size());
        Memory pieces{file};
        pieces.step = 1000;
        EXPECT_EQ(read_back(pieces, as("csv")).stats.rows, 100'000u);
        EXPECT_EQ(read_back(Memory{packed(codec, "")}, as("csv")).stats.rows, 0u);
        // Cut anywhere but between frames, or changed, it is not whole.
        for (size_t cut : {size_t(5), file.size() / 2, file.size() - 1})
            EXPECT_EQ(read_back(Memory{std::string_view(file).substr(0, cut)}, as("csv")).code, Code::corrupt)
                << codec << cut;
        for (size_t at : {file.size() / 3, file.size() - 2}) {
            std::string bad = file;
            bad[at] = static_cast<char>(bad[at] ^ 0x40);
            EXPECT_EQ(read_back(Memory{bad}, as("csv")).code, Code::corrupt) << codec << at;
        }
        EXPECT_EQ(read_back(Memory{file + "tail"}, as("csv")).code, Code::corrupt) << codec;
        // What much is packed into few bytes comes out in steps.
        std::string zeros = packed(codec, std::string(64 << 20, ' '));
        EXPECT_EQ(read_back(Memory{zeros}, as("json")).stats.raw_bytes, size_t(64 << 20)) << codec;
    }
    ReadAs plain = as("csv");
    plain.plain = true;
    EXPECT_EQ(read_back(Memory{"\x1f\x8b,1\n"}, plain).stats.rows, 1u);
}

TEST(TextReader, FormatsAreToldByContentAndName)
{
    const std::string json = "{}\n", xml = "<a><b/><b/></a>", csv = "1\n2\n3\n";
    for (const char *name : {"/x/f.csv", "/x/f.CSV", "f.csv.gz", ".csv.zst"})
        EXPECT_EQ(read_back(Memory{csv}, as(nullptr, name)).stats.rows, 3u) << name;
    for (const char *name : {"f.json", "f.jsonl", "f.ndjson.lz4", "f", "f.txt", "f.gz"})
        EXPECT_EQ(read_back(Memory{json}, as(nullptr, name)).stats.rows, 1u) << name;
    for (const char *name : {"f.xml", "f", "f.out"})
        EXPECT_EQ(read_back(Memory{xml}, as(nullptr, name)).stats.rows, 2u) << name;
    for (const char *codec : {"gzip", "zstd", "lz4"}) {
        EXPECT_EQ(read_back(Memory{packed(codec, xml)}, as(nullptr, "f")).stats.rows, 2u);
        EXPECT_EQ(read_back(Memory{packed(codec, json)}, as(nullptr, "f")).stats.rows, 1u);
        EXPECT_EQ(read_back(Memory{packed(codec, csv)}, as(nullptr, "f.csv.gz")).stats.rows, 3u);
        EXPECT_EQ(read_back(Memory{packed(codec, csv)}, as(nullptr, "f")).message,
                  "what is packed is neither XML nor JSON, and the name does not say csv");
    }
    EXPECT_EQ(read_back(Memory{header(with_field("\"long\""))}, as(nullptr, "f.csv")).message, "");
    EXPECT_EQ(read_back(Memory{csv}, as(nullptr, "f.avro")).message, "header: this is not an Avro file");
    EXPECT_EQ(read_back(Memory{csv}, as(nullptr, "f")).message, "header: this is not an Avro file");
    EXPECT_NE(read_back(Memory{""}, as(nullptr, "f")).message, "");
    EXPECT_EQ(read_back(Memory{""}, as(nullptr, "f.json")).message, "");
}

TEST(TextReader, ReadErrorsAreNoDefectsOfTheFile)
{
    Memory m{"1\n2\n3\n"};
    m.fail_at = 3;
    EXPECT_EQ(read_back(m, as("csv")).code, Code::internal);
}
