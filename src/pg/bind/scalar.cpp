// scalar.cpp - getters of the types without parts. The hot ones read the Datum in place; none
// allocates unless the value is toasted or must change its encoding.
#include "pg/bind/bind.hpp"

#include "pg/server/names.hpp"

extern "C" {
#include "access/htup_details.h"
#include "catalog/pg_enum.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/cash.h"
#include "utils/catcache.h"
#include "utils/date.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"
}

namespace spout
{
// A detoasted copy lives in row_cx, which is the current context while a row is bound.
// The test is pg_detoast_datum_packed's own: nearly every value of nearly every row needs no call.
static inline struct varlena *detoast(Datum d)
{
    auto *v = (struct varlena *)DatumGetPointer(d);
    return VARATT_IS_COMPRESSED(v) || VARATT_IS_EXTERNAL(v) ? pg_detoast_datum_packed(v) : v;
}

[[noreturn]] static void bad_bytes(const char *p, size_t n)
{
    // The errcontext callback adds row and column; the bytes themselves stay out of the message.
    ereport(ERROR, (errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
                    errmsg("invalid byte sequence for encoding \"UTF8\""),
                    errhint("The database encoding is %s; convert the value in the query, for example with "
                            "convert_from(), or export it as bytea.",
                            GetDatabaseEncodingName())));
    pg_unreachable();
}

// --- text in three kinds of database -----------------------------------------------------------------

static void put_converted(Cell *c, const char *p, size_t n, int encoding)
{
    int database = GetDatabaseEncoding();
    if (database == PG_SQL_ASCII && encoding == PG_UTF8) {
        if (!pg_verify_mbstr(PG_UTF8, p, n, true)) bad_bytes(p, n);
    } else if (database != encoding) {
        char *converted = pg_server_to_any(p, n, encoding);
        if (converted != p) {
            p = converted;
            n = strlen(converted);
        }
    }
    c->s = {p, (uint32_t)n};
}

void put_text(const Binder *b, Cell *c, const char *p, size_t n)
{
    put_converted(c, p, n, b->style.encoding);
    // CSV compares with its null string before the conversion (copyto.c, CopyAttributeOutCSV).
    const char *null_string = b->style.null_string;
    c->like_null = null_string && strlen(null_string) == n && memcmp(null_string, p, n) == 0;
}

// Output functions of foreign types are C code: what they print is checked in UTF-8 databases, too.
void put_output(const Binder *b, Cell *c, const char *s)
{
    size_t n = strlen(s);
    if (b->style.encoding == PG_UTF8 && GetDatabaseEncoding() == PG_UTF8 &&
        !pg_verify_mbstr(PG_UTF8, s, n, true))
        bad_bytes(s, n);
    put_text(b, c, s, n);
}

const char *to_utf8(const char *s)
{
    Cell c;
    put_converted(&c, s, strlen(s), PG_UTF8);
    return c.s.p == s ? pstrdup(s) : c.s.p;
}

static void fetch_as_it_lies(Binder *, const Getter *, Datum d, Cell *c)
{
    struct varlena *v = detoast(d);
    c->s = {VARDATA_ANY(v), (uint32_t)VARSIZE_ANY_EXHDR(v)};
}

static void fetch_converted(Binder *b, const Getter *, Datum d, Cell *c)
{
    struct varlena *v = detoast(d);
    put_text(b, c, VARDATA_ANY(v), VARSIZE_ANY_EXHDR(v));
}

// No byte changes and none is looked at: text in its own encoding.
static bool text_stays(const Binder *b)
{
    return b->style.encoding == GetDatabaseEncoding() && !b->style.null_string;
}

static void fetch_name(Binder *b, const Getter *, Datum d, Cell *c)
{
    const char *s = NameStr(*DatumGetName(d));
    put_text(b, c, s, strlen(s));
}

void fetch_through_output(Binder *b, const Getter *g, Datum d, Cell *c)
{
    put_output(b, c, OutputFunctionCall(g->function, d));
}

// --- numbers -----------------------------------------------------------------------------------------

static void fetch_bool(Binder *, const Getter *, Datum d, Cell *c) { c->i = DatumGetBool(d); }
static void fetch_int2(Binder *, const Getter *, Datum d, Cell *c) { c->i = DatumGetInt16(d); }
static void fetch_int4(Binder *, const Getter *, Datum d, Cell *c) { c->i = DatumGetInt32(d); }
static void fetch_int8(Binder *, const Getter *, Datum d, Cell *c) { c->i = DatumGetInt64(d); }
static void fetch_oid(Binder *, const Getter *, Datum d, Cell *c) { c->i = (int64)DatumGetUInt32(d); }
static void fetch_float4(Binder *, const Getter *, Datum d, Cell *c) { c->f = DatumGetFloat4(d); }
static void fetch_float8(Binder *, const Getter *, Datum d, Cell *c) { c->d = DatumGetFloat8(d); }

static_assert(sizeof(Datum) == sizeof(uint64_t), "64-bit integers and doubles are passed by value");

static void put_numeric(struct varlena *v, Cell *c)
{
    read_numeric({VARDATA_ANY(v), (uint32_t)VARSIZE_ANY_EXHDR(v)}, &c->num);
}

static void fetch_numeric(Binder *, const Getter *, Datum d, Cell *c) { put_numeric(detoast(d), c); }

static void fetch_money(Binder *, const Getter *, Datum d, Cell *c)
{
    put_numeric(detoast(DirectFunctionCall1(cash_numeric, d)), c);
}

// --- dates, bytes, json ------------------------------------------------------------------------------

static void fetch_date(Binder *, const Getter *, Datum d, Cell *c) { c->i = DatumGetDateADT(d); }
static void fetch_time(Binder *, const Getter *, Datum d, Cell *c) { c->i = DatumGetTimeADT(d); }
static void fetch_timestamp(Binder *, const Getter *, Datum d, Cell *c) { c->i = DatumGetTimestamp(d); }

static void fetch_interval(Binder *, const Getter *, Datum d, Cell *c)
{
    const Interval *i = DatumGetIntervalP(d);
    c->span = {i->time, i->day, i->month};
}

static void fetch_uuid(Binder *, const Getter *, Datum d, Cell *c)
{
    c->s = {(const char *)DatumGetUUIDP(d)->data, UUID_LEN};
}

// jsonb strings are in the database encoding: only UTF-8 databases may walk the container in place.
void fetch_jsonb_text(Binder *b, const Getter *, Datum d, Cell *c)
{
    Jsonb *j = DatumGetJsonbP(d);
    put_output(b, c, JsonbToCString(nullptr, &j->root, VARSIZE(j)));
}

void fetch_row_json(Binder *b, const Getter *, Datum d, Cell *c)
{
    text *t = DatumGetTextPP(DirectFunctionCall1(row_to_json, d));
    put_text(b, c, VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t));
}

