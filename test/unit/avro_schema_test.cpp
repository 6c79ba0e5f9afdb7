// avro_schema_test.cpp - which schemas pass the strict checker, which do not, and what the tree then says.
#include "format/avro/schema.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"

using namespace spout;
using namespace spout::avro;

namespace
{
// The message of the refusal, or "" when the schema passes.
std::string refusal(const std::string &json)
{
    try {
        parse_schema(json);
    } catch (const Error &e) {
        EXPECT_EQ(e.code, Code::bad_value) << json;
        return e.message;
    }
    return "";
}

std::string record(const std::string &fields)
{
    return R"({"type":"record","name":"r","fields":[)" + fields + "]}";
}
std::string field(const std::string &type, const std::string &more = "")
{
    return record(R"({"name":"a","type":)" + type + more + "}");
}

// Records inside each other, `n` of them.
std::string nested(int n)
{
    std::string s = "\"int\"";
    for (int i = 0; i < n; i++)
        s = R"({"type":"record","name":"r)" + std::to_string(i) + R"(","fields":[{"name":"f","type":)" + s +
            "}]}";
    return s;
}
} // namespace

TEST(AvroSchema, LegalOnesPass)
{
    const std::string legal[] = {
        "\"null\"",
        " [\"null\" , \"int\"]\n",
        record(""),
        field("\"string\"",
              R"(,"doc":"größe","aliases":["y"],"order":"ignore","default":"x","pg.type":"text")"),
        field(R"({"type":"array","items":["null","long"]})", R"(,"default":[])"),
        field(R"({"type":"map","values":"bytes"})", R"(,"default":{"k":"\u00ff\u0000"})"),
        field(R"(["null","long"])", R"(,"default":null)"),
        field("\"double\"", R"(,"default":-1.5e3)"),
        field("\"double\"", R"(,"default":7)"),
        field("\"long\"", R"(,"default":-9223372036854775808)"),
        field(R"({"type":"enum","name":"e","symbols":["A","_b1"],"default":"A"})", R"(,"default":"_b1")"),
        field(R"({"type":"fixed","name":"f","size":2})", R"(,"default":"\u0000\u00ff")"),
        field(R"({"type":"fixed","name":"f","size":1073741824})"),
        field(R"({"type":"record","name":"s","fields":[{"name":"x","type":"int","default":1},
                  {"name":"y","type":"int"}]})",
              R"(,"default":{"y":2})"),
        // Names: full names, a namespace left again, case, types called like keywords.
        R"({"type":"record","name":"r","namespace":"n","fields":[
            {"name":"a","type":{"type":"record","name":"s","namespace":"","fields":[]}},
            {"name":"b","type":{"type":"record","name":"o.s","fields":[]}},
            {"name":"B","type":{"type":"record","name":"s","fields":[]}},
            {"name":"c","type":["null","n.s"]},{"name":"d","type":"o.s"},{"name":"e","type":"s"}]})",
        R"({"type":"record","name":"map","namespace":"n","fields":[{"name":"a","type":"int"}]})",
        // Properties nobody knows, logical types of later specifications.
        R"({"type":"record","name":"r","x":{"a":[1,null,true,1e300]},"doc":"\u0000","fields":[]})",
        R"({"type":"record","name":"r","big":18446744073709551615,"fields":[]})",
        field(R"({"type":"string","logicalType":"color"})"),
        field(R"({"type":"long","logicalType":"timestamp-nanos"})"),
        field(R"({"type":"fixed","name":"d","size":12,"logicalType":"duration"})"),
        nested(65),
    };
    for (const std::string &s : legal)
        EXPECT_EQ(refusal(s), "") << s;
}

