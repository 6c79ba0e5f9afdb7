// stdout.cpp - CopyData messages to the client. Nothing is sent before open(), which comes after the
// plan, the options and the schema are known to be good: early errors are plain errors.
// Knows no format: only whether its bytes are lines of text, and then no message splits a row.
#include "pg/target/sink.hpp"

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
// What one message can hold at all: clients allocate it in one piece (protocol, "CopyData").
constexpr size_t kLargestMessage = MaxAllocSize - 1;

struct StdoutSink {
    Sink pub;
    StreamShape shape;
    StringInfoData message; // reused; text: may wait for its line end
};

// The codes of protocol.sgml, "CopyOutResponse": strict clients take text only as text and the rest only as
// binary. Core's CSV announces its columns; everything else is one column.
static void stdout_open(Sink *s)
{
    if (whereToSendOutput != DestRemote)
        ereport(ERROR,
                (errcode(ERRCODE_FEATURE_NOT_SUPPORTED), errmsg("cannot export to stdout without a client")));
    const StreamShape *shape = &((StdoutSink *)s)->shape;
    int16 code = shape->text ? 0 : 1;
    StringInfoData m;
    pq_beginmessage(&m, 'H');
    pq_sendbyte(&m, code);
    pq_sendint16(&m, shape->columns);
    for (int i = 0; i < shape->columns; i++)
        pq_sendint16(&m, code);
    pq_endmessage(&m);
}

static void stdout_begin(Sink *, uint32) {}

static void add(StdoutSink *s, const uint8 *p, size_t n)
{
    if (s->message.len + n > kLargestMessage)
        ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                        errmsg("row of more than %zu bytes is too large for a message to the client",
                               kLargestMessage),
                        errhint("Export it to a file on the server, or with a compression.")));
    if (!s->message.len) pq_beginmessage_reuse(&s->message, 'd');
    appendBinaryStringInfo(&s->message, (const char *)p, (int)n);
}

static void send(StdoutSink *s)
{
    if (!s->message.len) return;
    CHECK_FOR_INTERRUPTS();
    pq_endmessage_reuse(&s->message);
    resetStringInfo(&s->message);
    if ((size_t)s->message.maxlen <= 4 * kMessageBytes) return;
    s->message.data = (char *)repalloc(s->message.data, kMessageBytes); // after an unusually large row
    s->message.maxlen = kMessageBytes;
}

// Text: blocks are whole rows. Only what stands between them, an array's comma, comes without a line end, and
// waits for the block behind it.
static void stdout_write(Sink *sink, uint32, uint64, const uint8 *p, size_t n)
{
    auto *s = (StdoutSink *)sink;
    if (s->shape.text && n) {
        add(s, p, n);
        if (p[n - 1] == '\n') send(s);
        return;
    }
    for (size_t part; n > 0; p += part, n -= part) {
        part = Min(n, kMessageBytes);
        add(s, p, part);
        send(s);
    }
}

static void stdout_end(Sink *s, FileEntry *) { send((StdoutSink *)s); }

static void stdout_finish(Sink *, const FileEntry *, uint32, const char *, size_t)
{
    pq_putemptymessage('c');
}

// The server tells the client by its ErrorResponse.
static void stdout_abort(Sink *) {}

static const SinkOps kStdout = {
    stdout_open, stdout_begin, stdout_write, stdout_end, stdout_finish, stdout_abort, PROGRESS_COPY_TYPE_PIPE,
    nullptr};

Sink *sink_stdout_create(MemoryContext leaf, StreamShape shape)
{
    auto *s = (StdoutSink *)MemoryContextAllocZero(leaf, sizeof(StdoutSink));
    s->pub.ops = &kStdout;
    s->shape = shape;
    MemoryContext old = MemoryContextSwitchTo(leaf);
    initStringInfo(&s->message);
    MemoryContextSwitchTo(old);
    return &s->pub;
}
} // namespace spout
