// placer.hpp - the blocks of one process, on their way to the place the shared ledger gives them, or to the
// leader. What became of them is told in pieces: one tuple of the Encode node each.
#pragma once
#include "pg/pump/pump.hpp"
#include "pg/parallel/shared.hpp"

extern "C" {
#include "catalog/pg_type_d.h"
}

namespace spout
{
// Bytes of whole blocks, placed in a file; or, in a stream, the bytes themselves; or rows that the leader is
// to pack with others.
struct Piece {
    uint32 process; // 0: the leader
    uint32 file;
    uint64 offset, bytes;
    uint64 rows, raw_bytes;
    uint32 crc32c, blocks;
    FileId id;          // that they went into
    const uint8 *data;  // of a stream, or raw
    bool more;          // the block goes on in this process's next piece
    bool raw;           // not packed: `rows` of it, as writer_give() gives them
    const size_t *ends; // of these rows, where they are cut; on the way they stand behind the last part
    bool closed;        // the last block of the file is here
};
// How long bytes may be on their way before the leader, and who watches its progress, hears of them.
constexpr uint64 kTellEveryNs = 250 * 1000 * 1000;
// As the columns of the Encode node.
constexpr int kPieceColumns = 14;
constexpr Oid kPieceTypes[kPieceColumns] = {INT4OID, INT4OID, INT8OID, INT8OID, INT8OID, INT8OID, INT8OID,
                                            INT4OID, BOOLOID, INT8OID, INT8OID, BOOLOID, BOOLOID, BYTEAOID};

struct Placer {
    MemoryContext cx; // the export's leaf
    Pump *pump;       // encoder, binder and sink of this process; its ledger only says where to cut
    Shared *shared;
    uint32 process; // index into shared->totals()
    uint32 file;    // open for writing, if `joined`
    FileId id;      // of that file
    bool joined;
    bool final;         // leader: no process has another block
    BlockRef held;      // taken and not placed yet, if it has rows; the writer's
    Position packed;    // what it is packed for
    bool giving;        // it is raw, on its way to the leader
    const size_t *ends; // of its rows, likewise
    // Of the only file: blocks collected to be written together.
    uint8 *stage;
    size_t staged;
    uint64 written_ns; // when a piece was last written
    Piece collected;
    size_t handed; // bytes of the held block that went to the leader
};

// False: this process cannot write into the leader's file, and must leave the rows to others.
bool placer_ready(Placer *);
// Must placer_take() be called? At the end of the input: for whatever is left.
bool placer_due(const Placer *, bool at_end);
// Takes the open block, or the part of it that its file has room for, and places it. True: *out tells of
// bytes placed; false: they were collected.
bool placer_take(Placer *, bool at_end, Piece *out);
// At the end, when nothing is due: places what was collected. True: *out tells of it.
bool placer_end(Placer *, Piece *out);
void placer_leave(Placer *);  // closes the open file
void placer_report(Placer *); // this process's totals, into shared memory
} // namespace spout
