// avro_rows.hpp - rows for the Avro tests, and the bytes they become through the wall.
#pragma once
#include <gtest/gtest.h>

#include <deque>
#include <initializer_list>
#include <string>
#include <vector>

#include "engine/wall.hpp"

namespace spout::test
{
inline Type scalar(Kind k, Repr r, const char *sql_name, int precision = -1, int scale = 0)
{
    Type t = {};
    t.kind = k;
    t.repr = r;
    t.sql_name = sql_name;
    t.precision = static_cast<int16_t>(precision);
    t.scale = static_cast<int16_t>(scale);
    return t;
}

inline const Type kBoolean = scalar(Kind::boolean, Repr::integer, "boolean");
inline const Type kInt2 = scalar(Kind::int2, Repr::integer, "smallint");
inline const Type kInt4 = scalar(Kind::int4, Repr::integer, "integer");
inline const Type kInt8 = scalar(Kind::int8, Repr::integer, "bigint");
inline const Type kOid = scalar(Kind::oid, Repr::integer, "oid");
inline const Type kFloat4 = scalar(Kind::float4, Repr::float4, "real");
inline const Type kFloat8 = scalar(Kind::float8, Repr::float8, "double precision");
inline const Type kNumeric = scalar(Kind::numeric, Repr::digits, "numeric");
inline const Type kMoney = scalar(Kind::money, Repr::digits, "money");
inline const Type kText = scalar(Kind::text, Repr::text, "text");
inline const Type kBytea = scalar(Kind::bytes, Repr::text, "bytea");
inline const Type kUuid = scalar(Kind::uuid, Repr::text, "uuid");
inline const Type kDate = scalar(Kind::date, Repr::integer, "date");
inline const Type kTime = scalar(Kind::time, Repr::integer, "time without time zone");
inline const Type kTimestamp = scalar(Kind::timestamp, Repr::integer, "timestamp without time zone");
inline const Type kTimestamptz = scalar(Kind::timestamptz, Repr::integer, "timestamp with time zone");
inline const Type kInterval = scalar(Kind::interval, Repr::span, "interval");
inline const Type kJson = scalar(Kind::json, Repr::text, "json");
inline const Type kJsonb = scalar(Kind::jsonb, Repr::jsonb, "jsonb");
inline const Type kEnum = scalar(Kind::enumeration, Repr::text, "app.mood");
inline const Type kPinned = scalar(Kind::pinned, Repr::text, "point");
inline const Type kHstore = scalar(Kind::map, Repr::list, "hstore");

inline Type array_of(const Type &element, const char *sql_name)
{
    Type t = scalar(Kind::array, Repr::list, sql_name);
    t.element = &element;
    return t;
}

inline Cell null()
{
    Cell c = {};
    c.null = true;
    return c;
}
inline Cell integer(int64_t v)
{
    Cell c = {};
    c.i = v;
    return c;
}
inline Cell text(std::string_view s)
{
    Cell c = {};
    c.s = {s.data(), static_cast<uint32_t>(s.size())};
    return c;
}
inline Cell real(double v)
{
    Cell c = {};
    c.d = v;
    return c;
}
inline Cell real4(float v)
{
    Cell c = {};
    c.f = v;
    return c;
}
inline Cell list(const std::vector<Cell> &v)
{
    Cell c = {};
    c.list = {v.data(), static_cast<uint32_t>(v.size()), 0};
    return c;
}
// 12.34 = digits {12, 3400} with weight 0.
inline Cell numeric(const std::vector<int16_t> &digits, int weight, int dscale, Sign sign = Sign::plus)
{
    Cell c = {};
    c.num = {reinterpret_cast<const char *>(digits.data()), static_cast<uint16_t>(digits.size()),
             static_cast<int16_t>(weight), static_cast<uint16_t>(dscale), sign};
    return c;
}

inline std::string hex(std::string_view s)
{
    std::string out;
    for (unsigned char c : s) {
        out += "0123456789abcdef"[c >> 4];
        out += "0123456789abcdef"[c & 15];
    }
    return out;
}

// An export in memory: options as users write them, rows in, file bytes out.
class Export
{
  public:
    using Raw = std::vector<std::pair<const char *, const char *>>;

