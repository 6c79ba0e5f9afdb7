// mirror.cpp - getters of the formats that equal core's own output byte for byte: CSV as COPY writes it,
// JSON as row_to_json. They obey the session's settings where core does. Types without a fast way go through
// their output function.
#include "pg/bind/bind.hpp"

extern "C" {
#include "access/transam.h"
#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "mb/pg_wchar.h"
#include "parser/parse_coerce.h"
#include "pgtime.h"
#include "utils/bytea.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
}

namespace spout
{
BindStyle bind_style(const Options *o)
{
    BindStyle s = {format_style(o), PG_UTF8, nullptr, o->omit_nulls, true, derives_schema(o)};
    if (s.style != Style::csv) return s;
    s.column_names = o->csv.header;
    s.encoding = o->csv.encoding;
    if (s.encoding != GetDatabaseEncoding()) s.null_string = o->csv.null_server;
    return s;
}

// --- floats
// ---------------------------------------------------------------------------------------------------

// What float8out does when extra_float_digits is above 0, without its palloc of a C string.
static void fetch_float8(Binder *b, const Getter *g, Datum d, Cell *c)
{
    if (unlikely(extra_float_digits <= 0)) return fetch_through_output(b, g, d, c);
    auto *text = (char *)palloc(DOUBLE_SHORTEST_DECIMAL_LEN);
    c->s = {text, (uint32_t)double_to_shortest_decimal_buf(DatumGetFloat8(d), text)};
}

static void fetch_float4(Binder *b, const Getter *g, Datum d, Cell *c)
{
    if (unlikely(extra_float_digits <= 0)) return fetch_through_output(b, g, d, c);
    auto *text = (char *)palloc(FLOAT_SHORTEST_DECIMAL_LEN);
    c->s = {text, (uint32_t)float_to_shortest_decimal_buf(DatumGetFloat4(d), text)};
}

// --- timestamptz in the session's zone
// --------------------------------------------------------------------------

// The offset of one stretch of time between two changes of the zone's rules.
struct ZoneCache {
    pg_time_t from, to; // seconds since 1970; from > to: nothing cached
    long offset;        // seconds east of Greenwich
    const pg_tz *zone;  // one object for the life of the process, for each zone (pg_tzset)
};

constexpr int64 kSecondsTo2000 = (int64)(POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY;

static void look_up(ZoneCache *z, pg_time_t t)
{
    long before, after;
    int before_dst, after_dst;
    pg_time_t boundary;
    int found =
        pg_next_dst_boundary(&t, &before, &before_dst, &boundary, &after, &after_dst, session_timezone);
    // A time on the boundary itself belongs to what comes after it.
    pg_time_t to = found > 0 ? boundary - 1 : PG_INT64_MAX;
    bool same = z->zone == session_timezone && z->from <= z->to && z->to == to && z->offset == before;
    *z = {same && z->from < t ? z->from : t, to, before, session_timezone};
}

// Cell::span: local microseconds since 2000, and the offset in seconds as days.
static void fetch_local(Binder *b, const Getter *g, Datum d, Cell *c)
{
    TimestampTz t = DatumGetTimestampTz(d);
    if (TIMESTAMP_NOT_FINITE(t)) {
        c->span = {t, 0, 0};
        return;
    }
    auto *z = (ZoneCache *)g->cache;
    int64 seconds = t / USECS_PER_SEC - (t % USECS_PER_SEC < 0) + kSecondsTo2000;
    if (seconds < z->from || seconds > z->to || z->zone != session_timezone) look_up(z, seconds);
    c->span = {t + z->offset * USECS_PER_SEC, (int32_t)z->offset, 0};
}

// --- which type goes which way
// ------------------------------------------------------------------------------------

static bool as_text(Kind kind, Type *t, Getter *g, FetchFunction fetch)
{
    t->kind = kind;
    t->repr = Repr::text;
    g->fetch = fetch;
    return true;
}

static void set_output(Oid typid, Getter *g)
{
    Oid fn;
    bool varlena;
    getTypeOutputInfo(typid, &fn, &varlena);
    g->function = (FmgrInfo *)palloc(sizeof(FmgrInfo));
    fmgr_info(fn, g->function);
}

// Obeys every setting at every moment, as it is core's own way.
static bool through_output(Oid typid, Kind kind, Type *t, Getter *g)
{
    set_output(typid, g);
    return as_text(kind, t, g, fetch_through_output);
}

static bool float_text(Oid typid, Kind kind, Type *t, Getter *g, FetchFunction fetch)
{
    set_output(typid, g);
    return as_text(kind, t, g, fetch);
}

// --- what our own printers presume ---

bool holds(Presumes p)
{
    return (p != Presumes::iso_dates || DateStyle == USE_ISO_DATES) &&
           (p != Presumes::hex_bytes || bytea_output == BYTEA_OUTPUT_HEX);
}

void fetch_presuming(Binder *b, const Getter *g, Datum d, Cell *c)
{
    c->printed = !holds(g->presumes);
    b->careful |= c->printed;
    (c->printed ? fetch_through_output : g->fetch)(b, g, d, c);
}

// False, as mirror_getter(): bind as usual.
static bool presume(Binder *b, Oid typid, Presumes p, Getter *g)
{
    g->presumes = p;
    b->presumes_iso |= p == Presumes::iso_dates;
    b->presumes_hex |= p == Presumes::hex_bytes;
    set_output(typid, g);
    return false;
}

static bool local_time(Type *t, Getter *g)
{
    auto *z = (ZoneCache *)palloc(sizeof(ZoneCache));
    *z = {1, 0, 0, nullptr};
    g->cache = z;
    g->fetch = fetch_local;
    t->kind = Kind::timestamptz;
    t->repr = Repr::span;
    return true;
}

static void fetch_array_json(Binder *b, const Getter *, Datum d, Cell *c)
{
    text *t = DatumGetTextPP(DirectFunctionCall1(array_to_json, d));
    put_text(b, c, VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t));
}

static void fetch_cast_json(Binder *b, const Getter *g, Datum d, Cell *c)
{
    text *t = DatumGetTextPP(FunctionCall1(g->function, d));
    put_text(b, c, VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t));
}

