// avro_values_test.cpp - edge values: stored exactly, or refused, or as on_infinity and on_nan say; never
// silently something else. Also every conversion a user's own schema may ask for.
#include <cmath>

#include "avro_rows.hpp"

using namespace spout;
using namespace spout::test;

namespace
{
std::string field(const std::string &type)
{
    return R"({"type":"record","name":"r","fields":[{"name":"a","type":)" + type + "}]}";
}

// One row of one column through a user's schema: the data in hex, or the message.
std::string with_schema(const std::string &avro_type, const Type &t, const Cell &c, Export::Raw raw = {})
{
    std::string schema = field(avro_type);
    raw.insert(raw.begin(), {{"schema", schema.c_str()}, {"compression", "null"}});
    Export e({{"a", &t}}, raw);
    if (!e.ok()) return e.failure.message;
    if (e.add({c}) != Code::ok)
        return std::string(e.failure.path) + (e.failure.path[0] ? ": " : "") + e.failure.message;
    return e.take_row_hex();
}

std::string long_hex(int64_t v) { return one(kInt8, integer(v)).substr(2); }

const Type kDecimal = scalar(Kind::numeric, Repr::digits, "numeric(4,2)", 4, 2);
} // namespace

TEST(Values, InfinityIsAnErrorThatSaysWhatToDo)
{
    Export e({{"x", &kInt4}, {"a", &kTimestamptz}});
    EXPECT_EQ(e.add({integer(1), integer(kTimestampInfinity)}), Code::out_of_range);
    EXPECT_STREQ(e.failure.message, "timestamp \"infinity\" cannot be stored as Avro timestamp-micros");
    EXPECT_STREQ(e.failure.hint, "Use on_infinity 'null' or 'clamp'.");
    EXPECT_EQ(e.failure.column, 1);
    EXPECT_EQ(one(kDate, integer(kDateMinusInfinity)), "date \"-infinity\" cannot be stored as Avro date");
    EXPECT_EQ(one(kTime, integer(86400000000)), "time \"24:00:00\" cannot be stored as Avro time-micros");
    EXPECT_EQ(one(kTimestamp, integer(INT64_MAX - 1)),
              "timestamp after 294247-01-10 04:00:54.775807 cannot be stored as Avro local-timestamp-micros");
}

TEST(Values, InfinityAsNullOrClamped)
{
    Export::Raw null_raw = {{"on_infinity", "null"}}, clamp = {{"on_infinity", "clamp"}};
    for (const Type *t : {&kDate, &kTimestamp, &kTimestamptz, &kTime}) {
        int64_t v = t == &kDate ? kDateInfinity : t == &kTime ? 86400000000 : kTimestampInfinity;
        EXPECT_EQ(one(*t, integer(v), null_raw), "00");
    }
    EXPECT_EQ(one(kDate, integer(kDateInfinity), clamp).substr(2), long_hex(2932896));      // 9999-12-31
    EXPECT_EQ(one(kDate, integer(kDateMinusInfinity), clamp).substr(2), long_hex(-719162)); // 0001-01-01
    EXPECT_EQ(one(kTimestamp, integer(kTimestampInfinity), clamp).substr(2), long_hex(253402300799999999));
    EXPECT_EQ(one(kTimestamp, integer(INT64_MAX - 5), clamp).substr(2), long_hex(253402300799999999));
    EXPECT_EQ(one(kTimestamptz, integer(kTimestampMinusInfinity), clamp).substr(2),
              long_hex(-62135596800000000));
    EXPECT_EQ(one(kTime, integer(86400000000), clamp).substr(2), long_hex(86399999999));
    clamp.push_back({"profile", "hive"});
    EXPECT_EQ(one(kTimestamp, integer(kTimestampInfinity), clamp).substr(2), long_hex(253402300799999));
    EXPECT_EQ(one(kTime, integer(86400000000), clamp).substr(2), long_hex(86399999));
    Export e({{"a", &kDate}}, {{"on_infinity", "null"}});
    EXPECT_EQ(e.lossy(0), "infinity is written as null");
}

