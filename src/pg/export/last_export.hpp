// last_export.hpp - what the session's last export did, kept for last_export(). A session may change hands
// (SET ROLE, SET SESSION AUTHORIZATION, a pool): what is kept belongs to the role that exported.
#pragma once
#include "pg/target/sink.hpp"

namespace spout
{
constexpr uint32 kMaxProcesses = 32; // of more, the rest are not told of one by one
struct ProcessStats {
    uint64 rows, blocks, bytes;
    uint64 run_ns, encode_ns, compress_ns, write_ns, sync_ns;
};

struct ExportStats {
    Oid owner; // the role whose rights the export had
    bool failed;
    char format[16], codec[16];
    uint64 rows, files, bytes, raw_bytes, blocks;
    uint64 plan_ns, execute_ns, encode_ns, compress_ns, write_ns, sync_ns, wait_ns; // of all processes
    char serial_why[NAMEDATALEN + 64];     // empty: parallel workers encoded
    bool stream;                           // their blocks went through the leader
    uint32 planned, workers;               // parallel workers: wanted, and there
    ProcessStats processes[kMaxProcesses]; // the leader first
    uint32 nprocesses;
    char sqlstate[6], error[512];
};

// The files of an export, in little room: a set may have 10^5 of them.
struct FileRecord {
    uint64 rows, bytes, raw_bytes;
    uint32 index, crc32c;
};
constexpr uint32 kMaxRemembered = 1024 * 1024; // 32 MB; of larger sets, the first ones
struct ExportedFiles {
    const char *path; // canonical: what their names are made from
    bool rotated;
    bool checksums; // crc32c is known
    uint32 n;
    const FileRecord *files;
};

void make_room_to_remember(); // before an export: what can fail is done here
// After an ERROR, when nothing was published: no files. Allocates nothing.
void remember_failure(const ExportStats *);
// After publishing, so it never fails: where memory is short, the files are not remembered. `path` null: a
// stream.
void remember_success(const ExportStats *, const char *path, const FileEntry *, uint32 n, bool checksums);
// Null: there was none, or the current user has not the privileges of the role that exported.
const ExportStats *remembered_export();
const ExportedFiles *remembered_files(); // null likewise; valid until the next export
// Its name; palloc'd.
char *remembered_path(const ExportedFiles *, const FileRecord *);
void forget_export(); // DISCARD ALL
} // namespace spout
