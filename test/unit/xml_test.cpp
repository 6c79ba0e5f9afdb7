// xml_test.cpp - names, escapes, characters XML cannot hold, json as elements,
// markup.
#include <gtest/gtest.h>

#include <limits>

#include "avro_rows.hpp"
#include "base/error.hpp"
#include "base/time.hpp"
#include "format/xml/json.hpp"
#include "format/xml/markup.hpp"
#include "format/xml/names.hpp"
#include "format/xml/text.hpp"

using namespace spout;
using namespace spout::test;

namespace
{
const Type kXmlType = scalar(Kind::xml, Repr::text, "xml");
const Type kRowJson = scalar(Kind::json_text, Repr::text, "record");
constexpr const char *kHead = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                              "<rows xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\n";

std::string name(std::string_view s)
{
    std::string out;
    xml::append_name(out, s);
    return out;
}

struct Document {
    Document(std::vector<Field> fields, std::vector<RawOption> options = {}) : fields_(std::move(fields))
    {
        spec.row = {nullptr, nullptr, fields_.data(), static_cast<uint32_t>(fields_.size())};
        spec.allocator = &Export::kTestAllocator;
        code = options_parse("xml", options.data(), static_cast<uint32_t>(options.size()), &spec.options,
                             &failure);
        if (code == Code::ok) code = writer_open(&spec, &writer, &failure);
    }
    ~Document() { writer_free(writer); }
    Document(const Document &) = delete;
    Document &operator=(const Document &) = delete;

    Code add(const std::vector<Cell> &row)
    {
        code = writer_add(writer, row.data(), static_cast<uint32_t>(row.size()));
        if (code != Code::ok) failure = *writer_failure(writer);
        return code;
    }
    std::string take()
    {
        BlockRef b = {};
        EXPECT_EQ(writer_take(writer, 0, &b), Code::ok);
        EXPECT_EQ(file_place(writer, {0, true, false}, &b), Code::ok);
        return Export::string(b.bytes);
    }
    std::string begin()
    {
        BytesRef b = {};
        EXPECT_EQ(file_begin(writer, 0, &b), Code::ok);
        return Export::string(b);
    }
    std::string end()
    {
        BytesRef b = {};
        EXPECT_EQ(file_end(writer, 0, Ending::open, &b), Code::ok);
        return Export::string(b);
    }

    Spec spec = {};
    Writer *writer = nullptr;
    Failure failure = {};
    Code code = Code::ok;

  private:
    std::vector<Field> fields_;
};

// The element <a> of one value, or the error's message.
std::string element(const Type &t, const Cell &c, std::vector<RawOption> options = {})
{
    Document d({{"a", &t}}, std::move(options));
    if (d.code != Code::ok || d.add({c}) != Code::ok) return d.failure.message;
    std::string row = d.take();
    return row.substr(5, row.size() - 5 - 7); // <row> and </row> LF
}
std::string json(std::string_view s) { return element(kJson, text(s)); }
std::string markup(std::string_view s) { return element(kXmlType, text(s)); }
} // namespace

TEST(XmlNames, OfKeysThatAreManyOrLong)
{
    auto key = [](int i) { return "k " + std::to_string(i) + (i % 7 ? "" : std::string(100, 'l')); };
    auto tag = [&](int i) { return "k_x0020_" + key(i).substr(2); };
    // More than are kept, each twice, and one within the other: what is not kept must last until it is
    // closed.
    std::string json, expected, close;
    for (int i = 0; i < 1500; i++) {
        json += (i ? ",\"" : "{\"") + key(i) + "\":1";
        expected += "<" + tag(i) + ">1</" + tag(i) + ">";
    }
    std::string inner = "1", outer = "1";
    for (int i = 2000; i < 2300; i++) {
        inner = "{\"" + key(i) + "\":" + inner + ",\"" + key(i - 1500) + "\":2}";
        outer =
            "<" + tag(i) + ">" + outer + "</" + tag(i) + "><" + tag(i - 1500) + ">2</" + tag(i - 1500) + ">";
    }
    json += ",\"deep\":" + inner + "}";
    expected = "<a>" + expected + "<deep>" + outer + "</deep></a>";
    Document d({{"a", &kJson}});
    for (int i = 0; i < 3; i++)
        ASSERT_EQ(d.add({text(json)}), Code::ok);
    EXPECT_EQ(d.take(),
              "<row>" + expected + "</row>\n<row>" + expected + "</row>\n<row>" + expected + "</row>\n");
}

