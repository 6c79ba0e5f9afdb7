// json.hpp - reading jsonb arguments and writing JSON results, for the benchmarks' glue.
#pragma once
#include "pg/server/pg.hpp"

extern "C" {
#include "lib/stringinfo.h"
#include "utils/jsonb.h"
}

namespace spout
{
// Values of an object's key; `missing` when the key is absent or null. A value of another type or out of its
// bounds raises 22023: whoever can call us can write anything. Texts are palloc'd.
const char *json_text(Jsonb *, const char *key, const char *missing);
double json_number(Jsonb *, const char *key, double low, double high, double missing);
int64 json_integer(Jsonb *, const char *key, int64 low, int64 high, int64 missing); // bounds below 2^53
bool json_bool(Jsonb *, const char *key, bool missing);
bool json_has(Jsonb *, const char *key);              // and it is not null
Jsonb *json_object(Jsonb *, const char *key);         // null: absent
JsonbContainer *json_array(Jsonb *, const char *key); // null: absent
// Up to `room` numbers of an array; the number there is.
int json_numbers(Jsonb *, const char *key, double *x, int room);
// A JSON number as the parameter of a statement: int4, int8 or numeric.
void json_argument(Datum numeric, Datum *value, Oid *type);

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
