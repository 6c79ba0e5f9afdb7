// wall_reader.cpp - the reading side of the wall, for verify_export. Knows one format that can be read: Avro.
#include "core/guard.hpp"
#include "core/wall.hpp"
#include "format/avro_reader.hpp"

#include "core/no_postgres.hpp"

namespace spout
{
struct Reader {
    explicit Reader(const ReadOps &ops) : file(ops) {}
    avro::FileReader file;
};

Code reader_open(const ReadOps *ops, Reader **out, Failure *why) noexcept
try {
    *out = nullptr;
    *out = new Reader(*ops);
    return Code::ok;
} catch (...) {
    return caught(why);
}

Code reader_next(Reader *r, bool *more, Failure *why) noexcept
try {
    *more = r->file.next();
    return Code::ok;
} catch (...) {
    return caught(why);
}

void reader_stats(const Reader *r, ReadStats *out) noexcept { *out = r->file.stats(); }

void reader_free(Reader *r) noexcept { delete r; }
} // namespace spout