TEST(XmlNames, AreThoseOfSqlXml)
{
    EXPECT_EQ(name("?column?"), "_x003F_column_x003F_");
    EXPECT_EQ(name("my col"), "my_x0020_col");
    EXPECT_EQ(name("a.b:c"), "a.b_x003A_c");
    EXPECT_EQ(name("1a"), "_x0031_a");
    EXPECT_EQ(name("größe"), "größe");
    EXPECT_EQ(name("_x"), "_x005F_x");
    EXPECT_EQ(name("xmlid"), "_x0078_mlid");
    EXPECT_EQ(name("XmL"), "_x0058_mL");
    EXPECT_EQ(name("\xF0\x9F\x98\x80"), "_x1F600_");
    EXPECT_EQ(name(""), "_x_");
    EXPECT_EQ(name("_x_"), "_x005F_x_");
    EXPECT_EQ(name("-a.-"), "_x002D_a.-");
    EXPECT_EQ(name("a\x01"), "a_x0001_");
    EXPECT_EQ(name("\u00b7a"), "_x00B7_a"); // an extender may not begin a name
    EXPECT_EQ(name("a\u00b7"), "a\u00b7");
    EXPECT_EQ(name("\u4e00\u0301"), "\u4e00\u0301");
    EXPECT_EQ(name("\u10d0\u9fa6"), "\u10d0_x9FA6_"); // a letter since the fifth edition only
}

TEST(XmlNames, ClassesEndWhereTheSpecificationSays)
{
    EXPECT_FALSE(xml::is_name_start(0xBF));
    EXPECT_TRUE(xml::is_name_start(0xC0));
    EXPECT_FALSE(xml::is_name_start(0xD7));
    EXPECT_TRUE(xml::is_name_start(0xD7A3));
    EXPECT_FALSE(xml::is_name_start(0xD7A4));
    EXPECT_TRUE(xml::is_name_char(0x0660));
    EXPECT_FALSE(xml::is_name_start(0x0660));
    EXPECT_FALSE(xml::is_name_char(0x10000));
}

TEST(XmlText, EscapesWhatAParserWouldChange)
{
    EXPECT_EQ(element(kText, text("a<b>&c\r\n\t\"'")), "<a>a&lt;b&gt;&amp;c&#x0d;\n\t\"'</a>");
    EXPECT_EQ(element(kText, text("")), "<a></a>");
    EXPECT_EQ(element(kText, text("]]>")), "<a>]]&gt;</a>");
    EXPECT_EQ(element(kText, text("\uFFFD\uFEFF\u20AC\U0010FFFF")), "<a>\uFFFD\uFEFF\u20AC\U0010FFFF</a>");
}

TEST(XmlText, EveryPositionAndLength)
{
    for (size_t n = 1; n < 70; n++)
        for (size_t at = 0; at < n; at++) {
            std::string s(n, 'x'), want = s;
            s[at] = '<';
            want.replace(at, 1, "&lt;");
            ASSERT_EQ(element(kText, text(s)), "<a>" + want + "</a>") << n << " " << at;
            s[at] = '\x1f';
            ASSERT_EQ(element(kText, text(s)), "character U+001F cannot be stored in XML") << n << " " << at;
        }
    std::string big(3 * 4096, '&'), want;
    for (size_t i = 0; i < big.size(); i++)
        want += "&amp;";
    EXPECT_EQ(element(kText, text(big)), "<a>" + want + "</a>");
    for (size_t before : {4094, 4095, 4096}) // a character across two slices
        EXPECT_EQ(element(kText, text(std::string(before, 'x') + "\xEF\xBF\xBE" + std::string(99, 'y'))),
                  "character U+FFFE cannot be stored in XML");
}

