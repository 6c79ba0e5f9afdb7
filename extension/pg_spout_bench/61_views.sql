CREATE VIEW @extschema@.benchmark_coverage AS
    SELECT f AS format, a AS adapter_type, t AS benchmark_type,
        (SELECT pg_catalog.count(*) FROM spout_bench.builtins(spout_bench.settings(NULL)) b
         WHERE b.format = f AND b.adapter_type = a AND b.benchmark_type IN (t, 'all')) AS benchmarks
    FROM pg_catalog.unnest(spout_bench.formats()) f, pg_catalog.unnest(ARRAY['core', 'db', 'async']) a,
        pg_catalog.unnest(ARRAY['time', 'memory']) t;
COMMENT ON VIEW @extschema@.benchmark_coverage IS 'how many built-in benchmarks look at a format; async ones come with background jobs';

CREATE VIEW @extschema@.benchmark_history AS
    SELECT i.name, i.benchmark_type, i.adapter_type, i.format, i.rows, i.run_id, r.started, r.label, r.baseline, r.branch,
        r.commit_hash, r.fingerprint,
        i.definition_hash, i.status, i.grade, i.flags, t.min_time, t.max_time, t.mean_time, t.median_time, t.stddev_time, t.iterations,
        m.peak_memory, m.allocated_memory, m.net_memory, (i.detail ->> 'bytes')::pg_catalog.int8 AS bytes, r.environment
    FROM @extschema@.benchmark_items i JOIN @extschema@.benchmark_runs r USING (run_id)
        LEFT JOIN @extschema@.benchmark_results t ON t.id = i.result_id
        LEFT JOIN @extschema@.memory_profile_results m ON m.id = i.memory_result_id;
COMMENT ON VIEW @extschema@.benchmark_history IS 'every measurement of every run: the series of trend charts';
GRANT SELECT ON @extschema@.benchmark_history TO pg_monitor, pg_write_server_files;
GRANT SELECT ON @extschema@.benchmark_coverage TO PUBLIC;

-- The tables as functions see them. Bodies in PL/pgSQL hold names, not OIDs: these have a schema that nobody can rename or put
-- something into. The caller's rights count.
CREATE VIEW spout_bench.runs WITH (security_invoker) AS SELECT * FROM @extschema@.benchmark_runs;
CREATE VIEW spout_bench.items WITH (security_invoker) AS SELECT * FROM @extschema@.benchmark_items;
CREATE VIEW spout_bench.results WITH (security_invoker) AS SELECT * FROM @extschema@.benchmark_results;
CREATE VIEW spout_bench.memory_results WITH (security_invoker) AS SELECT * FROM @extschema@.memory_profile_results;
CREATE VIEW spout_bench.definitions WITH (security_invoker) AS SELECT * FROM @extschema@.benchmark_definitions;
CREATE VIEW spout_bench.history WITH (security_invoker) AS SELECT * FROM @extschema@.benchmark_history;
GRANT SELECT ON spout_bench.runs, spout_bench.items, spout_bench.results, spout_bench.memory_results, spout_bench.history
    TO pg_monitor, pg_write_server_files;
GRANT UPDATE (baseline) ON spout_bench.runs TO pg_write_server_files;
