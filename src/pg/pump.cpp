// pump.cpp - rows to blocks to files. Knows neither SQL nor formats.
#include "pg/pump.hpp"

#include "pg/memory.hpp"

extern "C" {
#include "commands/progress.h"
#include "pgstat.h"
#include "storage/latch.h"
#include "utils/backend_progress.h"
#include "utils/wait_event.h"
}

#include <ctime>

namespace spout
{
uint64 now_ns()
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64)t.tv_sec * 1000000000u + t.tv_nsec;
}

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

static void end_file(Pump *p)
{
    FileEntry *f = current(p);
    BytesRef footer;
    check(p, file_end(p->writer, f->index, p->ledger.offset == 0, &footer));
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

static void place(Pump *p, BlockRef *block)
{
    CHECK_FOR_INTERRUPTS();
    if (!p->ledger.open) begin_file(p);
    check(p, file_place(p->writer, current(p)->index, p->ledger.rows == 0, block));
    put(p, block->before);
    put(p, block->bytes);
    Ledger *l = &p->ledger;
    l->rows += block->rows;
    l->total_raw += block->raw_bytes;
    l->total_packed += block->bytes.n;
    current(p)->raw_bytes += block->raw_bytes;
    p->blocks++;
    block_boundary(p->bytes);
    p->compress_ns += block->compress_ns;
    if (l->full()) end_file(p);
    pump_progress(p->bytes, p->rows);
}

// Waits for the block that is being packed, but not for longer than until an interrupt.
static void wait_packed(Pump *p)
{
    uint64 start = now_ns();
    int fd = writer_submitted_fd(p->writer);
    for (;;) {
        int rc = WaitLatchOrSocket(MyLatch, WL_LATCH_SET | WL_SOCKET_READABLE | WL_EXIT_ON_PM_DEATH, fd, -1,
                                   PG_WAIT_EXTENSION);
        if (rc & WL_SOCKET_READABLE) break;
        ResetLatch(MyLatch);
        CHECK_FOR_INTERRUPTS();
    }
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
static void flush_overlapped(Pump *p)
{
    BlockRef last = {};
    if (submitted(p)) last = collect(p);
    p->ledger.ahead_rows = p->open->rows;
    p->ledger.ahead_raw = p->open->bytes;
    check(p, writer_submit(p->writer));
    if (last.rows) place(p, &last);
    if (p->ledger.rotates() && p->ledger.cut(0, 0, 0)) {
        last = collect(p); // it fills its file: whose block is next shows only when it has its place
        place(p, &last);
    }
}

static void flush(Pump *p)
{
    uint64 start = now_ns();
    if (p->overlap && p->blocks > 0)
        flush_overlapped(p);
    else {
        BlockRef block;
        check(p, writer_take(p->writer, 0, &block));
        place(p, &block);
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

void pump_row(Pump *p, TupleTableSlot *slot)
{
    pump_add(p, slot);
    if (unlikely(pump_due(p))) flush(p);
}

void pump_end(Pump *p)
{
    if (p->open->rows) flush(p);
    if (submitted(p)) {
        BlockRef last = collect(p);
        place(p, &last);
    }
    if (p->nfiles == 0) begin_file(p);
    if (p->ledger.open) end_file(p);
    pump_progress(p->bytes, p->rows);
}
} // namespace spout
