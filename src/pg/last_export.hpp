// last_export.hpp - what the session's last export did, kept for last_export(). A session may change hands
// (SET ROLE, SET SESSION AUTHORIZATION, a pool): what is kept belongs to the role that exported.
#pragma once
#include "pg/pg.hpp"

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

// Allocates nothing: also called on the way out of an ERROR.
void remember_export(const ExportStats *);
// Null: there was none, or the current user has not the privileges of the role that exported.
const ExportStats *remembered_export();
void forget_export(); // DISCARD ALL
} // namespace spout
