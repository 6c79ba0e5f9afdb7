// types.cpp - from a SQL type to its getter and its Type, once per export. Known types have a getter
// of their own; any other type goes through its output function under pinned settings.
#include "pg/bind/bind.hpp"
#include "pg/server/names.hpp"

extern "C" {
#include "access/htup_details.h"
#include "access/relation.h"
#include "catalog/pg_class.h"
#include "catalog/pg_namespace.h"
#include "catalog/pg_proc.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "mb/pg_wchar.h"
#include "catalog/dependency.h"
#include "parser/parse_func.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"
#include "utils/typcache.h"
}

namespace spout
{
// Composites being built, outermost last: a composite inside itself is written as JSON text.
struct Building {
    Oid typid;
    const Building *outer;
};

static void build(Binder *b, Oid typid, int32 typmod, ColumnOrigin from, const Building *outer, Getter *g);

// Pinned: `pg.type` must not depend on search_path, but system types are never qualified.
static const char *type_name(Oid typid, int32 typmod)
{
    bits16 flags = FORMAT_TYPE_TYPEMOD_GIVEN;
    Oid ns = InvalidOid;
    HeapTuple tup = SearchSysCache1(TYPEOID, ObjectIdGetDatum(typid));
    if (HeapTupleIsValid(tup)) {
        ns = ((Form_pg_type)GETSTRUCT(tup))->typnamespace;
        ReleaseSysCache(tup);
    }
    Oid elem = get_element_type(typid);
    if (OidIsValid(elem)) {
        HeapTuple e = SearchSysCache1(TYPEOID, ObjectIdGetDatum(elem));
        if (HeapTupleIsValid(e)) {
            ns = ((Form_pg_type)GETSTRUCT(e))->typnamespace;
            ReleaseSysCache(e);
        }
    }
    if (ns != PG_CATALOG_NAMESPACE) flags |= FORMAT_TYPE_FORCE_QUALIFY;
    return shown_name(format_type_extended(typid, typmod, flags));
}

static FmgrInfo *output_function(Oid typid)
{
    Oid fn;
    bool varlena;
    getTypeOutputInfo(typid, &fn, &varlena);
    auto *info = (FmgrInfo *)palloc(sizeof(FmgrInfo));
    fmgr_info(fn, info);
    return info;
}

static void set_numeric_typmod(Type *t, int32 typmod)
{
    t->precision = -1;
    if (typmod < (int32)VARHDRSZ) return;
    int32 packed = typmod - VARHDRSZ; // numeric.c, make_numeric_typmod(): the scale is signed since 15
    t->precision = (int16)((packed >> 16) & 0xffff);
    t->scale = (int16)(((packed & 0x7ff) ^ 1024) - 1024);
}

static bool is_hstore(Oid typid)
{
    Oid ext = getExtensionOfObject(TypeRelationId, typid);
    char *name = OidIsValid(ext) ? get_extension_name(ext) : nullptr;
    return name && strcmp(name, "hstore") == 0;
}

// The type "hstore" itself; the extension's other base type, ghstore, is only an index key.
static bool make_hstore(Oid typid, Type *t, Getter *g)
{
    if (!is_hstore(typid)) return false;
    HeapTuple tup = SearchSysCache1(TYPEOID, ObjectIdGetDatum(typid));
    auto *form = (Form_pg_type)GETSTRUCT(tup);
    bool right = strcmp(NameStr(form->typname), "hstore") == 0;
    Oid ns = form->typnamespace;
    ReleaseSysCache(tup);
    if (!right) return false;
    List *name = list_make2(makeString(get_namespace_name(ns)), makeString(pstrdup("hstore_to_array")));
    Oid fn = LookupFuncName(name, 1, &typid, true);
    if (!OidIsValid(fn)) return false;
    g->function = (FmgrInfo *)palloc(sizeof(FmgrInfo));
    fmgr_info(fn, g->function);
    g->fetch = fetch_hstore;
    t->kind = Kind::map;
    t->repr = Repr::list;
    return true;
}

static void make_json_text(const Binder *b, Type *t, Getter *g)
{
    t->kind = Kind::json_text;
    t->repr = Repr::text;
    g->fetch = b->style.omit_nulls ? fetch_record_omitting : fetch_row_json;
}

// A composite is told from others by its name, where names are written: there it must be the right one.
static void name_type(const Binder *b, Oid typid, Type *t)
{
    HeapTuple tup = SearchSysCache1(TYPEOID, ObjectIdGetDatum(typid));
    auto *form = (Form_pg_type)GETSTRUCT(tup);
    const char *schema = get_namespace_name(form->typnamespace), *name = NameStr(form->typname);
    bool written = b->style.type_names && form->typtype == TYPTYPE_COMPOSITE;
    const char *hint = "Use ALTER TYPE or ALTER SCHEMA ... RENAME, or to_jsonb(...) in the query.";
    t->schema = written ? written_text(schema, PG_UTF8, "schema of a type", hint) : shown_name(schema);
    t->name = written ? written_text(name, PG_UTF8, "name of a type", hint) : shown_name(name);
    ReleaseSysCache(tup);
}

static void make_record(Binder *b, Oid typid, const Building *outer, Type *t, Getter *g)
{
    for (const Building *o = outer; o; o = o->outer)
        if (o->typid == typid) {
            b->needs_pinning = true;
            return make_json_text(b, t, g);
        }
    check_stack_depth();
    Building self = {typid, outer};
    TupleDesc desc = lookup_rowtype_tupdesc_copy(typid, -1);
    int live = 0;
    for (int i = 0; i < desc->natts; i++)
        live += !TupleDescAttr(desc, i)->attisdropped;
    auto *fields = (Field *)palloc0(sizeof(Field) * Max(live, 1));
    auto *getters = (Getter *)palloc0(sizeof(Getter) * Max(live, 1));
    auto *attnums = (int16 *)palloc0(sizeof(int16) * Max(live, 1));
    int n = 0;
    for (int i = 0; i < desc->natts; i++) {
        Form_pg_attribute a = TupleDescAttr(desc, i);
        if (a->attisdropped) continue;
        build(b, a->atttypid, a->atttypmod, {get_typ_typrelid(typid), a->attnum}, &self, &getters[n]);
        const char *of = psprintf("name of an attribute of %s", from_utf8(t->sql_name));
        fields[n] = {written_text(NameStr(a->attname), PG_UTF8, of, "Use ALTER TYPE ... RENAME ATTRIBUTE."),
                     getters[n].type};
        attnums[n++] = (int16)i;
    }
    name_type(b, typid, t);
    t->kind = Kind::record;
    t->repr = Repr::list;
    t->fields = fields;
    t->nfields = live;
    g->fetch = fetch_record;
    g->fields = getters;
    g->nfields = live;
    g->desc = desc;
    g->attnums = attnums;
}

static void make_array(Binder *b, Oid elemtype, int32 typmod, int dimensions, const Building *outer, Type *t,
                       Getter *g)
{
    auto *child = (Getter *)palloc0(sizeof(Getter));
    t->array = add_array(b, dimensions);
    build(b, elemtype, typmod, {}, outer, child);
    get_typlenbyvalalign(elemtype, &g->typlen, &g->typbyval, &g->typalign);
    g->child = child;
    g->fetch = fetch_array;
    t->kind = Kind::array;
    t->repr = Repr::list;
    t->element = child->type;
}

static void make_enum(const Binder *b, Oid typid, Type *t, Getter *g)
{
    name_type(b, typid, t);
    t->kind = Kind::enumeration;
    t->repr = Repr::text;
    g->cache = build_enum_cache(typid);
    g->fetch = fetch_enum;
}

static int domain_ndims(Oid typid)
{
    HeapTuple tup = SearchSysCache1(TYPEOID, ObjectIdGetDatum(typid));
    int n = HeapTupleIsValid(tup) ? ((Form_pg_type)GETSTRUCT(tup))->typndims : 0;
    if (HeapTupleIsValid(tup)) ReleaseSysCache(tup);
    return n;
}

// What was declared for the column, else for the domain; 0: nothing that could be believed.
static int known_dimensions(Oid typid, ColumnOrigin from, int of_domain)
{
    if (typid == INT2VECTOROID || typid == OIDVECTOROID) return 1;
    int n = declared_dimensions(from);
    if (n <= 1) n = of_domain;
    return n > 1 && n <= MAXDIM ? n : 0;
}

static void build(Binder *b, Oid typid, int32 typmod, ColumnOrigin from, const Building *outer, Getter *g)
{
    int of_domain = 0;
    auto *t = (Type *)palloc0(sizeof(Type));
    g->type = t;
    t->precision = -1;
    t->sql_name = type_name(typid, typmod);
    while (get_typtype(typid) == TYPTYPE_DOMAIN) {
        if (of_domain <= 1) of_domain = domain_ndims(typid);
        HeapTuple tup = SearchSysCache1(TYPEOID, ObjectIdGetDatum(typid));
        auto *form = (Form_pg_type)GETSTRUCT(tup);
        if (form->typtypmod >= 0) typmod = form->typtypmod;
        typid = form->typbasetype;
        ReleaseSysCache(tup);
    }
    Oid elem;
    if (b->style.style != Style::self_contained && mirror_getter(b, typid, t, g)) return;
    g->fetch = scalar_getter(b, typid, &t->kind, &t->repr);
    if (g->fetch) {
        if (typid == NUMERICOID) set_numeric_typmod(t, typmod);
        if (typid == INTERVALOID && kHasInfiniteIntervals) t->precision = kInfiniteIntervals;
        if (g->fetch == fetch_through_output) g->function = output_function(typid);
    } else if (OidIsValid(elem = get_element_type(typid)))
        make_array(b, elem, typmod, known_dimensions(typid, from, of_domain), outer, t, g);
    else if (typid == RECORDOID) {
        b->needs_pinning = true;
        make_json_text(b, t, g);
    } else if (type_is_rowtype(typid))
        make_record(b, typid, outer, t, g);
    else if (type_is_enum(typid))
        make_enum(b, typid, t, g);
    else if (!make_hstore(typid, t, g)) {
        t->kind = Kind::pinned;
        t->repr = Repr::text;
        b->needs_pinning = true;
        g->function = output_function(typid);
        g->fetch = fetch_through_output;
    }
}

void make_getter(Binder *b, Oid typid, int32 typmod, ColumnOrigin from, Getter *out)
{
    build(b, typid, typmod, from, nullptr, out);
}
} // namespace spout
