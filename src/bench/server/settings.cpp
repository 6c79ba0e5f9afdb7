// settings.cpp - settings as jsonb: what was written is checked by the core, and layers lie upon each other.
#include "bench/server/json.hpp"
#include "engine/wall.hpp"
#include "pg/pump/encoding.hpp"
#include "pg/server/error.hpp"

#include <cmath>

extern "C" {
#include "access/xact.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"
#include "utils/guc.h"
#include "utils/json.h"
#include "utils/resowner.h"

PGDLLEXPORT PG_FUNCTION_INFO_V1(spout_benchmark_settings);
PGDLLEXPORT PG_FUNCTION_INFO_V1(spout_benchmark_config);
PGDLLEXPORT PG_FUNCTION_INFO_V1(spout_benchmark_bytes);
}

namespace spout
{
static const char kSetting[] = "pg_spout.benchmark_config";

static Jsonb *joined(Jsonb *below, Jsonb *above)
{
    return DatumGetJsonbP(DirectFunctionCall2(jsonb_concat, JsonbPGetDatum(below), JsonbPGetDatum(above)));
}

static JsonKind kind_of(const JsonbValue *v)
{
    switch (v->type) {
    case jbvNull: return JsonKind::null;
    case jbvNumeric: return JsonKind::number;
    case jbvString: return JsonKind::text;
    case jbvBool: return JsonKind::boolean;
    default: return JsonKind::other;
    }
}

static void put_checked(StringInfo s, const JsonbValue *key, JsonbValue *value, const char *origin)
{
    Jsonb *whole = JsonbValueToJsonb(value);
    char *json = JsonbToCString(nullptr, &whole->root, VARSIZE(whole));
    const char *name = pnstrdup(key->val.string.val, key->val.string.len), *text = json;
    if (value->type == jbvString) text = pnstrdup(value->val.string.val, value->val.string.len);
    SettingInput in = {to_utf8(name), kind_of(value), to_utf8(text), to_utf8(json)};
    SettingValue v;
    Failure why;
    if (bench_setting(&in, origin, &v, &why) != Code::ok) raise_failure(&why);
    if (v.use == SettingUse::nothing) return;
    put_key(s, name);
    appendStringInfoString(s, v.use == SettingUse::number ? v.number : json);
}

// One layer, checked; sizes become bytes. `origin` says in messages where it was written.
static Jsonb *checked(Jsonb *config, const char *origin)
{
    StringInfoData s;
    initStringInfo(&s);
    appendStringInfoChar(&s, '{');
    if (config) {
        if (!JB_ROOT_IS_OBJECT(config))
            ereport(ERROR,
                    (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("%s is not a JSON object", origin),
                     errhint("Write for example {\"iterations\": 20}.")));
        JsonbIterator *it = JsonbIteratorInit(&config->root);
        JsonbValue key, value;
        for (JsonbIteratorToken t; (t = JsonbIteratorNext(&it, &key, true)) != WJB_DONE;)
            if (t == WJB_KEY) {
                JsonbIteratorNext(&it, &value, true);
                put_checked(&s, &key, &value, origin);
            }
    }
    appendStringInfoChar(&s, '}');
    return DatumGetJsonbP(json_datum(&s));
}

// The setting's JSON; null where it is none.
static Jsonb *parsed(const char *text)
{
    Jsonb *volatile result = nullptr;
    MemoryContext cx = CurrentMemoryContext;
    ResourceOwner owner = CurrentResourceOwner;
    BeginInternalSubTransaction(nullptr);
    MemoryContextSwitchTo(cx);
    PG_TRY();
    {
        result = DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(text)));
        ReleaseCurrentSubTransaction();
    }
    PG_CATCH();
    {
        MemoryContextSwitchTo(cx);
        ErrorData *e = CopyErrorData();
        FlushErrorState();
        RollbackAndReleaseCurrentSubTransaction();
        CurrentResourceOwner = owner;
        if (ERRCODE_TO_CATEGORY(e->sqlerrcode) != ERRCODE_DATA_EXCEPTION) ReThrowError(e);
    }
    PG_END_TRY();
    MemoryContextSwitchTo(cx);
    CurrentResourceOwner = owner;
    return result;
}

static Jsonb *written_setting()
{
    const char *text = GetConfigOption(kSetting, true, false);
    if (!text || text[strspn(text, " ")] == '\0') return nullptr;
    Jsonb *j = parsed(text);
    if (!j)
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("setting \"%s\" is not a JSON object", kSetting),
                        errhint("Write for example {\"iterations\": 20}.")));
    return j;
}

