// sink.hpp - where the bytes of an export go. A plain struct on the longjmp side: every function but
// abort may ereport.
// Order of calls: open, then for each file begin, write ..., end; finish once; or abort at any point.
// New sink: src/pg/sink_x.cpp with one SinkOps.
#pragma once
#include "pg/server/pg.hpp"

extern "C" {
#include "lib/stringinfo.h"
}

namespace spout
{
struct Sink;

// Which file a name led to when it was written: names in a directory may be given to other files meanwhile.
struct FileId {
    uint64 dev, ino; // both 0: the sink has no files
    bool operator==(const FileId &o) const { return dev == o.dev && ino == o.ino; }
};

// One written file, as told to the caller and to the manifest.
struct FileEntry {
    char *path; // final name, palloc'd in the export's leaf context
    uint32 index;
    uint64 rows, bytes, raw_bytes;
    uint32 crc32c; // 0 where nobody asked (Pump::checksums)
    FileId id;     // of a parallel export: what every process has written to
    bool closed;   // likewise: its last block is known and placed
};

// The leader's sink is as above: it begins file 0, and it alone ends, finishes and aborts. In between any
// process may create the next file, and each joins the files it writes, one at a time.
struct SharedOps {
    void (*share)(Sink *);                                // leader, after open: others will write, too
    void (*tell)(Sink *, StringInfo to);                  // leader, after begin(0): what attach needs
    Sink *(*attach)(MemoryContext leaf, StringInfo from); // in another process; its abort only closes
    FileId (*create)(Sink *, uint32 index); // any process: begins the next file; it has to join it to write
    // Opens a file that is begun. *id: which it must be, if that is known, and which it is. False: the
    // leader's nameless file cannot be opened from this process.
    bool (*join)(Sink *, uint32 index, FileId *);
    void (*leave)(Sink *, uint32 index); // closes it, on disk if asked, since only who wrote learns of errors
};

struct SinkOps {
    // Checks the target and pins what later calls need (the directory). Nothing on disk changes.
    void (*open)(Sink *);
    void (*begin)(Sink *, uint32 index);
    // At most 2 GB; offset is relative to the file. Continues short writes, checks for interrupts.
    void (*write)(Sink *, uint32 index, uint64 offset, const uint8 *p, size_t n);
    // The file is complete with exactly `entry->bytes` bytes; fills entry->path. On disk (if asked), not
    // published.
    void (*end)(Sink *, FileEntry *entry);
    // Everything is on disk: publish all files in index order, then the manifest (null: none).
    void (*finish)(Sink *, const FileEntry *entries, uint32 n, const char *manifest, size_t manifest_size);
    // Removes everything unpublished. Never ereports ERROR, never pallocs, safe to call twice and after
    // finish.
    void (*abort)(Sink *);
    int progress_type; // PROGRESS_COPY_TYPE_*
    // For targets that several processes write at once; null: one process only.
    const SharedOps *shared;
};

struct Sink {
    const SinkOps *ops;
    uint64 sync_ns, write_ns; // spent so far, for last_export()
};

extern const SharedOps kSharedFileOps, kSharedNullOps;
// The same for any sink that has shared operations.
void tell_sink(Sink *, StringInfo to);
Sink *attach_sink(MemoryContext leaf, StringInfo from);

// What a file target needs to know.
struct FileTarget {
    const char *path; // absolute, canonical, checked by check_path(); borrowed
    bool rotated;     // names are <stem>_<index:03d><suffix>
    bool fail_if_exists, sync, manifest;
    int mode;          // permission bits; -1: of what is replaced
    const char *group; // name or number, UTF-8; null: of what is replaced
};
// Allocates in `leaf`, which must outlive the sink; the caller registers the callback that calls abort.
Sink *sink_file_create(MemoryContext leaf, const FileTarget *);
Sink *sink_null_create(MemoryContext leaf); // for /dev/null: everything is counted, nothing kept
// What the client is told before the first byte.
struct StreamShape {
    bool text;     // lines of text; else binary
    int16 columns; // announced
};
Sink *sink_stdout_create(MemoryContext leaf, StreamShape); // CopyData to the client; one stream, no rotation
// A shell command's input; one stream. finish raises 38000 with the exit status unless it is 0.
Sink *sink_program_create(MemoryContext leaf, const char *command);
} // namespace spout
