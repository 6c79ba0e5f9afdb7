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

-- One benchmark of a run, finished: {"item", "result", "memory", "warnings"}, the first three with the columns of their tables.
-- `one` is the registry's row with "wants" (time, memory, all), "problem" (why it was not run), "timed" (what its rounds said);
-- `profile` its pass for memory.
CREATE FUNCTION spout_bench.measured(one pg_catalog.jsonb, profile pg_catalog.jsonb, run pg_catalog.jsonb)
RETURNS pg_catalog.jsonb
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    settings jsonb := one -> 'settings';
    name text := one ->> 'name';
    made jsonb := nullif(one -> 'timed', 'null');
    stats jsonb;
    result jsonb;
    memory jsonb;
    flags text[] := '{}';
    detail jsonb := '{}';
    warnings text[] := '{}';
    status text := CASE WHEN one ->> 'problem' IS NULL THEN 'ok' ELSE 'skipped' END;
    state text;
    problem text := one ->> 'problem';
    samples float8[];
    median float8;
    rows float8;
    verdict text;
BEGIN
    IF made IS NOT NULL THEN
        status := made ->> 'status';
        state := made ->> 'sqlstate';
        problem := made ->> 'message';
        IF status = 'ok' THEN
            samples := ARRAY(SELECT x::float8 FROM jsonb_array_elements_text(made -> 'samples') x);
            stats := spout_bench.stats(samples);
            median := stats -> 'median';
            rows := coalesce((one ->> 'rows')::float8 * CASE WHEN (one ->> 'rows')::bigint >= 100000
                THEN (settings ->> 'sample')::float8 ELSE 1 END, nullif((made ->> 'rows')::float8, 0));
            flags := ARRAY(SELECT jsonb_array_elements_text(stats -> 'flags'));
            IF (made ->> 'contended')::bool THEN
                flags := array_append(flags, 'contended');
            END IF;
            IF (one ->> 'rows')::bigint >= 100000 AND (settings ->> 'sample')::float8 < 1 THEN
                flags := array_append(flags, 'sampled');
            END IF;
            result := spout_bench.result(name, samples, (run -> 'environment')
                || jsonb_build_object('seed', settings -> 'seed', 'timer', settings -> 'timer',
                'loops', made -> 'loops', 'cold_ratio', (made ->> 'first')::float8 / nullif(median, 0), 'contamination',
                    made -> 'contamination', 'timer_precision', made -> 'timer_precision'), run ->> 'commit_hash');
            detail := detail || jsonb_build_object('stats', stats, 'loops', made -> 'loops', 'bytes', made -> 'bytes', 'crc32c',
                made -> 'crc32c', 'first', made -> 'first', 'cpu_median',
                (spout_bench.stats(ARRAY(SELECT x::float8 FROM jsonb_array_elements_text(made -> 'cpu') x))) -> 'median',
                'rows_per_s', rows / nullif(median, 0), 'points_per_s', CASE WHEN one ->> 'format' IS NOT NULL
                    THEN rows * 5 / nullif(median, 0) END, 'mb_per_s', (made ->> 'bytes')::float8 / 1e6 / nullif(median, 0));
            IF (stats ->> 'stddev')::float8 > 0.1 * median THEN
                warnings := array_append(warnings, format('%s: Performance is too variable: stddev %ss exceeds 10%% of median %ss',
                    name, to_char((stats ->> 'stddev')::float8, CASE WHEN median < 0.01 THEN 'FM990.0000000'
                    ELSE 'FM999999990.0000' END), to_char(median, CASE WHEN median < 0.01 THEN 'FM990.0000000'
                    ELSE 'FM999999990.0000' END)));
            END IF;
            IF (stats ->> 'severe_outliers')::int > 0.1 * (stats ->> 'n')::int THEN
                warnings := array_append(warnings, format('%s: %s of %s rounds are outliers (%s mild, %s severe)', name,
                    (stats ->> 'mild_outliers')::int + (stats ->> 'severe_outliers')::int, stats ->> 'n',
                    stats ->> 'mild_outliers', stats ->> 'severe_outliers'));
            END IF;
        END IF;
        IF made ->> 'teardown_error' IS NOT NULL THEN
            warnings := array_append(warnings, format('%s: teardown failed: %s', name, made ->> 'teardown_error'));
        END IF;
    END IF;
    IF (made ->> 'in_session')::bool OR (profile ->> 'in_session')::bool THEN
        flags := array_append(flags, 'in_session');
    END IF;
    IF profile IS NOT NULL THEN
        made := profile;
        status := made ->> 'status';
        state := made ->> 'sqlstate';
        problem := made ->> 'message';
        IF status = 'ok' THEN
            memory := jsonb_build_object('id', spout_bench.id('memory'), 'name', name,
                'peak_memory', made -> 'peak_memory', 'allocated_memory', made -> 'allocated_memory',
                'deallocated_memory', made -> 'deallocated_memory', 'net_memory', made -> 'net_memory', 'top_allocations',
                    made -> 'top_allocations', 'timestamp', clock_timestamp() AT TIME ZONE 'UTC',
                'commit_hash', run -> 'commit_hash', 'environment', run -> 'environment');
            detail := detail || jsonb_build_object('os', made -> 'os', 'os_peak', made -> 'os' -> 'peak_high', 'memory_source',
                made -> 'memory_source', 'context_growth', made -> 'context_growth');
            IF (made -> 'os' ->> 'unreliable')::bool THEN
                flags := array_append(flags, 'os_peak_unreliable');
            END IF;
        END IF;
    END IF;
    IF (one ->> 'cancelled')::bool THEN
        status := 'cancelled';
        state := '57014';
        problem := 'the run was cancelled';
    ELSIF status = 'ok' THEN
        SELECT j.grade, j.message INTO verdict, problem FROM spout_bench.judged(coalesce(result, '{}') || coalesce(memory, '{}')
            || detail, one ->> 'adapter_type', settings, one -> 'thresholds') j;
        status := CASE WHEN problem IS NULL THEN 'ok' ELSE 'failed' END;
        -- Times measured in bad company prove nothing; memory does not depend on it.
        IF verdict = 'red' AND flags <> '{}' AND problem LIKE 'Performance%' THEN
            verdict := 'yellow';
            problem := problem || ' (noisy, rerun)';
        END IF;
    END IF;
    RETURN jsonb_build_object('result', result, 'memory', memory, 'warnings', warnings, 'item',
        jsonb_build_object('run_id', run -> 'run_id', 'ord', one -> 'ord', 'name', name,
        'benchmark_type', one -> 'wants', 'adapter_type', one -> 'adapter_type', 'format', one -> 'format',
        'rows', one -> 'rows', 'definition_hash', one -> 'definition_hash', 'status', status, 'sqlstate', state, 'message', problem,
        'grade', CASE WHEN status IN ('ok', 'failed') THEN CASE WHEN result IS NULL AND memory IS NULL THEN 'red'
            ELSE verdict END END, 'flags', flags,
        'result_id', result -> 'id', 'memory_result_id', memory -> 'id', 'detail', detail || CASE WHEN warnings = '{}' THEN '{}'
            ELSE jsonb_build_object('warnings', warnings) END, 'samples', samples));
END
$$;
