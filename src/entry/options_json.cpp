// options_json.cpp - from jsonb to the raw options the core parses.
#include "entry/options_json.hpp"

#include "pg/bind.hpp"

namespace spout
{
void add_option(OptionList *list, const char *name, const char *value)
{
    if (list->n == list->room) {
        list->room = Max(list->room * 2, 16);
        auto *fresh = (RawOption *) palloc(sizeof(RawOption) * list->room);
        if (list->n) memcpy(fresh, list->items, sizeof(RawOption) * list->n);
        list->items = fresh;
    }
    list->items[list->n++] = {name, value ? to_utf8(value) : nullptr};
}

void add_nonzero_option(OptionList *list, const char *name, int64 value)
{
    if (value) add_option(list, name, psprintf(INT64_FORMAT, value));
}

static const char *text_of(JsonbValue *v)
{
    switch (v->type) {
    case jbvString: return pnstrdup(v->val.string.val, v->val.string.len);
    case jbvBool: return v->val.boolean ? "true" : "false";
    case jbvNumeric: return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(v->val.numeric)));
    case jbvBinary: return JsonbToCString(nullptr, v->val.binary.data, v->val.binary.len);
    default: return nullptr;
    }
}

OptionList options_from_json(Jsonb *j)
{
    OptionList list = {};
    if (!j) return list;
    if (!JB_ROOT_IS_OBJECT(j))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("argument \"options\" is not a JSON object"),
                        errhint("Pass an object such as {\"sync\": false, \"block_size\": \"256kB\"}.")));
    JsonbIterator *it = JsonbIteratorInit(&j->root);
    JsonbValue v;
    JsonbIteratorToken t;
    while ((t = JsonbIteratorNext(&it, &v, true)) != WJB_DONE) {
        if (t != WJB_KEY) continue;
        const char *name = pnstrdup(v.val.string.val, v.val.string.len);
        JsonbIteratorNext(&it, &v, true);
        if (v.type != jbvNull) add_option(&list, name, text_of(&v));
    }
    return list;
}

Options parse_option_list(const char *format, const OptionList *list)
{
    Options options;
    Failure why;
    if (options_parse(format, list->items, list->n, &options, &why) != Code::ok) raise_failure(&why);
    return options;
}
} // namespace spout
