// avro_derive_test.cpp - the schema text of every type and profile, byte for byte: it is what readers see.
#include "avro_rows.hpp"

using namespace spout;
using namespace spout::test;

namespace
{
std::string head(const char *name, const char *space)
{
    return std::string(R"({"type":"record","name":")") + name + R"(","namespace":")" + space +
           R"(","fields":[)";
}

// The schema of one column "a", without what stands around it.
std::string column(const Type &t, Export::Raw raw = {})
{
    Export e({{"a", &t}}, raw);
    if (!e.ok()) return e.failure.message;
    std::string s = e.schema(), before = head("row", "pg_spout") + R"({"name":"a",)";
    EXPECT_EQ(s.substr(0, before.size()), before);
    return s.substr(before.size(), s.size() - before.size() - 3);
}

std::string nullable(const std::string &type) { return R"("type":["null",)" + type + R"(],"default":null)"; }
std::string from(const std::string &pg_type) { return R"(,"pg.type":")" + pg_type + '"'; }
} // namespace

TEST(Derive, ScalarsUnderSpec)
{
    EXPECT_EQ(column(kBoolean), nullable(R"("boolean")"));
    EXPECT_EQ(column(kInt2), nullable(R"("int")") + from("smallint"));
    EXPECT_EQ(column(kInt4), nullable(R"("int")"));
    EXPECT_EQ(column(kInt8), nullable(R"("long")"));
    EXPECT_EQ(column(kOid), nullable(R"("long")") + from("oid"));
    EXPECT_EQ(column(kFloat4), nullable(R"("float")"));
    EXPECT_EQ(column(kFloat8), nullable(R"("double")"));
    EXPECT_EQ(column(kNumeric), nullable(R"("string")") + from("numeric"));
    EXPECT_EQ(column(kMoney), nullable(R"("string")") + from("money"));
    EXPECT_EQ(column(kText), nullable(R"("string")"));
    EXPECT_EQ(column(kBytea), nullable(R"("bytes")"));
    EXPECT_EQ(column(kUuid), nullable(R"({"type":"string","logicalType":"uuid"})"));
    EXPECT_EQ(column(kDate), nullable(R"({"type":"int","logicalType":"date"})"));
    EXPECT_EQ(column(kTime), nullable(R"({"type":"long","logicalType":"time-micros"})"));
    EXPECT_EQ(column(kTimestamp), nullable(R"({"type":"long","logicalType":"local-timestamp-micros"})"));
    EXPECT_EQ(column(kTimestamptz),
              nullable(R"({"type":"long","logicalType":"timestamp-micros","adjust-to-utc":true})"));
    EXPECT_EQ(column(kInterval), nullable(R"("string")") + from("interval"));
    EXPECT_EQ(column(kJsonb), nullable(R"("string")") + from("jsonb"));
    EXPECT_EQ(column(kEnum), nullable(R"("string")") + from("app.mood"));
    EXPECT_EQ(column(kPinned), nullable(R"("string")") + from("point"));
    EXPECT_EQ(column(kHstore), nullable(R"({"type":"map","values":["null","string"]})") + from("hstore"));
}

TEST(Derive, DecimalsFollowTheirEdgeRules)
{
    auto decimal = [](int p, int s) {
        return nullable(R"({"type":"bytes","logicalType":"decimal","precision":)" + std::to_string(p) +
                        R"(,"scale":)" + std::to_string(s) + "}");
    };
    Type plain = scalar(Kind::numeric, Repr::digits, "numeric(18,0)", 18, 0);
    Type negative = scalar(Kind::numeric, Repr::digits, "numeric(3,-2)", 3, -2);
    Type small = scalar(Kind::numeric, Repr::digits, "numeric(3,5)", 3, 5);
    Type wide = scalar(Kind::numeric, Repr::digits, "numeric(39,2)", 39, 2);
    EXPECT_EQ(column(plain), decimal(18, 0));
    EXPECT_EQ(column(negative), decimal(5, 0) + from("numeric(3,-2)"));
    EXPECT_EQ(column(small), decimal(5, 5) + from("numeric(3,5)"));
    EXPECT_EQ(column(wide), nullable(R"("string")") + from("numeric(39,2)"));
    EXPECT_EQ(column(plain, {{"on_nan", "STRING"}}), nullable(R"("string")") + from("numeric(18,0)"));
}

