// json.cpp - small helpers around jsonb and JSON text. Knows nothing of benchmarks.
#include "bench/server/json.hpp"

#include <cmath>

extern "C" {
#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/numeric.h"
}

namespace spout
{
static JsonbValue *find(Jsonb *j, const char *key)
{
    if (!j || !JB_ROOT_IS_OBJECT(j)) return nullptr;
    JsonbValue k;
    k.type = jbvString;
    k.val.string.val = (char *)key;
    k.val.string.len = (int)strlen(key);
    return findJsonbValueFromContainer(&j->root, JB_FOBJECT, &k);
}

// Null: the key is absent, or its value is.
static JsonbValue *find_value(Jsonb *j, const char *key)
{
    JsonbValue *v = find(j, key);
    return v && v->type != jbvNull ? v : nullptr;
}

[[noreturn]] static void refuse(const char *key, const char *wanted)
{
    ereport(ERROR,
            (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("\"%s\" of the task must be %s", key, wanted)));
    pg_unreachable();
}

const char *json_text(Jsonb *j, const char *key, const char *missing)
{
    JsonbValue *v = find_value(j, key);
    if (!v) return missing;
    if (v->type != jbvString) refuse(key, "a text");
    return pnstrdup(v->val.string.val, v->val.string.len);
}

double json_number(Jsonb *j, const char *key, double low, double high, double missing)
{
    JsonbValue *v = find_value(j, key);
    if (!v) return missing;
    double d = low - 1;
    if (v->type == jbvNumeric)
        d = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(v->val.numeric)));
    if (!(d >= low && d <= high)) refuse(key, psprintf("a number from %.17g to %.17g", low, high));
    return d;
}

int64 json_integer(Jsonb *j, const char *key, int64 low, int64 high, int64 missing)
{
    double d = json_number(j, key, (double)low, (double)high, (double)missing);
    if (d != floor(d)) refuse(key, "a whole number");
    return (int64)d;
}

bool json_bool(Jsonb *j, const char *key, bool missing)
{
    JsonbValue *v = find_value(j, key);
    if (!v) return missing;
    if (v->type != jbvBool) refuse(key, "true or false");
    return v->val.boolean;
}

bool json_has(Jsonb *j, const char *key) { return find_value(j, key) != nullptr; }

Jsonb *json_object(Jsonb *j, const char *key)
{
    JsonbValue *v = find_value(j, key);
    if (!v) return nullptr;
    if (v->type != jbvBinary || !JsonContainerIsObject(v->val.binary.data)) refuse(key, "an object");
    return JsonbValueToJsonb(v);
}

JsonbContainer *json_array(Jsonb *j, const char *key)
{
    JsonbValue *v = find_value(j, key);
    if (!v) return nullptr;
    if (v->type != jbvBinary || !JsonContainerIsArray(v->val.binary.data)) refuse(key, "an array");
    return v->val.binary.data;
}

int json_numbers(Jsonb *j, const char *key, double *x, int room)
{
    JsonbContainer *array = json_array(j, key);
    int n = array ? (int)JsonContainerSize(array) : 0;
    for (int i = 0; i < Min(n, room); i++) {
        JsonbValue *v = getIthJsonbValueFromContainer(array, (uint32)i);
        if (v->type != jbvNumeric) refuse(key, "an array of numbers");
        x[i] =
            DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, NumericGetDatum(v->val.numeric)));
    }
    return n;
}

void json_argument(Datum numeric, Datum *value, Oid *type)
{
    double d = DatumGetFloat8(DirectFunctionCall1(numeric_float8_no_overflow, numeric));
    const char *text = DatumGetCString(DirectFunctionCall1(numeric_out, numeric));
    bool whole = !strchr(text, '.');
    if (whole && d >= INT32_MIN && d <= INT32_MAX) {
        *value = Int32GetDatum((int32)d);
        *type = INT4OID;
    } else if (whole && fabs(d) < 9e18) {
        *value = DirectFunctionCall1(numeric_int8, numeric);
        *type = INT8OID;
    } else {
        *value = numeric;
        *type = NUMERICOID;
    }
}

void put_key(StringInfo s, const char *key)
{
    char last = s->len ? s->data[s->len - 1] : '{';
    if (last != '{' && last != '[') appendStringInfoString(s, ", ");
    escape_json(s, key);
    appendStringInfoString(s, ": ");
}

void put_text(StringInfo s, const char *key, const char *value)
{
    put_key(s, key);
    if (value)
        escape_json(s, value);
    else
        appendStringInfoString(s, "null");
}

static void append_number(StringInfo s, double value)
{
    appendStringInfoString(s, std::isfinite(value) ? float8out_internal(value) : "null");
}

void put_number(StringInfo s, const char *key, double value)
{
    put_key(s, key);
    append_number(s, value);
}

void put_integer(StringInfo s, const char *key, int64 value)
{
    put_key(s, key);
    appendStringInfo(s, INT64_FORMAT, value);
}

void put_bool(StringInfo s, const char *key, bool value)
{
    put_key(s, key);
    appendStringInfoString(s, value ? "true" : "false");
}

void put_numbers(StringInfo s, const char *key, const double *x, size_t n)
{
    put_key(s, key);
    appendStringInfoChar(s, '[');
    for (size_t i = 0; i < n; i++) {
        if (i) appendStringInfoString(s, ", ");
        append_number(s, x[i]);
    }
    appendStringInfoChar(s, ']');
}

Datum json_datum(StringInfo s) { return DirectFunctionCall1(jsonb_in, CStringGetDatum(s->data)); }
} // namespace spout