TEST(AvroSchema, IllegalOnesAreRefusedByTheirReason)
{
    const std::pair<std::string, const char *> illegal[] = {
        {"", "JSON"},
        {"{", "JSON"},
        {"\"int\" 1", "JSON"},
        {"\xEF\xBB\xBF\"int\"", "JSON"},
        {std::string("\"int\"\0", 6), "JSON"},
        {"\"\xFF\"", "JSON"},
        {"1", "type"},
        {"null", "type"},
        {"\"nothing\"", "nothing"},
        {"[]", "union"},
        {R"([["null"]])", "union"},
        {R"(["null","null"])", "union"},
        {R"([{"type":"array","items":"int"},{"type":"array","items":"long"}])", "union"},
        {"{}", "type"},
        {R"({"type":"error","name":"e","fields":[]})", "error"},
        {R"({"type":"int","type":"long"})", "type"},
        {R"({"type":"record","name":"r"})", "fields"},
        {R"({"type":"record","name":"r","fields":{}})", "fields"},
        {R"({"type":"record","fields":[]})", "name"},
        {R"({"type":"record","name":"","fields":[]})", "name"},
        {R"({"type":"record","name":"1r","fields":[]})", "1r"},
        {R"({"type":"record","name":"a..r","fields":[]})", "a..r"},
        {R"({"type":"record","name":"größe","fields":[]})", "gr"},
        {R"({"type":"record","name":"r","namespace":"a-b","fields":[]})", "a-b"},
        {R"({"type":"record","name":"string","namespace":"n","fields":[]})", "string"},
        {R"({"type":"record","name":"r","aliases":["1"],"fields":[]})", "aliases"},
        {record("1"), "field"},
        {record(R"({"name":"a"})"), "type"},
        {record(R"({"type":"int"})"), "name"},
        {record(R"({"name":"a.b","type":"int"})"), "a.b"},
        {record(R"({"name":"a","type":"int"},{"name":"a","type":"int"})"), "a"},
        {field("\"int\"", R"(,"order":"up")"), "order"},
        {field("\"int\"", R"(,"doc":1)"), "doc"},
        {field("\"int\"", R"(,"aliases":["a.b"])"), "aliases"},
        {field("\"r\""), "contains itself"},
        {field(R"({"type":"array","items":["null","r"]})"), "contains itself"},
        {record(R"({"name":"a","type":{"type":"enum","name":"r","symbols":["A"]}})"), "twice"},
        {field(R"({"type":"enum","name":"e","symbols":[]})"), "symbols"},
        {field(R"({"type":"enum","name":"e","symbols":["A","A"]})"), "A"},
        {field(R"({"type":"enum","name":"e","symbols":["a-b"]})"), "symbol"},
        {field(R"({"type":"enum","name":"e","symbols":["A"],"default":"B"})"), "default"},
        {field(R"({"type":"fixed","name":"f"})"), "size"},
        {field(R"({"type":"fixed","name":"f","size":0})"), "size"},
        {field(R"({"type":"fixed","name":"f","size":-1})"), "size"},
        {field(R"({"type":"fixed","name":"f","size":1.0})"), "size"},
        {field(R"({"type":"fixed","name":"f","size":1073741825})"), "size"},
        {field(R"({"type":"array"})"), "items"},
        {field(R"({"type":"map"})"), "values"},
        {field("\"string\"", R"(,"logicalType":"date")") + "]", "JSON"},
        {field(R"({"type":"string","logicalType":"date"})"), "date"},
        {field(R"({"type":"int","logicalType":"timestamp-micros"})"), "timestamp-micros"},
        {field(R"({"type":"fixed","name":"f","size":15,"logicalType":"uuid"})"), "uuid"},
        {field(R"({"type":"bytes","logicalType":"decimal"})"), "precision"},
        {field(R"({"type":"bytes","logicalType":"decimal","precision":0})"), "precision"},
        {field(R"({"type":"bytes","logicalType":"decimal","precision":1001})"), "precision"},
        {field(R"({"type":"bytes","logicalType":"decimal","precision":"9"})"), "precision"},
        {field(R"({"type":"bytes","logicalType":"decimal","precision":4,"scale":5})"), "scale"},
        {field(R"({"type":"bytes","logicalType":"decimal","precision":4,"scale":-1})"), "scale"},
        {field(R"({"type":"fixed","name":"f","size":4,"logicalType":"decimal","precision":10})"), "10"},
        {nested(66), "deep"},
    };
    for (auto &[json, reason] : illegal) {
        std::string why = refusal(json);
        EXPECT_NE(why.find(reason), why.npos) << json << "\nsays: " << why;
    }
}

TEST(AvroSchema, DefaultsMustFit)
{
    const std::pair<const char *, const char *> wrong[] = {
        {"\"null\"", "0"},
        {"\"boolean\"", "\"true\""},
        {"\"int\"", "2147483648"},
        {"\"int\"", "1.0"},
        {"\"int\"", "\"1\""},
        {"\"long\"", "9223372036854775808"},
        {"\"double\"", "\"NaN\""},
        {"\"string\"", "null"},
        {"\"bytes\"", "\"\\u0100\""},
        {R"({"type":"fixed","name":"f","size":2})", "\"abc\""},
        {R"({"type":"enum","name":"e","symbols":["A"]})", "\"B\""},
        {R"({"type":"array","items":"int"})", "[1,\"2\"]"},
        {R"({"type":"array","items":"int"})", "{}"},
        {R"({"type":"map","values":"int"})", "{\"a\":null}"},
        {R"(["null","int"])", "\"x\""},
        {R"({"type":"record","name":"s","fields":[{"name":"x","type":"int"}]})", "{}"},
        {R"({"type":"record","name":"s","fields":[{"name":"x","type":"int"}]})", R"({"x":1,"y":1})"},
    };
    for (auto &[type, value] : wrong)
        EXPECT_NE(refusal(field(type, std::string(",\"default\":") + value)).find("default"),
                  std::string::npos)
            << type << " = " << value;
}

