// wall.cpp - the writing side of the wall: every exception of the encoders stops here.
#include "core/wall.hpp"

#include <chrono>

#include "core/guard.hpp"
#include "core/writer.hpp"

#include "core/no_postgres.hpp"

namespace spout
{
namespace
{
constexpr size_t kKeepBlocks = 4; // beyond this many blocks, a buffer's memory is given back

BytesRef ref(const Buffer &b) { return {b.data(), b.size()}; }
} // namespace

Writer::Writer(const Spec &s)
    : spec(s), block_size(s.options.block_size), packed(*s.allocator), frame(*s.allocator)
{
    const Options &o = spec.options;
    encoder = o.format->encoder(spec);
    framer = o.format->framer(spec);
    if (o.codec && !o.format->codec_inside) codec = o.codec->make(o.level, *spec.any_thread);
}

Block &Writer::cut(uint32_t rows)
{
    if (rows == 0) rows = open.rows;
    if (rows == 0 || rows > open.rows || (rows < open.rows && !spec.cut_rows))
        throw Error(Code::internal, "a block cannot be cut there");
    const size_t before = open.bytes;
    Block &block = encoder->take(rows, rows < open.rows ? row_ends[rows - 1] : before);
    open.bytes = encoder->pending();
    open.rows -= rows;
    measure();
    const size_t gone = before - open.bytes;
    for (uint32_t i = 0; i < open.rows; i++)
        row_ends[i] = row_ends[i + rows] - gone;
    return block;
}

// Runs in the packer's thread, or in ours.
void Writer::pack(Block &raw, Block &out)
{
    out.rows = raw.rows;
    out.raw_bytes = raw.raw_bytes;
    auto start = std::chrono::steady_clock::now();
    if (codec) {
        out.bytes.clear();
        out.bytes.shrink(kKeepBlocks * spec.options.block_size);
        codec->compress(raw.bytes.bytes(), out.bytes);
    } else
        encoder->pack(raw, out);
    auto spent = std::chrono::steady_clock::now() - start;
    out.compress_ns = spec.options.codec ? static_cast<uint64_t>(std::chrono::nanoseconds(spent).count()) : 0;
}

Block &Writer::take(uint32_t rows)
{
    Block &raw = cut(rows);
    Block &out = spec.options.codec ? packed : raw; // what is not compressed needs no second place
    pack(raw, out);
    return out;
}

void Writer::submit()
{
    if (!packer) {
        packed.bytes.release(); // the packer has its own
        packer = std::make_unique<Packer>(
            [](void *w, Block &raw, Block &out) { static_cast<Writer *>(w)->pack(raw, out); }, this,
            *spec.allocator, *spec.any_thread);
    }
    // What was packed last becomes the open block: two buffers in turn.
    if (submitted_block) packer->give_back(*submitted_block);
    submitted_block = &cut(0);
    packer->submit(*submitted_block);
}

Codec *Writer::frame_codec()
{
    if (!around) around = spec.options.codec->make(spec.options.level, *spec.any_thread);
    return around.get();
}

BytesRef Writer::surround(Buffer &bytes)
{
    if (codec && !bytes.empty()) {
        Buffer plain(*spec.allocator);
        plain.swap(bytes);
        frame_codec()->compress(plain.bytes(), bytes);
    }
    return ref(bytes);
}

Code writer_open(const Spec *spec, Writer **out, Failure *why) noexcept
try {
    *out = nullptr;
    *out = new Writer(*spec);
    return Code::ok;
} catch (...) {
    return caught(why);
}

Code writer_add(Writer *w, const Cell *cells, uint32_t n) noexcept
try {
    w->add(Row{cells, n});
    return Code::ok;
} catch (...) {
    return caught(&w->failure);
}

void writer_expect_printed(Writer *w) noexcept { w->encoder->expect_printed(); }

bool writer_takes_stored(const Writer *w) noexcept { return w->spec.stored && w->encoder->takes_stored(); }

Code writer_add_stored(Writer *w, StoredRow row, bool *taken) noexcept
try {
    *taken = w->add(row);
    return Code::ok;
} catch (...) {
    return caught(&w->failure);
}

const OpenBlock *writer_open_block(const Writer *w) noexcept { return &w->open; }
bool writer_full(const Writer *w) noexcept { return w->open.full; }
uint32_t writer_pending_rows(const Writer *w) noexcept { return w->open.rows; }
size_t writer_pending_bytes(const Writer *w) noexcept { return w->encoder->pending(); }

Code writer_take(Writer *w, uint32_t rows, BlockRef *out) noexcept
try {
    Block &b = w->take(rows);
    w->taken = &b;
    *out = {{nullptr, 0}, ref(b.bytes), b.rows, b.raw_bytes, b.compress_ns};
    return Code::ok;
} catch (...) {
    return caught(&w->failure);
}

Code writer_submit(Writer *w) noexcept
try {
    w->submit();
    return Code::ok;
} catch (...) {
    return caught(&w->failure);
}

int writer_submitted_fd(const Writer *w) noexcept { return w->submitted() ? w->packer->fd() : -1; }

Code writer_collect(Writer *w, BlockRef *out) noexcept
try {
    Block &b = w->packer->collect();
    w->taken = &b;
    *out = {{nullptr, 0}, ref(b.bytes), b.rows, b.raw_bytes, b.compress_ns};
    return Code::ok;
} catch (...) {
    return caught(&w->failure);
}

Code file_begin(Writer *w, uint32_t file, BytesRef *out) noexcept
try {
    w->frame.clear();
    w->framer->begin(file, w->frame);
    *out = w->surround(w->frame);
    return Code::ok;
} catch (...) {
    return caught(&w->failure);
}

Code file_before(Writer *w, bool first, BytesRef *out) noexcept
try {
    w->frame.clear();
    w->framer->before(first, w->frame);
    *out = w->surround(w->frame);
    return Code::ok;
} catch (...) {
    return caught(&w->failure);
}

Code file_place(Writer *w, uint32_t file, bool first, BlockRef *block) noexcept
try {
    w->framer->adopt(file, *w->taken);
    return file_before(w, first, &block->before);
} catch (...) {
    return caught(&w->failure);
}

Code file_end(Writer *w, uint32_t file, bool empty, BytesRef *out) noexcept
try {
    w->frame.clear();
    w->framer->end(file, w->frame);
    // A compressed file of no bytes is not valid: it gets one empty frame.
    bool bare = w->codec && empty && w->frame.empty();
    if (bare) w->frame_codec()->compress({nullptr, 0}, w->frame);
    *out = bare ? ref(w->frame) : w->surround(w->frame);
    return Code::ok;
} catch (...) {
    return caught(&w->failure);
}

const Failure *writer_failure(const Writer *w) noexcept { return &w->failure; }

const char *writer_warning(Writer *w, uint32_t n) noexcept
try {
    if (!w->warnings_asked) w->encoder->warnings(w->warnings);
    w->warnings_asked = true;
    return n < w->warnings.size() ? w->warnings[n].c_str() : nullptr;
} catch (...) {
    return nullptr; // a warning lost to a full memory harms nobody
}

void writer_free(Writer *w) noexcept { delete w; }

struct Described {
    Description d;
};

Code describe_open(const Spec *spec, Described **out, Failure *why) noexcept
try {
    *out = nullptr;
    auto fresh = std::make_unique<Described>();
    spec->options.format->describe(*spec, fresh->d);
    *out = fresh.release();
    return Code::ok;
} catch (...) {
    return caught(why);
}

BytesRef describe_schema(const Described *d) noexcept
{
    return {reinterpret_cast<const uint8_t *>(d->d.schema.data()), d->d.schema.size()};
}

bool describe_column(const Described *d, uint32_t i, DescribedColumn *out) noexcept
{
    if (i >= d->d.columns.size()) return false;
    const ColumnNote &n = d->d.columns[i];
    *out = {n.target_type.c_str(), n.name.c_str(), n.lossy_why.empty() ? nullptr : n.lossy_why.c_str()};
    return true;
}

void describe_free(Described *d) noexcept { delete d; }
} // namespace spout
