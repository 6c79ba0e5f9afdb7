// rows_fuzz.cpp - any row type, any rows, any options: what the Writer takes, the strict reader and Avro C
// give back, row for row; and the derived schema, given as the user's, makes the same blocks. Keeps to what
// the glue promises (valid UTF-8, labels of the enum, 16 bytes of uuid); the rest is arbitrary.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "avro_files.hpp"
#include "engine/wall.hpp"

using namespace spout;
using spout::test::read_back;
using spout::test::Verdict;

namespace
{
constexpr int kMaxDepth = 3;
constexpr uint32_t kMaxFields = 12, kMaxItems = 6, kMaxRows = 60;

[[noreturn]] void wrong(const char *what, const char *detail)
{
    fprintf(stderr, "%s: %s\n", what, detail);
    abort();
}

// The fuzzer's bytes, and when they end a stream that follows from them: otherwise short inputs, which are
// what a fuzzer tries first, would all be types without rows.
class Choices
{
  public:
    Choices(const uint8_t *p, size_t n) : p_(p), end_(p + n) {}

    template <typename T> T any()
    {
        uint64_t v = 0;
        for (size_t i = 0; i < sizeof(T); i++)
            v = v << 8 | byte();
        T out;
        memcpy(&out, &v, sizeof out);
        return out;
    }
    // Both ends included.
    template <typename T> T range(int64_t least, int64_t most)
    {
        auto span = static_cast<uint64_t>(most - least) + 1;
        uint64_t v = span <= 256 ? byte() : any<uint64_t>();
        return static_cast<T>(least + static_cast<int64_t>(v % span));
    }
    // Mostly small in one way or another: what uses the whole width hides the short forms.
    int64_t integer()
    {
        int64_t v = any<int64_t>();
        return v >> (byte() % 8 * 8);
    }
    bool coin() { return byte() & 1; }
    bool seldom() { return byte() < 32; }
    template <typename T, size_t n> T pick(const T (&of)[n]) { return of[byte() % n]; }
    std::string bytes(size_t n)
    {
        std::string s(n, '\0');
        for (char &c : s)
            c = static_cast<char>(byte());
        return s;
    }

  private:
    uint8_t byte()
    {
        uint8_t b = p_ < end_ ? *p_++ : 0;
        state_ = (state_ ^ b) * 6364136223846793005u + 1442695040888963407u;
        return p_ < end_ ? b : static_cast<uint8_t>(state_ >> 56);
    }
    const uint8_t *p_, *end_;
    uint64_t state_ = 0;
};

// Types and values from these choices. Everything made lives as long as this.
class Maker
{
  public:
    explicit Maker(Choices &from) : from_(from) {}

    RowType row_type()
    {
        const Field *fields = make_fields(0);
        const char *schema = from_.coin() ? word() : nullptr;
        return {schema, schema ? word() : nullptr, fields, nfields_};
    }
    const Cell *row(const RowType &t)
    {
        cells_.clear();
        texts_.clear();
        digits_.clear();
        return list(t.nfields, [&](uint32_t i) { return cell(*t.fields[i].type, true); });
    }
    const char *word()
    {
        std::string s = utf8(20);
        s.erase(std::remove(s.begin(), s.end(), '\0'), s.end());
        return names_.emplace_back(s.empty() ? "w" : s).c_str();
    }

  private:
    const Field *make_fields(int depth)
    {
        auto n = from_.range<uint32_t>(0, kMaxFields);
        std::vector<Field> made;
        for (uint32_t i = 0; i < n; i++) {
            const char *name = word();
            made.push_back({name, type(depth)});
        }
        nfields_ = n;
        return fields_.emplace_back(std::move(made)).data();
    }

