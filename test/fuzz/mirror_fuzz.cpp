// mirror_fuzz.cpp - any texts and any jsonb, damaged ones too, in CSV of any dialect, JSON and XML. The
// measure is the plainest way to write each: a byte at a time, as copyto.c and json.c do it. Blocks are cut
// anywhere.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "base/utf8.hpp"
#include "engine/wall.hpp"

using namespace spout;

namespace
{
constexpr uint32_t kColumns = 3, kMaxRows = 5;

void require(bool ok, const char *what)
{
    if (ok) return;
    fprintf(stderr, "%s\n", what);
    abort();
}

const Allocator kHeap = {[](void *, size_t n) { return malloc(n); }, [](void *, void *p) { free(p); },
                         nullptr};

// Text as rows of columns, in order; a NUL byte ends one. The values end where the input does, so that the
// sanitizer sees what is read beyond.
class Table
{
  public:
    Table(const uint8_t *p, size_t n)
    {
        const char *s = reinterpret_cast<const char *>(p), *end = s + n;
        while (values_.size() < size_t{kColumns} * kMaxRows && s < end) {
            auto *stop = static_cast<const char *>(memchr(s, 0, static_cast<size_t>(end - s)));
            if (!stop) stop = end;
            values_.emplace_back(s, stop);
            s = stop + (stop < end);
        }
        values_.resize((values_.size() + kColumns - 1) / kColumns * kColumns);
    }
    uint32_t rows() const { return static_cast<uint32_t>(values_.size() / kColumns); }
    // "\x01" is NULL.
    bool null(uint32_t row, uint32_t column) const { return view(row, column) == "\x01"; }
    std::string_view view(uint32_t row, uint32_t column) const
    {
        const auto &v = values_[size_t{row} * kColumns + column];
        return {v.data(), v.size()};
    }
    Cell cell(uint32_t row, uint32_t column) const
    {
        Cell c = {};
        c.null = null(row, column);
        c.s = {view(row, column).data(), static_cast<uint32_t>(view(row, column).size())};
        return c;
    }

  private:
    std::vector<std::vector<char>> values_; // no terminator behind them
};

Type type_of(Kind kind, Repr repr)
{
    Type t = {};
    t.kind = kind;
    t.repr = repr;
    t.sql_name = "some type";
    return t;
}

class Export
{
  public:
    Export(const char *format, const RowType &row, const CsvOptions &csv)
    {
        spec_.row = row;
        spec_.allocator = &kHeap;
        spec_.cut_rows = true;
        Failure why = {};
        require(options_parse(format, nullptr, 0, &spec_.options, &why) == Code::ok, "options");
        spec_.options.csv = csv;
        require(writer_open(&spec_, &writer_, &why) == Code::ok, "open");
    }
    ~Export() { writer_free(writer_); }
    Export(const Export &) = delete;
    Export &operator=(const Export &) = delete;

    Code add(const Cell *cells) { return writer_add(writer_, cells, spec_.row.nfields); }
    std::string take(uint32_t rows)
    {
        BlockRef b = {};
        require(writer_take(writer_, rows, &b) == Code::ok, "take");
        return std::string(reinterpret_cast<const char *>(b.bytes.p), b.bytes.n);
    }
    uint32_t pending() const { return writer_pending_rows(writer_); }

