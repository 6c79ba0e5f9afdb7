// null.cpp - the target /dev/null: everything is encoded and counted, nothing kept. Opens nothing.
#include "pg/server/pg.hpp"

extern "C" {
#include "commands/progress.h"
}

#include "pg/target/sink.hpp"

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

void null_share(Sink *) {}
void null_tell(Sink *, StringInfo) {}
Sink *null_attach(MemoryContext leaf, StringInfo) { return sink_null_create(leaf); }
FileId null_create(Sink *, uint32) { return {}; }
bool null_join(Sink *, uint32, FileId *) { return true; }
void null_leave(Sink *, uint32) {}
} // namespace

const SharedOps kSharedNullOps = {null_share, null_tell, null_attach, null_create, null_join, null_leave};

namespace
{
constexpr SinkOps kNullOps = {
    null_open,      null_begin, null_write, null_end, null_finish, null_abort, PROGRESS_COPY_TYPE_FILE,
    &kSharedNullOps};
} // namespace

Sink *sink_null_create(MemoryContext leaf)
{
    NullSink *s = (NullSink *)MemoryContextAllocZero(leaf, sizeof(NullSink));
    s->sink.ops = &kNullOps;
    s->leaf = leaf;
    return &s->sink;
}
} // namespace spout