TEST(Derive, ArraysNestAsDeclared)
{
    Type ints = array_of(kInt4, "integer[]"), matrix = array_of(ints, "integer[]");
    Type spans = array_of(kInterval, "interval[]");
    EXPECT_EQ(column(ints), nullable(R"({"type":"array","items":["null","int"]})"));
    EXPECT_EQ(column(matrix),
              nullable(R"({"type":"array","items":["null",{"type":"array","items":["null","int"]}]})"));
    EXPECT_EQ(column(spans), nullable(R"({"type":"array","items":["null","string"]})") + from("interval[]"));
    EXPECT_EQ(column(ints, {{"profile", "bigquery"}}), nullable(R"({"type":"array","items":"int"})"));
    EXPECT_EQ(column(matrix, {{"profile", "bigquery"}}),
              "profile bigquery cannot store multidimensional arrays");
}

TEST(Derive, RequiredFieldsHaveNoNullBranch)
{
    Type d = scalar(Kind::numeric, Repr::digits, "numeric(9,2)", 9, 2);
    std::vector<Field> fields = {
        {"a", &kInt4, true}, {"t", &kTimestamp, true}, {"d", &d, true}, {"n", &kText}};
    auto types = [&](Export::Raw raw) {
        Export e(fields, raw);
        std::string s = e.schema(), all;
        for (size_t at = 0; (at = s.find("\"type\":", at)) != s.npos; at += 7)
            if (at >= 2 && s[at - 2] == '"' && s.compare(at + 7, 7, "\"record") != 0)
                all += s.compare(at + 7, 7, "[\"null\"") == 0 ? '0' : '1';
        return all;
    };
    EXPECT_EQ(types({}), "1110");
    EXPECT_EQ(types({{"on_infinity", "null"}}), "1010");
    EXPECT_EQ(types({{"on_nan", "null"}}), "1100");
    EXPECT_EQ(types({{"on_nan", "string"}}), "1110");
    Export e(fields);
    EXPECT_EQ(e.add({integer(1), integer(0), numeric({12, 3400}, 0, 2), null()}), Code::ok)
        << e.failure.message;
    EXPECT_EQ(e.add({null(), integer(0), numeric({12, 3400}, 0, 2), null()}), Code::null_value);
    EXPECT_STREQ(e.failure.message, "NULL in a column that the catalog says has none");
    EXPECT_EQ(e.failure.column, 0);
}

TEST(Derive, NamedTypesAreDefinedOnce)
{
    Field inner_fields[] = {{"x", &kInt4}, {"X", &kText}};
    Type inner = scalar(Kind::record, Repr::list, "app.line");
    inner.schema = "app";
    inner.name = "line";
    inner.fields = inner_fields;
    inner.nfields = 2;
    Type same = inner, lines = array_of(inner, "app.line[]"); // another node, the same type
    Type other = inner;
    other.schema = "app_line"; // `app_line_` + `_` + ... collides after mangling
    other.schema = "a.pp";
    Type third = inner;
    third.schema = "a_pp";
    Export e({{"one", &inner}, {"two", &lines}, {"three", &same}, {"four", &other}, {"five", &third}}, {},
             "orders", "app");
    const std::string body = R"("fields":[{"name":"x","type":["null","int"],"default":null},)"
                             R"({"name":"X_2","type":["null","string"],"default":null,"pg.name":"X"}]})";
    EXPECT_EQ(
        e.schema(),
        head("orders", "app") + R"({"name":"one","type":["null",{"type":"record","name":"app_line",)" + body +
            R"(],"default":null},{"name":"two","type":["null",{"type":"array","items":["null","app.app_line"]}],"default":null},)"
            R"({"name":"three","type":["null","app.app_line"],"default":null},)"
            R"({"name":"four","type":["null",{"type":"record","name":"a_pp_line",)" +
            body +
            R"(],"default":null},{"name":"five","type":["null",{"type":"record","name":"a_pp_line_2",)" +
            body + R"(],"default":null}]})");
}

