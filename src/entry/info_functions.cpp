// info_functions.cpp - describe_export and last_export: what would be written, and what was.
#include "entry/options_json.hpp"
#include "pg/export.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"
#include "utils/tuplestore.h"

PGDLLEXPORT PG_FUNCTION_INFO_V1(spout_describe_export);
PGDLLEXPORT PG_FUNCTION_INFO_V1(spout_last_export);
}

namespace spout
{
// --- describe_export
// ------------------------------------------------------------------------------------------

struct DescribeState {
    Described *described;
    MemoryContextCallback cleanup;
};

static Datum text_or_null(const char *s, bool *null)
{
    *null = s == nullptr;
    return s ? CStringGetTextDatum(from_utf8(s)) : (Datum)0;
}

// ordinal, source_name, source_type, target_name, target_type, lossy, why. Row 0 is the record itself; its
// target_type is the schema a file would carry, null for text formats.
static void put_description(ReturnSetInfo *out, const Described *d, const Binder *b)
{
    bool nulls[7] = {false, true, true, true, false, true, true};
    BytesRef schema = describe_schema(d);
    Datum values[7] = {Int32GetDatum(0)};
    values[4] = text_or_null(schema.n ? pnstrdup((const char *)schema.p, schema.n) : nullptr, &nulls[4]);
    tuplestore_putvalues(out->setResult, out->setDesc, values, nulls);
    DescribedColumn c;
    for (uint32 i = 0; describe_column(d, i, &c); i++) {
        memset(nulls, 0, sizeof nulls);
        values[0] = Int32GetDatum((int32)i + 1);
        values[1] = CStringGetTextDatum(b->column_names[i]);
        values[2] = text_or_null(b->getters[i].type->sql_name, &nulls[2]);
        values[3] = text_or_null(c.name, &nulls[3]);
        values[4] = text_or_null(c.target_type, &nulls[4]);
        values[5] = BoolGetDatum(c.lossy_why != nullptr);
        values[6] = text_or_null(c.lossy_why, &nulls[6]);
        tuplestore_putvalues(out->setResult, out->setDesc, values, nulls);
    }
}

static Datum describe(FunctionCallInfo fcinfo)
{
    if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
        ereport(ERROR, (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
                        errmsg("argument \"%s\" must not be NULL", PG_ARGISNULL(0) ? "query" : "format")));
    char *format = text_to_cstring(PG_GETARG_TEXT_PP(1));
    OptionList list = options_from_json(PG_ARGISNULL(2) ? nullptr : PG_GETARG_JSONB_P(2));
    Spec spec = {};
    ForceQuote force_quote = {};
    parse_option_list(format, &list, &spec.options, &force_quote);
    spec.allocator = &kMalloc;
    Planned plan = plan_select(text_to_cstring(PG_GETARG_TEXT_PP(0)));
    TupleDesc desc = result_desc(plan.stmt);
    uint32 n;
    const ColumnChoice *columns = choose_columns(desc, 0, true, &n);
    Binder *b = bind(CurrentMemoryContext, desc, plan.origins, columns, n, bind_style(&spec.options));
    spec.row = b->row;
    InitMaterializedSRF(fcinfo, 0);
    auto *state = (DescribeState *)palloc0(sizeof(DescribeState));
    state->cleanup.func = [](void *arg) { describe_free(static_cast<DescribeState *>(arg)->described); };
    state->cleanup.arg = state;
    MemoryContextRegisterResetCallback(CurrentMemoryContext, &state->cleanup);
    Failure why;
    if (describe_open(&spec, &state->described, &why) != Code::ok) {
        if (why.column >= 0) raise_column(&why, b->column_names[why.column]);
        raise_failure(&why);
    }
    put_description((ReturnSetInfo *)fcinfo->resultinfo, state->described, b);
    return (Datum)0;
}

// --- last_export
// ----------------------------------------------------------------------------------------------

static void push_key(JsonbParseState **state, const char *name)
{
    JsonbValue v;
    v.type = jbvString;
    v.val.string.val = (char *)name;
    v.val.string.len = (int)strlen(name);
    pushJsonbValue(state, WJB_KEY, &v);
}

static void push_text(JsonbParseState **state, const char *name, const char *value)
{
    push_key(state, name);
    JsonbValue v;
    v.type = jbvString;
    v.val.string.val = (char *)value;
    v.val.string.len = (int)strlen(value);
    pushJsonbValue(state, WJB_VALUE, &v);
}

static void push_number(JsonbParseState **state, const char *name, uint64 value)
{
    push_key(state, name);
    JsonbValue v;
    v.type = jbvNumeric;
    v.val.numeric = int64_to_numeric((int64)value);
    pushJsonbValue(state, WJB_VALUE, &v);
}

static Datum last_export()
{
    const ExportStats *s = &last_export_stats;
    JsonbParseState *state = nullptr;
    pushJsonbValue(&state, WJB_BEGIN_OBJECT, nullptr);
    push_text(&state, "status", s->failed ? "failed" : "ok");
    push_text(&state, "format", s->format);
    push_text(&state, "compression", s->codec);
    push_number(&state, "rows", s->rows);
    push_number(&state, "files", s->files);
    push_number(&state, "bytes", s->bytes);
    push_number(&state, "raw_bytes", s->raw_bytes);
    push_number(&state, "blocks", s->blocks);
    push_number(&state, "workers", 0);
    push_key(&state, "ns");
    pushJsonbValue(&state, WJB_BEGIN_OBJECT, nullptr);
    push_number(&state, "plan", s->plan_ns);
    push_number(&state, "execute", s->execute_ns);
    push_number(&state, "encode", s->encode_ns);
    push_number(&state, "compress", s->compress_ns);
    push_number(&state, "write", s->write_ns);
    push_number(&state, "sync", s->sync_ns);
    push_number(&state, "wait", s->wait_ns);
    pushJsonbValue(&state, WJB_END_OBJECT, nullptr);
    if (s->failed) {
        push_text(&state, "sqlstate", s->sqlstate);
        push_text(&state, "error", s->error);
    }
    JsonbValue *object = pushJsonbValue(&state, WJB_END_OBJECT, nullptr);
    return JsonbPGetDatum(JsonbValueToJsonb(object));
}
} // namespace spout

extern "C" {
Datum spout_describe_export(PG_FUNCTION_ARGS) { return spout::describe(fcinfo); }

Datum spout_last_export(PG_FUNCTION_ARGS)
{
    if (!spout::last_export_stats.any) PG_RETURN_NULL();
    return spout::last_export();
}
}
