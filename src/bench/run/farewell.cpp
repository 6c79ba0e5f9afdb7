// farewell.cpp - DROP EXTENSION takes the results with it: an event trigger says how many before it is too
// late.
#include "bench/server/extension.hpp"

extern "C" {
#include "catalog/namespace.h"
#include "commands/event_trigger.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "nodes/parsenodes.h"
#include "utils/acl.h"
#include "utils/lsyscache.h"

PGDLLEXPORT PG_FUNCTION_INFO_V1(spout_benchmark_farewell);
}

namespace spout
{
static bool drops_us(Node *parsetree)
{
    if (!IsA(parsetree, DropStmt) || ((DropStmt *)parsetree)->removeType != OBJECT_EXTENSION) return false;
    auto *drop = (DropStmt *)parsetree;
    ListCell *cell;
    foreach (cell, drop->objects) {
        const char *name = strVal(lfirst(cell));
        if (strcmp(name, "pg_spout_bench") == 0) return true;
        if (strcmp(name, "pg_spout") == 0 && drop->behavior == DROP_CASCADE) return true;
    }
    return false;
}

static int64 rows_of(const char *table)
{
    SPI_execute(psprintf("SELECT count(*) FROM %s", table), true, 0);
    bool null;
    return SPI_processed == 1
               ? DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &null))
               : 0;
}

// "12 of benchmark_runs, 3 of ...", only what there is.
static void count_rows(StringInfo s)
{
    const char *const tables[][2] = {{"runs", "benchmark_runs"},
                                     {"items", "benchmark_items"},
                                     {"results", "benchmark_results"},
                                     {"memory_results", "memory_profile_results"},
                                     {"definitions", "benchmark_definitions"}};
    SPI_connect();
    for (const auto &t : tables) {
        // What somebody changed must not stand in the way of the DROP.
        if (!OidIsValid(get_relname_relid(t[0], get_namespace_oid("spout_bench", true)))) continue;
        int64 rows = rows_of(quote_qualified_identifier("spout_bench", t[0]));
        if (rows > 0) appendStringInfo(s, "%s" INT64_FORMAT " of %s", s->len ? ", " : "", rows, t[1]);
    }
    SPI_finish();
}

// How much there is to lose is told to those who may drop it; the trigger fires for all who try.
static bool may_drop() { return has_privs_of_role(GetUserId(), bench_extension().owner); }

static void say_farewell()
{
    StringInfoData lost;
    initStringInfo(&lost);
    AsOwner scope = become_owner();
    count_rows(&lost);
    leave_owner(&scope);
    if (lost.len == 0) return;
    ereport(
        WARNING,
        (errmsg("dropping extension \"%s\" drops what its tables hold", "pg_spout_bench"),
         errdetail("Rows that are lost: %s.", lost.data),
         errhint(
             "Dump them with pg_dump, or copy them with CREATE TABLE AS, before the extension is dropped.")));
}
} // namespace spout

extern "C" {
// spout_bench.farewell() -> event_trigger
Datum spout_benchmark_farewell(PG_FUNCTION_ARGS)
{
    if (!CALLED_AS_EVENT_TRIGGER(fcinfo))
        ereport(ERROR, (errcode(ERRCODE_E_R_I_E_EVENT_TRIGGER_PROTOCOL_VIOLATED),
                        errmsg("not called by an event trigger")));
    auto *event = (EventTriggerData *)fcinfo->context;
    if (spout::drops_us(event->parsetree) && spout::may_drop()) spout::say_farewell();
    PG_RETURN_NULL();
}
}
