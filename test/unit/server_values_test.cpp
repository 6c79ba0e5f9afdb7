// server_values_test.cpp - what a PostgreSQL server printed for stored values is what we print.
// The values and texts come from a server (vectors/make.py), not from us.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/decimal.hpp"
#include "base/error.hpp"
#include "base/jsonb_view.hpp"
#include "format/xml/json.hpp"
#include "base/text.hpp"

using namespace spout;

namespace
{
struct Vector {
    const char *type, *hex, *text;
};
const Vector kVectors[] = {
#include "vectors/server.inc"
};

std::string bytes_of(const char *hex)
{
    std::string out;
    for (; *hex; hex += 2)
        out += static_cast<char>(std::stoi(std::string(hex, 2), nullptr, 16));
    return out;
}

// Varlena header of 1 or 4 bytes, as the tuple holds it.
std::string payload(const std::string &v) { return v.substr(v[0] & 1 ? 1 : 4); }

template <typename T> T load(const std::string &b, size_t at = 0)
{
    T v;
    memcpy(&v, b.data() + at, sizeof v);
    return v;
}

Type type_of(Kind k, Repr r)
{
    Type t = {};
    t.kind = k;
    t.repr = r;
    t.precision = -1;
    t.sql_name = "";
    return t;
}

// The cell of a stored value; `b` stays alive.
std::pair<Type, Cell> decode(const std::string &type, const std::string &b, std::string &keep)
{
    Cell c = {};
    if (type == "numeric") {
        EXPECT_TRUE(read_numeric(reinterpret_cast<const uint8_t *>(b.data()), b.size(), &c.num));
        return {type_of(Kind::numeric, Repr::digits), c};
    }
    if (type == "jsonb") {
        keep = payload(b);
        c.s = {keep.data(), static_cast<uint32_t>(keep.size())};
        return {type_of(Kind::jsonb, Repr::jsonb), c};
    }
    if (type == "interval") {
        c.span = {load<int64_t>(b), load<int32_t>(b, 8), load<int32_t>(b, 12)};
        return {type_of(Kind::interval, Repr::span), c};
    }
    if (type == "float8") {
        c.d = load<double>(b);
        return {type_of(Kind::float8, Repr::float8), c};
    }
    if (type == "float4") {
        c.f = load<float>(b);
        return {type_of(Kind::float4, Repr::float4), c};
    }
    if (type == "date") {
        c.i = load<int32_t>(b);
        return {type_of(Kind::date, Repr::integer), c};
    }
    c.i = load<int64_t>(b);
    Kind k = type == "time" ? Kind::time : type == "timestamp" ? Kind::timestamp : Kind::timestamptz;
    return {type_of(k, Repr::integer), c};
}

std::string print(const std::string &type, const std::string &b)
{
    std::string keep;
    auto [t, c] = decode(type, b, keep);
    Buffer out;
    append_text(t, c, out);
    return std::string(out.view());
}
} // namespace

TEST(ServerValues, PrintAsTheServerPrints)
{
    for (const Vector &v : kVectors)
        EXPECT_EQ(print(v.type, bytes_of(v.hex)), v.text) << v.type << ' ' << v.hex;
}

TEST(ServerValues, JsonbAtAnyAlignmentAndBufferSize)
{
    for (const Vector &v : kVectors) {
        if (std::string(v.type) != "jsonb") continue;
        std::string body = payload(bytes_of(v.hex));
        for (size_t shift = 0; shift < 4; shift++) {
            // An exact copy on the heap, so that a sanitizer sees any read beyond the value.
            std::vector<uint8_t> place(shift + body.size());
            memcpy(place.data() + shift, body.data(), body.size());
            Buffer out;
            Cursor cursor(out);
            uint8_t *p = cursor.begin(1);
            cursor.commit(print_jsonb(cursor, p, place.data() + shift, body.size(), 0));
            EXPECT_EQ(out.view(), v.text);
            if (!is_jsonb_object(place.data() + shift, body.size())) continue;
            std::string quoted = "\"";
            for (const char *c = v.text; *c; c++)
                quoted += *c == '"' ? "\"\"" : std::string(1, *c);
            out.clear();
            cursor.commit(quote_jsonb(cursor, cursor.begin(0), place.data() + shift, body.size(), 0));
            EXPECT_EQ(out.view(), quoted + "\"");
        }
    }
}