TEST(Values, FarDatesAreExactAndWarnOncePerColumn)
{
    Type dates = array_of(kDate, "date[]");
    Export e({{"near", &kDate}, {"bc", &kDate}, {"far", &kTimestamp}, {"list", &dates}},
             {{"compression", "null"}});
    std::vector<Cell> items = {integer(5000000)};
    EXPECT_EQ(e.row_hex({integer(0), integer(-730120), integer(INT64_MAX - 946684800000000), list(items)}),
              "029aab01"
              "02" +
                  long_hex(-719163) + "02" + long_hex(INT64_MAX) +
                  "0202"
                  "02" +
                  long_hex(5010957) + "00");
    e.add({integer(0), integer(-730121), null(), null()});
    std::vector<std::string> warnings;
    for (uint32_t i = 0; const char *w = writer_warning(e.writer, i); i++)
        warnings.push_back(w);
    ASSERT_EQ(warnings.size(), 3u);
    EXPECT_EQ(warnings[0].find("column \"bc\""), 0u);
    EXPECT_EQ(warnings[1].find("column \"far\""), 0u);
    EXPECT_EQ(warnings[2].find("column \"list\""), 0u);
}

TEST(Values, NanInADecimal)
{
    Cell nan = numeric({}, 0, 0, Sign::nan);
    EXPECT_EQ(one(kDecimal, nan), "numeric \"NaN\" cannot be stored as Avro decimal(4,2)");
    EXPECT_EQ(one(kDecimal, nan, {{"on_nan", "null"}}), "00");
    EXPECT_EQ(one(kDecimal, nan, {{"on_nan", "string"}}), "02"
                                                          "064e614e");
    EXPECT_EQ(one(kNumeric, nan), "02"
                                  "064e614e");
    EXPECT_EQ(one(kNumeric, numeric({}, 0, 0, Sign::minus_infinity)), "0212" + hex("-Infinity"));
}

TEST(Values, FloatsKeepTheirBits)
{
    EXPECT_EQ(one(kFloat8, real(-0.0)), "020000000000000080");
    EXPECT_EQ(one(kFloat8, real(INFINITY)), "02000000000000f07f");
    EXPECT_EQ(one(kFloat4, real4(-INFINITY)), "02000080ff");
    uint64_t odd = 0x7ff8000000000123;
    double nan;
    memcpy(&nan, &odd, 8);
    EXPECT_EQ(one(kFloat8, real(nan)), "022301000000"
                                       "00f87f");
}

TEST(Values, TextBytesUuidMap)
{
    std::string zero("a\0b", 3), raw = "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\xff";
    EXPECT_EQ(one(kBytea, text(zero)), "0206610062");
    EXPECT_EQ(one(kText, text("")), "0200");
    EXPECT_EQ(one(kUuid, text(raw)), "0248" + hex("01020304-0506-0708-090a-0b0c0d0e0fff"));
    std::vector<Cell> pairs = {text("k"), text("v"), text("n"), null()};
    EXPECT_EQ(one(kHstore, list(pairs)), "0204026b020276026e0000");
    EXPECT_EQ(one(kHstore, list({})), "0200");
    Cell span = {};
    span.span = {-14400000000, 3, -14};
    EXPECT_EQ(one(kInterval, span), "021a" + hex("P-1Y-2M3DT-4H"));
}

