-- The same under two names: where anybody may create functions in the extension's schema, a call by its public name could
-- reach an overload of somebody else's. Nothing of ours calls a function there.
CREATE FUNCTION spout_bench.stats(
    a pg_catalog.float8[],
    b pg_catalog.float8[] DEFAULT NULL,
    tolerance pg_catalog.float8 DEFAULT 0.05)
RETURNS pg_catalog.jsonb
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'spout_benchmark_stats';

CREATE FUNCTION @extschema@.benchmark_stats(
    a pg_catalog.float8[],
    b pg_catalog.float8[] DEFAULT NULL,
    tolerance pg_catalog.float8 DEFAULT 0.05)
RETURNS pg_catalog.jsonb
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'spout_benchmark_stats';
COMMENT ON FUNCTION @extschema@.benchmark_stats(float8[], float8[], float8)
    IS 'summary of a series of times, or comparison of b with a, pair by pair';

-- "64MB" in bytes; NULL for what is no size.
CREATE FUNCTION spout_bench.bytes(word pg_catalog.text)
RETURNS pg_catalog.int8
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'spout_benchmark_bytes';

-- What counts in the end: the call's value, else the definition's, the setting's, the built-in one.
CREATE FUNCTION spout_bench.settings(called pg_catalog.jsonb, defined pg_catalog.jsonb DEFAULT NULL, extended pg_catalog.bool DEFAULT false)
RETURNS pg_catalog.jsonb
LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'spout_benchmark_settings';

CREATE FUNCTION @extschema@.benchmark_config(
    iterations pg_catalog.int4 DEFAULT 100,
    warmup_iterations pg_catalog.int4 DEFAULT 5,
    min_time pg_catalog.float8 DEFAULT 0.1,
    max_time pg_catalog.float8 DEFAULT 60.0,
    disable_gc pg_catalog.bool DEFAULT true,
    timer pg_catalog.text DEFAULT 'perf_counter',
    other pg_catalog.jsonb DEFAULT '{}')
RETURNS pg_catalog.jsonb
LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'spout_benchmark_config';
COMMENT ON FUNCTION @extschema@.benchmark_config(int4, int4, float8, float8, bool, text, jsonb)
    IS 'settings of a benchmark, checked, for the config arguments of the other functions';