static Jsonb *standards(bool extended)
{
    StringInfoData s;
    initStringInfo(&s);
    appendStringInfoChar(&s, '{');
    const SettingKey *key;
    for (uint32 i = 0; (key = bench_setting_key(i)); i++)
        if (key->standard) {
            put_key(&s, key->name);
            appendStringInfoString(&s, key->standard);
        }
    put_text(&s, "budget", extended ? "extended" : "quick");
    appendStringInfoChar(&s, '}');
    return DatumGetJsonbP(json_datum(&s));
}

static const char *number_text(Jsonb *j, const char *key)
{
    JsonbValue k, *v;
    k.type = jbvString;
    k.val.string.val = (char *)key;
    k.val.string.len = (int)strlen(key);
    v = findJsonbValueFromContainer(&j->root, JB_FOBJECT, &k);
    return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(v->val.numeric)));
}

// What counts in the end: the call's value, else the definition's, the setting's, the built-in one.
static Jsonb *settings(Jsonb *called, Jsonb *defined, bool extended)
{
    Jsonb *result =
        joined(standards(extended), checked(written_setting(), psprintf("setting \"%s\"", kSetting)));
    result = joined(result, checked(defined, "the definition's config"));
    result = joined(result, checked(called, "argument \"config\""));
    if (json_number(result, "min_time", 0, HUGE_VAL, 0) > json_number(result, "max_time", 0, HUGE_VAL, 0))
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("benchmark setting \"min_time\" (%s) is above \"max_time\" (%s)",
                               number_text(result, "min_time"), number_text(result, "max_time"))));
    return result;
}

static void put_float(StringInfo s, const char *key, double x)
{
    if (std::isfinite(x))
        put_number(s, key, x);
    else
        put_text(s, key, float8out_internal(x)); // no number for JSON: refused by name
}

static Jsonb *config(FunctionCallInfo fcinfo)
{
    StringInfoData s;
    initStringInfo(&s);
    appendStringInfoChar(&s, '{');
    if (!PG_ARGISNULL(0)) put_integer(&s, "iterations", PG_GETARG_INT32(0));
    if (!PG_ARGISNULL(1)) put_integer(&s, "warmup_iterations", PG_GETARG_INT32(1));
    if (!PG_ARGISNULL(2)) put_float(&s, "min_time", PG_GETARG_FLOAT8(2));
    if (!PG_ARGISNULL(3)) put_float(&s, "max_time", PG_GETARG_FLOAT8(3));
    if (!PG_ARGISNULL(4)) put_bool(&s, "disable_gc", PG_GETARG_BOOL(4));
    if (!PG_ARGISNULL(5)) put_text(&s, "timer", text_to_cstring(PG_GETARG_TEXT_PP(5)));
    appendStringInfoChar(&s, '}');
    Jsonb *other = PG_ARGISNULL(6) ? nullptr : PG_GETARG_JSONB_P(6);
    Jsonb *result = joined(checked(DatumGetJsonbP(json_datum(&s)), "benchmark_config()"),
                           checked(other, "argument \"other\""));
    settings(result, nullptr, false);
    return result;
}
} // namespace spout

extern "C" {
// spout_bench.settings(called jsonb, defined jsonb, extended boolean) -> jsonb
Datum spout_benchmark_settings(PG_FUNCTION_ARGS)
{
    Jsonb *called = PG_ARGISNULL(0) ? nullptr : PG_GETARG_JSONB_P(0);
    Jsonb *defined = PG_ARGISNULL(1) ? nullptr : PG_GETARG_JSONB_P(1);
    PG_RETURN_JSONB_P(spout::settings(called, defined, !PG_ARGISNULL(2) && PG_GETARG_BOOL(2)));
}

// benchmark_config(iterations, ..., other) -> jsonb: settings, checked.
Datum spout_benchmark_config(PG_FUNCTION_ARGS) { PG_RETURN_JSONB_P(spout::config(fcinfo)); }

// spout_bench.bytes(word text) -> bigint: "64MB" in bytes; null for what is no size.
Datum spout_benchmark_bytes(PG_FUNCTION_ARGS)
{
    int64 bytes = spout::bench_bytes(text_to_cstring(PG_GETARG_TEXT_PP(0)));
    if (bytes < 0) PG_RETURN_NULL();
    PG_RETURN_INT64(bytes);
}
}