    const Type *type(int depth)
    {
        // The same composite again: it is defined once and then referred to.
        if (!composites_.empty() && from_.seldom())
            return composites_[from_.range<size_t>(0, composites_.size() - 1)];
        Type t = {};
        t.kind = static_cast<Kind>(from_.range<int>(0, static_cast<int>(Kind::pinned)));
        if (depth == kMaxDepth && (t.kind == Kind::record || t.kind == Kind::array)) t.kind = Kind::int8;
        t.precision = -1;
        t.sql_name = "some type";
        t.repr = repr(t.kind);
        if (t.kind == Kind::numeric && from_.coin()) {
            t.precision = from_.range<int16_t>(1, 60);
            t.scale = from_.range<int16_t>(-5, 70);
        }
        if (t.kind == Kind::interval && from_.coin()) t.precision = kInfiniteIntervals;
        if (t.kind == Kind::array) t.element = type(depth + 1);
        if (t.kind == Kind::enumeration || t.kind == Kind::record) {
            t.schema = word();
            // No two types of one schema share a name.
            t.name = names_.emplace_back(std::string(word()) + std::to_string(names_.size())).c_str();
        }
        if (t.kind == Kind::record) {
            t.fields = make_fields(depth + 1);
            t.nfields = nfields_;
        }
        const Type *kept = &types_.emplace_back(t);
        if (t.kind == Kind::record) composites_.push_back(kept);
        return kept;
    }

    static Repr repr(Kind k)
    {
        switch (k) {
        case Kind::boolean:
        case Kind::int2:
        case Kind::int4:
        case Kind::int8:
        case Kind::oid:
        case Kind::date:
        case Kind::time:
        case Kind::timestamp:
        case Kind::timestamptz: return Repr::integer;
        case Kind::float4: return Repr::float4;
        case Kind::float8: return Repr::float8;
        case Kind::numeric:
        case Kind::money: return Repr::digits;
        case Kind::interval: return Repr::span;
        case Kind::record:
        case Kind::array:
        case Kind::map: return Repr::list;
        default: return Repr::text;
        }
    }

    template <typename F> const Cell *list(uint32_t n, F make)
    {
        std::vector<Cell> made(n);
        for (uint32_t i = 0; i < n; i++)
            made[i] = make(i);
        return cells_.emplace_back(std::move(made)).data();
    }

    Cell cell(const Type &t, bool nullable)
    {
        Cell c = {};
        if (nullable && from_.seldom()) {
            c.null = true;
            return c;
        }
        switch (t.repr) {
        case Repr::integer: c.i = integer(t.kind); break;
        case Repr::float4: c.f = from_.any<float>(); break;
        case Repr::float8: c.d = from_.any<double>(); break;
        case Repr::digits: c.num = number(t); break;
        case Repr::span:
            c.span = {from_.integer(), static_cast<int32_t>(from_.integer()),
                      static_cast<int32_t>(from_.integer())};
            break;
        case Repr::list: c.list = parts(t); break;
        case Repr::jsonb:
        case Repr::text: c.s = text(t); break;
        }
        return c;
    }

    int64_t integer(Kind k)
    {
        switch (k) {
        case Kind::boolean: return from_.coin();
        case Kind::int2: return static_cast<int16_t>(from_.integer());
        case Kind::int4:
        case Kind::date: return static_cast<int32_t>(from_.integer());
        case Kind::oid: return from_.any<uint32_t>();
        case Kind::time: return from_.range<int64_t>(0, 86400000000);
        default: return from_.integer();
        }
    }

    // As PostgreSQL keeps it: no zero groups at either end.
    Digits number(const Type &t)
    {
        auto sign = t.kind == Kind::money ? Sign::minus : static_cast<Sign>(from_.range<int>(0, 4));
        // numeric(p,s) holds no infinity.
        if (t.precision > 0 && sign > Sign::nan) sign = Sign::plus;
        if (sign >= Sign::nan) return {nullptr, 0, 0, 0, sign};
        std::vector<int16_t> groups(from_.range<size_t>(0, 12));
        for (size_t i = 0; i < groups.size(); i++) {
            bool end = i == 0 || i + 1 == groups.size();
            groups[i] = from_.range<int16_t>(end, 9999);
        }
        const std::vector<int16_t> &kept = digits_.emplace_back(std::move(groups));
        auto weight = from_.range<int16_t>(-15, 20);
        auto dscale = from_.range<uint16_t>(0, 80);
        if (kept.empty()) sign = Sign::plus;
        return {reinterpret_cast<const char *>(kept.data()), static_cast<uint16_t>(kept.size()), weight,
                dscale, sign};
    }

