// json.hpp - reading jsonb arguments and writing JSON results, for the benchmarks' glue.
#pragma once
#include "pg/pg.hpp"

extern "C" {
#include "lib/stringinfo.h"
#include "utils/jsonb.h"
}

namespace spout
{
// Values of an object's key; `missing` when the key is absent, null or of another type. Texts are palloc'd.
const char *json_text(Jsonb *, const char *key, const char *missing);
double json_number(Jsonb *, const char *key, double missing);
bool json_has(Jsonb *, const char *key);              // and it is not null
Jsonb *json_object(Jsonb *, const char *key);         // null: not an object
JsonbContainer *json_array(Jsonb *, const char *key); // null: not an array
// A JSON number as the parameter of a statement: int4, int8 or numeric.
void json_argument(Datum numeric, Datum *value, Oid *type);
bool json_bool(Jsonb *, const char *key, bool missing);

// {"a": 1, ...}: each put writes the comma it needs. Numbers that are not finite become null.
void put_key(StringInfo, const char *key);
void put_text(StringInfo, const char *key, const char *value); // null value: JSON null
void put_number(StringInfo, const char *key, double value);
void put_integer(StringInfo, const char *key, int64 value);
void put_bool(StringInfo, const char *key, bool value);
void put_numbers(StringInfo, const char *key, const double *x, size_t n);
// The finished text as jsonb.
Datum json_datum(StringInfo);
} // namespace spout
