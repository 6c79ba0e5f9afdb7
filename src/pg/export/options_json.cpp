// options_json.cpp - from jsonb to the raw options the core parses.
#include "pg/export/options_json.hpp"

#include "pg/bind/bind.hpp"
#include "pg/server/names.hpp"
#include "pg/server/suggest.hpp"

extern "C" {
#include "nodes/makefuncs.h"
#include "utils/formatting.h"
}

namespace spout
{
static void add(OptionList *list, const char *name, const char *value, Node *node)
{
    if (list->n == list->room) {
        list->room = Max(list->room * 2, 16);
        auto *items = (RawOption *)palloc(sizeof(RawOption) * list->room);
        auto **nodes = (Node **)palloc(sizeof(Node *) * list->room);
        if (list->n) {
            memcpy(items, list->items, sizeof(RawOption) * list->n);
            memcpy(nodes, list->nodes, sizeof(Node *) * list->n);
        }
        list->items = items;
        list->nodes = nodes;
    }
    list->nodes[list->n] = node;
    list->items[list->n++] = {shown_name(name), option_text(name, value)};
}

void add_option(OptionList *list, const char *name, const char *value)
{
    add(list, name, value, (Node *)makeString(pstrdup(value)));
}

void add_nonzero_option(OptionList *list, const char *name, int64 value)
{
    if (value) add_option(list, name, psprintf(INT64_FORMAT, value));
}

void add_compression_by_name(OptionList *list, const char *format, const char *path)
{
    for (uint32 i = 0; i < list->n; i++)
        if (pg_strcasecmp(list->items[i].name, "compression") == 0) return;
    if (const char *compression = compression_by_name(format, path))
        add_option(list, "compression", compression);
}

static const char *text_of(JsonbValue *v)
{
    switch (v->type) {
    case jbvString: return pnstrdup(v->val.string.val, v->val.string.len);
    case jbvBool: return v->val.boolean ? "true" : "false";
    case jbvNumeric:
        return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(v->val.numeric)));
    case jbvBinary: return JsonbToCString(nullptr, v->val.binary.data, v->val.binary.len);
    default: return nullptr;
    }
}

// ["a", "b"] and "*", as force_quote takes them.
static Node *node_of(JsonbValue *v, const char *text)
{
    if (v->type == jbvString && strcmp(text, "*") == 0) return (Node *)makeNode(A_Star);
    if (v->type != jbvBinary || !JsonContainerIsArray(v->val.binary.data))
        return (Node *)makeString(pstrdup(text));
    List *names = NIL;
    for (uint32 i = 0; i < JsonContainerSize(v->val.binary.data); i++) {
        JsonbValue *name = getIthJsonbValueFromContainer(v->val.binary.data, i);
        if (name->type == jbvString)
            names = lappend(names, makeString(pnstrdup(name->val.string.val, name->val.string.len)));
    }
    return (Node *)names;
}

OptionList options_from_json(Jsonb *j)
{
    OptionList list = {};
    if (!j) return list;
    if (!JB_ROOT_IS_OBJECT(j))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("argument \"options\" is not a JSON object"),
                        errhint("Pass an object such as {\"sync\": false, \"block_size\": \"256kB\"}.")));
    JsonbIterator *it = JsonbIteratorInit(&j->root);
    JsonbValue v;
    JsonbIteratorToken t;
    while ((t = JsonbIteratorNext(&it, &v, true)) != WJB_DONE) {
        if (t != WJB_KEY) continue;
        const char *name = pnstrdup(v.val.string.val, v.val.string.len);
        JsonbIteratorNext(&it, &v, true);
        if (v.type == jbvNull) continue;
        const char *text = text_of(&v);
        add(&list, name, text, node_of(&v, text));
    }
    return list;
}

static DefElem *core_option(const char *utf8, Node *value)
{
    const char *name = from_utf8(utf8);
    return makeDefElem(asc_tolower(name, strlen(name)), value, -1);
}

void parse_option_list(const char *format, const OptionList *list, Options *options, ForceQuote *force_quote)
{
    Failure why;
    if (options_parse(to_utf8(format), list->items, list->n, options, &why) != Code::ok)
        raise_option(format, list->items, &why, nullptr, nullptr);
    if (format_style(options) != Style::csv) return;
    List *core = NIL;
    for (uint32 i = 0; i < list->n; i++)
        if (!option_is_ours(format, list->items[i].name))
            core = lappend(core, core_option(list->items[i].name, list->nodes[i]));
    *force_quote = read_csv_options(nullptr, core, options);
}
} // namespace spout