    Parts parts(const Type &t)
    {
        if (t.kind == Kind::record)
            return {list(t.nfields, [&](uint32_t i) { return cell(*t.fields[i].type, true); }), t.nfields, 0};
        auto n = from_.range<uint32_t>(0, kMaxItems);
        if (t.kind == Kind::array) {
            bool nullable = t.element->kind != Kind::array; // a row of a matrix is never NULL
            return {list(n, [&](uint32_t) { return cell(*t.element, nullable); }), n, 0};
        }
        static const Type kText = {Kind::text, Repr::text, -1,      0, "text", nullptr,
                                   nullptr,    nullptr,    nullptr, 0, 0};
        return {list(2 * n, [&](uint32_t i) { return cell(kText, i % 2 == 1); }), 2 * n, 0};
    }

    Text text(const Type &t)
    {
        std::string s = t.kind == Kind::bytes  ? from_.bytes(from_.range<size_t>(0, 100))
                        : t.kind == Kind::uuid ? from_.bytes(16)
                                               : utf8(100);
        // Now and then a value that is larger than the block.
        if (s.size() == 7) s.append(5000, 'x');
        const std::string &kept = texts_.emplace_back(std::move(s));
        return {kept.data(), static_cast<uint32_t>(kept.size())};
    }

    // Bytes from 0x80 on become characters of two, three and four bytes.
    std::string utf8(size_t most)
    {
        static constexpr const char *kWide[] = {"\xC2\x80",        "\xC3\xBC",     "\xE0\xA0\x80",
                                                "\xED\x9F\xBF",    "\xEF\xBF\xBF", "\xF0\x90\x80\x80",
                                                "\xF4\x8F\xBF\xBF"};
        std::string out;
        for (char c : from_.bytes(from_.range<size_t>(0, static_cast<int64_t>(most)))) {
            auto b = static_cast<unsigned char>(c);
            if (b < 0x80)
                out += c;
            else
                out += kWide[b % std::size(kWide)];
        }
        return out;
    }

    Choices &from_;
    uint32_t nfields_ = 0; // of the last make_fields()
    std::deque<std::string> names_, texts_;
    std::deque<std::vector<Field>> fields_;
    std::deque<Type> types_;
    std::vector<const Type *> composites_;
    std::deque<std::vector<Cell>> cells_;
    std::deque<std::vector<int16_t>> digits_;
};

const Allocator kHeap = {[](void *, size_t n) { return malloc(n); }, [](void *, void *p) { free(p); },
                         nullptr};

struct Output {
    std::string bytes, schema;
    uint64_t rows = 0, blocks = 0, raw_bytes = 0, header_bytes = 0;
};

// One Writer and its file so far.
class Export
{
  public:
    Output out;

    Export(const RowType &row, const std::vector<RawOption> &options)
    {
        spec_.row = row;
        spec_.allocator = &kHeap;
        Failure why = {};
        if (options_parse("avro", options.data(), static_cast<uint32_t>(options.size()), &spec_.options,
                          &why) != Code::ok)
            wrong("options", why.message);
        code_ = writer_open(&spec_, &writer_, &why);
        failure_ = why;
        if (code_ != Code::ok) return;
        BytesRef header = {};
        if (file_begin(writer_, 0, &header) != Code::ok) wrong("header", writer_failure(writer_)->message);
        append(header);
        out.header_bytes = header.n;
        Described *d = nullptr;
        if (describe_open(&spec_, &d, &why) != Code::ok) wrong("describe", why.message);
        BytesRef text = describe_schema(d);
        out.schema.assign(reinterpret_cast<const char *>(text.p), text.n);
        describe_free(d);
    }
    ~Export() { writer_free(writer_); }
    Export(const Export &) = delete;
    Export &operator=(const Export &) = delete;