  private:
    Spec spec_ = {};
    Writer *writer_ = nullptr;
};

// --- the plain ways
// ---------------------------------------------------------------------------------------------

std::string plain_csv(const CsvOptions &o, std::string_view s)
{
    bool quote = s == o.null_text;
    for (char c : s)
        quote = quote || c == o.delimiter || c == o.quote || c == '\n' || c == '\r';
    if (!quote) return std::string(s);
    std::string out(1, o.quote);
    for (char c : s) {
        if (c == o.quote || c == o.escape) out += o.escape;
        out += c;
    }
    return out + o.quote;
}

std::string plain_json(std::string_view s)
{
    std::string out = "\"";
    for (char c : s) {
        static constexpr std::string_view kFrom = "\b\f\n\r\t\"\\", kTo = "bfnrt\"\\";
        size_t i = kFrom.find(c);
        char text[8];
        if (i != kFrom.npos)
            out += '\\', out += kTo[i];
        else if (static_cast<unsigned char>(c) < 0x20)
            out.append(text, static_cast<size_t>(snprintf(text, sizeof text, "\\u%04x", c)));
        else
            out += c;
    }
    return out + "\"";
}

CsvOptions dialect(uint8_t seed)
{
    static constexpr char kDelimiters[] = ",;\t|a", kQuotes[] = "\"'~\x7f", kEscapes[] = "\"\\'q";
    static constexpr const char *kNulls[] = {"", "NULL", "\\N", "0"};
    CsvOptions o = {};
    o.delimiter = kDelimiters[seed % 5];
    o.quote = kQuotes[seed / 5 % 4];
    o.escape = kEscapes[seed / 20 % 4];
    o.null_text = o.null_server = kNulls[seed / 80 % 4];
    return o;
}

void texts(const Table &table, uint8_t seed)
{
    const Type type = type_of(Kind::text, Repr::text);
    const Field fields[kColumns] = {{"a", &type}, {"b", &type}, {"c", &type}};
    const RowType row = {nullptr, nullptr, fields, kColumns};
    const CsvOptions options = dialect(seed);
    Export csv("csv", row, options), json("json", row, options);
    std::string csv_text, json_text, csv_made, json_made;
    for (uint32_t r = 0; r < table.rows(); r++) {
        Cell cells[kColumns];
        for (uint32_t i = 0; i < kColumns; i++) {
            cells[i] = table.cell(r, i);
            csv_text += i ? std::string(1, options.delimiter) : "";
            csv_text += cells[i].null ? options.null_text : plain_csv(options, table.view(r, i));
            json_text += std::string(i ? "," : "{") + plain_json(fields[i].name) + ":" +
                         (cells[i].null ? "null" : plain_json(table.view(r, i)));
        }
        csv_text += '\n';
        json_text += "}\n";
        require(csv.add(cells) == Code::ok && json.add(cells) == Code::ok, "a text is refused");
    }
    while (csv.pending()) {
        uint32_t rows = 1 + seed % csv.pending();
        csv_made += csv.take(rows);
        json_made += json.take(rows);
    }
    require(csv_made == csv_text, "csv differs from the plain way");
    require(json_made == json_text, "json differs from the plain way");
}

// One value as each format writes it; empty when it is refused.
std::string one(const char *format, const Type &type, std::string_view value, Code *code)
{
    const Field field = {"a", &type};
    CsvOptions options = dialect(0);
    Export e(format, {nullptr, nullptr, &field, 1}, options);
    Cell c = {};
    c.s = {value.data(), static_cast<uint32_t>(value.size())};
    *code = e.add(&c);
    return *code == Code::ok ? e.take(0) : std::string();
}

void jsonb(std::string_view value)
{
    const Type packed = type_of(Kind::jsonb, Repr::jsonb), text = type_of(Kind::json, Repr::text);
    Code code, other;
    std::string json = one("json", packed, value, &code);
    std::string csv = one("csv", packed, value, &other);
    require(code == Code::ok || code == Code::corrupt || code == Code::limit, "jsonb fails otherwise");
    require(code == other, "csv and json disagree about damage");
    if (code != Code::ok) return;
    std::string_view printed(json);
    printed = printed.substr(5, printed.size() - 5 - 2); // {"a": and }LF
    require(csv == plain_csv(dialect(0), printed) + "\n", "quotes of jsonb differ from the plain way");
    if (!is_utf8(reinterpret_cast<const uint8_t *>(printed.data()), printed.size()))
        return; // never in a database
    std::string elements = one("xml", packed, value, &code);
    std::string from_text = one("xml", text, printed, &other);
    if (code == Code::ok && other == Code::ok)
        require(elements == from_text, "elements differ from those of the text");
}
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n < 2) return 0;
    if (data[0] & 1) {
        // An exact copy, so that a sanitizer sees any read beyond the value.
        std::vector<char> exact(data + 1, data + n);
        if (data[0] & 2 && exact.size() >= 4) {
            // A container of a few elements, or a scalar: what chance rarely hits upon.
            static constexpr uint32_t kKinds[] = {0x20000000, 0x40000000, 0x50000000};
            auto first = static_cast<uint8_t>(exact[0]);
            uint32_t header = kKinds[first % 3] | (first % 3 == 2 ? 1 : first / 3 % 6);
            memcpy(exact.data(), &header, sizeof header);
        }
        jsonb({exact.data(), exact.size()});
    } else if (is_utf8(data + 2, n - 2)) {
        texts(Table(data + 2, n - 2), data[1]);
    }
    return 0;
}
