-- The word or the number of seconds of setting "budget".
CREATE FUNCTION spout_bench.budget(settings pg_catalog.jsonb)
RETURNS pg_catalog.float8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE settings ->> 'budget' WHEN 'quick' THEN 90 WHEN 'ci' THEN 480 WHEN 'extended' THEN 1500
        ELSE (settings ->> 'budget')::float8 END;
END;

-- The benchmarks that a call chooses, in the random order of its seed.
CREATE FUNCTION spout_bench.selected(wanted pg_catalog.text, adapter_type pg_catalog.text, extended pg_catalog.bool,
    names pg_catalog.text, formats pg_catalog.text[], config pg_catalog.jsonb)
RETURNS TABLE (name pg_catalog.text, benchmark_type pg_catalog.text, adapter_type pg_catalog.text, format pg_catalog.text,
    rows pg_catalog.int8,
    owner pg_catalog.regrole, kind pg_catalog.text, setup_sql pg_catalog.text, run_sql pg_catalog.text, teardown_sql pg_catalog.text,
    settings pg_catalog.jsonb, thresholds pg_catalog.jsonb, requires pg_catalog.jsonb, definition_hash pg_catalog.text)
LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT r.* FROM spout_bench.registry(config, extended) r
    WHERE (r.benchmark_type = wanted OR (wanted = 'all' AND r.benchmark_type <> 'combined')
        OR (r.benchmark_type = 'all' AND wanted <> 'combined'))
        AND (selected.adapter_type = 'all' OR r.adapter_type = selected.adapter_type) AND (names IS NULL OR r.name ~ names)
            AND (formats IS NULL OR r.format = ANY (formats))
        AND abs(hashtextextended(r.name, 0) % split_part(r.settings ->> 'shard', '/',
            2)::int8) = split_part(r.settings ->> 'shard', '/', 1)::int8 - 1
    ORDER BY md5((r.settings ->> 'seed') || r.name);
END;