TEST(Values, NestedErrorsNameTheirPlace)
{
    Field inner[] = {{"price", &kDecimal}};
    Type line = scalar(Kind::record, Repr::list, "app.line");
    line.schema = "app";
    line.name = "line";
    line.fields = inner;
    line.nfields = 1;
    Type lines = array_of(line, "app.line[]");
    Field outer[] = {{"lines", &lines}};
    Type order = line;
    order.name = "order";
    order.fields = outer;
    std::vector<int16_t> fine = {1}, large = {1234};
    std::vector<Cell> ok = {numeric(fine, 0, 2)}, bad = {numeric(large, 0, 2)};
    std::vector<Cell> items = {list(ok), null(), list(bad)}, whole = {list(items)};
    Export e({{"x", &kInt4}, {"o", &order}}, {{"compression", "null"}});
    EXPECT_EQ(e.add({null(), list(whole)}), Code::out_of_range);
    EXPECT_EQ(e.failure.column, 1);
    EXPECT_STREQ(e.failure.path, ".lines[3].price");
    items.pop_back();
    whole[0] = list(items);
    // null | order, lines, two items: a line whose price is 1.00, NULL | the end of the array
    EXPECT_EQ(e.row_hex({null(), list(whole)}), "00020204020204006400"
                                                "00");
}

TEST(UserSchema, NumbersFromNumbers)
{
    std::vector<int16_t> d1234 = {1234}, half = {5000}, huge = {9999, 9999, 9999, 9999, 9999};
    EXPECT_EQ(with_schema(R"("int")", kInt8, integer(-5)), "09");
    EXPECT_EQ(with_schema(R"("int")", kInt8, integer(1ll << 31)), "value is out of range for Avro int");
    EXPECT_EQ(with_schema(R"("long")", kNumeric, numeric(d1234, 0, 0)), "a413");
    EXPECT_EQ(with_schema(R"("long")", kNumeric, numeric(half, -1, 1)),
              "value has more decimal places than Avro long can hold");
    EXPECT_EQ(with_schema(R"("long")", kNumeric, numeric(huge, 4, 0)), "value is out of range for Avro long");
    EXPECT_EQ(with_schema(R"("long")", kNumeric, numeric({}, 0, 0, Sign::nan)),
              "numeric \"NaN\" cannot be stored as Avro long");
    EXPECT_EQ(with_schema(R"("double")", kNumeric, numeric(half, -1, 1)), "000000000000e03f");
    EXPECT_EQ(with_schema(R"("double")", kFloat4, real4(0.5)), "000000000000e03f");
    EXPECT_EQ(with_schema(R"("float")", kFloat8, real(1e300)), "value is out of range for Avro float");
    EXPECT_EQ(with_schema(R"("double")", kInt4, integer(1)), "000000000000f03f");
    EXPECT_EQ(with_schema(R"("boolean")", kBoolean, integer(1)), "01");
    EXPECT_EQ(with_schema(R"("boolean")", kInt4, integer(1)),
              "type integer cannot be written as Avro boolean");
}

TEST(UserSchema, Decimals)
{
    std::string bytes = R"({"type":"bytes","logicalType":"decimal","precision":6,"scale":2})";
    std::string fixed =
        R"({"type":"fixed","name":"f","size":20,"logicalType":"decimal","precision":6,"scale":2})";
    std::vector<int16_t> d = {12, 3400}, fine = {12, 3456};
    EXPECT_EQ(with_schema(bytes, kNumeric, numeric(d, 0, 2)), "060004d2");
    EXPECT_EQ(with_schema(bytes, kInt4, integer(-12)), "06fffb50");
    EXPECT_EQ(with_schema(bytes, kInt4, integer(10000)), "value is out of range for Avro decimal(6,2)");
    EXPECT_EQ(with_schema(bytes, kNumeric, numeric(fine, 0, 4)),
              "value has more decimal places than Avro decimal(6,2) can hold");
    EXPECT_EQ(with_schema(fixed, kNumeric, numeric(d, 0, 2, Sign::minus)), std::string(36, 'f') + "fb2e");
    Cell infinity = numeric({}, 0, 0, Sign::minus_infinity);
    EXPECT_EQ(with_schema(bytes, kNumeric, infinity),
              "numeric \"-Infinity\" cannot be stored as Avro decimal(6,2)");
    EXPECT_EQ(with_schema(bytes, kNumeric, infinity, {{"on_infinity", "clamp"}}), "06f0bdc1"); // -999999
    EXPECT_EQ(with_schema("[" + bytes + R"(,"null"])", kNumeric, infinity, {{"on_infinity", "null"}}), "02");
    EXPECT_EQ(with_schema(bytes, kNumeric, infinity, {{"on_infinity", "null"}}),
              "NULL cannot be stored as Avro decimal(6,2)");
    std::string wide = R"({"type":"bytes","logicalType":"decimal","precision":1000,"scale":0})";
    EXPECT_EQ(with_schema(wide, kInt4, integer(-1)), long_hex(416) + std::string(832, 'f'));
}

