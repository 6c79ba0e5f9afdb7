// pump.hpp - blocks from the writer into files of a sink, under the ledger. Every door runs this.
#pragma once
#include "engine/wall.hpp"
#include "pg/bind/bind.hpp"
#include "pg/pump/ledger.hpp"
#include "pg/target/sink.hpp"

namespace spout
{
struct Pump {
    MemoryContext cx;      // the export's leaf
    Writer *writer;        // owned by the leaf's reset callback
    const OpenBlock *open; // of the writer
    Sink *sink;            // likewise
    Binder *binder;
    Ledger ledger;
    size_t block_size;
    bool takes_stored; // the writer, in this export
    bool checksums;    // somebody will see FileEntry::crc32c
    bool overlap;      // a thread packs blocks
    FileEntry *files;  // ended and current, in index order
    uint32 nfiles, files_room;
    uint64 rows, bytes, blocks;
    // Where the time goes. Encoding is timed on a sample of the rows: two clock reads per row would cost more
    // than 1 %.
    uint64 sampled_ns, sampled_rows, compress_ns, flush_ns, wait_ns;
    uint64 next_sample; // the row to time, counted from 1
};

// Must the open block be placed before another row joins it? It is, once there is such a row.
inline bool pump_due(const Pump *p)
{
    return p->open->full ||
           (p->ledger.rotates() && p->ledger.cut(p->open->rows, p->open->bytes, p->block_size));
}
// A row from the executor, encoded into the open block.
void pump_add(Pump *, TupleTableSlot *);
// The same, after the block is placed if it is due.
void pump_row(Pump *, TupleTableSlot *);
// After the last row: places what is left and ends the last file. Zero rows give one valid, empty file.
void pump_end(Pump *);
// A new entry at the end of files[]; may move them.
FileEntry *pump_new_file(Pump *, uint32 index);
void pump_progress(uint64 bytes, uint64 rows); // to pg_stat_progress_copy
} // namespace spout