TEST(XmlText, CharactersXmlCannotHoldAreErrors)
{
    for (unsigned c = 0; c < 0x20; c++) {
        char one = static_cast<char>(c), expected[64];
        snprintf(expected, sizeof expected, "character U+%04X cannot be stored in XML", c);
        if (c != '\t' && c != '\n' && c != '\r') {
            EXPECT_EQ(element(kText, text({&one, 1})), expected);
        }
    }
    EXPECT_EQ(element(kText, text("\xEF\xBF\xBF")), "character U+FFFF cannot be stored in XML");
    Document d({{"a", &kText}, {"b", &kText}});
    EXPECT_EQ(d.add({text("x"), text("y")}), Code::ok);
    EXPECT_EQ(d.add({text("x"), text("\x01")}), Code::bad_text);
    EXPECT_EQ(d.failure.column, 1);
    EXPECT_NE(std::string(d.failure.hint).find("translate()"), std::string::npos);
    EXPECT_EQ(d.take(), "<row><a>x</a><b>y</b></row>\n"); // the bad row left nothing
}

TEST(XmlValues, Scalars)
{
    EXPECT_EQ(element(kBoolean, integer(1)), "<a>true</a>");
    EXPECT_EQ(element(kInt8, integer(INT64_MIN)), "<a>-9223372036854775808</a>");
    EXPECT_EQ(element(kOid, integer(4294967295)), "<a>4294967295</a>");
    EXPECT_EQ(element(kNumeric, numeric({12, 3400}, 0, 2)), "<a>12.34</a>");
    EXPECT_EQ(element(kNumeric, numeric({}, 0, 0, Sign::nan)), "<a>NaN</a>");
    EXPECT_EQ(element(kDate, integer(0)), "<a>2000-01-01</a>");
    EXPECT_EQ(element(kDate, integer(kDateInfinity)), "<a>infinity</a>");
    EXPECT_EQ(element(kTime, integer(kMicrosPerDay)), "<a>24:00:00</a>");
    EXPECT_EQ(element(kTimestamp, integer(500000)), "<a>2000-01-01T00:00:00.5</a>");
    EXPECT_EQ(element(kTimestamptz, integer(0)), "<a>2000-01-01T00:00:00+00:00</a>");
    EXPECT_EQ(element(kTimestamptz, integer(kTimestampMinusInfinity)), "<a>-infinity</a>");
    EXPECT_EQ(element(kBytea, text("")), "<a></a>");
    EXPECT_EQ(element(kBytea, text("f")), "<a>Zg==</a>");
    EXPECT_EQ(element(kBytea, text("fo")), "<a>Zm8=</a>");
    EXPECT_EQ(element(kBytea, text({"\xff\xfe\x00g", 4})), "<a>//4AZw==</a>");
    std::vector<Cell> pairs = {text("k"), text("v<"), text("n"), null()};
    EXPECT_EQ(element(kHstore, list(pairs)), "<a>\"k\"=&gt;\"v&lt;\", \"n\"=&gt;NULL</a>");
}

TEST(XmlValues, FloatsAreShortestAndPlainWhereTheServerIs)
{
    auto d = [](double v) { return element(kFloat8, real(v)); };
    auto f = [](float v) { return element(kFloat4, real4(v)); };
    EXPECT_EQ(d(0), "<a>0</a>");
    EXPECT_EQ(d(-0.0), "<a>-0</a>");
    EXPECT_EQ(d(100), "<a>100</a>");
    EXPECT_EQ(d(-1234.5), "<a>-1234.5</a>");
    EXPECT_EQ(d(0.1), "<a>0.1</a>");
    EXPECT_EQ(d(0.00012), "<a>0.00012</a>");
    EXPECT_EQ(d(0.000012), "<a>1.2e-05</a>");
    EXPECT_EQ(d(123456789012345.0), "<a>123456789012345</a>");
    EXPECT_EQ(d(1e14), "<a>100000000000000</a>");
    EXPECT_EQ(d(1e15), "<a>1e+15</a>");
    EXPECT_EQ(d(123456789.123456789), "<a>123456789.12345679</a>");
    EXPECT_EQ(d(5e-324), "<a>5e-324</a>");
    EXPECT_EQ(d(std::numeric_limits<double>::quiet_NaN()), "<a>NaN</a>");
    EXPECT_EQ(d(-std::numeric_limits<double>::infinity()), "<a>-Infinity</a>");
    EXPECT_EQ(f(0.1f), "<a>0.1</a>");
    EXPECT_EQ(f(123456.0f), "<a>123456</a>");
    EXPECT_EQ(f(1234567.0f), "<a>1.234567e+06</a>");
}