TEST(UserSchema, TimesAndDates)
{
    auto logical = [](const char *base, const char *name) {
        return std::string(R"({"type":")") + base + R"(","logicalType":")" + name + "\"}";
    };
    EXPECT_EQ(with_schema(logical("long", "timestamp-millis"), kTimestamp, integer(1000)),
              long_hex(946684800001));
    EXPECT_EQ(with_schema(logical("long", "timestamp-millis"), kTimestamp, integer(1001)),
              "value has microseconds that Avro timestamp-millis cannot hold");
    EXPECT_EQ(with_schema(logical("long", "local-timestamp-micros"), kDate, integer(1)),
              long_hex(946771200000000));
    EXPECT_EQ(with_schema(logical("long", "timestamp-micros"), kDate, integer(kDateInfinity)),
              "date \"infinity\" cannot be stored as Avro timestamp-micros");
    EXPECT_EQ(with_schema(logical("int", "time-millis"), kTime, integer(5000)), long_hex(5));
    EXPECT_EQ(with_schema(logical("int", "date"), kTimestamp, integer(0)),
              "type timestamp without time zone cannot be written as Avro date");
    EXPECT_EQ(with_schema(R"("long")", kTimestamp, integer(0)),
              "type timestamp without time zone cannot be written as Avro long");
}

TEST(UserSchema, StringsFromAnything)
{
    Type ints = array_of(kInt4, "integer[]");
    std::vector<Cell> items = {integer(1), null()};
    auto string = [](const char *s) { return long_hex(static_cast<int64_t>(strlen(s))) + hex(s); };
    EXPECT_EQ(with_schema(R"("string")", kBoolean, integer(1)), string("t"));
    EXPECT_EQ(with_schema(R"("string")", kInt8, integer(INT64_MIN)), string("-9223372036854775808"));
    EXPECT_EQ(with_schema(R"("string")", kTimestamptz, integer(500000)), string("2000-01-01 00:00:00.5+00"));
    EXPECT_EQ(with_schema(R"("string")", kDate, integer(-730120)), string("0001-12-31 BC"));
    EXPECT_EQ(with_schema(R"("string")", kBytea, text("\x01\xff")), string("\\x01ff"));
    EXPECT_EQ(with_schema(R"("string")", ints, list(items)), string("{1,NULL}"));
    EXPECT_EQ(with_schema(R"({"type":"string","logicalType":"uuid"})", kText, text("x")),
              "value is not a uuid, as the schema asks");
}

TEST(UserSchema, BytesFixedEnumUnions)
{
    std::string moods = R"({"type":"enum","name":"m","symbols":["sad","ok"]})";
    EXPECT_EQ(with_schema(moods, kEnum, text("ok")), "02");
    EXPECT_EQ(with_schema(moods, kText, text("glad")), "value is not a symbol of Avro enum m");
    EXPECT_EQ(with_schema(moods, kInt4, integer(1)), "type integer cannot be written as Avro enum m");
    EXPECT_EQ(with_schema(R"("bytes")", kJson, text("{}")), "047b7d");
    EXPECT_EQ(with_schema(R"({"type":"fixed","name":"f","size":2})", kBytea, text("ab")), "6162");
    EXPECT_EQ(with_schema(R"({"type":"fixed","name":"f","size":3})", kBytea, text("ab")),
              "value of 2 bytes cannot be stored as Avro fixed(3)");
    EXPECT_EQ(with_schema(R"({"type":"fixed","name":"f","size":16})", kUuid, text("0123456789abcdef")),
              hex("0123456789abcdef"));
    EXPECT_EQ(with_schema(R"(["boolean","long","string"])", kInt4, integer(3)), "0206");
    EXPECT_EQ(with_schema(R"(["string","null"])", kText, null()), "02");
    EXPECT_EQ(with_schema(R"("string")", kText, null()), "NULL cannot be stored as Avro string");
    EXPECT_EQ(with_schema(R"(["null","boolean",{"type":"array","items":"int"}])", kText, text("")),
              "type text cannot be written as Avro boolean or array of int");
    Type ints = array_of(kInt4, "integer[]");
    std::vector<Cell> items = {integer(1), null()};
    EXPECT_EQ(with_schema(R"({"type":"array","items":"int"})", ints, list(items)),
              "[2]: NULL cannot be stored as Avro int");
    std::vector<Cell> pairs = {text("k"), text("v")};
    EXPECT_EQ(with_schema(R"({"type":"map","values":"string"})", kHstore, list(pairs)), "02026b027600");
}

