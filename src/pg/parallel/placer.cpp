// placer.cpp - three roads for a block: collected with others and written into the only file; cut at the
// limit of a file and written; or handed to the leader. Waits for no other process but for the ledger's lock.
// Where a codec wraps whole blocks, what is left of rows at the end goes to the leader as it is, so that a
// small file is one block whoever encoded its rows.
#include "pg/server/clock.hpp"
#include "pg/parallel/placer.hpp"

namespace spout
{
constexpr size_t kStage = 256 * 1024;             // bytes written together
constexpr size_t kLargestPart = 64 * 1024 * 1024; // bytes of a block in one tuple

static void check(Placer *p, Code rc)
{
    if (rc != Code::ok) raise_failure(writer_failure(p->pump->writer));
}

static Sink *sink(Placer *p) { return p->pump->sink; }

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
    if (!at_end) return pump_due(pump);
    bool for_leader = p->shared->wrapping.wraps && p->process == 0; // whose it is already
    return pump->open->rows && (!for_leader || p->final);
}

static void take(Placer *p, uint32 rows, Position guess)
{
    guess.last = guess.last || (p->final && (!rows || rows == p->pump->open->rows));
    check(p, writer_take(p->pump->writer, rows, &p->held, guess));
    p->packed = guess;
    p->giving = false;
    CHECK_FOR_INTERRUPTS();
    Pump *pump = p->pump;
    pump->blocks++;
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

// The held block's place; it is packed for that.
static Place settle(Placer *p, uint32 file)
{
    bool final = p->final && !p->pump->open->rows;
    Parcel b = {file, p->held.rows, p->held.bytes.n, 0, p->packed.first, p->packed.last, final};
    for (;;) {
        b.bytes = p->held.bytes.n;
        b.largest = Max(b.largest, b.bytes);
        Place place = ledger_place(p->shared, sink(p), &b);
        b.first = place.first;
        b.last = place.last;
        check(p, file_place(p->pump->writer, {place.file, place.first, place.last}, &p->held));
        if (place.given) return place;
        CHECK_FOR_INTERRUPTS();
    }
}

static void write_held(Placer *p, const Place *place, bool begun, Piece *out)
{
    join(p, place->file, place->id, begun);
    start_piece(p, place, out);
    out->closed = place->last;
    put(p, out, p->held.bytes);
    count_block(out, &p->held);
    p->pump->compress_ns += p->held.compress_ns;
    p->held.rows = 0;
}

// --- the only file -----------------------------------------------------------------------------------------

static void write_collected(Placer *p, Piece *out)
{
    Parcel b = {0, p->collected.rows, p->staged, p->staged, false, false, false};
    Place place = ledger_place(p->shared, sink(p), &b);
    if (!place.given) elog(ERROR, "blocks were collected before the file had its first");
    join(p, 0, place.id, false); // the leader may have had no rows of its own
    if (place.first) file_lead(p->pump->writer, p->stage);
    start_piece(p, &place, out);
    put(p, out, {p->stage, p->staged});
    out->rows = p->collected.rows;
    out->raw_bytes = p->collected.raw_bytes;
    out->blocks = p->collected.blocks;
    memset(&p->collected, 0, sizeof p->collected);
    p->staged = 0;
}

static void collect(Placer *p)
{
    if (!p->stage) p->stage = (uint8 *)MemoryContextAlloc(p->cx, kStage);
    memcpy(p->stage + p->staged, p->held.bytes.p, p->held.bytes.n);
    p->staged += p->held.bytes.n;
    count_block(&p->collected, &p->held);
    p->pump->compress_ns += p->held.compress_ns;
    p->held.rows = 0;
}

static bool write_now(Placer *p, Piece *out)
{
    Place place = settle(p, 0);
    write_held(p, &place, false, out);
    return true;
}

static bool take_collecting(Placer *p, Piece *out)
{
    if (!p->held.rows) {
        bool header = p->shared->wrapping.header && ledger_at_start(p->shared);
        take(p, 0, {0, header, false});
        if (!header && !p->final) check(p, file_place(p->pump->writer, {0, false, false}, &p->held));
    }
    // What is packed with the header or footer waits for no company.
    bool alone = p->packed.first || p->packed.last;
    if (!alone && p->staged + p->held.bytes.n <= kStage) {
        collect(p);
        if (now_ns() - p->written_ns < kTellEveryNs) return false;
        write_collected(p, out); // a slow query: let it be seen
        return true;
    }
    if (!p->collected.blocks) return write_now(p, out);
    write_collected(p, out); // and the held block next time
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
    Pump *pump = p->pump;
    Grant grant = {};
    if (p->shared->max_rows)
        grant = ledger_grant(p->shared, sink(p), pump->open->rows);
    else if (p->shared->wrapping.wraps) {
        grant.first = ledger_at_start(p->shared);
        grant.last = pump->ledger.cut(pump->open->rows, pump->open->bytes, pump->block_size);
    }
    take(p, (uint32)grant.rows, {grant.file, grant.first, grant.last});
    Place place = settle(p, grant.file);
    write_held(p, &place, grant.begun || place.begun, out);
}

// --- to the leader -----------------------------------------------------------------------------------------

// The next part of the held block.
static void hand_part(Placer *p, Piece *out)
{
    *out = {};
    out->process = p->process;
    out->raw = p->giving;
    out->data = p->held.bytes.p + p->handed;
    out->bytes = Min(p->held.bytes.n - p->handed, kLargestPart);
    p->handed += out->bytes;
    out->more = p->handed < p->held.bytes.n;
    if (!p->giving) p->pump->bytes += out->bytes;
    if (out->more) return;
    if (p->giving) {
        out->rows = p->held.rows;
        out->ends = p->shared->max_rows ? p->ends : nullptr;
    } else {
        out->closed = p->packed.last;
        count_block(out, &p->held);
        p->pump->compress_ns += p->held.compress_ns;
    }
    p->held.rows = 0;
}

// Rows that the leader packs: the last ones, and in a stream those before it has sent its first block.
static bool gives(const Placer *p, bool at_end)
{
    if (!p->shared->wrapping.wraps || p->process == 0) return false;
    return at_end || (p->shared->stream && ledger_at_start(p->shared));
}

static void take_raw(Placer *p, Piece *out)
{
    check(p, writer_give(p->pump->writer, &p->held, &p->ends));
    p->giving = true;
    p->handed = 0;
    hand_part(p, out);
}

static void take_part(Placer *p, Piece *out)
{
    if (!p->held.rows) {
        bool first = p->shared->wrapping.wraps && ledger_at_start(p->shared);
        take(p, 0, {0, first, false});
        // Where nothing is packed, the leader makes a block the first of the stream.
        check(p, file_place(p->pump->writer, {0, first, p->packed.last}, &p->held));
        p->handed = 0;
    }
    hand_part(p, out);
}

bool placer_take(Placer *p, bool at_end, Piece *out)
{
    uint64 start = now_ns();
    bool placed = true;
    if (p->held.rows && p->giving)
        hand_part(p, out);
    else if (!p->held.rows && gives(p, at_end))
        take_raw(p, out);
    else if (p->shared->stream)
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