// --- the table ---------------------------------------------------------------------------------------

struct Known {
    Oid typid;
    Kind kind;
    Repr repr;
    FetchFunction fetch; // null: text, converted where the encodings differ
};

static const Known kKnown[] = {
    {BOOLOID, Kind::boolean, Repr::integer, fetch_bool},
    {INT2OID, Kind::int2, Repr::integer, fetch_int2},
    {INT4OID, Kind::int4, Repr::integer, fetch_int4},
    {INT8OID, Kind::int8, Repr::integer, fetch_int8},
    {OIDOID, Kind::oid, Repr::integer, fetch_oid},
    {XIDOID, Kind::oid, Repr::integer, fetch_oid},
    {CIDOID, Kind::oid, Repr::integer, fetch_oid},
    {FLOAT4OID, Kind::float4, Repr::float4, fetch_float4},
    {FLOAT8OID, Kind::float8, Repr::float8, fetch_float8},
    {NUMERICOID, Kind::numeric, Repr::digits, fetch_numeric},
    {MONEYOID, Kind::money, Repr::digits, fetch_money},
    {TEXTOID, Kind::text, Repr::text, nullptr},
    {VARCHAROID, Kind::text, Repr::text, nullptr},
    {BPCHAROID, Kind::text, Repr::text, nullptr},
    {NAMEOID, Kind::text, Repr::text, fetch_name},
    {CHAROID, Kind::text, Repr::text, fetch_through_output},
    {UNKNOWNOID, Kind::text, Repr::text, fetch_through_output},
    {BYTEAOID, Kind::bytes, Repr::text, fetch_as_it_lies},
    {UUIDOID, Kind::uuid, Repr::text, fetch_uuid},
    {DATEOID, Kind::date, Repr::integer, fetch_date},
    {TIMEOID, Kind::time, Repr::integer, fetch_time},
    {TIMESTAMPOID, Kind::timestamp, Repr::integer, fetch_timestamp},
    {TIMESTAMPTZOID, Kind::timestamptz, Repr::integer, fetch_timestamp},
    {INTERVALOID, Kind::interval, Repr::span, fetch_interval},
    {JSONOID, Kind::json, Repr::text, nullptr},
    {JSONBOID, Kind::jsonb, Repr::jsonb, fetch_as_it_lies},
    {XMLOID, Kind::xml, Repr::text, fetch_through_output},
};

