// bind_mirror.cpp - getters of the formats that equal core's own output byte for byte: CSV as COPY writes it,
// JSON as row_to_json. They obey the session's settings where core does. Types without a fast way go through
// their output function.
#include "pg/bind.hpp"

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
    BindStyle s = {format_style(o), PG_UTF8, nullptr};
    if (s.style != Style::csv) return s;
    s.encoding = o->csv.encoding;
    if (s.encoding != GetDatabaseEncoding()) s.null_string = o->csv.null_server;
    return s;
}

// --- floats
// ---------------------------------------------------------------------------------------------------

// What float8out does when extra_float_digits is above 0, without its palloc of a C string.
static void fetch_float8(Binder *, const Getter *, Datum d, Cell *c)
{
    auto *text = (char *)palloc(DOUBLE_SHORTEST_DECIMAL_LEN);
    c->s = {text, (uint32_t)double_to_shortest_decimal_buf(DatumGetFloat8(d), text)};
}

static void fetch_float4(Binder *, const Getter *, Datum d, Cell *c)
{
    auto *text = (char *)palloc(FLOAT_SHORTEST_DECIMAL_LEN);
    c->s = {text, (uint32_t)float_to_shortest_decimal_buf(DatumGetFloat4(d), text)};
}

// --- timestamptz in the session's zone
// --------------------------------------------------------------------------

// The offset of one stretch of time between two changes of the zone's rules.
struct ZoneCache {
    pg_time_t from, to; // seconds since 1970; from > to: nothing cached
    long offset;        // seconds east of Greenwich
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
    bool same = z->from <= z->to && z->to == to && z->offset == before;
    *z = {same && z->from < t ? z->from : t, to, before};
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
    if (seconds < z->from || seconds > z->to) look_up(z, seconds);
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

static bool through_output(Oid typid, Kind kind, Type *t, Getter *g)
{
    Oid fn;
    bool varlena;
    getTypeOutputInfo(typid, &fn, &varlena);
    g->function = (FmgrInfo *)palloc(sizeof(FmgrInfo));
    fmgr_info(fn, g->function);
    return as_text(kind, t, g, fetch_through_output);
}

static bool local_time(Type *t, Getter *g)
{
    auto *z = (ZoneCache *)palloc(sizeof(ZoneCache));
    *z = {1, 0, 0};
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
static bool json_of_other(Oid typid, Type *t, Getter *g)
{
    if (OidIsValid(get_element_type(typid))) return as_text(Kind::json_text, t, g, fetch_array_json);
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

bool mirror_getter(Binder *b, Oid typid, Type *t, Getter *g)
{
    bool csv = b->style.style == Style::csv;
    bool iso = !csv || DateStyle == USE_ISO_DATES; // JSON's dates are ISO whatever the session says
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
    case TIMESTAMPOID: return iso ? false : through_output(typid, Kind::pinned, t, g);
    case TIMESTAMPTZOID: return iso ? local_time(t, g) : through_output(typid, Kind::pinned, t, g);
    case BYTEAOID:
        return bytea_output == BYTEA_OUTPUT_HEX ? false : through_output(typid, Kind::pinned, t, g);
    case FLOAT8OID:
        return extra_float_digits > 0 ? as_text(Kind::float8, t, g, fetch_float8)
                                      : through_output(typid, Kind::float8, t, g);
    case FLOAT4OID:
        return extra_float_digits > 0 ? as_text(Kind::float4, t, g, fetch_float4)
                                      : through_output(typid, Kind::float4, t, g);
    default: return csv ? csv_of_other(b, typid, t, g) : json_of_other(typid, t, g);
    }
}
} // namespace spout