    bool ok() const { return code_ == Code::ok; }
    const char *why() const { return failure_.message; }
    // False when the row was refused: it must leave no trace.
    bool add(const Cell *cells, uint32_t n)
    {
        uint32_t rows = writer_pending_rows(writer_);
        size_t pending = writer_pending_bytes(writer_);
        Code rc = writer_add(writer_, cells, n);
        if (rc == Code::internal || rc == Code::corrupt) wrong("add", writer_failure(writer_)->message);
        if (rc != Code::ok &&
            (writer_pending_rows(writer_) != rows || writer_pending_bytes(writer_) != pending))
            wrong("a refused row left a trace", writer_failure(writer_)->message);
        if (rc == Code::ok && writer_full(writer_)) take();
        return rc == Code::ok;
    }
    void finish()
    {
        if (writer_pending_rows(writer_)) take();
        BytesRef footer = {};
        if (file_end(writer_, 0, out.bytes.empty() ? Ending::empty : Ending::open, &footer) != Code::ok)
            wrong("footer", writer_failure(writer_)->message);
        append(footer);
    }

  private:
    void take()
    {
        BlockRef b = {};
        uint32_t pending = writer_pending_rows(writer_);
        if (writer_take(writer_, 0, &b) != Code::ok ||
            file_place(writer_, {0, out.blocks == 0, false}, &b) != Code::ok)
            wrong("block", writer_failure(writer_)->message);
        if (b.rows != pending) wrong("block", "lost count of its rows");
        append(b.bytes);
        out.rows += b.rows;
        out.blocks++;
        out.raw_bytes += b.raw_bytes;
    }
    void append(BytesRef b) { out.bytes.append(reinterpret_cast<const char *>(b.p), b.n); }

    Spec spec_ = {};
    Writer *writer_ = nullptr;
    Failure failure_ = {};
    Code code_;
};

void check(const Output &out, uint64_t accepted)
{
    Verdict v = read_back(out.bytes);
    if (v.code != Code::ok) wrong("our reader refuses our file", v.message.c_str());
    if (out.rows != accepted || v.stats.rows != accepted || v.stats.blocks != out.blocks ||
        v.stats.raw_bytes != out.raw_bytes || v.stats.bytes != out.bytes.size())
        wrong("counts differ", std::to_string(v.stats.rows).c_str());
}
} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static constexpr const char *kCodecs[] = {"null", "deflate", "snappy", "zstandard", "bzip2", "xz"};
    static constexpr const char *kProfiles[] = {"spec", "iceberg", "bigquery", "hive", "kafka_connect"};
    static constexpr const char *kOnInfinity[] = {"error", "null", "clamp"};
    static constexpr const char *kOnNan[] = {"error", "null", "string"};
    Choices from(data, size);
    Maker maker(from);
    const char *on_nan = from.pick(kOnNan);
    std::vector<RawOption> options = {{"compression", from.pick(kCodecs)},
                                      {"on_infinity", from.pick(kOnInfinity)},
                                      {"on_nan", on_nan},
                                      {"sync_marker", "000102030405060708090a0b0c0d0e0f"}};
    if (from.coin()) options.push_back({"block_size", "1kB"});
    const std::vector<RawOption> plain = options;
    const char *profile = from.pick(kProfiles);
    const bool as_spec = profile == kProfiles[0];
    if (!as_spec) options.push_back({"profile", profile});

    const RowType row = maker.row_type();
    Export derived(row, options);
    if (!derived.ok()) return -1; // a type this profile has no place for
    // What we derived, a user may ask for; `on_nan string` and profiles are ways to derive another.
    std::optional<Export> asked;
    std::vector<RawOption> with_schema = plain;
    with_schema.push_back({"schema", derived.out.schema.c_str()});
    if (as_spec && on_nan != kOnNan[2]) asked.emplace(row, with_schema);
    if (asked && !asked->ok()) wrong("our own schema is refused", asked->why());

    uint64_t accepted = 0;
    for (auto i = from.range<uint32_t>(0, kMaxRows); i; i--) {
        const Cell *cells = maker.row(row);
        bool taken = derived.add(cells, row.nfields);
        if (asked && asked->add(cells, row.nfields) != taken)
            wrong("only one of two equal schemas takes a row", "");
        accepted += taken;
    }
    derived.finish();
    check(derived.out, accepted);
    if (!asked) return 0;
    asked->finish();
    if (asked->out.bytes != derived.out.bytes) wrong("two equal schemas give different files", "");
    return 0;
}
