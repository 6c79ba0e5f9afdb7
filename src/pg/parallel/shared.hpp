// shared.hpp - what the processes of one parallel export share: the ledger, which gives every block its
// place, and each process's totals. Lives in the Encode node's dynamic shared memory, or in the leader's own
// memory while there is none. Decides, writes nothing.
#pragma once
#include "engine/wall.hpp"
#include "pg/pump/ledger.hpp"
#include "pg/server/memory.hpp"
#include "pg/server/pg.hpp"
#include "pg/target/sink.hpp"

extern "C" {
#include "storage/lwlock.h"
}

namespace spout
{
// A file to which blocks are still being given places.
struct OpenFile {
    uint32 index;
    uint32 grants; // rows were granted, their block is not placed yet; at most one per process
    bool any;      // has a block
    bool closed;   // has its last
    FileId id;     // of file 0, only the sink knows it
    uint64 offset; // where the next block goes
    uint64 rows;   // granted or placed
};

// What one process has done.
struct Totals {
    uint64 rows, blocks, bytes;
    uint64 sampled_rows, sampled_ns; // encoding
    uint64 compress_ns, flush_ns, write_ns, sync_ns, run_ns;
    MeterShare memory; // where Shared::metered, of workers
};

constexpr int kMaxWarned = 64;

struct Shared {
    LWLock lock; // of everything below, but for totals
    LWLock turn; // held from grant to placement where rows and bytes both end a file
    int tranche;
    bool stream;              // blocks travel to the leader instead
    bool checksums;           // of files: somebody will see them
    bool metered;             // a meter runs in the leader
    bool leader_participates; // so rows are not lost if every worker is idle
    Wrapping wrapping;        // of blocks, by the codec
    uint64 max_rows, max_bytes;
    uint64 header_bytes;       // of each file, where they stand alone
    uint32 current;            // in open[]
    uint32 processes;          // leader included; open[] has one more
    uint32 warned[kMaxWarned]; // crc32c of warnings given
    uint32 nwarned;
    uint32 message_bytes;
    Totals *totals() { return (Totals *)(open + processes + 1); }
    char *message() { return (char *)(totals() + processes); } // message.hpp
    bool limited() const { return max_rows || max_bytes; }
    OpenFile open[FLEXIBLE_ARRAY_MEMBER];
};
// A number for locks that lie in dynamic shared memory: one for the life of the server, since they are never
// given back.
int tranche_of_server(const char *purpose);
size_t shared_size(uint32 processes, size_t message);
// `from`: the leader's, made before it was known how many workers there are; null: all zero.
void shared_init(Shared *to, const Shared *from, uint32 processes);
// True for the first process that asks with this checksum of a text.
bool ledger_first_warning(Shared *, uint32 crc);
void shared_attach(Shared *); // in each process, before its locks are used

// The file and the number of rows of a block that may go there, at most `rows`; only if max_rows is set.
// Creates the next file if the current one has its share: `begun` tells, and then its header is the caller's
// to write.
struct Grant {
    uint32 file;
    uint64 rows;
    bool begun;
    bool first, last; // most likely: of the file
};
Grant ledger_grant(Shared *, Sink *, uint64 rows);
// How the next block should be packed: most likely it is the first of its file, or it is not.
bool ledger_at_start(Shared *);
void ledger_started(Shared *); // a stream has its first block

// A block that wants a place.
struct Parcel {
    uint32 file; // of its grant; ignored without max_rows
    uint64 rows, bytes;
    uint64 largest; // what it has been packed to, at most, so that a footer does not decide where a file ends
    bool first, last; // what it is packed for
    bool final;       // no process has another one
};
// Not given: the block must be packed for what is said here and ask again, since its place may be another by
// then. Only where Shared::wrapping has a header or footer.
struct Place {
    bool given;
    uint32 file;
    FileId id; // if the ledger knows it
    uint64 offset;
    bool first, last; // of its file
    bool begun;
};
Place ledger_place(Shared *, Sink *, const Parcel *);
} // namespace spout