TEST(XmlValues, NestedOnesKeepTheirNulls)
{
    const Type ints = array_of(kInt4, "integer[]"), grid = array_of(ints, "integer[]");
    std::vector<Cell> one = {integer(1), null()}, two = {list(one), list({})};
    const std::string nil = " xsi:nil=\"true\"/>";
    EXPECT_EQ(element(grid, list(two)),
              "<a><element><element>1</element><element" + nil + "</element><element></element></a>");
    Type point = scalar(Kind::record, Repr::list, "app.point");
    const Field fields[] = {{"my x", &kInt4}, {"y", &ints}};
    point.fields = fields;
    point.nfields = 2;
    std::vector<Cell> cells = {null(), list(one)};
    EXPECT_EQ(element(point, list(cells)),
              "<a><my_x0020_x" + nil + "<y><element>1</element><element" + nil + "</y></a>");
    EXPECT_EQ(element(point, list(cells), {{"nulls", "omit"}}),
              "<a><y><element>1</element><element" + nil + "</y></a>");
    EXPECT_EQ(element(point, null()), "<a" + nil);
    EXPECT_EQ(element(point, null(), {{"nulls", "OMIT"}}), "");
}

TEST(XmlValues, AnErrorTellsThePlaceInside)
{
    const Type texts = array_of(kText, "text[]");
    Type r = scalar(Kind::record, Repr::list, "app.r");
    const Field fields[] = {{"tags", &texts}};
    r.fields = fields;
    r.nfields = 1;
    std::vector<Cell> bad = {text("ok"), text("\x02")}, row = {list(bad)};
    Document d({{"a", &r}});
    EXPECT_EQ(d.add({list(row)}), Code::bad_text);
    EXPECT_STREQ(d.failure.path, ".tags[2]");
}

TEST(XmlJson, BecomesElements)
{
    EXPECT_EQ(json(R"( { "b" : 1 , "a" : [ 1 , "x" , null, true ], "b" : -0.10e5 } )"),
              "<a><b>1</b><a><element>1</element><element>x</element><element xsi:nil=\"true\"/>"
              "<element>true</element></a><b>-0.10e5</b></a>");
    EXPECT_EQ(json("{}"), "<a></a>");
    EXPECT_EQ(json("[]"), "<a></a>");
    EXPECT_EQ(json("[[],{},[[]]]"),
              "<a><element></element><element></element><element><element></element></element></a>");
    EXPECT_EQ(json(" 1e1000 "), "<a>1e1000</a>");
    EXPECT_EQ(json("false"), "<a>false</a>");
    EXPECT_EQ(json("null"), "<a xsi:nil=\"true\"/>");
    EXPECT_EQ(json(R"("a<\u00e9\ud83d\ude00\r\n\t\/\"\\")"), "<a>a&lt;\u00e9\U0001F600&#x0d;\n\t/\"\\</a>");
    EXPECT_EQ(json(R"({"": {"": 0}, "my col": 1, "x\"": 2, "\u0001\ud800\n": 3, "\u0078mlid": 4})"),
              "<a><_x_><_x_>0</_x_></_x_><my_x0020_col>1</my_x0020_col><x_x0022_>2</x_x0022_>"
              "<_x0001__xD800__x000A_>3</_x0001__xD800__x000A_><_x0078_mlid>4</_x0078_mlid></a>");
    EXPECT_EQ(element(kRowJson, text(R"({"f1":1,"f2":null})")), "<a><f1>1</f1><f2 xsi:nil=\"true\"/></a>");
}

TEST(XmlJson, StringsXmlCannotHold)
{
    EXPECT_EQ(json(R"("\b")"), "character U+0008 cannot be stored in XML");
    EXPECT_EQ(json(R"(["\u0000"])"), "character U+0000 cannot be stored in XML");
    EXPECT_EQ(json(R"("\uFFFE")"), "character U+FFFE cannot be stored in XML");
    EXPECT_EQ(json(R"("\ud800x")"), "character U+D800 cannot be stored in XML");
    EXPECT_EQ(json(R"("\ud800\u0041")"), "character U+D800 cannot be stored in XML");
    EXPECT_EQ(json(R"("\udc00")"), "character U+DC00 cannot be stored in XML");
}

