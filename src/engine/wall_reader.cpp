// wall_reader.cpp - the reading side of the wall, for verify_export: which reader a file wants.
#include <optional>
#include <string_view>

#include "engine/file_name.hpp"
#include "engine/guard.hpp"
#include "base/parse.hpp"
#include "engine/wall.hpp"
#include "format/avro/reader.hpp"
#include "format/format.hpp"
#include "format/text/reader.hpp"

#include "base/no_postgres.hpp"

namespace spout
{
namespace
{
// Hands the first bytes out again, which were looked at.
struct Replay {
    explicit Replay(const ReadOps &ops) : inner(ops)
    {
        while (n < sizeof head) {
            int64_t got = inner.read(inner.arg, head + n, sizeof head - n);
            if (got < 0) throw Error(Code::internal, "read failed");
            if (got == 0) break;
            n += static_cast<size_t>(got);
        }
    }
    ReadOps ops() { return {read, this}; }
    static int64_t read(void *arg, void *to, size_t room)
    {
        auto *r = static_cast<Replay *>(arg);
        if (r->at == r->n) return r->inner.read(r->inner.arg, to, room);
        size_t some = r->n - r->at < room ? r->n - r->at : room;
        memcpy(to, r->head + r->at, some);
        r->at += some;
        return static_cast<int64_t>(some);
    }
    ReadOps inner;
    uint8_t head[8];
    size_t n = 0, at = 0;
};

const char *by_extension(std::string_view name)
{
    cut_codec(&name);
    const Format *f = format_by_name(name);
    return f ? f->name : nullptr;
}

// Null: a text format that its first byte tells once it is unpacked.
const char *format_of(const ReadAs &as, const Replay &start)
{
    if (as.format) return as.format;
    if (start.n >= 4 && memcmp(start.head, "Obj\1", 4) == 0) return "avro";
    if (const char *format = by_extension(as.path)) return format;
    if (make_unpacker({start.head, start.n}, *as.allocator) ||
        (start.n && start.head[0] && strchr("<{[", start.head[0])))
        return nullptr;
    return "avro"; // which will say that it is none
}
} // namespace

struct Reader {
    Reader(const ReadOps &ops, ReadAs as) : start(ops)
    {
        as.format = format_of(as, start);
        if (as.format && iequals(as.format, "avro"))
            avro.emplace(start.ops(), *as.allocator);
        else
            text.emplace(start.ops(), as);
    }
    bool next() { return avro ? avro->next() : text->next(); }
    ReadStats stats() const { return avro ? avro->stats() : text->stats(); }

    Replay start;
    std::optional<avro::FileReader> avro; // one of the two
    std::optional<TextReader> text;
};

Code reader_open(const ReadOps *ops, const ReadAs *as, Reader **out, Failure *why) noexcept
try {
    *out = nullptr;
    *out = new Reader(*ops, *as);
    return Code::ok;
} catch (...) {
    return caught(why);
}

Code reader_next(Reader *r, bool *more, Failure *why) noexcept
try {
    *more = r->next();
    return Code::ok;
} catch (...) {
    return caught(why);
}

void reader_stats(const Reader *r, ReadStats *out) noexcept { *out = r->stats(); }

void reader_free(Reader *r) noexcept { delete r; }
} // namespace spout