TEST(Derive, RootNames)
{
    EXPECT_EQ(Export({}, {}, "my table", "größe").schema(), head("my_table", "gr__e") + "]}");
    EXPECT_EQ(Export({}, {}, "t", "pg_temp_7").schema(), head("t", "pg_temp") + "]}");
    EXPECT_EQ(Export({}, {{"record_name", "r"}, {"namespace", "com.x"}}, "t", "s").schema(),
              head("r", "com.x") + "]}");
    EXPECT_EQ(Export({}, {{"namespace", ""}}).schema(), R"({"type":"record","name":"row","fields":[]})");
}

TEST(Derive, IcebergHasFixedAndFieldIds)
{
    Type d = scalar(Kind::numeric, Repr::digits, "numeric(18,4)", 18, 4);
    Type ints = array_of(kInt4, "integer[]");
    Export e({{"a", &d}, {"b", &d}, {"c", &kUuid}, {"d", &ints}, {"e", &kHstore}, {"f", &kTimestamp}},
             {{"profile", "Iceberg"}});
    EXPECT_EQ(
        e.schema(),
        head("row", "pg_spout") +
            R"({"name":"a","type":["null",{"type":"fixed","name":"decimal_18_4","size":8,"logicalType":"decimal","precision":18,"scale":4}],"default":null,"field-id":1},)"
            R"({"name":"b","type":["null",{"type":"fixed","name":"decimal_18_4_2","size":8,"logicalType":"decimal","precision":18,"scale":4}],"default":null,"field-id":2},)"
            R"({"name":"c","type":["null",{"type":"fixed","name":"uuid_fixed","size":16,"logicalType":"uuid"}],"default":null,"field-id":3},)"
            R"({"name":"d","type":["null",{"type":"array","items":["null","int"],"element-id":5}],"default":null,"field-id":4},)"
            R"({"name":"e","type":["null",{"type":"map","values":["null","string"],"key-id":7,"value-id":8}],"default":null,"field-id":6,"pg.type":"hstore"},)"
            R"({"name":"f","type":["null",{"type":"long","logicalType":"timestamp-micros","adjust-to-utc":false}],"default":null,"field-id":9}]})");
    std::vector<int16_t> digits = {12, 3400};
    std::string raw = "0123456789abcdef";
    Export fixed({{"a", &d}, {"b", &d}, {"c", &kUuid}}, {{"profile", "iceberg"}, {"compression", "null"}});
    EXPECT_EQ(fixed.row_hex({numeric(digits, 0, 4), null(), text(raw)}), "02000000000001e208"
                                                                         "00"
                                                                         "02" +
                                                                             hex(raw));
}

TEST(Derive, MillisecondProfiles)
{
    for (const char *profile : {"hive", "kafka_connect"}) {
        Export::Raw raw = {{"profile", profile}};
        EXPECT_EQ(column(kTime, raw), nullable(R"({"type":"int","logicalType":"time-millis"})"));
        EXPECT_EQ(column(kTimestamptz, raw), nullable(R"({"type":"long","logicalType":"timestamp-millis"})"));
        EXPECT_EQ(column(kTimestamp, raw), nullable(R"({"type":"long","logicalType":"timestamp-millis"})") +
                                               from("timestamp without time zone"));
        EXPECT_EQ(column(kUuid, raw), nullable(R"("string")") + from("uuid"));
        EXPECT_EQ(one(kTimestamp, integer(-946684800000001), raw), "0201"); // floored towards the past
        EXPECT_EQ(one(kTimestamp, integer(-946684800000000 + 1999), raw), "0202");
        Export e({{"a", &kTimestamp}, {"b", &kDate}}, raw);
        EXPECT_EQ(e.lossy(0), "microseconds are floored to milliseconds");
        EXPECT_EQ(e.lossy(1), "");
    }
}

