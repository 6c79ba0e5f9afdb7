CREATE FUNCTION @extschema@.run_benchmarks(
    benchmark_type pg_catalog.text DEFAULT 'all',
    adapter_type pg_catalog.text DEFAULT 'all',
    extended pg_catalog.bool DEFAULT false,
    output_format pg_catalog.text DEFAULT 'console',
    names pg_catalog.text DEFAULT NULL,
    formats pg_catalog.text[] DEFAULT NULL,
    baseline pg_catalog.text DEFAULT NULL,
    config pg_catalog.jsonb DEFAULT '{}',
    label pg_catalog.text DEFAULT NULL,
    commit_hash pg_catalog.text DEFAULT NULL)
RETURNS SETOF pg_catalog.text
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'spout_run_benchmarks';
COMMENT ON FUNCTION @extschema@.run_benchmarks(text, text, bool, text, text, text[], text, jsonb, text, text)
    IS 'measures exports, records the results past any ROLLBACK, and prints them';
