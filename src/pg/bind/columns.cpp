// columns.cpp - the `columns` argument of the functions: select, order and rename result columns.
#include "pg/bind/columns.hpp"
#include "pg/server/suggest.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/jsonb.h"
}

namespace spout
{
[[noreturn]] static void malformed(int i, const char *what)
{
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    i < 0 ? errmsg("argument \"columns\" %s", what)
                          : errmsg("entry %d of \"columns\" %s", i + 1, what),
                    errhint("Pass an array such as [{\"source\": \"id\", \"target\": \"ident\"}].")));
    pg_unreachable();
}

static AttrNumber find_source(TupleDesc desc, const char *name)
{
    AttrNumber found = InvalidAttrNumber;
    for (int i = 0; i < desc->natts; i++) {
        if (strcmp(NameStr(TupleDescAttr(desc, i)->attname), name) != 0) continue;
        if (found != InvalidAttrNumber)
            ereport(ERROR, (errcode(ERRCODE_AMBIGUOUS_COLUMN),
                            errmsg("column \"%s\" in \"columns\" is ambiguous", name),
                            errhint("Give the query's columns different names.")));
        found = (AttrNumber)(i + 1);
    }
    if (found == InvalidAttrNumber) {
        const char *near = suggest_column(desc, name);
        ereport(ERROR, (errcode(ERRCODE_UNDEFINED_COLUMN),
                        errmsg("column \"%s\" in \"columns\" is not a column of the query", name),
                        near ? errhint("Perhaps you meant the column \"%s\".", near) : 0));
    }
    return found;
}

static const char *string_of(const JsonbValue *v, int entry)
{
    if (v->type != jbvString) malformed(entry, "has a value that is not a string");
    if (memchr(v->val.string.val, '\0', v->val.string.len)) malformed(entry, "has a NUL character");
    return pnstrdup(v->val.string.val, v->val.string.len);
}

static bool is_key(const JsonbValue *v, const char *name)
{
    return v->val.string.len == (int)strlen(name) && memcmp(v->val.string.val, name, v->val.string.len) == 0;
}

static ColumnChoice read_choice(TupleDesc desc, JsonbContainer *object, int entry)
{
    const char *source = nullptr, *target = nullptr;
    JsonbIterator *it = JsonbIteratorInit(object);
    JsonbValue v;
    JsonbIteratorToken t;
    while ((t = JsonbIteratorNext(&it, &v, true)) != WJB_DONE) {
        if (t != WJB_KEY) continue;
        const char **to = is_key(&v, "source") ? &source : is_key(&v, "target") ? &target : nullptr;
        if (!to) malformed(entry, "has a key other than \"source\" and \"target\"");
        JsonbIteratorNext(&it, &v, true);
        *to = string_of(&v, entry);
    }
    if (!source) malformed(entry, "has no \"source\"");
    if (target && !*target) malformed(entry, "has an empty \"target\"");
    return {find_source(desc, source), target ? target : source};
}

const ColumnChoice *choose_columns(TupleDesc desc, Datum json, bool isnull, uint32 *n)
{
    if (isnull) {
        auto *all = (ColumnChoice *)palloc(sizeof(ColumnChoice) * Max(desc->natts, 1));
        for (int i = 0; i < desc->natts; i++)
            all[i] = {(AttrNumber)(i + 1), pstrdup(NameStr(TupleDescAttr(desc, i)->attname))};
        *n = desc->natts;
        return all;
    }
    Jsonb *j = DatumGetJsonbP(json);
    if (!JB_ROOT_IS_ARRAY(j) || JB_ROOT_IS_SCALAR(j)) malformed(-1, "is not a JSON array");
    if (JB_ROOT_COUNT(j) == 0) malformed(-1, "is empty");
    auto *chosen = (ColumnChoice *)palloc(sizeof(ColumnChoice) * JB_ROOT_COUNT(j));
    *n = 0;
    for (uint32 i = 0; i < JB_ROOT_COUNT(j); i++) {
        JsonbValue *v = getIthJsonbValueFromContainer(&j->root, i);
        if (v->type != jbvBinary || !JsonContainerIsObject(v->val.binary.data))
            malformed((int)i, "is not an object");
        chosen[(*n)++] = read_choice(desc, v->val.binary.data, (int)i);
    }
    return chosen;
}
} // namespace spout