TEST(Derive, BigQuery)
{
    Export::Raw raw = {{"profile", "bigquery"}};
    EXPECT_EQ(column(kJsonb, raw), nullable(R"({"type":"string","sqlType":"JSON"})") + from("jsonb"));
    for (const char *name : {"_TABLE_x", "_file_", "_Partition_time"}) {
        Export e({{"ok", &kInt4}, {name, &kInt4}}, raw);
        EXPECT_EQ(e.code, Code::bad_value);
        EXPECT_EQ(e.failure.column, 1);
    }
    Type ints = array_of(kInt4, "integer[]");
    Export e({{"a", &ints}}, raw);
    std::vector<Cell> items = {integer(1), null()};
    EXPECT_EQ(e.add({list(items)}), Code::null_value);
    EXPECT_STREQ(e.failure.path, "[2]");
    EXPECT_STREQ(e.failure.message, "NULL cannot be stored as Avro int");
}

TEST(Derive, OptionsAreChecked)
{
    const std::pair<const char *, const char *> bad[] = {
        {"block_size", "1"},
        {"block_size", "65MB"},
        {"record_name", "1a"},
        {"namespace", "a..b"},
        {"sync_marker", "00"},
        {"profile", "x"},
        {"on_infinity", "zero"},
        {"on_nan", "clamp"},
        {"layout", "series"},
        {"metadata", "[]"},
        {"metadata", R"({"a":1})"},
        {"metadata", R"({"avro.x":"1"})"},
        {"metadata", R"({"a":"1","a":"2"})"},
        {"metadata", "{"},
        {"metadata", R"({"a":{"b":"c"}})"},
        {"schema", "{"},
        {"schema", R"({"type":"record"})"},
    };
    for (auto &b : bad) {
        Export e({}, {b});
        EXPECT_EQ(e.code, Code::bad_value) << b.first << ' ' << b.second;
        EXPECT_EQ(e.failure.option, 0);
    }
    Export layout({}, {{"layout", "Series"}});
    EXPECT_STREQ(layout.failure.message, "invalid value for option \"layout\": \"Series\"");
    EXPECT_NE(std::string(layout.failure.hint).find("rows"), std::string::npos);
    Export words({}, {{"layout", "ROWS"}, {"Profile", "HIVE"}, {"on_nan", "Null"}, {"block_size", "64 kB"}});
    EXPECT_TRUE(words.ok()) << words.failure.message;
    const char *record = R"({"type":"record","name":"r","fields":[]})";
    for (auto other : {std::pair<const char *, const char *>{"record_name", "x"},
                       {"namespace", "x"},
                       {"profile", "hive"},
                       {"on_nan", "string"}})
        EXPECT_EQ(Export({}, {{"schema", record}, other}).code, Code::bad_value) << other.first;
}

namespace
{
// A row of arrays that are numbered as the glue does, and what is known of them.
struct Arrays {
    Type tags = array_of(kText, "text[]"), whole = array_of(kInt4, "integer[]"), item, items, twin;
    Field fields[2] = {{"price", &kInt4}, {"tags", &tags}}, fields_of_twin[2];
    Type twin_tags = array_of(kText, "text[]");
    std::vector<Field> columns;
    std::vector<uint8_t> dimensions = {0, 0, 0, 0};

    Arrays()
    {
        whole.array = 0;
        item = scalar(Kind::record, Repr::list, "app.item");
        item.schema = "app";
        item.name = "item";
        item.fields = fields;
        item.nfields = 2;
        items = array_of(item, "app.item[]");
        items.array = 1;
        tags.array = 2;
        twin = item;
        twin_tags.array = 3;
        fields_of_twin[0] = fields[0];
        fields_of_twin[1] = {"tags", &twin_tags};
        twin.fields = fields_of_twin;
        columns = {{"a", &whole}, {"lines", &items}, {"one", &twin}};
    }
    RowType row() const
    {
        return {nullptr,           nullptr, columns.data(), static_cast<uint32_t>(columns.size()),
                dimensions.data(), 4};
    }
    // What is wrong with the option, or how many dimensions each array has.
    std::string asked(const char *json)
    {
        RawOption raw = {"array_dimensions", json};
        Options o = {};
        Failure why = {};
        RowType r = row();
        if (options_parse("avro", &raw, 1, &o, &why) != Code::ok ||
            dimensions_asked(&o, &r, dimensions.data(), &why) != Code::ok)
            return why.message;
        return known();
    }
    std::string known() const
    {
        std::string all;
        for (uint8_t d : dimensions)
            all += std::to_string(d);
        return all;
    }
};
} // namespace

