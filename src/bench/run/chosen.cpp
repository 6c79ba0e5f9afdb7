// chosen.cpp - reads the registry's rows, and makes the data sets they need. Measures nothing.
#include "bench/run/chosen.hpp"
#include "bench/measure/data_set.hpp"
#include "bench/server/sql.hpp"
#include "bench/measure/worker.hpp"

extern "C" {
#include "access/xact.h"
#include "utils/resowner.h"
}

namespace spout
{
Chosen read_chosen(Jsonb *row)
{
    Chosen c = {row,
                json_object(row, "settings"),
                json_text(row, "name", ""),
                json_text(row, "adapter_type", ""),
                json_text(row, "wants", "all"),
                json_integer(row, "rows", 0, (int64)1 << 52, -1),
                !json_has(row, "owner")};
    return c;
}

Chosen chosen_by_text(const char *what, const Jsonb *config, bool processes)
{
    if (!what || what[strspn(what, " ")] == '\0')
        ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                        errmsg("neither a benchmark's name nor a statement was given")));
    Jsonb *row = sql_json("SELECT to_jsonb(r) FROM spout_bench.registry($1) r WHERE r.name = $2",
                          SqlArgs{}.json(config).text(what));
    if (!row) {
        if (sql_text("SELECT 'x' WHERE $1 ~ '^(core|db|async|combined)/\\S+$'", SqlArgs{}.text(what)))
            ereport(ERROR,
                    (errcode(ERRCODE_UNDEFINED_OBJECT), errmsg("no benchmark \"%s\" is registered", what),
                     errhint("list_benchmarks() shows what there is.")));
        return read_chosen(
            sql_json("SELECT jsonb_build_object('name', left($2, 255), 'kind', 'sql', 'run_sql', $2,"
                     " 'owner', current_user, 'adapter_type', 'db', 'settings',"
                     " spout_bench.settings($1))",
                     SqlArgs{}.json(config).text(what)));
    }
    Chosen c = read_chosen(row);
    const char *problem = unmet_requirement(&c);
    if (!problem && c.builtin) problem = prepare_data(c.rows, c.settings, processes);
    if (problem)
        ereport(ERROR, (errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
                        errmsg("benchmark \"%s\" cannot run here: %s", what, problem)));
    return c;
}

// False: not made yet. Where something else has its name, *problem says so.
static bool find_data(const DataSet *d, const char **problem)
{
    volatile bool found = false;
    MemoryContext cx = CurrentMemoryContext;
    ResourceOwner owner = CurrentResourceOwner;
    BeginInternalSubTransaction(nullptr);
    PG_TRY();
    {
        found = OidIsValid(find_data_set(d));
        ReleaseCurrentSubTransaction();
    }
    PG_CATCH();
    {
        MemoryContextSwitchTo(cx);
        ErrorData *e = CopyErrorData();
        FlushErrorState();
        RollbackAndReleaseCurrentSubTransaction();
        MemoryContextSwitchTo(cx);
        CurrentResourceOwner = owner;
        if (e->sqlerrcode != ERRCODE_WRONG_OBJECT_TYPE) ReThrowError(e);
        *problem = e->message;
    }
    PG_END_TRY();
    MemoryContextSwitchTo(cx);
    CurrentResourceOwner = owner;
    return found;
}

const char *prepare_data(int64 rows, const Jsonb *settings, bool processes)
{
    DataSet d = {"records", rows, json_integer((Jsonb *)settings, "seed", 0, INT32_MAX, 1), 5};
    const char *problem = nullptr;
    if (find_data(&d, &problem) || problem) return problem;
    Jsonb *made =
        run_task(sql_json("SELECT jsonb_build_object('commit', true, 'isolation', $2 -> 'isolation', "
                          "'deadline', 3600, 'run_sql',"
                          " format('SELECT spout_bench.make_data(''records'', %s, 5, %s)', $1, $3))",
                          SqlArgs{}.integer(rows).json(settings).integer(d.seed)),
                 processes);
    return strcmp(json_text(made, "status", ""), "ok") == 0 ? nullptr
                                                            : json_text(made, "message", "no answer");
}

const char *unmet_requirement(const Chosen *c)
{
    return sql_text("SELECT spout_bench.unmet($1 -> 'requires', $1 -> 'settings' ->> 'directory')",
                    SqlArgs{}.json(c->row));
}

Jsonb *task_of(const Chosen *c, double box, const char *search_path)
{
    return sql_json("SELECT spout_bench.task($1, $2, $3)",
                    SqlArgs{}.json(c->row).number(box).text(search_path));
}

Jsonb *settings_of(const Jsonb *called, bool extended)
{
    return sql_json("SELECT spout_bench.settings($1, NULL, $2)", SqlArgs{}.json(called).boolean(extended));
}
} // namespace spout
