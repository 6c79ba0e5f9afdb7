// info_functions.cpp - describe_export, last_export and export_files: what would be written, and what was.
#include "entry/file_rows.hpp"
#include "pg/export/options_json.hpp"
#include "pg/bind/columns.hpp"
#include "pg/export/export.hpp"
#include "pg/export/look.hpp"

extern "C" {
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"
#include "utils/tuplestore.h"

PGDLLEXPORT PG_FUNCTION_INFO_V1(spout_describe_export);
PGDLLEXPORT PG_FUNCTION_INFO_V1(spout_last_export);
PGDLLEXPORT PG_FUNCTION_INFO_V1(spout_export_files);
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

static const char *node_name(const Plan *plan)
{
    switch (nodeTag(plan)) {
    case T_Append: return plan->parallel_aware ? "Parallel Append" : "Append";
    case T_SeqScan: return plan->parallel_aware ? "Parallel Seq Scan" : "Seq Scan";
    case T_IndexScan: return "Parallel Index Scan";
    case T_IndexOnlyScan: return "Parallel Index Only Scan";
    case T_BitmapHeapScan: return "Parallel Bitmap Heap Scan";
    case T_HashJoin: return plan->parallel_aware ? "Parallel Hash Join" : "Hash Join";
    case T_NestLoop: return "Nested Loop";
    case T_MergeJoin: return "Merge Join";
    case T_Result: return "Result";
    case T_SubqueryScan: return "Subquery Scan";
    default: return "plan";
    }
}

// What the plan would make of the export, in EXPLAIN's words.
static const char *shape_of(const Planned *plan)
{
    if (plan->serial_why) return psprintf("encoded by the leader: %s", plan->serial_why);
    auto *gather = (const Gather *)plan->stmt->planTree;
    return psprintf("Gather (%d workers) -> Encode -> %s", gather->num_workers,
                    node_name(gather->plan.lefttree));
}

// ordinal, source_name, source_type, target_name, target_type, lossy, why. Row 0 is the record itself; its
// target_type is the schema a file would carry, null for text formats, and its why tells who would encode.
static void put_description(ReturnSetInfo *out, const Described *d, const Binder *b, const char *shape)
{
    bool nulls[7] = {false, true, true, true, false, true, false};
    BytesRef schema = describe_schema(d);
    Datum values[7] = {Int32GetDatum(0)};
    values[6] = CStringGetTextDatum(shape);
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
    Wish wish = wish_of(&spec.options);
    Planned plan = plan_select(text_to_cstring(PG_GETARG_TEXT_PP(0)), &wish);
    TupleDesc desc = plan.desc;
    uint32 n;
    const ColumnChoice *columns = choose_columns(desc, 0, true, &n);
    Binder *b = bind(CurrentMemoryContext, desc, plan.origins, columns, n, bind_style(&spec.options));
    ask_dimensions(b, &spec.options);
    look_needed(&plan, b, &spec.options);
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
    put_description((ReturnSetInfo *)fcinfo->resultinfo, state->described, b, shape_of(&plan));
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

// How the work was shared: which shape (docs/architecture.md), why no other, and each process's part of it.
static void push_parallel(JsonbParseState **state, const ExportStats *s)
{
    push_number(state, "workers_planned", s->planned);
    push_text(state, "shape", s->serial_why[0] ? "leader" : s->stream ? "stream" : "files");
    if (s->serial_why[0]) push_text(state, "why_not_parallel", s->serial_why);
    if (!s->nprocesses) return;
    push_key(state, "processes");
    pushJsonbValue(state, WJB_BEGIN_ARRAY, nullptr);
    for (uint32 i = 0; i < s->nprocesses; i++) {
        const ProcessStats *p = &s->processes[i];
        pushJsonbValue(state, WJB_BEGIN_OBJECT, nullptr);
        push_text(state, "process", i ? "worker" : "leader");
        push_number(state, "rows", p->rows);
        push_number(state, "blocks", p->blocks);
        push_number(state, "bytes", p->bytes);
        push_key(state, "ns");
        pushJsonbValue(state, WJB_BEGIN_OBJECT, nullptr);
        push_number(state, "run", p->run_ns);
        push_number(state, "encode", p->encode_ns);
        push_number(state, "compress", p->compress_ns);
        push_number(state, "write", p->write_ns);
        push_number(state, "sync", p->sync_ns);
        pushJsonbValue(state, WJB_END_OBJECT, nullptr);
        pushJsonbValue(state, WJB_END_OBJECT, nullptr);
    }
    pushJsonbValue(state, WJB_END_ARRAY, nullptr);
}

// Of larger sets the first files: export_files() has them all.
constexpr uint32 kListedFiles = 100;

static void push_files(JsonbParseState **state, const ExportedFiles *f)
{
    push_key(state, "file_list");
    pushJsonbValue(state, WJB_BEGIN_ARRAY, nullptr);
    for (uint32 i = 0; i < Min(f->n, kListedFiles); i++) {
        pushJsonbValue(state, WJB_BEGIN_OBJECT, nullptr);
        push_text(state, "path", remembered_path(f, &f->files[i]));
        push_number(state, "rows", f->files[i].rows);
        push_number(state, "bytes", f->files[i].bytes);
        pushJsonbValue(state, WJB_END_OBJECT, nullptr);
    }
    pushJsonbValue(state, WJB_END_ARRAY, nullptr);
}

static Datum last_export(const ExportStats *s)
{
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
    push_files(&state, remembered_files());
    push_number(&state, "workers", s->workers);
    push_parallel(&state, s);
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

// --- export_files
// ----------------------------------------------------------------------------------------------

// The rows go to a tuplestore, which spills to disk beyond work_mem.
static void put_files(ReturnSetInfo *out, const ExportedFiles *f)
{
    MemoryContext cx = AllocSetContextCreate(CurrentMemoryContext, "pg_spout file", ALLOCSET_SMALL_SIZES);
    MemoryContext old = MemoryContextSwitchTo(cx);
    for (uint32 i = 0; f && i < f->n; i++) {
        CHECK_FOR_INTERRUPTS();
        const FileRecord *file = &f->files[i];
        FileEntry entry = {remembered_path(f, file), file->index, file->rows, file->bytes,
                           file->raw_bytes,          file->crc32c};
        put_file_row(out, &entry, f->checksums);
        MemoryContextReset(cx);
    }
    MemoryContextSwitchTo(old);
    MemoryContextDelete(cx);
}
} // namespace spout

extern "C" {
Datum spout_export_files(PG_FUNCTION_ARGS)
{
    InitMaterializedSRF(fcinfo, 0);
    spout::put_files((ReturnSetInfo *)fcinfo->resultinfo, spout::remembered_files());
    return (Datum)0;
}

Datum spout_describe_export(PG_FUNCTION_ARGS) { return spout::describe(fcinfo); }

Datum spout_last_export(PG_FUNCTION_ARGS)
{
    const spout::ExportStats *s = spout::remembered_export();
    if (!s) PG_RETURN_NULL();
    return spout::last_export(s);
}
}
