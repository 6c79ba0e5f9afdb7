// transport.hpp - the road of a record to the tables: what is sent is not undone by ROLLBACK.
#pragma once
#include "pg/server/pg.hpp"

namespace spout
{
struct RecordCounts {
    uint64 sent, committed, rejected; // by this session, so far
};

// Nothing is recorded on a standby, nor before CREATE EXTENSION of `function` has committed.
bool recordable(Oid function);
// A record as rows.cpp reads it. False when nothing can be recorded, or when it was lost.
bool send_record(Oid function, const char *record);
// Waits until all is safe, at most so long.
RecordCounts flush_records(double seconds);
} // namespace spout