TEST(Dimensions, TheOptionNamesArraysByTheirPath)
{
    Arrays a;
    EXPECT_EQ(a.asked(R"({"a": 2, "lines.tags": 3})"), "2030");
    EXPECT_EQ(a.asked(R"({"lines": 1, "one.tags": 6})"), "2136");
    EXPECT_EQ(a.asked(R"({"lines.price": 1})"),
              "option \"array_dimensions\" names \"lines.price\", which is no array here");
    EXPECT_EQ(a.asked(R"({"a": 2.5})"),
              "invalid value for option \"array_dimensions\": \"a\" needs a number from 1 to 6");
    EXPECT_EQ(a.asked("[1]"), "invalid value for option \"array_dimensions\": not a JSON object");
}

TEST(Dimensions, ARowTeachesWhatItShows)
{
    Arrays a;
    RowType row = a.row();
    std::vector<Cell> word = {text("x")}, one = {integer(1)};
    Cell inner = list(one);
    std::vector<Cell> rows = {inner};
    Cell matrix = list(rows), no_tags = list({}), tags = list(word);
    matrix.list.deeper = 1;
    std::vector<Cell> first = {integer(1), null()}, second = {integer(2), tags};
    std::vector<Cell> lines = {null(), list(first), list(second)};
    std::vector<Cell> twin = {null(), no_tags};
    std::vector<Cell> nothing = {null(), list({}), null()}, all = {matrix, list(lines), list(twin)};
    dimensions_learn(&row, nothing.data(), a.dimensions.data());
    EXPECT_EQ(a.known(), "0000");
    dimensions_learn(&row, all.data(), a.dimensions.data());
    EXPECT_EQ(a.known(), "2110"); // an empty array shows nothing
    std::vector<Cell> later = {inner, null(), null()};
    dimensions_learn(&row, later.data(), a.dimensions.data());
    EXPECT_EQ(a.known(), "2110"); // the first value counts
}

TEST(Dimensions, AreThoseOfTheSchemaAndOfEveryValue)
{
    Arrays a;
    a.dimensions = {2, 1, 1, 2};
    Export e(a.columns, {}, nullptr, nullptr, &kMalloc, nullptr, a.dimensions.data());
    std::string s = e.schema();
    EXPECT_NE(
        s.find(
            R"("name":"a","type":["null",{"type":"array","items":["null",{"type":"array","items":["null","int"]}]}])"),
        s.npos)
        << s;
    // The same composite with other arrays in it is another record.
    EXPECT_NE(s.find(R"("name":"app_item")"), s.npos) << s;
    EXPECT_NE(s.find(R"("name":"app_item_2")"), s.npos) << s;
    std::vector<Cell> one = {integer(1)};
    Cell flat = list(one);
    EXPECT_EQ(e.add({flat, null(), null()}), Code::bad_value);
    EXPECT_STREQ(e.failure.message, "array has 1 dimension, but the schema says 2");
    EXPECT_STREQ(e.failure.hint,
                 "Set the option array_dimensions to {\"a\": 1}, or use to_jsonb(...) in the query if "
                 "not all values have as many.");
    std::vector<Cell> word = {text("x")}, twin = {null(), list(word)};
    EXPECT_EQ(e.add({null(), null(), list(twin)}), Code::bad_value);
    EXPECT_STREQ(e.failure.path, ".tags");
    EXPECT_NE(std::string(e.failure.hint).find("{\"one.tags\": 1}"), std::string::npos) << e.failure.hint;
}
