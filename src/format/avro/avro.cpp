// avro.cpp - Avro object container files: blocks of rows, and the header in front of them.
//   file  = header block*       header = "Obj" 1, map of metadata, sync[16]
//   block = long rows, long size, data[size], sync[16]
// A block is made before its file is known, so its sync marker is filled in when it is placed.
// Source: Avro 1.12 specification, "Object Container Files".
#include <cstring>

#include "base/crc32.hpp"
#include "base/cursor.hpp"
#include "base/parse.hpp"
#include "format/avro/compile.hpp"
#include "format/avro/derive.hpp"
#include "format/avro/hot.hpp"
#include "format/avro/names.hpp"
#include "format/avro/options.hpp"
#include "format/format.hpp"

#include "base/no_postgres.hpp"

namespace spout
{
namespace
{
using namespace avro;

constexpr size_t kSync = 16;
constexpr size_t kHeadroom = 2 * kMaxVarint;      // in front of the data, for row count and size
constexpr size_t kLargeBlock = 100 * 1024 * 1024; // some readers refuse blocks of twice that
constexpr size_t kKeepSlack = 1 << 20;            // beyond two blocks, memory is given back

Schema schema_of(const Spec &spec)
{
    const Options &o = spec.options;
    return o.schema ? parse_schema(o.schema) : derive_schema(spec.row, o);
}

bool any_far(const Step &s)
{
    if (s.far) return true;
    for (const Step &part : s.parts)
        if (any_far(part)) return true;
    return false;
}

Plan plan_of(const Spec &spec, const Schema &schema)
{
    Plan plan = compile(spec.row, schema, spec.options);
    for (Step &s : plan.steps) {
        if (!spec.stored) break;
        s.stored = spec.stored[s.column];
        s.hot_stored = hot_stored(s.hot, s.stored.form);
    }
    return plan;
}

class AvroEncoder final : public Encoder
{
  public:
    explicit AvroEncoder(const Spec &spec);
    void add(Row row) override { add_row(row); }
    size_t add_row(Row row) override;
    bool takes_stored() const override { return true; }
    size_t add_row(StoredRow row) override;
    size_t pending() const override { return open_.size() - kHeadroom; }
    Block &take(uint32_t rows, size_t bytes) override;
    void pack(Block &raw, Block &packed) override;
    void warnings(std::vector<std::string> &) const override;

  private:
    template <typename Write> size_t encode(Write);
    void compress(Block &raw, Block &packed);
    void frame(Block &block);
    void reopen(const uint8_t *rest, size_t n);

    const Spec &spec_; // owned by the Writer
    const Schema schema_;
    const Plan plan_; // borrows schema_ and spec_
    const bool snappy_;
    const size_t keep_; // a buffer larger than this is not kept
    std::unique_ptr<Codec> codec_;
    Buffer open_; // headroom, then the rows of the open block
    Sink sink_;   // writes into open_
    Block done_;  // what take() handed out last
    uint32_t rows_ = 0;
    uint64_t large_blocks_ = 0;
};

AvroEncoder::AvroEncoder(const Spec &spec)
    : spec_(spec), schema_(schema_of(spec)), plan_(plan_of(spec, schema_)),
      snappy_(iequals(spec.options.codec_name, "snappy")), keep_(2 * spec.options.block_size + kKeepSlack),
      open_(*spec.allocator), sink_(open_, *spec.allocator), done_(*spec.allocator)
{
    if (spec.options.codec) codec_ = spec.options.codec->make(spec.options.level, *spec.any_thread);
    reopen(nullptr, 0);
}

// write(step, p) writes a column, or returns null: then the row is not taken.
template <typename Write> inline size_t AvroEncoder::encode(Write write)
{
    const size_t before = open_.size();
    const Step *s = plan_.steps.data(), *end = s + plan_.steps.size();
    try {
        uint8_t *p = sink_.begin(plan_.fixed);
        for (; s < end; s++) {
            p = write(*s, p);
            if (__builtin_expect(!p, 0)) {
                open_.resize(before);
                return kNotTaken;
            }
        }
        sink_.commit(p);
        rows_++;
    } catch (Error &e) {
        open_.resize(before);
        if (s < end) e.column = static_cast<int32_t>(s->column);
        throw;
    } catch (...) {
        open_.resize(before);
        throw;
    }
    return pending();
}

size_t AvroEncoder::add_row(Row row)
{
    return encode([&](const Step &s, uint8_t *p) { return write_step(s, row.cells[s.column], sink_, p); });
}

size_t AvroEncoder::add_row(StoredRow row)
{
    return encode([&](const Step &s, uint8_t *p) { return write_stored(s, row, sink_, p); });
}

Block &AvroEncoder::take(uint32_t rows, size_t bytes)
{
    done_.rows = rows;
    done_.raw_bytes = bytes;
    large_blocks_ += bytes > kLargeBlock;
    const size_t end = kHeadroom + bytes, rest = pending() - bytes;
    done_.bytes.clear();
    done_.bytes.swap(open_);
    reopen(done_.bytes.data() + end, rest);
    done_.bytes.resize(end);
    rows_ -= rows;
    return done_;
}

void AvroEncoder::pack(Block &raw, Block &packed)
{
    if (codec_)
        compress(raw, packed);
    else
        packed.bytes.swap(raw.bytes);
    frame(packed);
}

void AvroEncoder::compress(Block &raw, Block &packed)
{
    Bytes in = {raw.bytes.data() + kHeadroom, raw.raw_bytes};
    packed.bytes.clear();
    packed.bytes.shrink(keep_);
    packed.bytes.resize(kHeadroom);
    codec_->compress(in, packed.bytes);
    if (!snappy_) return;
    uint32_t crc = __builtin_bswap32(crc32(0, in.p, in.n));
    packed.bytes.append(&crc, sizeof crc);
}

// The block's header goes right in front of its data, its sync marker behind.
void AvroEncoder::frame(Block &block)
{
    size_t size = block.bytes.size() - kHeadroom;
    memset(block.bytes.reserve(kSync), 0, kSync);
    block.bytes.advance(kSync);
    uint8_t head[kHeadroom];
    uint8_t *end = put_long(put_long(head, block.rows), static_cast<int64_t>(size));
    auto n = static_cast<size_t>(end - head);
    memcpy(block.bytes.data() + kHeadroom - n, head, n);
    block.bytes.drop_front(kHeadroom - n);
}

// The next block begins with these bytes, which may be part of the last.
void AvroEncoder::reopen(const uint8_t *rest, size_t n)
{
    if (n == 0) open_.clear();
    if (n == 0) open_.shrink(keep_);
    // In one piece, since it will be full: no growing by halves, which holds both and leaves the last half
    // empty.
    if (!open_.capacity()) open_.reserve(kHeadroom + spec_.options.block_size);
    open_.resize(kHeadroom + n);
    if (n) memmove(open_.data() + kHeadroom, rest, n);
}

void AvroEncoder::warnings(std::vector<std::string> &out) const
{
    for (const Step &s : plan_.steps)
        if (any_far(s))
            out.push_back(
                "column \"" + std::string(spec_.row.fields[s.column].name) +
                "\" holds dates before year 1 or after year 9999, which Python's Avro readers refuse");
    if (large_blocks_)
        out.push_back(std::to_string(large_blocks_) + " block(s) hold more than 100 MB before compression, "
                                                      "which some readers refuse");
}

class AvroFramer : public Framer
{
  public:
    explicit AvroFramer(const Spec &spec) : spec_(spec), schema_(schema_of(spec).text) {}
    void begin(uint32_t file, Buffer &out) override;
    void adopt(uint32_t file, Block &block) override
    {
        sync(file, block.bytes.data() + block.bytes.size() - kSync);
    }
    void end(uint32_t, Buffer &) override {}

