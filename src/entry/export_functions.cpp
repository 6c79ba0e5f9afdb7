// export_functions.cpp - SELECT * FROM export_to_avro(query, path, ...). The whole export happens in the
// first call: the result is materialised before anything is published, so no LIMIT can stop it half-way.
#include "entry/file_rows.hpp"
#include "pg/export/options_json.hpp"
#include "pg/server/clock.hpp"
#include "pg/bind/columns.hpp"
#include "pg/export/export.hpp"
#include "pg/file/paths.hpp"
#include "pg/pump/pump.hpp"
#include "pg/server/rights.hpp"

extern "C" {
#include "utils/jsonb.h"

PGDLLEXPORT PG_FUNCTION_INFO_V1(spout_export_to_avro);
PGDLLEXPORT PG_FUNCTION_INFO_V1(spout_export_to_csv);
PGDLLEXPORT PG_FUNCTION_INFO_V1(spout_export_to_json);
PGDLLEXPORT PG_FUNCTION_INFO_V1(spout_export_to_xml);
}

namespace spout
{
static void put_results(void *arg, const FileEntry *files, uint32 n)
{
    for (uint32 i = 0; i < n; i++)
        put_file_row(static_cast<ReturnSetInfo *>(arg), &files[i], true);
}

static char *required_text(FunctionCallInfo fcinfo, int arg, const char *name)
{
    if (PG_ARGISNULL(arg))
        ereport(ERROR,
                (errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("argument \"%s\" must not be NULL", name)));
    return text_to_cstring(PG_GETARG_TEXT_PP(arg));
}

// Arguments of all export functions: query, path, compression, compression_level, max_rows_per_file,
// max_bytes_per_file, columns, options.
static Datum export_to(FunctionCallInfo fcinfo, const char *format)
{
    require_write_server_files(psprintf("export_to_%s", format));
    const char *query = required_text(fcinfo, 0, "query");
    const char *path = required_text(fcinfo, 1, "path");
    OptionList list = options_from_json(PG_ARGISNULL(7) ? nullptr : PG_GETARG_JSONB_P(7));
    if (!PG_ARGISNULL(2)) add_option(&list, "compression", text_to_cstring(PG_GETARG_TEXT_PP(2)));
    if (!PG_ARGISNULL(3)) add_option(&list, "compression_level", psprintf("%d", PG_GETARG_INT32(3)));
    add_nonzero_option(&list, "max_rows_per_file", PG_ARGISNULL(4) ? 0 : PG_GETARG_INT64(4));
    add_nonzero_option(&list, "max_bytes_per_file", PG_ARGISNULL(5) ? 0 : PG_GETARG_INT64(5));
    add_compression_by_name(&list, format, path);

    ExportRequest r = {};
    parse_option_list(format, &list, &r.options, &r.force_quote);
    r.path = check_target_path(path);
    warn_of_name(&r);
    uint64 start = now_ns();
    Wish wish = wish_of(&r.options);
    r.plan = plan_select(query, &wish);
    r.plan_ns = now_ns() - start;
    r.columns = choose_columns(r.plan.desc, PG_GETARG_DATUM(6), PG_ARGISNULL(6), &r.ncolumns);
    InitMaterializedSRF(fcinfo, 0);
    r.before_publish = put_results;
    r.arg = fcinfo->resultinfo;
    run_export(&r);
    return (Datum)0;
}
} // namespace spout

extern "C" {
Datum spout_export_to_avro(PG_FUNCTION_ARGS) { return spout::export_to(fcinfo, "avro"); }
Datum spout_export_to_csv(PG_FUNCTION_ARGS) { return spout::export_to(fcinfo, "csv"); }
Datum spout_export_to_json(PG_FUNCTION_ARGS) { return spout::export_to(fcinfo, "json"); }
Datum spout_export_to_xml(PG_FUNCTION_ARGS) { return spout::export_to(fcinfo, "xml"); }
}
