// placer.cpp - three roads for a block: collected with others and written into the only file; cut at the
// limit of a file and written; or handed to the leader. Waits for no other process but for the ledger's lock.
#include "pg/placer.hpp"

namespace spout
{
constexpr size_t kStage = 256 * 1024;             // bytes written together
constexpr size_t kHeadroom = 64;                  // in front of them, for what stands before a block
constexpr size_t kLargestPart = 64 * 1024 * 1024; // bytes of a block in one tuple

static void check(Placer *p, Code rc)
{
    if (rc != Code::ok) raise_failure(writer_failure(p->pump->writer));
}

static Sink *sink(Placer *p) { return p->pump->sink; }

void placer_start(Placer *p)
{
    for (int i = 0; i < 2; i++) {
        BytesRef b;
        check(p, file_before(p->pump->writer, i == 0, &b));
        if (b.n > kHeadroom) elog(ERROR, "%zu bytes in front of a block", b.n);
        auto *copy = (uint8 *)MemoryContextAlloc(p->cx, b.n + 1);
        if (b.n) memcpy(copy, b.p, b.n);
        p->before[i] = {copy, b.n};
    }
}

bool placer_ready(Placer *p)
{
    if (p->shared->stream || p->shared->limited()) return true;
    p->joined = sink(p)->ops->shared->join(sink(p), 0, &p->id);
    p->file = 0;
    return p->joined;
}

bool placer_due(const Placer *p, bool at_end)
{
    const Pump *pump = p->pump;
    if (p->held.rows) return true;
    return pump_due(pump) || (at_end && pump->open->rows);
}

static void take(Placer *p, uint32 rows)
{
    check(p, writer_take(p->pump->writer, rows, &p->held));
    CHECK_FOR_INTERRUPTS();
    Pump *pump = p->pump;
    pump->blocks++;
    pump->compress_ns += p->held.compress_ns;
    pump->ledger.total_raw += p->held.raw_bytes;
    pump->ledger.total_packed += p->held.bytes.n;
}

// --- writing -----------------------------------------------------------------------------------------------

void placer_leave(Placer *p)
{
    if (p->joined) sink(p)->ops->shared->leave(sink(p), p->file);
    p->joined = false;
}

static void join(Placer *p, uint32 file, FileId id, bool begun)
{
    if (!p->joined || p->file != file) {
        placer_leave(p);
        p->id = id;
        (void)sink(p)->ops->shared->join(sink(p), file,
                                         &p->id); // fails for nameless files only: placer_ready()
        p->joined = true;
        p->file = file;
    }
    if (!begun) return;
    BytesRef header;
    check(p, file_begin(p->pump->writer, file, &header));
    if (header.n) sink(p)->ops->write(sink(p), file, 0, header.p, header.n);
}

static void put(Placer *p, Piece *piece, BytesRef b)
{
    if (!b.n) return;
    sink(p)->ops->write(sink(p), piece->file, piece->offset + piece->bytes, b.p, b.n);
    if (p->pump->checksums) piece->crc32c = crc32c(piece->crc32c, b.p, b.n);
    piece->bytes += b.n;
    p->written_ns = now_ns();
    p->pump->bytes += b.n;
}

static void start_piece(Placer *p, const Place *place, Piece *out)
{
    *out = {};
    out->process = p->process;
    out->file = place->file;
    out->offset = place->offset;
    out->id = p->id;
}

static void count_block(Piece *to, const BlockRef *b)
{
    to->rows += b->rows;
    to->raw_bytes += b->raw_bytes;
    to->blocks++;
}

// The held block, into its place.
static void write_held(Placer *p, const Place *place, bool begun, Piece *out)
{
    join(p, place->file, place->id, begun);
    check(p, file_place(p->pump->writer, place->file, place->first, &p->held));
    start_piece(p, place, out);
    put(p, out, p->held.before);
    put(p, out, p->held.bytes);
    count_block(out, &p->held);
    p->held.rows = 0;
}

// --- the only file -----------------------------------------------------------------------------------------

static void write_collected(Placer *p, Piece *out)
{
    Place place = ledger_place(p->shared, sink(p), 0, p->collected.rows, p->staged);
    // What stands in front of the first was left open: only now it is known whether it is the file's first.
    BytesRef before = p->before[!place.first];
    uint8 *start = p->stage + kHeadroom - before.n;
    if (before.n) memcpy(start, before.p, before.n);
    start_piece(p, &place, out);
    put(p, out, {start, before.n + p->staged});
    out->rows = p->collected.rows;
    out->raw_bytes = p->collected.raw_bytes;
    out->blocks = p->collected.blocks;
    memset(&p->collected, 0, sizeof p->collected);
    p->staged = 0;
}

static uint8 *append(uint8 *to, BytesRef b)
{
    if (b.n) memcpy(to, b.p, b.n);
    return to + b.n;
}

static void collect(Placer *p)
{
    if (!p->stage) p->stage = (uint8 *)MemoryContextAlloc(p->cx, kHeadroom + kStage);
    uint8 *start = p->stage + kHeadroom + p->staged, *end = start;
    if (p->collected.blocks) end = append(end, p->held.before);
    end = append(end, p->held.bytes);
    p->staged += (size_t)(end - start);
    count_block(&p->collected, &p->held);
    p->held.rows = 0;
}

static bool take_collecting(Placer *p, Piece *out)
{
    if (!p->held.rows) {
        take(p, 0);
        check(p, file_place(p->pump->writer, 0, false, &p->held));
    }
    if (p->staged + p->held.before.n + p->held.bytes.n <= kStage) {
        collect(p);
        if (now_ns() - p->written_ns < kTellEveryNs) return false;
        write_collected(p, out); // a slow query: let it be seen
        return true;
    }
    if (p->collected.blocks)
        write_collected(p, out); // and the held block next time
    else {
        Place place = ledger_place(p->shared, sink(p), 0, p->held.rows, p->held.bytes.n);
        write_held(p, &place, false, out);
    }
    return true;
}

bool placer_end(Placer *p, Piece *out)
{
    if (!p->collected.blocks) return false;
    write_collected(p, out);
    return true;
}

// --- files with a limit ------------------------------------------------------------------------------------

static void take_limited(Placer *p, Piece *out)
{
    Grant grant = {};
    if (p->shared->max_rows) grant = ledger_grant(p->shared, sink(p), p->pump->open->rows);
    take(p, (uint32)grant.rows);
    Place place = ledger_place(p->shared, sink(p), grant.file, p->held.rows, p->held.bytes.n);
    write_held(p, &place, grant.begun || place.begun, out);
}

// --- a stream ----------------------------------------------------------------------------------------------

static void take_part(Placer *p, Piece *out)
{
    if (!p->held.rows) {
        take(p, 0);
        check(p, file_place(p->pump->writer, 0, false, &p->held));
        p->handed = 0;
    }
    *out = {};
    out->process = p->process;
    out->data = p->held.bytes.p + p->handed;
    out->bytes = Min(p->held.bytes.n - p->handed, kLargestPart);
    p->handed += out->bytes;
    p->pump->bytes += out->bytes;
    out->more = p->handed < p->held.bytes.n;
    if (out->more) return;
    count_block(out, &p->held);
    p->held.rows = 0;
}

bool placer_take(Placer *p, Piece *out)
{
    uint64 start = now_ns();
    bool placed = true;
    if (p->shared->stream)
        take_part(p, out);
    else if (p->shared->limited())
        take_limited(p, out);
    else
        placed = take_collecting(p, out);
    p->pump->flush_ns += now_ns() - start;
    return placed;
}

void placer_report(Placer *p)
{
    const Pump *pump = p->pump;
    Totals *t = &p->shared->totals()[p->process];
    t->rows = pump->rows;
    t->blocks = pump->blocks;
    t->bytes = pump->bytes;
    t->sampled_rows = pump->sampled_rows;
    t->sampled_ns = pump->sampled_ns;
    t->compress_ns = pump->compress_ns;
    t->flush_ns = pump->flush_ns;
    if (!pump->sink) return;
    t->write_ns = pump->sink->write_ns;
    t->sync_ns = pump->sink->sync_ns;
}
} // namespace spout