  private:
    void sync(uint32_t file, uint8_t to[kSync]) const;

    const Spec &spec_; // owned by the Writer
    const std::string schema_;
};

void put_string(Buffer &out, std::string_view s)
{
    uint8_t *p = out.reserve(kMaxVarint + s.size());
    p = put_long(p, static_cast<int64_t>(s.size()));
    out.advance_to(copy(p, s.data(), s.size()));
}

void AvroFramer::begin(uint32_t file, Buffer &out)
{
    auto metadata = parse_metadata(spec_.options.metadata);
    out.append(std::string_view("Obj\1", 4));
    out.advance_to(put_long(out.reserve(kMaxVarint), static_cast<int64_t>(2 + metadata.size())));
    put_string(out, "avro.schema");
    put_string(out, schema_);
    put_string(out, "avro.codec");
    put_string(out, spec_.options.codec_name);
    for (auto &e : metadata) {
        put_string(out, e.first);
        put_string(out, e.second);
    }
    out.push(0);
    sync(file, out.reserve(kSync));
    out.advance(kSync);
}

// The finaliser of splitmix64: every bit of the input reaches every bit of the output.
uint64_t mix(uint64_t z)
{
    z += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
}

// A marker per file, the same in every process that works on it.
void AvroFramer::sync(uint32_t file, uint8_t to[kSync]) const
{
    if (spec_.options.has_sync_marker) {
        memcpy(to, spec_.options.sync_marker, kSync);
        return;
    }
    uint64_t half[2];
    memcpy(half, spec_.random, kSync);
    half[0] = mix(half[0] ^ mix(file));
    half[1] = mix(half[1] + half[0]);
    memcpy(to, half, kSync);
}

// Some array in it is taken for one of one dimension because nothing is known of it.
bool is_guess(const RowType &row, const Type &t)
{
    if (t.kind == Kind::array)
        return (row.dimensions && !row.dimensions[t.array]) || is_guess(row, *t.element);
    for (uint32_t i = 0; i < t.nfields; i++)
        if (is_guess(row, *t.fields[i].type)) return true;
    return false;
}

void describe(const Spec &spec, Description &d)
{
    Schema schema = schema_of(spec);
    Plan plan = compile(spec.row, schema, spec.options);
    d.columns.resize(spec.row.nfields);
    for (size_t k = 0; k < plan.steps.size(); k++) {
        const Step &s = plan.steps[k];
        ColumnNote &note = d.columns[s.column];
        note = {label(*s.node), schema.root->fields[k].name, s.lossy};
        if (!spec.options.schema && is_guess(spec.row, *spec.row.fields[s.column].type))
            note.lossy_why += "; one-dimensional, unless the first value says otherwise";
    }
    d.schema = std::move(schema.text);
}

constexpr FormatCodec kCodecs[] = {
    {"snappy", "snappy"}, {"null", nullptr}, {"deflate", "deflate"}, {"zstandard", "zstd"},
    {"bzip2", "bzip2"},   {"xz", "xz"},      {nullptr, nullptr},
};
} // namespace

extern const Format kAvro;
const Format kAvro = {
    "avro",
    Style::self_contained,
    /* codec_inside */ true,
    /* blocks_commute */ true,
    kCodecs,
    kOptions,
    default_block_size,
    check_options,
    [](const Spec &s) -> std::unique_ptr<Encoder> { return std::make_unique<AvroEncoder>(s); },
    [](const Spec &s) -> std::unique_ptr<Framer> { return std::make_unique<AvroFramer>(s); },
    describe,
    {".avro"},
    /* has_schema */ true,
};
} // namespace spout
