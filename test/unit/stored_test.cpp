// stored_test.cpp - a row as the server keeps it gives the bytes that its cells give, or is not taken at all.
#include <functional>

#include "avro_rows.hpp"

using namespace spout;
using namespace spout::test;

namespace
{
const Type kDecimal = scalar(Kind::numeric, Repr::digits, "numeric(18,4)", 18, 4);
const Type kWideDecimal = scalar(Kind::numeric, Repr::digits, "numeric(30,4)", 30, 4);
const std::vector<Field> kFields = {{"id", &kInt8},        {"small", &kInt2},    {"middle", &kInt4},
                                    {"at", &kTimestamptz}, {"day", &kDate},      {"flag", &kBoolean},
                                    {"key", &kUuid},       {"ratio", &kFloat8},  {"real", &kFloat4},
                                    {"word", &kText},      {"value", &kDecimal}, {"wide", &kWideDecimal},
                                    {"doc", &kJsonb},      {"oid", &kOid}};
// Attributes run backwards, so that nothing depends on their order.
std::vector<StoredColumn> stored_columns()
{
    const Stored forms[] = {Stored::word,    Stored::int2,    Stored::int4,    Stored::word, Stored::int4,
                            Stored::boolean, Stored::uuid,    Stored::word,    Stored::word, Stored::varlena,
                            Stored::numeric, Stored::numeric, Stored::varlena, Stored::uint4};
    std::vector<StoredColumn> out;
    for (size_t i = 0; i < std::size(forms); i++)
        out.push_back({static_cast<uint16_t>(std::size(forms) - 1 - i), forms[i]});
    return out;
}
const std::vector<StoredColumn> kColumns = stored_columns();
const Export::Raw kPlain = {{"compression", "null"}, {"sync_marker", "000102030405060708090a0b0c0d0e0f"}};

// Rows both ways; owns what they point to.
class Maker
{
  public:
    std::vector<Cell> cells = std::vector<Cell>(kFields.size(), null());
    uint64_t values[14] = {};
    bool nulls[14] = {};

    Maker() { std::fill(nulls, nulls + 14, true); }
    StoredRow row() const { return {values, nulls}; }
    void put(size_t column, Cell c, uint64_t value)
    {
        cells[column] = c;
        values[kColumns[column].attribute] = value;
        nulls[kColumns[column].attribute] = false;
    }
    void put_integer(size_t column, int64_t v) { put(column, integer(v), static_cast<uint64_t>(v)); }
    // With a header of one byte where that is possible and asked for.
    uint64_t varlena(const std::string &data, bool small)
    {
        std::string v;
        if (small && data.size() < 127) {
            v = static_cast<char>((data.size() + 1) << 1 | 1);
        } else {
            auto header = static_cast<uint32_t>(data.size() + 4) << 2;
            v.assign(reinterpret_cast<char *>(&header), 4);
        }
        kept_.push_back(v + data);
        return reinterpret_cast<uint64_t>(kept_.back().data());
    }
    void put_text(size_t column, const std::string &s, bool small)
    {
        kept_.push_back(s);
        std::string_view same = kept_.back();
        put(column, text(same), varlena(s, small));
    }
    void put_numeric(size_t column, const std::vector<int16_t> &digits, int weight, Sign sign, bool long_form,
                     bool small)
    {
        std::string data;
        auto put16 = [&](int v) {
            auto u = static_cast<uint16_t>(v);
            data.append(reinterpret_cast<char *>(&u), 2);
        };
        if (sign > Sign::minus) {
            put16(sign == Sign::nan ? 0xC000 : sign == Sign::plus_infinity ? 0xD000 : 0xF000);
        } else if (long_form) {
            put16((sign == Sign::minus ? 0x4000 : 0) | 4);
            put16(weight);
        } else {
            put16(0x8000 | (sign == Sign::minus ? 0x2000 : 0) | 4 << 7 | (weight < 0 ? 0x40 : 0) |
                  (weight & 0x3F));
        }
        for (int16_t d : sign > Sign::minus ? std::vector<int16_t>() : digits)
            put16(d);
        digits_.push_back(digits);
        put(column, numeric(digits_.back(), weight, 4, sign), varlena(data, small));
    }

  private:
    std::deque<std::string> kept_;
    std::deque<std::vector<int16_t>> digits_;
};

// The jsonb number 7, alone: an array of one element that is a scalar.
std::string jsonb_seven()
{
    const uint32_t words[] = {0x50000001, 0x10000008, 0x00000020};
    const uint16_t number[] = {0x8000, 7};
    return std::string(reinterpret_cast<const char *>(words), 12) +
           std::string(reinterpret_cast<const char *>(number), 4);
}

void fill(Maker &m, uint32_t n)
{
    const bool small = n & 1;
    m.put_integer(0, static_cast<int64_t>(n) * 0x123456789 - 5);
    m.put_integer(1, static_cast<int16_t>(n * 7919));
    m.put_integer(2, static_cast<int32_t>(n * 2654435761u));
    m.put_integer(3, static_cast<int64_t>(n) * 86400000001 - 400000000000000);
    m.put_integer(4, static_cast<int32_t>(n * 31) - 800);
    m.put_integer(5, n % 3 == 0);
    m.put_text(6, std::string(16, static_cast<char>('a' + n % 16)), false);
    m.values[kColumns[6].attribute] += 4; // a uuid has no header
    uint64_t bits;
    const double d = n / 7.0;
    memcpy(&bits, &d, 8);
    m.put(7, real(d), bits);
    const float f = static_cast<float>(n) / 3;
    uint32_t bits4;
    memcpy(&bits4, &f, 4);
    m.put(8, real4(f), bits4);
    m.put_text(9, std::string(n * 5 % 300, 'x'), small);
    m.put_numeric(10, {static_cast<int16_t>(n % 9999 + 1), 1234, 5600}, 1, n & 2 ? Sign::minus : Sign::plus,
                  n % 5 == 0, small);
    m.put_numeric(11, {static_cast<int16_t>(n % 9999 + 1), 1, 2, 3, 4, 5}, 4,
                  n & 4 ? Sign::minus : Sign::plus, n % 7 == 0, small);
    m.put_text(12, jsonb_seven(), small);
    m.put_integer(13, static_cast<uint32_t>(n * 2654435761u));
    if (n % 11 == 0) m.nulls[kColumns[n % 14].attribute] = m.cells[n % 14].null = true;
}
} // namespace

