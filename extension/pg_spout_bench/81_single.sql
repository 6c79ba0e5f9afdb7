CREATE FUNCTION @extschema@.profile_memory(
    func pg_catalog.text,
    args pg_catalog.jsonb DEFAULT '[]',
    snapshot_at pg_catalog.text[] DEFAULT '{start,end}',
    config pg_catalog.jsonb DEFAULT '{}')
RETURNS pg_catalog.jsonb
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'spout_profile_memory';
COMMENT ON FUNCTION @extschema@.profile_memory(text, jsonb, text[], jsonb)
    IS 'memory of a benchmark or of one statement, in a process of its own, rolled back';

CREATE FUNCTION @extschema@.benchmark_ab(
    sql_a pg_catalog.text,
    sql_b pg_catalog.text,
    pairs pg_catalog.int4 DEFAULT 30,
    tolerance pg_catalog.float8 DEFAULT 0.05,
    config pg_catalog.jsonb DEFAULT '{}')
RETURNS TABLE (ratio pg_catalog.float8, ci_low pg_catalog.float8, ci_high pg_catalog.float8, verdict pg_catalog.text, n pg_catalog.int4,
    median_a pg_catalog.float8, median_b pg_catalog.float8, flags pg_catalog.text[])
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'spout_benchmark_ab';
COMMENT ON FUNCTION @extschema@.benchmark_ab(text, text, int4, float8, jsonb)
    IS 'two statements or benchmarks in turn, in one process: is the second slower?';

CREATE FUNCTION @extschema@.export_benchmark(
    rows pg_catalog.int8 DEFAULT 10000000,
    relation pg_catalog.regclass DEFAULT NULL,
    formats pg_catalog.text[] DEFAULT NULL,
    gzip pg_catalog.bool DEFAULT false)
RETURNS pg_catalog.json
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'spout_export_benchmark';
COMMENT ON FUNCTION @extschema@.export_benchmark(int8, regclass, text[], bool)
    IS 'exports a data set once per format: seconds, bytes on disk, memory';