TEST(XmlJson, DepthIsBoundedAndTheNextValueIsFine)
{
    auto nested = [](size_t n) { return std::string(n, '[') + std::string(n, ']'); };
    Document d({{"a", &kJson}});
    EXPECT_EQ(d.add({text(nested(xml::JsonElements::kMaxDepth))}), Code::ok);
    EXPECT_EQ(d.add({text(nested(xml::JsonElements::kMaxDepth + 1))}), Code::limit);
    (void)d.take();
    EXPECT_EQ(d.add({text("[1]")}), Code::ok);
    EXPECT_EQ(d.take(), "<row><a><element>1</element></a></row>\n");
}

TEST(XmlJson, WhatIsNotJsonIsRefused)
{
    for (const char *bad : {"",        " ",         "{",         "[",   "[1",   "[1,",     "{\"a\"",
                            "{\"a\":", "{\"a\":1",  "{\"a\":1,", "\"",  "\"\\", "\"\\u12", "\"\\x\"",
                            "[1}",     "{\"a\":1]", "1 2",       "[]]", "<",    "{1:2}",   "[1<2]"})
        EXPECT_EQ(json(bad), "value is not valid JSON") << bad;
}

TEST(XmlMarkup, WellFormedContentStaysAsItIs)
{
    for (const char *good :
         {"", "text", "<a/>", "<a b=\"c\" d='e\"'>\n&lt;&amp; x\n</a>", "<a/><b/>t",
          "<!-- c --><?pi x?><?pi?>", "<![CDATA[<&]]]>", "&#x20AC;&#10;&quot;&apos;",
          "<a xmlns=\"u\"><b/></a>", "<p:a xmlns:p=\"u\" p:b=\"1\"/>",
          "<a xml:lang='en' xmlns:x='u&amp;v'><x:b></x:b ></a >", "<a xmlns='urn:isbn:1-2_3'/>",
          "<a xmlns='http://www.example.org:80/a/b;c=d?q=(1)&amp;x=%20'/>",
          "<a xmlns='a/b:c'><b xmlns=''/></a>", "<a id='1' xml:space='any' xml:base=':'/>",
          "<größe>\u00e9</größe>", "<a>]]</a>"})
        EXPECT_EQ(markup(good), "<a>" + std::string(good) + "</a>");
    EXPECT_EQ(markup("<?xml version=\"1.0\" standalone='yes'?><b/>"), "<a><b/></a>");
}