TEST(Stored, SameBytesAsCells)
{
    Export as_cells(kFields, kPlain),
        as_stored(kFields, kPlain, nullptr, nullptr, &Export::kTestAllocator, kColumns.data());
    ASSERT_TRUE(as_cells.ok() && as_stored.ok()) << as_stored.failure.message;
    EXPECT_FALSE(writer_takes_stored(as_cells.writer));
    ASSERT_TRUE(writer_takes_stored(as_stored.writer));
    for (uint32_t n = 0; n < 1000; n++) {
        Maker m;
        fill(m, n);
        bool taken = false;
        ASSERT_EQ(as_cells.add(m.cells), Code::ok) << n << as_cells.failure.message;
        ASSERT_EQ(as_stored.add(m.row(), &taken), Code::ok) << n << as_stored.failure.message;
        ASSERT_TRUE(taken);
        EXPECT_EQ(writer_open_block(as_stored.writer)->bytes, writer_pending_bytes(as_cells.writer));
    }
    EXPECT_EQ(writer_pending_rows(as_stored.writer), 1000u);
    EXPECT_TRUE(as_cells.take() == as_stored.take());
}

TEST(Stored, ValuesElsewhereAreNotTakenAndLeaveNoTrace)
{
    // A pointer to a toast table, and a value compressed in place.
    const std::string elsewhere[] = {std::string("\x01\x12", 2) + std::string(16, '\x55'),
                                     std::string("\x42\x00\x00\x00", 4) + std::string(12, 'c')};
    for (size_t column : {9, 10, 11, 12})
        for (const std::string &v : elsewhere) {
            Export e(kFields, kPlain, nullptr, nullptr, &Export::kTestAllocator, kColumns.data());
            Maker first, second;
            fill(first, 1);
            fill(second, 2);
            bool taken = false;
            ASSERT_EQ(e.add(first.row(), &taken), Code::ok);
            size_t bytes = writer_pending_bytes(e.writer);
            second.put_text(9, std::string(200000, 'y'), false); // the buffer grows before the value is met
            second.put(column, null(), reinterpret_cast<uint64_t>(v.data()));
            taken = true;
            ASSERT_EQ(e.add(second.row(), &taken), Code::ok);
            EXPECT_FALSE(taken);
            EXPECT_EQ(writer_pending_bytes(e.writer), bytes);
            EXPECT_EQ(writer_open_block(e.writer)->bytes, bytes);
            EXPECT_EQ(writer_pending_rows(e.writer), 1u);
            Export alone(kFields, kPlain);
            ASSERT_EQ(alone.add(first.cells), Code::ok);
            EXPECT_TRUE(e.take() == alone.take());
        }
}

TEST(Stored, UnusualValuesAreToldAsForCells)
{
    struct {
        size_t column;
        std::function<void(Maker &)> spoil;
    } cases[] = {
        {3, [](Maker &m) { m.put_integer(3, INT64_MAX); }},
        {4, [](Maker &m) { m.put_integer(4, INT32_MAX); }},
        {10, [](Maker &m) { m.put_numeric(10, {}, 0, Sign::plus_infinity, false, true); }},
        {10,
         [](Maker &m) {
             m.put_numeric(10, {1, 2, 3, 4, 5}, 4, Sign::plus, false, true);
         }},
        {10, [](Maker &m) { m.put_numeric(10, {1}, -2, Sign::plus, false, true); }},
        {12, [](Maker &m) { m.put_text(12, "\xff\xff\xff\xff", true); }},
    };
    for (auto &c : cases) {
        Export as_cells(kFields, kPlain),
            as_stored(kFields, kPlain, nullptr, nullptr, &Export::kTestAllocator, kColumns.data());
        Maker m;
        fill(m, 2);
        c.spoil(m);
        bool taken = true;
        Code code = as_cells.add(m.cells);
        EXPECT_NE(code, Code::ok);
        EXPECT_EQ(as_stored.add(m.row(), &taken), code);
        EXPECT_EQ(as_stored.failure.column, static_cast<int32_t>(c.column));
        EXPECT_STREQ(as_stored.failure.message, as_cells.failure.message);
        EXPECT_EQ(writer_pending_bytes(as_stored.writer), 0u);
    }
    // What an option turns into NULL or clamps is a row like any other.
    for (const char *rule : {"null", "clamp"}) {
        Export::Raw raw = kPlain;
        raw.push_back({"on_infinity", rule});
        Export as_cells(kFields, raw),
            as_stored(kFields, raw, nullptr, nullptr, &Export::kTestAllocator, kColumns.data());
        Maker m;
        fill(m, 2);
        cases[0].spoil(m);
        cases[2].spoil(m);
        bool taken = false;
        ASSERT_EQ(as_cells.add(m.cells), Code::ok);
        ASSERT_EQ(as_stored.add(m.row(), &taken), Code::ok);
        EXPECT_TRUE(taken);
        EXPECT_TRUE(as_cells.take() == as_stored.take());
    }
}