TEST(AvroSchema, MessagesNameThePlace)
{
    std::string inner = R"({"type":"record","name":"s","fields":[{"name":"b","type":"what"}]})";
    std::string why = refusal(field(R"(["null",)" + inner + "]"));
    EXPECT_EQ(why.find("field \"a.b\": "), 0u) << why;
    EXPECT_NE(why.find("what"), why.npos);
}

TEST(AvroSchema, LimitsHold)
{
    std::string fields;
    for (int i = 0; i < 1664; i++)
        fields += (i ? "," : "") + (R"({"name":"f)" + std::to_string(i) + R"(","type":["null","long"]})");
    EXPECT_EQ(refusal(record(fields)), "");
    EXPECT_NE(refusal(record(fields + R"(,{"name":"last","type":"int"})")), "");
    EXPECT_NE(refusal(record("") + std::string((1 << 20), ' ')), "");
    std::string type = "\"int\"";
    for (int i = 0; i < 64; i++)
        type = R"(["null",{"type":"record","name":"t)" + std::to_string(i) +
               R"(","fields":[{"name":"a","type":)" + type + "}]}]";
    EXPECT_EQ(refusal(record(R"({"name":"a","type":)" + type + '}')), "");
    EXPECT_NE(refusal(record(R"({"name":"a","type":{"type":"array","items":)" + type + "}}")), "");
    EXPECT_NE(refusal(std::string(100'000, '[')), "");
    EXPECT_NE(refusal(R"({"a":)" + std::string(100'000, '[')), "");
}

// Depth and size count what data would hold, not what the text shows.
TEST(AvroSchema, ReferencesCannotMultiply)
{
    auto chain = [](int types, int uses) {
        std::string fields =
            R"({"name":"t0","type":{"type":"record","name":"t0","fields":[{"name":"x","type":"int"}]}})";
        for (int i = 1; i < types; i++) {
            std::string inner;
            for (int k = 0; k < uses; k++)
                inner += (k ? "," : "") + (R"({"name":"x)" + std::to_string(k) + R"(","type":"t)" +
                                           std::to_string(i - 1) + "\"}");
            fields += R"(,{"name":"t)" + std::to_string(i) + R"(","type":{"type":"record","name":"t)" +
                      std::to_string(i) + R"(","fields":[)" + inner + "]}}";
        }
        return record(fields);
    };
    EXPECT_EQ(refusal(chain(60, 1)), "");
    EXPECT_NE(refusal(chain(70, 1)), "");
    EXPECT_NE(refusal(chain(40, 2)), "");
}

TEST(AvroSchema, TreeSaysWhatTheTextSays)
{
    const std::string text = R"({"type":"record","name":"r","namespace":"n.m","fields":[
        {"name":"id","type":["null","long"]},
        {"name":"d","type":{"type":"fixed","name":"dec","size":8,"logicalType":"decimal","precision":18,"scale":4}},
        {"name":"e","type":{"type":"enum","name":"e","symbols":["A","B"]}},
        {"name":"m","type":{"type":"map","values":{"type":"array","items":{"type":"int","logicalType":"date"}}}},
        {"name":"d2","type":"dec"}]})";
    Schema s = parse_schema(text);
    EXPECT_EQ(s.text, text);
    const Node &r = *s.root;
    ASSERT_EQ(r.tag, Tag::record);
    EXPECT_EQ(r.full_name, "n.m.r");
    ASSERT_EQ(r.fields.size(), 5u);
    ASSERT_EQ(r.fields[0].type->tag, Tag::choice);
    EXPECT_EQ(r.fields[0].type->branches[1]->tag, Tag::int64);
    const Node &d = *r.fields[1].type;
    EXPECT_EQ(d.tag, Tag::fixed);
    EXPECT_EQ(d.size, 8u);
    EXPECT_EQ(d.logical, Logical::decimal);
    EXPECT_EQ(d.precision, 18);
    EXPECT_EQ(d.scale, 4);
    EXPECT_EQ(d.full_name, "n.m.dec");
    EXPECT_EQ(r.fields[2].type->symbols, (std::vector<std::string>{"A", "B"}));
    ASSERT_EQ(r.fields[3].type->tag, Tag::map);
    ASSERT_EQ(r.fields[3].type->items->tag, Tag::array);
    EXPECT_EQ(r.fields[3].type->items->items->logical, Logical::date);
    EXPECT_EQ(r.fields[4].type, r.fields[1].type);
}
