// task.cpp - a benchmark's task, read from JSON. Every field is checked here, before anything is done with
// it.
#include "bench/measure/benchmark.hpp"
#include "engine/wall.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "utils/builtins.h"
}

namespace spout
{
constexpr int kMaxRounds = 3000, kMaxLoops = 1000000, kMaxCpu = 1023;
constexpr double kMaxSeconds = 1e6, kMaxBytes = 1e15, kLeastMemory = 16 * 1024 * 1024;

// JSON values as parameters of a statement: whole numbers are int4 or int8, others numeric, texts text.
static void read_args(BenchTask *t, JsonbContainer *array)
{
    t->nargs = (int)JsonContainerSize(array);
    t->args = (Datum *)palloc(sizeof(Datum) * Max(t->nargs, 1));
    t->arg_types = (Oid *)palloc(sizeof(Oid) * Max(t->nargs, 1));
    for (int i = 0; i < t->nargs; i++) {
        JsonbValue *v = getIthJsonbValueFromContainer(array, (uint32)i);
        t->arg_types[i] = TEXTOID;
        if (v->type == jbvString) {
            t->args[i] = PointerGetDatum(cstring_to_text_with_len(v->val.string.val, v->val.string.len));
        } else if (v->type == jbvBool) {
            t->args[i] = BoolGetDatum(v->val.boolean);
            t->arg_types[i] = BOOLOID;
        } else if (v->type == jbvNumeric) {
            json_argument(NumericGetDatum(v->val.numeric), &t->args[i], &t->arg_types[i]);
        } else {
            t->args[i] = PointerGetDatum(JsonbValueToJsonb(v));
            t->arg_types[i] = JSONBOID;
        }
    }
}

[[noreturn]] static void refuse(const char *why, const char *what)
{
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("not a benchmark's task: %s", why),
                    what ? errdetail("\"%s\"", what) : 0));
    pg_unreachable();
}

// What its kind cannot do without.
static void check_task(const BenchTask *t)
{
    if (!find_benchmark(t->kind)) refuse("unknown kind", t->kind);
    if (strcmp(t->kind, "sql") == 0) {
        if (!t->run_sql) refuse("\"run_sql\" is missing", nullptr);
        return;
    }
    if (!t->format) refuse("\"format\" is missing", nullptr);
    if (!format_known(t->format)) refuse("unknown format", t->format);
    if (!t->relation) refuse("\"relation\" is missing", nullptr);
}

BenchTask read_task(Jsonb *j)
{
    BenchTask t = {};
    t.kind = json_text(j, "kind", "sql");
    t.format = json_text(j, "format", nullptr);
    t.relation = json_text(j, "relation", nullptr);
    t.only.oid = (Oid)json_integer(j, "relation_oid", 0, UINT32_MAX, InvalidOid);
    t.only.owner = (Oid)json_integer(j, "relation_owner", 0, UINT32_MAX, InvalidOid);
    t.only.kind = json_text(j, "relation_kind", "")[0];
    t.setup_sql = json_text(j, "setup_sql", nullptr);
    t.run_sql = json_text(j, "run_sql", nullptr);
    t.teardown_sql = json_text(j, "teardown_sql", nullptr);
    t.process_time = strcmp(json_text(j, "timer", ""), "process_time") == 0;
    t.guard = json_bool(j, "guard", true);
    t.read_only = json_bool(j, "read_only", false);
    t.memory = json_bool(j, "memory", false);
    t.keep_result = json_bool(j, "keep_result", false);
    t.quiet = json_bool(j, "disable_gc", true);
    t.min_time = json_number(j, "min_time", 0, kMaxSeconds, 0.1);
    t.box = json_number(j, "box", 0, kMaxSeconds, 60);
    t.deadline = task_deadline(j);
    t.iterations = (int)json_integer(j, "iterations", 1, kMaxRounds, 100);
    t.warmup = (int)json_integer(j, "warmup_iterations", 0, kMaxRounds, 5);
    t.loops = (int)json_integer(j, "loops", 0, kMaxLoops, 0);
    t.cpu = (int)json_integer(j, "cpu", 0, kMaxCpu, -1);
    t.memory_limit = json_number(j, "memory_limit", kLeastMemory, kMaxBytes, 268435456);
    t.disk_limit = json_number(j, "disk_limit", 1, kMaxBytes, 21474836480.0);
    t.seed = (uint32)json_integer(j, "seed", 0, INT32_MAX, 1);
    JsonbContainer *args = json_array(j, "args");
    if (args) read_args(&t, args);
    check_task(&t);
    return t;
}

double task_deadline(Jsonb *j)
{
    return json_number(j, "deadline", 0, kMaxSeconds, json_number(j, "box", 0, kMaxSeconds, 60) * 2 + 10);
}
} // namespace spout