TEST(XmlMarkup, EverythingElseIsText)
{
    for (const char *bad : {"<!DOCTYPE a><a/>",
                            "<p:a/>",
                            "<a p:b='1'/>",
                            "<p:a xmlns:p='u'/><p:b/>",
                            "<a xmlns:p=''/>",
                            "<a",
                            "<a>",
                            "</a>",
                            "<a></b>",
                            "<a></ab>",
                            "&nbsp;",
                            "&#1;",
                            "&#xFFFE;",
                            "&",
                            "&#;",
                            "&#x110000;",
                            "a]]>b",
                            "<a b/>",
                            "<a b=c/>",
                            "<a b='1' b='2'/>",
                            "<a b='1'c='2'/>",
                            "<a b='<'/>",
                            "<a b='&x;'/>",
                            "<a:b:c xmlns:a='u'/>",
                            "<:a/>",
                            "<1/>",
                            "<a xmlns:xml='u'/>",
                            "<a xmlns:xmlns='u'/>",
                            "<xmlns:a/>",
                            "<a xmlns='http://www.w3.org/2000/xmlns/'/>",
                            "<a xmlns:p='u' xmlns:q='u' p:b='' q:b=''/>",
                            "<!-- -- -->",
                            "<!-- a --->",
                            "<?xml version='1.0'",
                            "<?XML?>",
                            "<?a:b?>",
                            "<![CDATA[",
                            "<\U00010000/>",
                            "<\u9fa6/>",
                            "<a xsi:nil='true'/>",
                            "<a xml:id='b'/>",
                            "<a xmlns='a b'/>",
                            "<a xmlns='a}b'/>",
                            "<a xmlns='a&lt;b'/>",
                            "<a xmlns='a&#32;b'/>",
                            "<a xmlns='ä'/>",
                            "<a xmlns='a%'/>",
                            "<a xmlns='%zz'/>",
                            "<a xmlns=':'/>",
                            "<a xmlns='1a:b'/>",
                            "<a xmlns='a#b#c'/>",
                            "<a xmlns='a&amp;b#c'/>",
                            "<a xmlns='http://[x]/'/>",
                            "<a xmlns='http://a:b/'/>",
                            "<a xmlns='http://a:1234567/'/>",
                            "< a/>",
                            "x<",
                            "<a/ >"}) {
        std::string escaped;
        for (char c : std::string(bad))
            escaped += c == '<' ? "&lt;" : c == '>' ? "&gt;" : c == '&' ? "&amp;" : std::string(1, c);
        EXPECT_EQ(markup(bad), "<a>" + escaped + "</a>");
    }
    EXPECT_EQ(markup("<a>\x01</a>"), "character U+0001 cannot be stored in XML");
    EXPECT_FALSE(xml::is_content("<a b='\xEF\xBF\xBE'/>"));
    std::string deep;
    for (int i = 0; i < 201; i++)
        deep += "<a>";
    for (int i = 0; i < 201; i++)
        deep += "</a>";
    EXPECT_FALSE(xml::is_content(deep));
    EXPECT_TRUE(xml::is_content(deep.substr(3, deep.size() - 7)));
}

TEST(XmlFile, HasNoWhiteSpaceButLineEnds)
{
    Document d({{"id", &kInt4}, {"gone", &kText}}, {{"root_name", "my rows"}, {"row_name", "r:1"}});
    EXPECT_EQ(d.begin(), "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
                         "<my_x0020_rows xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\n");
    EXPECT_EQ(d.add({integer(1), null()}), Code::ok);
    EXPECT_EQ(d.add({integer(2), text("x")}), Code::ok);
    EXPECT_EQ(d.take(), "<r_x003A_1><id>1</id><gone xsi:nil=\"true\"/></r_x003A_1>\n"
                        "<r_x003A_1><id>2</id><gone>x</gone></r_x003A_1>\n");
    EXPECT_EQ(d.end(), "</my_x0020_rows>\n");
    Document none({});
    EXPECT_EQ(none.begin(), kHead);
    EXPECT_EQ(none.end(), "</rows>\n");
    EXPECT_EQ(none.add({}), Code::ok);
    EXPECT_EQ(none.take(), "<row></row>\n");
}

TEST(XmlFile, OptionsAreChecked)
{
    for (const char *option : {"root_name", "row_name"})
        for (const char *value : {static_cast<const char *>(nullptr), ""})
            EXPECT_EQ(Document({{"a", &kInt4}}, {{option, value}}).code, Code::bad_value);
    EXPECT_EQ(Document({{"a", &kInt4}}, {{"nulls", "drop"}}).code, Code::bad_value);
    EXPECT_EQ(Document({{"a", &kInt4}}, {{"force_array", "on"}}).code, Code::unknown_name);
}

TEST(XmlFile, DescribeSaysWhatJsonLoses)
{
    const Type jsons = array_of(kJsonb, "jsonb[]");
    Document d({{"my col", &kInt4}, {"j", &kJson}, {"ja", &jsons}, {"t", &kText}});
    Described *described = nullptr;
    ASSERT_EQ(describe_open(&d.spec, &described, &d.failure), Code::ok);
    bool lossy[4] = {};
    DescribedColumn c = {};
    for (uint32_t i = 0; describe_column(described, i, &c); i++) {
        lossy[i] = c.lossy_why != nullptr;
        if (i == 0) {
            EXPECT_STREQ(c.name, "my_x0020_col");
        }
    }
    describe_free(described);
    EXPECT_FALSE(lossy[0]);
    EXPECT_TRUE(lossy[1]);
    EXPECT_TRUE(lossy[2]);
    EXPECT_FALSE(lossy[3]);
}
