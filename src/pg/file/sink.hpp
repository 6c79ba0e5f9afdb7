// sink.hpp - the state of the file sink and what its parts (sink, target, shared, publish, stale_files,
// sweep) ask of each other. Private to them. docs/architecture.md tells the protocol.
//
// Names: F is a final name, H = ".<base>.<16 hex>.spout-tmp" a hidden one (the first file's base is
// "pg_spout", so that it can be found by the run alone: its lock is the run's sign of life), T a file without
// a name (O_TMPFILE). All of them are single components relative to dirfd, which pins the directory whatever
// happens to its path.
#pragma once
#include <sys/stat.h>

#include "pg/server/file_error.hpp"
#include "pg/file/paths.hpp"
#include "pg/target/sink.hpp"

namespace spout
{
constexpr uint32 kManifest = UINT32_MAX; // in place of a file's index: the manifest
constexpr int kNoFd = -1;
// Over a directory, to remove names: what a pass sees of one that changes under it is not defined.
constexpr int kMaxPasses = 5;
using Name = char[kMaxName + 1];

inline FileId id_of(const struct stat &st) { return {st.st_dev, st.st_ino}; }

// A finished file, as it was when its last byte had been written: what is published must be this.
struct Made {
    FileId id;
    uint64 bytes;
};

struct Publication;

struct FileSink {
    Sink sink;
    MemoryContext leaf; // borrowed: outlives us, everything we allocate is in it
    FileTarget target;
    const char *dir, *base; // "/d", "out.avro"; target.path is "/d/out.avro"
    Run run;                // that all hidden names of this export share

    // Descriptors, each announced with AcquireExternalFD(), or kNoFd.
    int dirfd;
    int fd;    // the file being written
    int first; // the first file, kept and flocked until the end: tells sweepers that its run is alive
    int begun; // file begun_index, which this process has created for several and not joined yet
    uint32 begun_index;

    // Several processes write.
    bool shared;
    bool guest; // the files are the leader's: it removes them, and it locks
    struct Host {
        pid_t pid; // the leader and its descriptor of file 0
        int fd;
        FileId file, dir;
    } host;

    // Who may read the files: file_access.cpp.
    gid_t gid; // if target.group
    struct Access {
        bool known;
        mode_t mode;
        gid_t gid;
    } like;           // of the first file that is replaced: for those that replace none
    gid_t lost_group; // that a replaced file had and its successor could not be given
    bool any_lost_group;

    bool nameless; // O_TMPFILE and /proc/self/fd work here
    bool locked;   // we hold the lock on dirfd
    // What abort has to unlink: the hidden names of files 0 .. hidden-1, and of the manifest.
    uint32 hidden;
    bool hidden_manifest;
    // What was finished: files in index order; the manifest.
    Made *made;
    uint32 nmade, made_room;
    Made manifest;
    Publication *publication; // while only a part is visible

    // Of the file being written.
    struct Window {
        uint64 from, to;
    };
    Window dirty;      // written since write-back was last started
    Window sent;       // for this write-back was started
    uint64 written;    // bytes in `dirty`; other processes may write between ours
    bool windows;      // sync_file_range works here
    uint64 until_look; // bytes to write before looking at free space again
};

// --- sink_target.cpp ----------------------------------------------------------------------------
void final_name(const FileSink *, uint32 index, Name out); // F; raises ENAMETOOLONG
enum class Hidden : uint8 {
    data,   // new data; after an exchange, the old file
    backup, // of an old file, where names cannot be exchanged
    kept,   // an old file that could not be brought back: no sweep touches it
};
constexpr char kKeptSuffix[] = ".spout-old";
void hidden_name(const FileSink *, uint32 index, Name out, Hidden = Hidden::data);
char *final_path(const FileSink *, uint32 index);  // palloc'd, for messages and results
char *path_of(const FileSink *, const char *name); // likewise
// Raises 42809 unless F is absent or a regular file; 58P02 if it exists and must not. True: st is filled.
bool check_target(const FileSink *, uint32 index, struct stat *st);
// The same for every file of the set that exists, and the manifest.
void check_targets(const FileSink *);
// Calls visit with each name in the directory, which must not ereport. False with errno: not all were seen;
// EINTR: for a cancel or the end of the session waits.
bool each_name(const FileSink *, void (*visit)(void *arg, const char *name), void *arg);
// Ascending indexes >= from of the set's files that exist, palloc'd in the leaf.
uint32 *existing_indexes(const FileSink *, uint32 from, uint32 *n);

// Does the name in the directory lead to this finished file? False with errno; ESTALE: to another one, or to
// none.
bool is_made(const FileSink *, const char *name, const Made *);
// ERROR: somebody gave the hidden name of a file of ours to another one. detail: null, if nothing was
// published.
[[noreturn]] void raise_replaced(const FileSink *, uint32 index, const char *detail = nullptr);

// --- sink_shared.cpp: files that several processes write -------------------------------------------
// Hidden files that any process of this export has made, known to us or not. Closes dirfd.
void unlink_all_hidden(FileSink *);

// --- sink_file.cpp ------------------------------------------------------------------------------
// openat() that keeps the server's books; kNoFd and errno on failure. drop() closes, if open.
int counted_openat(int dirfd, const char *name, int flags, mode_t mode = 0);
FileSink *new_file_sink(MemoryContext leaf, const FileTarget *); // without its run's name
void forget_windows(FileSink *);                                 // another file is written from here on
void drop(int *fd);
bool checked_close(int *fd); // false: the kernel tells of a write error, errno says which
// T of descriptor fd becomes H. False with errno.
bool link_hidden(FileSink *, int fd, uint32 index);

// --- file_access.cpp: permission bits and groups of new files --------------------------------------
void find_group(FileSink *); // raises 42704: the option names none; 42501: it cannot be given
// The open file gets what the options say; else what the file has that it replaces (old, null: it replaces
// none).
void set_access(FileSink *, uint32 index, const struct stat *old);
void warn_of_lost_group(const FileSink *);

// --- publish.cpp --------------------------------------------------------------------------------
void publish(FileSink *, uint32 n, bool manifest);
void abandon_publication(FileSink *); // in abort: takes back what publish() had come to

// --- stale_files.cpp: files of an earlier export of another shape ------------------------------
constexpr uint32 kWhole = UINT32_MAX - 1; // in place of a file's index: the file of an export that is no set
struct StaleFile {
    uint32 index;
    struct stat st;
    bool listed; // in the old manifest, with what follows
    uint64 bytes;
    uint32 crc32c;
    bool ours; // and that is what it holds, so it may go
};
struct StaleFiles {
    StaleFile *files; // by index
    uint32 n;
    Name manifest; // of an earlier export; empty: there is none
};
// Looks for what an export of n files does not replace, and verifies it; reads files, so it runs before the
// lock is taken. May ereport.
void find_stale_files(FileSink *, uint32 n, StaleFiles *);
// Under the lock: unlinks what is ours and unchanged since. Files removed leave the list. Raises no ERROR.
void remove_stale_files(FileSink *, StaleFiles *);
// `manifest`: this export has written its own.
void warn_of_stale_files(const FileSink *, const StaleFiles *, bool manifest);

// --- sweep.cpp ----------------------------------------------------------------------------------
// Unlinks hidden files of runs that died: ours, old, regular, nobody's lock on any file of their run.
void sweep(FileSink *);
} // namespace spout
