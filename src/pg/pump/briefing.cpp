// briefing.cpp - structs as they are, then the strings they point to.
#include "pg/pump/briefing.hpp"

#include "pg/bind/csv_options.hpp"

extern "C" {
#include "libpq/pqformat.h"
}

namespace spout
{
static void put(StringInfo to, const void *p, size_t n)
{
    appendBinaryStringInfo(to, (const char *)p, (int)n);
}

static void put_string(StringInfo to, const char *s)
{
    int32 n = s ? (int32)strlen(s) : -1;
    put(to, &n, sizeof n);
    if (s) put(to, s, (size_t)n + 1);
}

static const char *get_string(StringInfo from)
{
    int32 n;
    pq_copymsgbytes(from, (char *)&n, sizeof n);
    return n < 0 ? nullptr : pstrdup(pq_getmsgbytes(from, n + 1));
}

static void *get_array(StringInfo from, size_t n)
{
    void *copy = palloc(Max(n, 1));
    pq_copymsgbytes(from, (char *)copy, (int)n);
    return copy;
}

// Every string of Options, in one order for both sides.
template <typename F> static void each_string(Options *o, F visit)
{
    visit(&o->csv.null_text);
    visit(&o->csv.null_server);
    visit(&o->root_name);
    visit(&o->row_name);
    visit(&o->record_name);
    visit(&o->name_space);
    visit(&o->schema);
    visit(&o->metadata);
    visit(&o->array_dimensions);
    visit(&o->file_group);
}

void write_briefing(StringInfo to, const Briefing *b)
{
    Options options = b->options;
    put(to, b, sizeof *b);
    put_string(to, format_name(&options));
    put_string(to, options.codec_name);
    each_string(&options, [to](const char **s) { put_string(to, *s); });
    bool forced = options.csv.force_quote != nullptr;
    put(to, &forced, sizeof forced);
    if (forced) put(to, options.csv.force_quote, sizeof(bool) * b->ncolumns);
    put_string(to, b->schema);
    put_string(to, b->relation);
    put(to, b->origins, sizeof(ColumnOrigin) * b->norigins);
    put(to, b->dimensions, b->narrays);
    for (uint32 i = 0; i < b->ncolumns; i++) {
        put(to, &b->columns[i].attnum, sizeof b->columns[i].attnum);
        put_string(to, b->columns[i].name);
    }
}

void read_briefing(StringInfo from, Briefing *b)
{
    pq_copymsgbytes(from, (char *)b, sizeof *b);
    const char *format = get_string(from), *codec = get_string(from);
    if (!options_relink(format, codec, &b->options))
        elog(ERROR, "parallel worker does not know format \"%s\" with codec \"%s\"", format, codec);
    each_string(&b->options, [from](const char **s) { *s = get_string(from); });
    relink_csv(&b->options.csv);
    bool forced;
    pq_copymsgbytes(from, (char *)&forced, sizeof forced);
    b->options.csv.force_quote = forced ? (bool *)get_array(from, sizeof(bool) * b->ncolumns) : nullptr;
    b->schema = get_string(from);
    b->relation = get_string(from);
    b->origins = (ColumnOrigin *)get_array(from, sizeof(ColumnOrigin) * b->norigins);
    b->dimensions = (uint8 *)get_array(from, b->narrays);
    auto *columns = (ColumnChoice *)palloc(sizeof(ColumnChoice) * Max(b->ncolumns, 1));
    for (uint32 i = 0; i < b->ncolumns; i++) {
        pq_copymsgbytes(from, (char *)&columns[i].attnum, sizeof columns[i].attnum);
        columns[i].name = get_string(from);
    }
    b->columns = columns;
}
} // namespace spout
