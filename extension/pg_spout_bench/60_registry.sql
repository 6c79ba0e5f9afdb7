CREATE FUNCTION spout_bench.formats()
RETURNS pg_catalog.text[]
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'spout_benchmark_formats';

-- What a measurement depends on. Every key is there; what only a run or a benchmark knows is filled in by it.
CREATE FUNCTION spout_bench.environment(directory pg_catalog.text DEFAULT NULL)
RETURNS pg_catalog.jsonb
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'spout_benchmark_environment';

-- What makes two runs comparable: server, build, machine, settings that matter.
CREATE FUNCTION spout_bench.fingerprint(environment pg_catalog.jsonb)
RETURNS pg_catalog.text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT md5(concat_ws('|', (environment ->> 'pg_version_num')::int / 10000, environment -> 'arch', environment -> 'cpu_model',
        environment -> 'cores',
        environment -> 'compiler', environment -> 'ext_build', environment -> 'settings'));
END;

-- For tests: one task, or an array of tasks side by side, each in a process of its own; the answer likewise.
CREATE FUNCTION spout_bench.execute(task pg_catalog.jsonb)
RETURNS pg_catalog.jsonb
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'spout_benchmark_execute';

-- The built-in benchmarks: every format of the library in every size, core's own formats beside them. {data} is
-- the data set.
CREATE FUNCTION spout_bench.builtins(settings pg_catalog.jsonb, extended pg_catalog.bool DEFAULT false)
RETURNS TABLE (name pg_catalog.text, benchmark_type pg_catalog.text, adapter_type pg_catalog.text, format pg_catalog.text,
    rows pg_catalog.int8,
    kind pg_catalog.text, run_sql pg_catalog.text)
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    WITH sizes AS (
        SELECT DISTINCT (settings ->> k)::int8 AS n, false AS large
            FROM unnest(ARRAY['small_dataset_size', 'medium_dataset_size', 'large_dataset_size']) k
        UNION SELECT n, true FROM unnest(ARRAY[100000, 1000000]::int8[]) n WHERE extended),
    formats AS (SELECT f FROM unnest(spout_bench.formats()) f)
    SELECT format('core/%s/encode/%s', f, n), 'all', 'core', f, n, 'encode', NULL FROM formats, sizes WHERE NOT large
    UNION ALL SELECT format('core/avro/decode/%s', n), 'time', 'core', 'avro', n, 'decode', NULL FROM sizes WHERE NOT large
    UNION ALL SELECT format('db/%s/export/%s', f, n), 'all', 'db', f, n, 'sql',
        format('COPY (TABLE {data}) TO ''{out}'' (FORMAT %I, sync off)', f)
    FROM formats, sizes
    UNION ALL SELECT format('db/native_%s/export/%s', f, n), 'time', 'db', 'native_' || f, n, 'sql',
        format('COPY (TABLE {data}) TO ''{out}'' (FORMAT %s)', f) FROM unnest(ARRAY['text', 'csv', 'binary']) f, sizes;
END;
