-- The word or the number of seconds of setting "budget".
CREATE FUNCTION spout_bench.budget(settings pg_catalog.jsonb)
RETURNS pg_catalog.float8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE settings ->> 'budget' WHEN 'quick' THEN 90 WHEN 'ci' THEN 480 WHEN 'extended' THEN 1500
        ELSE (settings ->> 'budget')::float8 END;
END;

-- Data sets in a transaction of their own, so that every process sees them. NULL when all is well, else what is missing.
CREATE FUNCTION spout_bench.prepare(rows pg_catalog.int8, settings pg_catalog.jsonb)
RETURNS pg_catalog.text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    made jsonb;
BEGIN
    IF spout_bench.found_data('records', rows, 5, (settings ->> 'seed')::bigint) IS NOT NULL THEN
        RETURN NULL;
    END IF;
    made := spout_bench.execute(jsonb_build_object('commit', true, 'isolation', settings -> 'isolation', 'deadline', 3600,
        'run_sql', format('SELECT spout_bench.make_data(%L, %s, 5, %s)', 'records', rows, settings ->> 'seed')));
    RETURN CASE WHEN made ->> 'status' <> 'ok' THEN made ->> 'message' END;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLERRM;
END
$$;

-- How far ten pairs of equal work seem to differ here, as the larger side of the ratio's interval. It takes a fiftieth of the budget, 5 s at
-- most; NULL below a budget of 30 s, and where no built-in benchmark is to be timed.
CREATE FUNCTION spout_bench.noise(chosen pg_catalog.jsonb, budget pg_catalog.float8)
RETURNS pg_catalog.float8
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    seconds float8 := least(0.02 * budget, 5);
    b jsonb;
    task jsonb;
    made jsonb;
    s jsonb;
BEGIN
    SELECT x INTO b FROM jsonb_array_elements(chosen) x WHERE x ->> 'owner' IS NULL AND x ->> 'wants' IN ('time', 'all')
        AND (x ->> 'rows')::bigint <= 10000
        ORDER BY x ->> 'adapter_type' DESC, (x ->> 'rows')::bigint DESC, x ->> 'name' LIMIT 1;
    IF NOT FOUND OR budget < 30 OR spout_bench.prepare((b ->> 'rows')::bigint, b -> 'settings') IS NOT NULL THEN
        RETURN NULL;
    END IF;
    task := spout_bench.task(b, seconds, '');
    made := spout_bench.execute(task || jsonb_build_object('other', task, 'iterations', 10, 'warmup_iterations', 1, 'deadline',
        4 * seconds + 10));
    IF made ->> 'status' <> 'ok' THEN
        RETURN NULL;
    END IF;
    s := spout_bench.stats(ARRAY(SELECT x::float8 FROM jsonb_array_elements_text(made -> 'a') x), ARRAY(SELECT x::float8
        FROM jsonb_array_elements_text(made -> 'b') x));
    RETURN greatest(1 - (s ->> 'ci_low')::float8, (s ->> 'ci_high')::float8 - 1);
END
$$;

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
