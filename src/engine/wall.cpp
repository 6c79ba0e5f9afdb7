// wall.cpp - the writing side of the wall: every exception of the encoders stops here.
#include "engine/wall.hpp"

#include <chrono>

#include "engine/guard.hpp"
#include "engine/writer.hpp"

#include "base/no_postgres.hpp"

namespace spout
{
namespace
{
constexpr size_t kKeepBlocks = 4; // beyond this many blocks, a buffer's memory is given back

BytesRef ref(const Buffer &b) { return {b.data(), b.size()}; }
BlockRef ref(const Block &b) { return {ref(b.bytes), b.rows, b.raw_bytes, b.compress_ns}; }
} // namespace

Writer::Writer(const Spec &s)
    : spec(s), block_size(s.options.block_size), packed(*s.allocator), around(*s.any_thread),
      frame(*s.allocator)
{
    const Options &o = spec.options;
    encoder = o.format->encoder(spec);
    framer = o.format->framer(spec);
    if (o.format->codec_inside) return;
    Buffer header, footer;
    framer->begin(0, header);
    framer->end(0, footer);
    edges = header.size() + footer.size();
    if (!o.codec) return;
    codec = o.codec->make(o.level, *spec.any_thread);
    wrapping = {true, !header.empty(), !footer.empty()};
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
void Writer::pack(Block &raw, Block &out, Position at)
{
    out.rows = raw.rows;
    out.raw_bytes = raw.raw_bytes;
    auto start = std::chrono::steady_clock::now();
    if (codec) {
        framer->lead(at.first, raw.bytes.data());
        Bytes in = raw.bytes.bytes();
        if ((at.first && wrapping.header) || (at.last && wrapping.footer)) {
            around.clear();
            if (at.first) framer->begin(at.file, around);
            around.append(in.p, in.n);
            if (at.last) framer->end(at.file, around);
            in = around.bytes();
        }
        out.bytes.clear();
        out.bytes.shrink(kKeepBlocks * spec.options.block_size);
        codec->compress(in, out.bytes);
        around.shrink(0);
    } else
        encoder->pack(raw, out);
    auto spent = std::chrono::steady_clock::now() - start;
    out.compress_ns = spec.options.codec ? static_cast<uint64_t>(std::chrono::nanoseconds(spent).count()) : 0;
}

Block &Writer::take(uint32_t rows, Position guess)
{
    Block &raw = cut(rows);
    Block &out = spec.options.codec ? packed : raw; // what is not compressed needs no second place
    pack(raw, out, guess);
    taken_raw = &raw;
    packed_for = guess;
    return out;
}

void Writer::submit(Position guess)
{
    if (!packer) {
        packed.bytes.release(); // the packer has its own
        packer = std::make_unique<Packer>(
            [](void *p, Block &raw, Block &out) {
                auto *w = static_cast<Writer *>(p);
                w->pack(raw, out, w->submitted_for);
            },
            this, *spec.allocator, *spec.any_thread);
    }
    // What was packed last becomes the open block: two buffers in turn.
    if (submitted_block) packer->give_back(*submitted_block);
    submitted_block = &cut(0);
    submitted_for = guess;
    packer->submit(*submitted_block);
}

// The taken block, for its final position.
Block &Writer::place(Position at)
{
    if (!codec) {
        framer->adopt(at.file, *taken);
        framer->lead(at.first, taken->bytes.data());
        return *taken;
    }
    bool as_packed = (!wrapping.header || at.first == packed_for.first) &&
                     (!wrapping.footer || at.last == packed_for.last);
    if (as_packed) return *taken;
    if (submitted()) throw Error(Code::internal, "a block cannot be packed again while another one is");
    uint64_t spent = taken->compress_ns;
    pack(*taken_raw, *taken, at);
    taken->compress_ns += spent;
    packed_for = at;
    return *taken;
}

void Writer::give(BlockRef *out, const size_t **ends)
{
    Block &raw = cut(0);
    *out = {ref(raw.bytes), raw.rows, raw.raw_bytes, 0};
    *ends = row_ends.data();
}

void Writer::absorb(Bytes bytes, uint32_t rows, const size_t *ends)
{
    const size_t before = open.bytes;
    if (spec.cut_rows) {
        row_ends.resize(open.rows + size_t{rows} + 1);
        for (uint32_t i = 0; i < rows; i++)
            row_ends[open.rows + i] = before + ends[i];
    }
    encoder->absorb(bytes, rows);
    open.bytes = encoder->pending();
    open.rows += rows;
    measure();
}

void Writer::end(uint32_t file, Ending ending)
{
    frame.clear();
    if (codec && ending == Ending::closed) return;
    Buffer edge(*spec.allocator);
    Buffer &out = codec ? edge : frame;
    if (codec && ending == Ending::empty) framer->begin(file, out);
    framer->end(file, out);
    // A compressed file of no bytes is not valid: it gets one empty frame.
    if (!codec || (ending == Ending::open && edge.empty())) return;
    if (submitted()) throw Error(Code::internal, "a file cannot end while another block is being packed");
    codec->compress(edge.bytes(), frame);
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

Code writer_take(Writer *w, uint32_t rows, BlockRef *out, Position guess) noexcept
try {
    w->taken = &w->take(rows, guess);
    *out = ref(*w->taken);
    return Code::ok;
} catch (...) {
    return caught(&w->failure);
}

Code writer_submit(Writer *w, Position guess) noexcept
try {
    w->submit(guess);
    return Code::ok;
} catch (...) {
    return caught(&w->failure);
}

int writer_submitted_fd(const Writer *w) noexcept { return w->submitted() ? w->packer->fd() : -1; }

Code writer_collect(Writer *w, BlockRef *out) noexcept
try {
    w->taken = &w->packer->collect();
    w->taken_raw = &w->packer->raw();
    w->packed_for = w->submitted_for;
    *out = ref(*w->taken);
    return Code::ok;
} catch (...) {
    return caught(&w->failure);
}

Code writer_give(Writer *w, BlockRef *out, const size_t **ends) noexcept
try {
    w->give(out, ends);
    return Code::ok;
} catch (...) {
    return caught(&w->failure);
}

Code writer_absorb(Writer *w, BytesRef bytes, uint32_t rows, const size_t *ends) noexcept
try {
    w->absorb({bytes.p, bytes.n}, rows, ends);
    return Code::ok;
} catch (...) {
    return caught(&w->failure);
}

Wrapping writer_wrapping(const Writer *w) noexcept { return w->wrapping; }
uint64_t writer_edges(const Writer *w) noexcept { return w->edges; }

Code file_begin(Writer *w, uint32_t file, BytesRef *out) noexcept
try {
    w->frame.clear();
    if (!w->codec) w->framer->begin(file, w->frame); // else with the first block
    *out = ref(w->frame);
    return Code::ok;
} catch (...) {
    return caught(&w->failure);
}

Code file_place(Writer *w, Position at, BlockRef *block) noexcept
try {
    *block = ref(w->place(at));
    return Code::ok;
} catch (...) {
    return caught(&w->failure);
}

void file_lead(Writer *w, uint8_t *blocks) noexcept { w->framer->lead(true, blocks); }

Code file_end(Writer *w, uint32_t file, Ending ending, BytesRef *out) noexcept
try {
    w->end(file, ending);
    *out = ref(w->frame);
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
