// assembly.cpp - the pieces of a file must tile it from its header to its end, and the rows must add up.
// Memory: pieces wait only while an earlier one is on its way.
#include "pg/parallel/assembly.hpp"

namespace spout
{
static void check(Assembly *a, Code rc)
{
    if (rc != Code::ok) raise_failure(writer_failure(a->pump->writer));
}

// --- files -------------------------------------------------------------------------------------------------

// File `index` and those before it, which somebody has begun.
static FileEntry *file_entry(Assembly *a, uint32 index)
{
    Pump *p = a->pump;
    while (p->nfiles <= index) {
        FileEntry *f = pump_new_file(p, p->nfiles);
        BytesRef header;
        check(a, file_begin(p->writer, f->index, &header));
        f->bytes = header.n;
        if (p->checksums) f->crc32c = crc32c(0, header.p, header.n);
        a->bytes += header.n;
    }
    return &p->files[index];
}

static bool fits(const FileEntry *f, const Piece *piece) { return piece->offset == f->bytes; }

static void join(Assembly *a, FileEntry *f, const Piece *piece)
{
    if (a->pump->checksums) f->crc32c = crc32c_join(f->crc32c, piece->crc32c, piece->bytes);
    f->bytes += piece->bytes;
    f->rows += piece->rows;
    f->raw_bytes += piece->raw_bytes;
    a->bytes += piece->bytes;
    a->rows += piece->rows;
    a->blocks += piece->blocks;
}

static void wait(Assembly *a, const Piece *piece)
{
    if (a->nwaiting == a->waiting_room) {
        uint32 room = Max(2 * a->waiting_room, 64);
        auto *fresh = (Piece *)MemoryContextAllocHuge(a->pump->cx, sizeof(Piece) * room);
        if (a->nwaiting) memcpy(fresh, a->waiting, sizeof(Piece) * a->nwaiting);
        if (a->waiting) pfree(a->waiting);
        a->waiting = fresh;
        a->waiting_room = room;
    }
    a->waiting[a->nwaiting++] = *piece;
}

static void take_placed(Assembly *a, const Piece *piece)
{
    FileEntry *f = file_entry(a, piece->file);
    f->id = piece->id; // the same in all of them: join() saw to that
    f->closed = f->closed || piece->closed;
    if (!fits(f, piece)) {
        wait(a, piece);
        return;
    }
    join(a, f, piece);
    for (uint32 i = 0; i < a->nwaiting;) {
        if (a->waiting[i].file != piece->file || !fits(f, &a->waiting[i])) {
            i++;
            continue;
        }
        join(a, f, &a->waiting[i]);
        a->waiting[i] = a->waiting[--a->nwaiting];
        i = 0; // the next may stand anywhere
    }
}

// --- a stream ----------------------------------------------------------------------------------------------

static void put(Assembly *a, FileEntry *f, const uint8 *bytes, size_t n)
{
    if (!n) return;
    a->pump->sink->ops->write(a->pump->sink, f->index, f->bytes, bytes, n);
    if (a->pump->checksums) f->crc32c = crc32c(f->crc32c, bytes, n);
    f->bytes += n;
    a->bytes += n;
}

// The block so far, if it comes in parts.
static BytesRef joined(Assembly *a, const Piece *piece)
{
    if (piece->process >= a->nparts) {
        uint32 n = piece->process + 1;
        auto *fresh = (Assembly::Part *)MemoryContextAllocZero(a->pump->cx, sizeof(Assembly::Part) * n);
        if (a->nparts) memcpy(fresh, a->parts, sizeof(Assembly::Part) * a->nparts);
        a->parts = fresh;
        a->nparts = n;
    }
    Assembly::Part *part = &a->parts[piece->process];
    if (part->n + piece->bytes > part->room) {
        size_t room = Max(2 * part->room, part->n + piece->bytes);
        auto *fresh = (uint8 *)MemoryContextAllocHuge(a->pump->cx, room);
        if (part->n) memcpy(fresh, part->p, part->n);
        if (part->p) pfree(part->p);
        part->p = fresh;
        part->room = room;
    }
    memcpy(part->p + part->n, piece->data, piece->bytes);
    part->n += piece->bytes;
    return {part->p, part->n};
}

static void forget_parts(Assembly *a, uint32 process)
{
    Assembly::Part *part = &a->parts[process];
    pfree(part->p); // it was an unusually large row
    *part = {};
}

// Patches what was made without knowing its place.
static void put_first(Assembly *a, FileEntry *f, BytesRef block)
{
    uint8 lead = *block.p;
    file_lead(a->pump->writer, &lead);
    put(a, f, &lead, 1);
    put(a, f, block.p + 1, block.n - 1);
}

static void take_streamed(Assembly *a, const Piece *piece, BytesRef block)
{
    FileEntry *f = &a->pump->files[0];
    bool wraps = a->placer->shared->wrapping.wraps;
    if (f->rows || wraps || !block.n)
        put(a, f, block.p, block.n);
    else
        put_first(a, f, block);
    if (wraps && !f->rows) ledger_started(a->placer->shared);
    f->rows += piece->rows;
    f->raw_bytes += piece->raw_bytes;
    f->closed = piece->closed;
    a->rows += piece->rows;
    a->blocks += piece->blocks;
}

// --- rows that come as they are ----------------------------------------------------------------------------

// Places a block of the leader's; but not while one of them is half way to a stream.
static void place_open(Assembly *a, bool at_end)
{
    Piece piece;
    do
        if (placer_take(a->placer, at_end, &piece)) assembly_take(a, &piece);
    while (a->placer->held.rows);
}

static void absorb(Assembly *a, const Piece *piece, BytesRef block)
{
    Placer *p = a->placer;
    while (!p->held.rows && pump_due(p->pump))
        place_open(a, false);
    size_t *ends = nullptr;
    if (p->shared->max_rows) {
        size_t n = sizeof *ends * piece->rows;
        if (n > block.n) elog(ERROR, "a piece has no ends of rows");
        block.n -= n;
        ends = (size_t *)MemoryContextAllocHuge(a->pump->cx, n + 1);
        memcpy(ends, block.p + block.n, n);
    }
    check(a, writer_absorb(a->pump->writer, block, (uint32)piece->rows, ends));
    if (ends) pfree(ends);
}

// --- the whole ---------------------------------------------------------------------------------------------

void assembly_begin(Assembly *a)
{
    Pump *p = a->pump;
    p->sink->ops->begin(p->sink, 0);
    FileEntry *f = pump_new_file(p, 0);
    BytesRef header;
    check(a, file_begin(p->writer, 0, &header));
    put(a, f, header.p, header.n);
    a->header_bytes = f->bytes;
}

void assembly_take(Assembly *a, const Piece *piece)
{
    if (!a->stream && !piece->raw)
        take_placed(a, piece);
    else {
        bool in_parts = piece->process < a->nparts && a->parts[piece->process].n;
        BytesRef block = {piece->data, piece->bytes};
        if (piece->more || in_parts) block = joined(a, piece);
        if (piece->more) return;
        (piece->raw ? absorb : take_streamed)(a, piece, block);
        if (in_parts) forget_parts(a, piece->process);
    }
    pump_progress(a->bytes, a->rows);
}

void assembly_rest(Assembly *a)
{
    Placer *p = a->placer;
    if (!p->shared->wrapping.wraps) return;
    p->final = true;
    while (placer_due(p, true))
        place_open(a, true);
    Piece collected;
    if (placer_end(p, &collected)) assembly_take(a, &collected);
    placer_leave(p);
}

void assembly_end(Assembly *a)
{
    Pump *p = a->pump;
    if (a->nwaiting)
        ereport(ERROR,
                (errcode(ERRCODE_INTERNAL_ERROR),
                 errmsg_internal("parallel export left a hole before byte " UINT64_FORMAT " of file %u",
                                 a->waiting[0].offset, a->waiting[0].file)));
    for (uint32 i = 0; i < p->nfiles; i++) {
        FileEntry *f = &p->files[i];
        if (p->sink->ops->shared) p->sink->ops->shared->join(p->sink, i, &f->id);
        BytesRef footer;
        Ending ending = f->closed ? Ending::closed : f->bytes ? Ending::open : Ending::empty;
        check(a, file_end(p->writer, i, ending, &footer));
        put(a, f, footer.p, footer.n);
        p->sink->ops->end(p->sink, f);
    }
    p->rows = a->rows;
    p->bytes = a->bytes;
    p->blocks = a->blocks;
    pump_progress(p->bytes, p->rows);
}
} // namespace spout
