// sink_stdout.cpp - CopyData messages to the client. Nothing is sent before open(), which comes after the
// plan, the options and the schema are known to be good: early errors are plain errors.
#include "pg/sink.hpp"

extern "C" {
#include "commands/progress.h"
#include "libpq/pqformat.h"
#include "tcop/dest.h"
#include "tcop/tcopprot.h"
}

namespace spout
{
// A client buffers a whole message, and a cancel waits for one.
constexpr size_t kMessageBytes = 256 * 1024;

struct StdoutSink {
    Sink pub;
    StringInfoData message; // reused
};

static void stdout_open(Sink *)
{
    if (whereToSendOutput != DestRemote)
        ereport(ERROR,
                (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("cannot export to stdout without a client")));
    // Binary, one column: what strict clients want for bytes that are no text (protocol, "CopyOutResponse").
    StringInfoData m;
    pq_beginmessage(&m, 'H');
    pq_sendbyte(&m, 1);
    pq_sendint16(&m, 1);
    pq_sendint16(&m, 1);
    pq_endmessage(&m);
}

static void stdout_begin(Sink *, uint32) {}

static void stdout_write(Sink *s, uint32, uint64, const uint8 *p, size_t n)
{
    StringInfo m = &((StdoutSink *)s)->message;
    while (n > 0) {
        CHECK_FOR_INTERRUPTS();
        size_t part = Min(n, kMessageBytes);
        pq_beginmessage_reuse(m, 'd');
        pq_sendbytes(m, (const char *)p, (int)part);
        pq_endmessage_reuse(m);
        p += part;
        n -= part;
    }
}

static void stdout_end(Sink *, FileEntry *) {}

static void stdout_finish(Sink *, const FileEntry *, uint32, const char *, size_t)
{
    pq_putemptymessage('c');
}

// The server tells the client by its ErrorResponse.
static void stdout_abort(Sink *) {}

static const SinkOps kStdout = {stdout_open,   stdout_begin, stdout_write,           stdout_end,
                                stdout_finish, stdout_abort, PROGRESS_COPY_TYPE_PIPE};

Sink *sink_stdout_create(MemoryContext leaf)
{
    auto *s = (StdoutSink *)MemoryContextAllocZero(leaf, sizeof(StdoutSink));
    s->pub.ops = &kStdout;
    MemoryContext old = MemoryContextSwitchTo(leaf);
    initStringInfo(&s->message);
    MemoryContextSwitchTo(old);
    return &s->pub;
}
} // namespace spout
