-- What measures, records or makes data writes server files; who monitors reads results. benchmark_config and benchmark_stats only
-- compute and are everybody's.
REVOKE ALL ON FUNCTION
    @extschema@.benchmark_ab(text, text, int4, float8, jsonb),
    @extschema@.benchmark_data(text, int8, int4, int8),
    @extschema@.benchmark_report(int8, text, text, int4),
    @extschema@.compare_benchmarks(int8[], text),
    @extschema@.export_benchmark(int8, regclass, text[], bool),
    @extschema@.gate_benchmarks(int8[], text, jsonb),
    @extschema@.list_benchmarks(),
    @extschema@.profile_memory(text, jsonb, text[], jsonb),
    @extschema@.record_benchmark(text, float8[], jsonb, text),
    @extschema@.register_benchmark(text, text, text, text, text, text, jsonb, jsonb, jsonb),
    @extschema@.run_benchmarks(text, text, bool, text, text, text[], text, jsonb, text, text),
    @extschema@.set_baseline(int8, text),
    @extschema@.unregister_benchmark(text)
    FROM PUBLIC;
GRANT EXECUTE ON FUNCTION
    @extschema@.benchmark_ab(text, text, int4, float8, jsonb),
    @extschema@.benchmark_data(text, int8, int4, int8),
    @extschema@.benchmark_report(int8, text, text, int4),
    @extschema@.compare_benchmarks(int8[], text),
    @extschema@.export_benchmark(int8, regclass, text[], bool),
    @extschema@.gate_benchmarks(int8[], text, jsonb),
    @extschema@.list_benchmarks(),
    @extschema@.profile_memory(text, jsonb, text[], jsonb),
    @extschema@.record_benchmark(text, float8[], jsonb, text),
    @extschema@.register_benchmark(text, text, text, text, text, text, jsonb, jsonb, jsonb),
    @extschema@.run_benchmarks(text, text, bool, text, text, text[], text, jsonb, text, text),
    @extschema@.set_baseline(int8, text),
    @extschema@.unregister_benchmark(text)
    TO pg_write_server_files;
GRANT EXECUTE ON FUNCTION
    @extschema@.benchmark_report(int8, text, text, int4),
    @extschema@.compare_benchmarks(int8[], text),
    @extschema@.gate_benchmarks(int8[], text, jsonb)
    TO pg_monitor;

-- Whoever may call a function of users may call what it calls, and nothing else in this schema.
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA spout_bench FROM PUBLIC;
GRANT EXECUTE ON FUNCTION spout_bench.builtins, spout_bench.bytes, spout_bench.formats, spout_bench.settings TO PUBLIC;
GRANT EXECUTE ON FUNCTION spout_bench.against, spout_bench.aligned, spout_bench.bounds, spout_bench.compared, spout_bench.console,
    spout_bench.csv, spout_bench.fingerprint, spout_bench.gaps, spout_bench.human, spout_bench.line, spout_bench.markdown,
    spout_bench.milliseconds, spout_bench.output, spout_bench.slope, spout_bench.stats, spout_bench.super_linear, spout_bench.unit,
    spout_bench.verdict, spout_bench.whole, spout_bench.words TO pg_monitor;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA spout_bench TO pg_write_server_files;
REVOKE EXECUTE ON FUNCTION spout_bench.farewell() FROM pg_write_server_files;
-- But what takes a task or a record as JSON, for tests: that is granted to nobody.
REVOKE EXECUTE ON FUNCTION spout_bench.execute(jsonb), spout_bench.send(jsonb), spout_bench.flush(float8)
    FROM pg_write_server_files;