TEST(UserSchema, FieldsAndColumnsMatchOneToOneInTheSchemasOrder)
{
    const char *schema =
        R"({"type":"record","name":"r","fields":[{"name":"b","type":"int"},{"name":"my_a","type":"string"}]})";
    Export e({{"my a", &kText}, {"b", &kInt4}}, {{"schema", schema}, {"compression", "null"}});
    ASSERT_TRUE(e.ok()) << e.failure.message;
    EXPECT_EQ(e.schema(), schema);
    EXPECT_EQ(e.row_hex({text("x"), integer(1)}), "020278");
    EXPECT_EQ(e.add({text("x"), null()}), Code::null_value);
    EXPECT_EQ(e.failure.column, 1);
    Export bad({{"x", &kText}, {"b", &kInt4}}, {{"schema", schema}});
    EXPECT_EQ(bad.code, Code::bad_value);
    EXPECT_STREQ(bad.failure.message,
                 "fields of Avro record r and columns do not match; fields without a column: \"my_a\"; "
                 "columns without a field: \"x\"");
}

TEST(UserSchema, RecordsFromJson)
{
    std::string r =
        R"({"type":"record","name":"m","fields":[{"name":"n","type":["null","long"]},)"
        R"({"name":"s","type":["null","string"]},{"name":"d","type":["null",{"type":"bytes","logicalType":"decimal","precision":6,"scale":2}]},)"
        R"({"name":"l","type":["null",{"type":"array","items":"double"}]}]})";
    auto convert = [&](const char *json) { return with_schema(r, kJson, text(json)); };
    EXPECT_EQ(convert(R"({"n":1,"s":"x","d":12.34,"l":[1.5]})"), "0202"
                                                                 "020278"
                                                                 "02060004d2"
                                                                 "0202000000000000f83f00");
    EXPECT_EQ(convert(R"({"n":null})"), "00000000");
    EXPECT_EQ(convert(R"({"n":1e2,"s":{"a":[1,true]}})"), "02c8010220" + hex(R"({"a": [1, true]})") + "0000");
    EXPECT_EQ(convert(R"({"n":1.5})"), ".n: JSON number cannot be stored as Avro long");
    EXPECT_EQ(convert(R"({"d":0.001})"), ".d: JSON number cannot be stored as Avro decimal(6,2)");
    EXPECT_EQ(convert(R"({"l":[1,"x"]})"), ".l[1]: JSON string cannot be stored as Avro double");
    EXPECT_EQ(convert(R"({"zz":1})"), "JSON key \"zz\" has no field in Avro record m");
    EXPECT_EQ(convert("[1]"), "JSON array cannot be stored as Avro record m");
    std::string deep = std::string(200000, '[') + std::string(200000, ']');
    EXPECT_EQ(convert(deep.c_str()), "JSON value is nested deeper than 1000 levels");
    EXPECT_EQ(
        with_schema(
            R"({"type":"record","name":"m","fields":[{"name":"n","type":{"type":"int","logicalType":"date"}}]})",
            kJsonb, null()),
        "type jsonb cannot be written as Avro record m");
}