    Export(std::vector<Field> fields, Raw raw = {}, const char *relation = nullptr,
           const char *schema = nullptr, const Allocator *allocator = &kTestAllocator,
           const StoredColumn *stored = nullptr, const uint8_t *dimensions = nullptr)
        : fields_(std::move(fields))
    {
        std::vector<RawOption> options;
        for (auto &r : raw)
            options.push_back({r.first, r.second});
        spec.row = {schema, relation, fields_.data(), static_cast<uint32_t>(fields_.size()), dimensions, 0};
        spec.allocator = allocator;
        spec.stored = stored;
        code = options_parse("avro", options.data(), static_cast<uint32_t>(options.size()), &spec.options,
                             &failure);
        if (code == Code::ok) code = writer_open(&spec, &writer, &failure);
    }
    ~Export() { writer_free(writer); }
    Export(const Export &) = delete;
    Export &operator=(const Export &) = delete;

    bool ok() const { return code == Code::ok; }
    Code add(std::initializer_list<Cell> row) { return add(std::vector<Cell>(row)); }
    Code add(const std::vector<Cell> &row)
    {
        code = writer_add(writer, row.data(), static_cast<uint32_t>(row.size()));
        if (code != Code::ok) failure = *writer_failure(writer);
        return code;
    }
    Code add(StoredRow row, bool *taken)
    {
        code = writer_add_stored(writer, row, taken);
        if (code != Code::ok) failure = *writer_failure(writer);
        return code;
    }
    std::string header(uint32_t file = 0)
    {
        BytesRef b = {};
        EXPECT_EQ(file_begin(writer, file, &b), Code::ok);
        return string(b);
    }
    std::string take(uint32_t file = 0)
    {
        BlockRef b = {};
        EXPECT_EQ(writer_take(writer, 0, &b), Code::ok);
        EXPECT_EQ(file_place(writer, {file, true, false}, &b), Code::ok);
        return string(b.bytes);
    }
    // The data of a block of one row under codec null: what stands between header and sync marker.
    std::string row_hex(std::initializer_list<Cell> row)
    {
        EXPECT_EQ(add(row), Code::ok) << failure.message;
        return code == Code::ok ? take_row_hex() : failure.message;
    }
    std::string take_row_hex()
    {
        std::string block = take();
        size_t at = 1; // one row: a single byte
        while (block[at++] & 0x80) {
        }
        return hex(std::string_view(block).substr(at, block.size() - at - 16));
    }
    std::string schema()
    {
        Described *d = nullptr;
        if (describe_open(&spec, &d, &failure) != Code::ok) return failure.message;
        std::string s = string(describe_schema(d));
        describe_free(d);
        return s;
    }
    std::string lossy(uint32_t column)
    {
        Described *d = nullptr;
        EXPECT_EQ(describe_open(&spec, &d, &failure), Code::ok);
        DescribedColumn r = {};
        EXPECT_TRUE(describe_column(d, column, &r));
        std::string why = r.lossy_why ? r.lossy_why : "";
        describe_free(d);
        return why;
    }

    static std::string string(BytesRef b) { return std::string(reinterpret_cast<const char *>(b.p), b.n); }
    static const Allocator kTestAllocator;

    Spec spec = {};
    Writer *writer = nullptr;
    Failure failure = {};
    Code code = Code::ok;

  private:
    std::vector<Field> fields_;
};
inline const Allocator Export::kTestAllocator = {[](void *, size_t n) { return malloc(n); },
                                                 [](void *, void *p) { free(p); }, nullptr};

// What row_hex says for one column of a nullable type, without the branch byte.
inline std::string one(const Type &t, const Cell &c, Export::Raw raw = {})
{
    raw.push_back({"compression", "null"});
    Export e({{"a", &t}}, raw);
    if (!e.ok()) return e.failure.message;
    if (e.add({c}) != Code::ok) return std::string(e.failure.message);
    return e.take_row_hex();
}
} // namespace spout::test
