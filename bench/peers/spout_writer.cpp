// spout_writer.cpp - the reference rows through our core, on the terms avro_c_writer has: the same rows from
// memory, JSON as text, null codec, the same block size, one file. What the server adds is not in it.
// Usage: spout_writer DUMP OUT BLOCK_BYTES; prints the wall and CPU seconds of encoding and writing.
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

#include "base/buffer.hpp"
#include "engine/wall.hpp"

extern "C" {
#include "rows.h"
}

using namespace spout;

namespace
{
void check(Code code, const Failure *why)
{
    if (code == Code::ok) return;
    fprintf(stderr, "%s\n", why->message);
    exit(1);
}

void write_all(int fd, BytesRef b)
{
    while (b.n) {
        ssize_t n = write(fd, b.p, b.n);
        if (n <= 0) {
            perror("write");
            exit(1);
        }
        b.p += n;
        b.n -= (size_t)n;
    }
}

const Type kLong = {Kind::int8, Repr::integer, -1, 0, "bigint", {}, {}, {}, {}, 0, {}, 0};
const Type kInstant = {
    Kind::timestamptz, Repr::integer, -1, 0, "timestamp with time zone", {}, {}, {}, {}, 0, {}, 0};
const Type kText = {Kind::text, Repr::text, -1, 0, "character varying(255)", {}, {}, {}, {}, 0, {}, 0};
const Type kDecimal = {Kind::numeric, Repr::digits, 18, 4, "numeric(18,4)", {}, {}, {}, {}, 0, {}, 0};
const Type kJson = {Kind::json, Repr::text, -1, 0, "json", {}, {}, {}, {}, 0, {}, 0};
const Field kFields[] = {
    {"id", &kLong}, {"created_at", &kInstant}, {"name", &kText}, {"value", &kDecimal}, {"metadata", &kJson}};

void bind(const record_row &row, Cell *c)
{
    c[0].i = row.id;
    c[1].i = row.created_at;
    c[2].s = {row.name.p, row.name.n};
    c[3].num = {row.digits, row.ndigits, row.weight, row.dscale, row.negative ? Sign::minus : Sign::plus};
    c[4].s = {row.metadata.p, row.metadata.n};
}

void flush(Writer *writer, int fd, uint64_t *offset)
{
    BlockRef block = {};
    check(writer_take(writer, 0, &block), writer_failure(writer));
    check(file_place(writer, {0, false, false}, &block), writer_failure(writer));
    write_all(fd, block.bytes);
    *offset += block.bytes.n;
}
} // namespace

int main(int argc, char **argv)
{
    if (argc != 4) {
        fprintf(stderr, "usage: spout_writer DUMP OUT BLOCK_BYTES\n");
        return 2;
    }
    const record_rows all = load_rows(argv[1]);
    const RawOption raw[] = {{"compression", "null"}, {"block_size", argv[3]}};
    Spec spec = {};
    Failure why = {};
    check(options_parse("avro", raw, 2, &spec.options, &why), &why);
    spec.row = {"public", "records", kFields, 5};
    spec.allocator = &kMalloc;
    unlink(argv[2]);

    const double start = now_seconds(), cpu = cpu_seconds();
    int fd = open(argv[2], O_CREAT | O_WRONLY | O_TRUNC, 0644);
    Writer *writer;
    check(writer_open(&spec, &writer, &why), &why);
    BytesRef header;
    check(file_begin(writer, 0, &header), writer_failure(writer));
    write_all(fd, header);
    uint64_t offset = header.n;
    Cell cells[5] = {};
    for (size_t i = 0; i < all.n; i++) {
        bind(all.rows[i], cells);
        check(writer_add(writer, cells, 5), writer_failure(writer));
        if (writer_full(writer)) flush(writer, fd, &offset);
    }
    if (writer_pending_rows(writer)) flush(writer, fd, &offset);
    close(fd);
    printf("%.6f %.6f\n", now_seconds() - start, cpu_seconds() - cpu);
    writer_free(writer);
    return 0;
}
