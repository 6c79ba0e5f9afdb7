/* rows.c - reads a COPY BINARY dump of the reference table. Memory is kept until the program ends.
 * Texts stay in place: what follows one is a 32-bit length or a 16-bit field count, big-endian and small,
 * so its first byte is the NUL that Avro C wants. */
#include "rows.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SCALE 4 /* of decimal(18,4) */

static void fail(const char *path, const char *why)
{
    fprintf(stderr, "%s: %s\n", path, why);
    exit(1);
}

double now_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static char *slurp(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    if (!f || fseek(f, 0, SEEK_END)) fail(path, "cannot be read");
    *n = (size_t)ftell(f);
    rewind(f);
    char *all = malloc(*n + 1); /* room for the NUL after a last value */
    if (!all || fread(all, 1, *n, f) != *n) fail(path, "cannot be read");
    fclose(f);
    return all;
}

static uint16_t get16(const char *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return be16toh(v);
}

static uint32_t get32(const char *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return be32toh(v);
}

static int64_t get64(const char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return (int64_t)be64toh(v);
}

/* numeric_send: ndigits, weight, sign, dscale, then base-10000 digits, all 16 bits big-endian. */
static void take_numeric(char *p, struct record_row *row)
{
    row->ndigits = get16(p);
    row->weight = (int16_t)get16(p + 2);
    row->negative = get16(p + 4) == 0x4000;
    row->dscale = get16(p + 6);
    row->digits = p + 8;
    int64_t unscaled = 0;
    for (int k = 0; k <= row->weight + SCALE / 4; k++) {
        int64_t digit = 0;
        if (k < row->ndigits) {
            uint16_t native = get16(p + 8 + 2 * k);
            memcpy(p + 8 + 2 * k, &native, sizeof native); /* in place: our Cell reads native order */
            digit = native;
        }
        unscaled = unscaled * 10000 + digit;
    }
    uint64_t be = htobe64((uint64_t)(row->negative ? -unscaled : unscaled));
    memcpy(row->decimal, &be, sizeof be);
}

static void take_field(const char *path, int column, char *p, uint32_t n, struct record_row *row)
{
    switch (column) {
    case 0: row->id = get64(p); break;
    case 1: row->created_at = get64(p); break;
    case 2: row->name = (struct bytes){p, n}; break;
    case 3: take_numeric(p, row); break;
    default:
        if (*p != 1) fail(path, "jsonb of an unknown version");
        row->metadata = (struct bytes){p + 1, n - 1};
    }
}

struct record_rows load_rows(const char *path)
{
    size_t n;
    char *p = slurp(path, &n);
    const char *end = p + n;
    if (n < 21 || memcmp(p, "PGCOPY\n\377\r\n", 11)) fail(path, "not a COPY BINARY file");
    p += 19;
    struct record_rows out = {NULL, 0};
    size_t room = 0;
    while (end - p >= 2 && get16(p) != 0xFFFF) {
        if (get16(p) != 5) fail(path, "not the table records");
        if (out.n == room) {
            room = room ? room * 2 : 65536;
            out.rows = realloc(out.rows, room * sizeof *out.rows);
            if (!out.rows) fail(path, "out of memory");
        }
        struct record_row *row = memset(&out.rows[out.n++], 0, sizeof *row);
        p += 2;
        for (int column = 0; column < 5; column++) {
            uint32_t length = get32(p);
            if (length > (size_t)(end - p) - 4) fail(path, "has a NULL or is cut short");
            if (p[0] != 0) fail(path, "holds a value of 16 MB or more");
            take_field(path, column, p + 4, length, row);
            p += 4 + length;
        }
    }
    if (p < end) *p = 0; /* the trailer, read just now */
    return out;
}
