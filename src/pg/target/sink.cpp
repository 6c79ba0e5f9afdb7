// sink.cpp - the sinks that several processes may write to, told from each other across processes.
#include "pg/target/sink.hpp"

extern "C" {
#include "libpq/pqformat.h"
}

namespace spout
{
// Their places here are what travels to the other processes.
static const SharedOps *const kShared[] = {&kSharedFileOps, &kSharedNullOps};

void tell_sink(Sink *sink, StringInfo to)
{
    char kind = sink->ops->shared == kShared[1];
    appendBinaryStringInfo(to, &kind, 1);
    sink->ops->shared->tell(sink, to);
}

Sink *attach_sink(MemoryContext leaf, StringInfo from)
{
    return kShared[pq_getmsgbyte(from)]->attach(leaf, from);
}
} // namespace spout
