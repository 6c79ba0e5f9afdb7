// assembly.hpp - the leader's side of a parallel export: pieces come in any order and must be whole files in
// the end; or blocks come as bytes, and go on to a stream.
#pragma once
#include "pg/parallel/placer.hpp"

namespace spout
{
struct Assembly {
    Pump *pump;          // of the leader: its files[] are filled here
    Placer *placer;      // likewise
    bool stream;         // pieces bring their bytes
    uint64 header_bytes; // of each file
    uint64 rows, bytes, blocks;
    Piece *waiting; // placed behind bytes of which nobody has told yet
    uint32 nwaiting, waiting_room;
    struct Part {
        uint8 *p; // of a block that comes in parts
        size_t n, room;
    } * parts; // per process
    uint32 nparts;
};
void assembly_begin(Assembly *); // begins file 0
void assembly_take(Assembly *, const Piece *);
// When all processes are done: places the rows that they gave to the leader, and its own.
void assembly_rest(Assembly *);
// When all processes are done: nothing may be missing. Ends every file.
void assembly_end(Assembly *);
} // namespace spout
