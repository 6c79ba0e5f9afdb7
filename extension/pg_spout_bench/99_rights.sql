-- What measures, records or makes data writes server files; who monitors reads results. What is not named here only computes.
REVOKE ALL ON FUNCTION @extschema@.benchmark_ab, @extschema@.benchmark_data, @extschema@.benchmark_report,
    @extschema@.compare_benchmarks, @extschema@.export_benchmark, @extschema@.gate_benchmarks, @extschema@.list_benchmarks,
    @extschema@.profile_memory, @extschema@.record_benchmark, @extschema@.register_benchmark, @extschema@.run_benchmarks,
        @extschema@.set_baseline, @extschema@.unregister_benchmark, spout_bench.ab, spout_bench.environment,
    spout_bench.execute, spout_bench.flush, spout_bench.free_space, spout_bench.gaps, spout_bench.id, spout_bench.meant,
        spout_bench.measured,
    spout_bench.noise, spout_bench.pairs, spout_bench.prepare, spout_bench.profile, spout_bench.recordable, spout_bench.registry,
        spout_bench.result,
    spout_bench.run_all, spout_bench.selected, spout_bench.send, spout_bench.store, spout_bench.unmet, spout_bench.whole FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.benchmark_ab, @extschema@.benchmark_data, @extschema@.benchmark_report,
    @extschema@.compare_benchmarks, @extschema@.export_benchmark, @extschema@.gate_benchmarks, @extschema@.list_benchmarks,
    @extschema@.profile_memory, @extschema@.record_benchmark, @extschema@.register_benchmark, @extschema@.run_benchmarks,
        @extschema@.set_baseline, @extschema@.unregister_benchmark, spout_bench.ab, spout_bench.environment,
    spout_bench.execute, spout_bench.flush, spout_bench.free_space, spout_bench.gaps, spout_bench.id, spout_bench.meant,
        spout_bench.measured,
    spout_bench.noise, spout_bench.pairs, spout_bench.prepare, spout_bench.profile, spout_bench.recordable, spout_bench.registry,
        spout_bench.result,
    spout_bench.run_all, spout_bench.selected, spout_bench.send, spout_bench.store, spout_bench.unmet, spout_bench.whole
    TO pg_write_server_files;
GRANT EXECUTE ON FUNCTION @extschema@.benchmark_report, @extschema@.compare_benchmarks, @extschema@.gate_benchmarks,
    spout_bench.gaps, spout_bench.whole TO pg_monitor;
