-- What a relation is now, for the process that will read it: it refuses another one.
CREATE FUNCTION spout_bench.seen(relation pg_catalog.regclass)
RETURNS pg_catalog.jsonb
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_build_object('relation_oid', c.oid::int8, 'relation_owner', c.relowner::int8, 'relation_kind', c.relkind)
    FROM pg_class c WHERE c.oid = seen.relation;
END;

-- The task of a benchmark for the process that runs it; {data} is its data set.
CREATE FUNCTION spout_bench.task(b pg_catalog.jsonb, box pg_catalog.float8, search_path pg_catalog.text)
RETURNS pg_catalog.jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    settings jsonb := b -> 'settings';
    rows bigint := (b ->> 'rows')::bigint;
    builtin boolean := b ->> 'owner' IS NULL;
    data text := coalesce(spout_bench.data_name('records', rows, 5, (settings ->> 'seed')::bigint), '');
    seen jsonb := CASE WHEN builtin THEN spout_bench.seen(spout_bench.found_data('records', rows, 5, (settings ->> 'seed')::bigint)) END;
BEGIN
    IF builtin AND rows >= 100000 AND (settings ->> 'sample')::float8 < 1 THEN
        data := format('(SELECT * FROM %s TABLESAMPLE SYSTEM (%s) REPEATABLE (%s)) sampled', data,
            (settings ->> 'sample')::float8 * 100, settings ->> 'seed');
    END IF;
    RETURN settings || coalesce(seen, '{}') || jsonb_build_object('kind', b -> 'kind', 'format', b -> 'format', 'relation', data,
        'setup_sql', b -> 'setup_sql', 'teardown_sql', b -> 'teardown_sql',
        'run_sql', replace(replace(b ->> 'run_sql', 'TABLE {data}', 'SELECT * FROM ' || data), '{data}', data),
        'read_only', builtin, 'box', box, 'deadline', least((settings ->> 'max_time')::float8, greatest(2 * box, 10)) + 1,
        'search_path', CASE WHEN builtin THEN 'pg_catalog, pg_temp' ELSE search_path END);
END
$$;
