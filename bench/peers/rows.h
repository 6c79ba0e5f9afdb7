/* rows.h - the reference rows in memory, ready for both writers of the comparison, outside their clock.
 * Knows the COPY BINARY layout of `records` and no Avro. */
#ifndef SPOUT_BENCH_ROWS_H
#define SPOUT_BENCH_ROWS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct bytes {
    const char *p; /* a NUL follows, not counted */
    uint32_t n;
};

struct record_row {
    int64_t id, created_at;      /* PostgreSQL's microseconds since 2000-01-01 */
    struct bytes name, metadata; /* metadata as JSON text */
    /* value twice: as PostgreSQL keeps it, and as Avro C gets it: unscaled, 8 bytes big-endian */
    const char *digits; /* native order, unaligned */
    uint16_t ndigits, dscale;
    int16_t weight;
    int negative;
    char decimal[8];
};

struct record_rows {
    struct record_row *rows;
    size_t n;
};

/* Reads a COPY ... (FORMAT binary) dump of records; ends the program with a message when it is not one. */
struct record_rows load_rows(const char *path);
double now_seconds(void); /* monotonic */
double cpu_seconds(void); /* user and system time of this process */

#ifdef __cplusplus
}
#endif
#endif
