// data_query.cpp - how the values of a data set are made: each is a hash of its row, column and seed, the
// same on every machine. Values repeat as real ones do, so that no codec lives on constants and none fails on
// noise.
#include "bench/measure/data_set.hpp"

namespace spout
{
constexpr int64 kMostRows = 10000000000, kMostSeed = 1000000000;
constexpr int kMostColumns = 1600, kRecordsColumns = 5;

// {h} is a number from 0 to 2^63 - 1: the hash of row, column and seed. Data sets of kind "mixed" take these
// in turn.
static const struct {
    const char *kind, *expression;
} kKinds[] = {
    {"bool", "{h} % 3 = 0"},
    {"bytea", "decode(lpad(to_hex({h}), 16, '0'), 'hex')"},
    {"composite", "ROW({h} % 10 <> 0, ({h} % 20000)::float8 / 8, (ARRAY['new', 'hot', 'spare'])[1 + {h} % "
                  "3])::spout_bench.reading"},
    {"float8", "round(({h} % 100000000)::numeric / 997, 3)::float8"},
    {"float8_array", "ARRAY[{h} % 1000, {h} % 999, {h} % 998, {h} % 997, {h} % 996, {h} % 995, {h} % 994, "
                     "{h} % 993]::float8[]"},
    {"int4", "({h} % 2000001 - 1000000)::int4"},
    {"int8", "{h} % 2000000000001 - 1000000000000"},
    {"jsonb", "jsonb_build_object('ok', {h} % 10 <> 0, 'x', {h} % 20000, 'tag', (ARRAY['new', 'hot', "
              "'spare'])[1 + {h} % 3])"},
    {"numeric", "(({h} % 20000000000 - 5000000000)::numeric / 10000)::numeric(18,4)"},
    {"text", "(ARRAY['pump', 'valve', 'motor', 'sensor'])[1 + {h} % 4] || '-' || ({h} >> 8) % 100000"},
    {"timestamptz", "timestamptz '2024-01-01 00:00:00+00' + {h} % 31536000000 * interval '1 millisecond'"},
    {"uuid", "md5({h}::text)::uuid"},
};

// What an export service sees: a number, a time, a name, an amount, a small document. {1}, {2}, {3} are three
// seeds.
static const char kRecords[] =
    "SELECT i AS id,"
    " timestamptz '2024-01-01 00:00:00+00' + (i * 1500 + a % 1500) * interval '1 millisecond'"
    " + (b % 1000) * interval '1 microsecond' AS created_at,"
    " ((ARRAY['pump', 'valve', 'motor', 'sensor', 'boiler', 'mixer', 'drum', 'press'])[1 + a % 8] || '-' || "
    "lpad((b % 100000)::text, 5, '0')"
    " || (ARRAY[' north hall', ' south hall', ' yard', ' outer depot'])[1 + (a >> 8) % 4])::varchar(255) AS "
    "name,"
    " ((c % 20000000000 - 5000000000)::numeric / 10000)::numeric(18,4) AS value,"
    " jsonb_build_object('ok', c % 10 <> 0, 'at', jsonb_build_object('x', round(((b >> 17) % 20000)::numeric "
    "/ 10, 1),"
    " 'y', (c >> 35) % 1000), 'tag', (ARRAY['new', 'hot', 'spare', 'to be checked'])[1 + (a >> 20) % 4]) AS "
    "metadata"
    " FROM generate_series(1::bigint, {rows}) AS i, LATERAL (SELECT hashint8extended(i, {1}) & "
    "9223372036854775807 AS a,"
    " hashint8extended(i, {2}) & 9223372036854775807 AS b, hashint8extended(i, {3}) & 9223372036854775807 AS "
    "c) AS h";

static bool records(const DataSet *d) { return strcmp(d->kind, "records") == 0; }
static bool mixed(const DataSet *d) { return strcmp(d->kind, "mixed") == 0; }

static const char *expression(const char *kind)
{
    for (const auto &k : kKinds)
        if (strcmp(k.kind, kind) == 0) return k.expression;
    return nullptr;
}

static const char *kinds()
{
    StringInfoData s;
    initStringInfo(&s);
    for (const auto &k : kKinds)
        appendStringInfo(&s, ", %s", k.kind);
    return s.data;
}

void check_data_set(const DataSet *d)
{
    if (!records(d) && !mixed(d) && !expression(d->kind))
        ereport(ERROR,
                (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("unknown kind of data set \"%s\"", d->kind),
                 errhint("Kinds are records, mixed%s.", kinds())));
    if (d->rows < 0 || d->rows > kMostRows || d->seed < 0 || d->seed > kMostSeed || d->columns < 1 ||
        d->columns > kMostColumns)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("a data set has 0 to " INT64_FORMAT
                               " rows, 1 to %d columns and a seed from 0 to " INT64_FORMAT,
                               kMostRows, kMostColumns, kMostSeed)));
    if (records(d) && d->columns != kRecordsColumns)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("data sets of kind records have %d columns", kRecordsColumns)));
}

// The text with every `mark` replaced.
static const char *replaced(const char *text, const char *mark, const char *by)
{
    StringInfoData s;
    initStringInfo(&s);
    for (const char *at; (at = strstr(text, mark)); text = at + strlen(mark)) {
        appendBinaryStringInfo(&s, text, (int)(at - text));
        appendStringInfoString(&s, by);
    }
    appendStringInfoString(&s, text);
    return s.data;
}

static const char *number(int64 n) { return psprintf(INT64_FORMAT, n); }

static const char *records_query(const DataSet *d)
{
    const char *sql = replaced(kRecords, "{rows}", number(d->rows));
    sql = replaced(sql, "{1}", number(d->seed));
    sql = replaced(sql, "{2}", number(d->seed + 1));
    return replaced(sql, "{3}", number(d->seed + 2));
}

const char *data_set_query(const DataSet *d)
{
    if (records(d)) return records_query(d);
    StringInfoData s;
    initStringInfo(&s);
    for (int n = 1; n <= d->columns; n++) {
        const char *hash =
            psprintf("(hashint8extended(i, " INT64_FORMAT ") & 9223372036854775807)", d->seed * 10000 + n);
        const char *value = mixed(d) ? kKinds[(n - 1) % lengthof(kKinds)].expression : expression(d->kind);
        appendStringInfo(&s, "%s%s AS c%d", n > 1 ? ", " : "SELECT ", replaced(value, "{h}", hash), n);
    }
    appendStringInfo(&s, " FROM generate_series(1::bigint, " INT64_FORMAT ") AS i", d->rows);
    return s.data;
}
} // namespace spout
