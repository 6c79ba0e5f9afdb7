// pump.cpp - rows to blocks to files. Knows neither SQL nor formats.
#include "pg/pump/pump.hpp"

#include "pg/server/clock.hpp"
#include "pg/server/memory.hpp"
#include "pg/server/wait.hpp"

extern "C" {
#include "commands/progress.h"
#include "pgstat.h"
#include "utils/backend_progress.h"
}

#include <poll.h>

namespace spout
{
// A failure of the core outside a row: while compressing or framing.
static void check(Pump *p, Code rc)
{
    if (rc != Code::ok) raise_failure(writer_failure(p->writer));
}

static FileEntry *current(Pump *p) { return &p->files[p->nfiles - 1]; }

static void put(Pump *p, BytesRef b)
{
    if (!b.n) return;
    FileEntry *f = current(p);
    p->sink->ops->write(p->sink, f->index, p->ledger.offset, b.p, b.n);
    if (p->checksums) f->crc32c = crc32c(f->crc32c, b.p, b.n);
    p->ledger.offset += b.n;
    p->bytes += b.n;
}

FileEntry *pump_new_file(Pump *p, uint32 index)
{
    if (p->nfiles == p->files_room) {
        uint32 room = Max(p->files_room * 2, 16);
        MemoryContext old = MemoryContextSwitchTo(p->cx);
        auto *fresh = (FileEntry *)palloc_extended(sizeof(FileEntry) * room, MCXT_ALLOC_HUGE);
        MemoryContextSwitchTo(old);
        if (p->nfiles) memcpy(fresh, p->files, sizeof(FileEntry) * p->nfiles);
        if (p->files) pfree(p->files);
        p->files = fresh;
        p->files_room = room;
    }
    p->files[p->nfiles] = {};
    p->files[p->nfiles].index = index;
    p->files[p->nfiles].raw_bytes = writer_edges(p->writer);
    return &p->files[p->nfiles++];
}

static void begin_file(Pump *p)
{
    uint32 index = p->ledger.next_file++;
    pump_new_file(p, index);
    p->ledger.open = true;
    p->sink->ops->begin(p->sink, index);
    BytesRef header;
    check(p, file_begin(p->writer, index, &header));
    put(p, header);
}

static void end_file(Pump *p, Ending ending)
{
    FileEntry *f = current(p);
    BytesRef footer;
    check(p, file_end(p->writer, f->index, ending, &footer));
    put(p, footer);
    f->rows = p->ledger.rows;
    f->bytes = p->ledger.offset;
    p->sink->ops->end(p->sink, f);
    p->ledger.open = false;
    p->ledger.offset = p->ledger.rows = 0;
}

void pump_progress(uint64 bytes, uint64 rows)
{
    const int index[] = {PROGRESS_COPY_BYTES_PROCESSED, PROGRESS_COPY_TUPLES_PROCESSED};
    const int64 value[] = {(int64)bytes, (int64)rows};
    pgstat_progress_update_multi_param(2, index, value);
}

// Has the file its share with this block? Its size may be that of any way to pack it.
static bool fills(const Pump *p, const BlockRef *block, uint64 size)
{
    const Ledger *l = &p->ledger;
    return (l->max_rows && l->rows + block->rows >= l->max_rows) ||
           (l->max_bytes && l->offset + size >= l->max_bytes);
}

// Makes the block one of the current file, whose last it may be: true. `final`: no other follows.
static bool settle(Pump *p, BlockRef *block, bool final)
{
    if (!p->ledger.open) begin_file(p);
    uint64 size = block->bytes.n;
    Position at = {current(p)->index, p->ledger.rows == 0, final || fills(p, block, size)};
    check(p, file_place(p->writer, at, block));
    size = Max(size, block->bytes.n);
    if (!at.last && fills(p, block, size)) { // only by its header
        at.last = true;
        check(p, file_place(p->writer, at, block));
    }
    return at.last;
}

static void write(Pump *p, const BlockRef *block, bool last)
{
    CHECK_FOR_INTERRUPTS();
    put(p, block->bytes);
    Ledger *l = &p->ledger;
    l->rows += block->rows;
    l->total_raw += block->raw_bytes;
    l->total_packed += block->bytes.n;
    current(p)->raw_bytes += block->raw_bytes;
    p->blocks++;
    block_boundary(p->bytes);
    p->compress_ns += block->compress_ns;
    if (last) end_file(p, Ending::closed);
    pump_progress(p->bytes, p->rows);
}

static void place(Pump *p, BlockRef *block, bool final) { write(p, block, settle(p, block, final)); }

// Where the open block will stand, as far as can be told, if the current file has so much in it.
static Position guess(const Pump *p, uint64 rows, uint64 offset, bool final)
{
    Ledger l = p->ledger;
    l.rows = rows;
    l.offset = offset;
    l.ahead_rows = l.ahead_raw = 0;
    return {0, rows == 0, final || (l.rotates() && l.cut(p->open->rows, p->open->bytes, p->block_size))};
}

// Waits for the block that is being packed, but not for longer than until an interrupt.
static void wait_packed(Pump *p)
{
    uint64 start = now_ns();
    int fd = writer_submitted_fd(p->writer);
    if (fd < 0) return; // no thread could be had: it is packed
    wait_for_fd(fd, POLLIN);
    p->wait_ns += now_ns() - start;
}

static BlockRef collect(Pump *p)
{
    wait_packed(p);
    BlockRef block;
    check(p, writer_collect(p->writer, &block));
    p->ledger.ahead_rows = p->ledger.ahead_raw = 0;
    return block;
}

static bool submitted(const Pump *p) { return p->ledger.ahead_rows > 0; }

// The next block is packed while the last one is written and rows are encoded into another.
static void flush_overlapped(Pump *p, bool final)
{
    BlockRef block = {};
    bool ended = false;
    if (submitted(p)) {
        block = collect(p);
        ended = settle(p, &block, false);
    }
    const Ledger *l = &p->ledger;
    Position next =
        ended ? guess(p, 0, 0, final) : guess(p, l->rows + block.rows, l->offset + block.bytes.n, final);
    p->ledger.ahead_rows = p->open->rows;
    p->ledger.ahead_raw = p->open->bytes;
    check(p, writer_submit(p->writer, next));
    if (block.rows) write(p, &block, ended);
    if (p->ledger.rotates() && p->ledger.cut(0, 0, 0)) {
        block = collect(p); // it fills its file: whose block is next shows only when it has its place
        place(p, &block, final);
    }
}

// Places what is open. `final`: there are no more rows.
static void flush(Pump *p, bool final)
{
    uint64 start = now_ns();
    if (p->overlap && p->blocks > 0)
        flush_overlapped(p, final);
    else {
        BlockRef block;
        Position at = guess(p, p->ledger.rows, p->ledger.offset, final);
        check(p, writer_take(p->writer, 0, &block, at));
        place(p, &block, final);
    }
    p->flush_ns += now_ns() - start;
}

// A prime, so that the sample does not fall in step with the data.
constexpr uint32 kSampleEvery = 251;

static inline void encode(Pump *p, TupleTableSlot *slot)
{
    bind_next(p->binder, slot);
    bool taken = false;
    Code rc = Code::ok;
    if (p->takes_stored) rc = writer_add_stored(p->writer, {slot->tts_values, slot->tts_isnull}, &taken);
    if (unlikely(!taken) && rc == Code::ok) {
        bind_cells(p->binder, slot);
        if (unlikely(p->binder->careful)) writer_expect_printed(p->writer);
        rc = writer_add(p->writer, p->binder->cells, p->binder->ncolumns);
    }
    if (unlikely(rc != Code::ok)) raise_value(writer_failure(p->writer), &p->binder->at);
}

static pg_noinline void encode_sample(Pump *p, TupleTableSlot *slot)
{
    uint64 start = now_ns();
    encode(p, slot);
    p->sampled_ns += now_ns() - start;
    p->sampled_rows++;
    p->next_sample = p->rows + kSampleEvery;
}

void pump_add(Pump *p, TupleTableSlot *slot)
{
    if (likely(++p->rows < p->next_sample))
        encode(p, slot);
    else
        encode_sample(p, slot);
}

// A block is placed when the next row is there: the last one of all is to know that it is.
void pump_row(Pump *p, TupleTableSlot *slot)
{
    if (unlikely(pump_due(p))) flush(p, false);
    pump_add(p, slot);
}

void pump_end(Pump *p)
{
    if (p->open->rows) flush(p, true);
    if (submitted(p)) {
        BlockRef last = collect(p);
        place(p, &last, true);
    }
    if (p->nfiles == 0) begin_file(p);
    if (p->ledger.open) end_file(p, Ending::empty);
    pump_progress(p->bytes, p->rows);
}
} // namespace spout
