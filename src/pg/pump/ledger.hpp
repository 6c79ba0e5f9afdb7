// ledger.hpp - which file the next block goes to, and where in it. Rotation is decided here and nowhere else.
// Local when one process encodes; a block never straddles files.
#pragma once
#include "pg/server/pg.hpp"

namespace spout
{
struct Ledger {
    uint64 max_rows, max_bytes;     // 0 = off
    bool open;                      // the current file has been begun and not ended
    uint32 next_file;               // index of the next file to begin
    uint64 offset, rows;            // of the current file; a new file starts at 0
    uint64 total_raw, total_packed; // of all blocks so far: how well this data compresses
    uint64 ahead_rows, ahead_raw;   // of the block that is being packed: it goes to the current file, too

    bool rotates() const { return max_rows || max_bytes; }
    // Must the open block be taken before another row joins it?
    bool cut(uint64 pending_rows, uint64 pending_raw, size_t block_size) const
    {
        if (max_rows && rows + ahead_rows + pending_rows >= max_rows) return true;
        return max_bytes && nearly_full(pending_raw, block_size);
    }

  private:
    // An early cut keeps files near max_bytes; a floor on its size keeps the compression worth while.
    bool nearly_full(uint64 pending_raw, size_t block_size) const
    {
        bool packs = total_packed < total_raw;
        double ratio = packs ? (double)total_packed / total_raw : 1.0;
        return (!packs || pending_raw >= block_size / 16) &&
               offset + (ahead_raw + pending_raw) * ratio >= max_bytes;
    }
};
} // namespace spout
