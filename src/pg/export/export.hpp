// export.hpp - one export, whatever door it came through: request in, files out.
#pragma once
#include "engine/wall.hpp"
#include "pg/bind/bind.hpp"
#include "pg/bind/csv_options.hpp"
#include "pg/export/last_export.hpp"
#include "pg/server/pg.hpp"
#include "pg/plan/plan.hpp"
#include "pg/target/sink.hpp"

namespace spout
{
enum class Target : uint8 { file, client, program };

struct ExportRequest {
    Options options;
    Target target;
    const char *path; // file: checked and canonical; program: the command; client: null
    Planned plan;
    const char *relation_schema, *relation; // of COPY rel; null for a query
    Oid relid;
    TupleDesc relation_desc;     // null for a query
    ForceQuote force_quote;      // csv
    const ColumnChoice *columns; // null: all, under their own names
    uint32 ncolumns;
    uint64 plan_ns;
    // Called when every row is on its way to disk and before anything is visible: the caller makes its result
    // ready here, so that nothing can fail after publishing. May ereport. Null: nothing to do.
    void (*before_publish)(void *arg, const FileEntry *, uint32 n);
    void *arg;
};

// A WARNING where the file's name will mislead programs that go by it.
void warn_of_name(const ExportRequest *);
// Runs the plan and publishes the files; returns the number of rows. On error nothing was published.
uint64 run_export(ExportRequest *);
} // namespace spout