// row_to_json looks for a cast of types that are not built in (json.c, json_categorize_type).
static bool json_of_other(const Binder *b, Oid typid, Type *t, Getter *g)
{
    bool omit = b->style.omit_nulls && may_hold_composites(typid);
    if (is_json_array(typid))
        return as_text(Kind::json_text, t, g, omit ? fetch_array_omitting : fetch_array_json);
    if (typid == RECORDOID || type_is_rowtype(typid)) return false;
    Oid cast;
    if (typid >= FirstNormalObjectId &&
        find_coercion_pathway(JSONOID, typid, COERCION_EXPLICIT, &cast) == COERCION_PATH_FUNC) {
        g->function = (FmgrInfo *)palloc(sizeof(FmgrInfo));
        fmgr_info(cast, g->function);
        return as_text(Kind::json_text, t, g, fetch_cast_json);
    }
    return !type_is_enum(typid) && through_output(typid, Kind::pinned, t, g);
}

static bool csv_of_other(const Binder *b, Oid typid, Type *t, Getter *g)
{
    // Cached labels are UTF-8.
    if (type_is_enum(typid) && b->style.encoding == PG_UTF8 && GetDatabaseEncoding() == PG_UTF8) return false;
    return through_output(typid, Kind::pinned, t, g);
}

// Where settings are not the usual ones now, core's own functions print: they are right whatever comes.
bool mirror_getter(Binder *b, Oid typid, Type *t, Getter *g)
{
    bool csv = b->style.style == Style::csv; // JSON's dates are ISO whatever the session says
    switch (typid) {
    case BOOLOID:
    case INT2OID:
    case INT4OID:
    case INT8OID:
    case OIDOID:
    case XIDOID:
    case CIDOID:
    case NUMERICOID:
    case TEXTOID:
    case VARCHAROID:
    case BPCHAROID:
    case NAMEOID:
    case UUIDOID:
    case JSONOID:
    case JSONBOID:
    case TIMEOID: return false;
    case DATEOID:
    case TIMESTAMPOID:
    case TIMESTAMPTZOID:
        if (csv && !holds(Presumes::iso_dates)) return through_output(typid, Kind::pinned, t, g);
        if (csv) presume(b, typid, Presumes::iso_dates, g);
        return typid == TIMESTAMPTZOID && local_time(t, g);
    case BYTEAOID:
        if (!holds(Presumes::hex_bytes)) return through_output(typid, Kind::pinned, t, g);
        return presume(b, typid, Presumes::hex_bytes, g);
    case FLOAT8OID: return float_text(typid, Kind::float8, t, g, fetch_float8);
    case FLOAT4OID: return float_text(typid, Kind::float4, t, g, fetch_float4);
    default: return csv ? csv_of_other(b, typid, t, g) : json_of_other(b, typid, t, g);
    }
}
} // namespace spout
