/*
 * read_avro_c.c - rows of Avro files as canonical JSON (canonical.py), through Avro C. It knows no logical types.
 * Unlike avrocat it keeps NUL bytes, all bits of a float, and fails when decoding does.
 */
#include <avro.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void fail(const char *path, const char *what)
{
    fprintf(stderr, "%s: %s: %s\n", path, what, avro_strerror());
    exit(1);
}

static void put_string(const char *s, size_t n)
{
    putchar('"');
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char) s[i];
        if (c == '"' || c == '\\')
            printf("\\%c", c);
        else if (c < 0x20)
            printf("\\u%04x", c);
        else
            putchar(c);
    }
    putchar('"');
}

static void put_bytes(const void *p, size_t n)
{
    fputs("{\"b\":\"", stdout);
    for (size_t i = 0; i < n; i++) printf("%02x", ((const unsigned char *) p)[i]);
    fputs("\"}", stdout);
}

static void put_value(avro_value_t *v);

static void put_parts(avro_value_t *v, const char *open, int named, const char *close)
{
    size_t n = 0;
    avro_value_get_size(v, &n);
    fputs(open, stdout);
    for (size_t i = 0; i < n; i++) {
        avro_value_t part;
        const char *name = NULL;
        avro_value_get_by_index(v, i, &part, &name);
        if (i) putchar(',');
        if (named) {
            put_string(name, strlen(name));
            putchar(':');
        }
        put_value(&part);
    }
    fputs(close, stdout);
}

static void put_float(avro_value_t *v)
{
    float f;
    uint32_t bits;
    avro_value_get_float(v, &f);
    memcpy(&bits, &f, sizeof bits);
    printf("{\"f\":\"%08x\"}", bits);
}

static void put_double(avro_value_t *v)
{
    double d;
    uint64_t bits;
    avro_value_get_double(v, &d);
    memcpy(&bits, &d, sizeof bits);
    printf("{\"d\":\"%016llx\"}", (unsigned long long) bits);
}

static void put_scalar(avro_value_t *v)
{
    const void *p;
    const char *s;
    size_t n;
    int32_t i;
    int64_t l;
    int b;
    switch (avro_value_get_type(v)) {
    case AVRO_NULL: fputs("null", stdout); break;
    case AVRO_BOOLEAN:
        avro_value_get_boolean(v, &b);
        fputs(b ? "true" : "false", stdout);
        break;
    case AVRO_INT32:
        avro_value_get_int(v, &i);
        printf("%d", i);
        break;
    case AVRO_INT64:
        avro_value_get_long(v, &l);
        printf("%lld", (long long) l);
        break;
    case AVRO_FLOAT: put_float(v); break;
    case AVRO_DOUBLE: put_double(v); break;
    case AVRO_STRING:
        avro_value_get_string(v, &s, &n);
        put_string(s, n - 1); /* n counts a terminating NUL */
        break;
    case AVRO_BYTES:
        avro_value_get_bytes(v, &p, &n);
        put_bytes(p, n);
        break;
    case AVRO_FIXED:
        avro_value_get_fixed(v, &p, &n);
        put_bytes(p, n);
        break;
    default: fprintf(stderr, "unexpected type %d\n", (int) avro_value_get_type(v)); exit(1);
    }
}

static void put_enum(avro_value_t *v)
{
    int symbol;
    avro_value_get_enum(v, &symbol);
    const char *name = avro_schema_enum_get(avro_value_get_schema(v), symbol);
    fputs("{\"e\":", stdout);
    put_string(name, strlen(name));
    putchar('}');
}

static void put_value(avro_value_t *v)
{
    avro_value_t branch;
    switch (avro_value_get_type(v)) {
    case AVRO_UNION:
        avro_value_get_current_branch(v, &branch);
        put_value(&branch);
        break;
    case AVRO_RECORD: put_parts(v, "{\"r\":[", 0, "]}"); break;
    case AVRO_ARRAY: put_parts(v, "[", 0, "]"); break;
    case AVRO_MAP: put_parts(v, "{\"m\":{", 1, "}}"); break;
    case AVRO_ENUM: put_enum(v); break;
    default: put_scalar(v);
    }
}

static void read_file(const char *path)
{
    avro_file_reader_t reader;
    if (avro_file_reader(path, &reader)) fail(path, "open");
    avro_schema_t schema = avro_file_reader_get_writer_schema(reader);
    avro_value_iface_t *class = avro_generic_class_from_schema(schema);
    if (!class) fail(path, "schema");
    avro_value_t row;
    avro_generic_value_new(class, &row);
    fputs("{\"file\":", stdout);
    put_string(path, strlen(path));
    puts("}");
    long rows = 0;
    int rc;
    while ((rc = avro_file_reader_read_value(reader, &row)) == 0) {
        put_parts(&row, "[", 0, "]\n");
        rows++;
        avro_value_reset(&row);
    }
    if (rc != EOF) fail(path, "row");
    printf("{\"rows\":%ld}\n", rows);
    avro_value_decref(&row);
    avro_value_iface_decref(class);
    avro_schema_decref(schema);
    avro_file_reader_close(reader);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) read_file(argv[i]);
    return 0;
}
