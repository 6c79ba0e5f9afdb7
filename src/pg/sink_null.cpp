// sink_null.cpp - the target /dev/null: everything is encoded and counted, nothing kept. Opens nothing.
#include "pg/pg.hpp"

extern "C" {
#include "commands/progress.h"
}

#include "pg/sink.hpp"

namespace spout
{
namespace
{
struct NullSink {
    Sink sink;
    MemoryContext leaf; // borrowed: where FileEntry.path lives
};

void null_open(Sink *) {}
void null_begin(Sink *, uint32) {}
void null_write(Sink *, uint32, uint64, const uint8 *, size_t) { CHECK_FOR_INTERRUPTS(); }

void null_end(Sink *sink, FileEntry *entry)
{
    entry->path = MemoryContextStrdup(((NullSink *)sink)->leaf, "/dev/null");
}

void null_finish(Sink *, const FileEntry *, uint32, const char *, size_t) {}
void null_abort(Sink *) {}

constexpr SinkOps kNullOps = {
    null_open, null_begin, null_write, null_end, null_finish, null_abort, PROGRESS_COPY_TYPE_FILE};
} // namespace

Sink *sink_null_create(MemoryContext leaf)
{
    NullSink *s = (NullSink *)MemoryContextAllocZero(leaf, sizeof(NullSink));
    s->sink.ops = &kNullOps;
    s->leaf = leaf;
    return &s->sink;
}
} // namespace spout