TEST(ServerValues, JsonbAsElementsIsItsTextAsElements)
{
    xml::JsonElements elements; // one for all: what it remembers must not show
    const xml::Element root("a");
    for (const Vector &v : kVectors) {
        if (std::string(v.type) != "jsonb") continue;
        std::string body = payload(bytes_of(v.hex));
        std::vector<uint8_t> place(body.begin(), body.end());
        auto written = [&](auto write) {
            Buffer out;
            Cursor cursor(out);
            try {
                cursor.commit(write(cursor, cursor.begin(0)));
            } catch (const Error &e) {
                return e.message;
            }
            return std::string(out.view());
        };
        EXPECT_EQ(written([&](Cursor &to, uint8_t *p) {
                      return elements.write_jsonb(root, place.data(), place.size(), to, p);
                  }),
                  written([&](Cursor &to, uint8_t *p) { return elements.write(root, v.text, to, p); }));
    }
}

TEST(ServerValues, DamagedJsonbIsAnErrorNotACrash)
{
    uint32_t seed = 1;
    xml::JsonElements elements;
    const xml::Element root("a");
    for (const Vector &v : kVectors) {
        if (std::string(v.type) != "jsonb") continue;
        std::string body = payload(bytes_of(v.hex));
        if (body.size() > 600) continue;
        for (size_t cut = 0; cut < body.size(); cut++) {
            std::vector<uint8_t> bad(body.begin(), body.begin() + static_cast<long>(cut));
            seed = seed * 1664525 + 1013904223;
            if (seed & 1)
                bad.assign(body.begin(), body.end()), bad[cut] ^= static_cast<uint8_t>(1 << (seed >> 8 & 7));
            Buffer out;
            Cursor cursor(out);
            try {
                if (is_jsonb_object(bad.data(), bad.size()) && seed & 2)
                    cursor.commit(quote_jsonb(cursor, cursor.begin(0), bad.data(), bad.size(), 0));
                cursor.commit(print_jsonb(cursor, cursor.begin(0), bad.data(), bad.size(), 0));
            } catch (const Error &e) {
                EXPECT_TRUE(e.code == Code::corrupt || e.code == Code::limit);
            }
            try {
                out.clear();
                cursor.commit(elements.write_jsonb(root, bad.data(), bad.size(), cursor, cursor.begin(0)));
            } catch (const Error &e) {
                EXPECT_TRUE(e.code == Code::corrupt || e.code == Code::limit || e.code == Code::bad_text);
            }
        }
    }
}

TEST(ServerValues, IntervalInfinityIsAWordOnlyWhereTheServerHasIt)
{
    Type t = type_of(Kind::interval, Repr::span);
    Cell c = {};
    c.span = {INT64_MAX, INT32_MAX, INT32_MAX};
    Buffer out;
    append_text(t, c, out);
    EXPECT_EQ(out.view(), "P178956970Y7M2147483647DT2562047788H54.775807S");
    t.precision = kInfiniteIntervals;
    out.clear();
    append_text(t, c, out);
    EXPECT_EQ(out.view(), "infinity");
    c.span = {INT64_MIN, INT32_MIN, INT32_MIN};
    out.clear();
    append_text(t, c, out);
    EXPECT_EQ(out.view(), "-infinity");
}

TEST(ServerValues, NestedLiterals)
{
    Type text = type_of(Kind::text, Repr::text), array = type_of(Kind::array, Repr::list);
    array.element = &text;
    auto word = [](const char *s) {
        Cell c = {};
        c.s = {s, static_cast<uint32_t>(strlen(s))};
        return c;
    };
    Cell null = {};
    null.null = true;
    Cell items[] = {word("a"), word("b c"), word(""), null, word("null"), word("q\"\\"), word("{}")},
         cell = {};
    cell.list = {items, 7, 0};
    Buffer out;
    append_text(array, cell, out);
    EXPECT_EQ(out.view(), R"({a,"b c","",NULL,"null","q\"\\","{}"})");

    Field fields[] = {{"x", &text}, {"y", &array}, {"z", &text}};
    Type record = type_of(Kind::record, Repr::list);
    record.fields = fields;
    record.nfields = 3;
    Cell attributes[] = {word("a,b"), cell, null}, whole = {};
    attributes[1].list.n = 2;
    whole.list = {attributes, 3, 0};
    out.clear();
    append_text(record, whole, out);
    EXPECT_EQ(out.view(), R"(("a,b","{a,""b c""}",))");
}