FetchFunction scalar_getter(const Binder *b, Oid typid, Kind *kind, Repr *repr)
{
    for (const Known &k : kKnown) {
        if (k.typid != typid) continue;
        *kind = k.kind;
        *repr = k.repr;
        if (typid == JSONBOID && (GetDatabaseEncoding() != PG_UTF8 || b->style.encoding != PG_UTF8)) {
            *repr = Repr::text;
            return fetch_jsonb_text;
        }
        return k.fetch ? k.fetch : text_stays(b) ? fetch_as_it_lies : fetch_converted;
    }
    return nullptr;
}

Stored stored_form(FetchFunction f)
{
    if (f == fetch_int8 || f == fetch_timestamp || f == fetch_time || f == fetch_float8) return Stored::word;
    if (f == fetch_int4 || f == fetch_date) return Stored::int4;
    if (f == fetch_int2) return Stored::int2;
    if (f == fetch_oid) return Stored::uint4;
    if (f == fetch_bool) return Stored::boolean;
    if (f == fetch_uuid) return Stored::uuid;
    if (f == fetch_as_it_lies) return Stored::varlena;
    if (f == fetch_numeric) return Stored::numeric;
    return Stored::opaque;
}

// --- enums: labels without a catalog look-up per value ---------------------------------------------------

struct EnumLabel {
    Oid oid;
    const char *label; // UTF-8; null: it is no text in it
    uint32 length;
};
struct EnumCache {
    uint32 n;
    EnumLabel labels[FLEXIBLE_ARRAY_MEMBER]; // by oid
};

static int by_oid(const void *a, const void *b)
{
    Oid x = static_cast<const EnumLabel *>(a)->oid, y = static_cast<const EnumLabel *>(b)->oid;
    return x < y ? -1 : x > y;
}
void *build_enum_cache(Oid enumtypid)
{
    CatCList *list = SearchSysCacheList1(ENUMTYPOIDNAME, ObjectIdGetDatum(enumtypid));
    auto *cache =
        (EnumCache *)palloc(offsetof(EnumCache, labels) + sizeof(EnumLabel) * Max(list->n_members, 1));
    cache->n = list->n_members;
    for (int i = 0; i < list->n_members; i++) {
        auto *form = (Form_pg_enum)GETSTRUCT(&list->members[i]->tuple);
        const char *label;
        bool text = convert_name(NameStr(form->enumlabel), PG_UTF8, &label);
        if (label == NameStr(form->enumlabel)) label = pstrdup(label);
        cache->labels[i] = {form->oid, text ? label : nullptr, (uint32)strlen(label)};
    }
    ReleaseSysCacheList(list);
    qsort(cache->labels, cache->n, sizeof(EnumLabel), by_oid);
    return cache;
}

// One that is no text, which is an error only here, where a row has it; or one that this very transaction
// added after the export began.
static pg_noinline void fetch_unknown_label(const Getter *g, Datum d, Cell *c)
{
    const char *label = DatumGetCString(DirectFunctionCall1(enum_out, d)), *converted;
    if (!convert_name(label, PG_UTF8, &converted))
        ereport(ERROR,
                (errcode(bad_name_sqlstate()),
                 errmsg("label of enum %s cannot be written in encoding \"UTF8\": \"%s\"",
                        from_utf8(g->type->sql_name), escaped_bytes(label)),
                 errhint("Use ALTER TYPE ... RENAME VALUE, or write another text for it in the query.")));
    c->s = {converted, (uint32_t)strlen(converted)};
}

void fetch_enum(Binder *, const Getter *g, Datum d, Cell *c)
{
    auto *cache = static_cast<const EnumCache *>(g->cache);
    EnumLabel key = {DatumGetObjectId(d), nullptr, 0};
    auto *hit = (const EnumLabel *)bsearch(&key, cache->labels, cache->n, sizeof(EnumLabel), by_oid);
    if (likely(hit && hit->label))
        c->s = {hit->label, hit->length};
    else
        fetch_unknown_label(g, d, c);
}
} // namespace spout
