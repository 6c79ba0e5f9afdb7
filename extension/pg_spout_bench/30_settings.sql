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

-- The settings of a benchmark: kind, bounds, default. Kinds: int, number, bool, size, text, word (of `words`), shard, budget.
CREATE FUNCTION spout_bench.keys()
RETURNS TABLE (key pg_catalog.text, kind pg_catalog.text, low pg_catalog.numeric, high pg_catalog.numeric, words pg_catalog.text[],
    standard pg_catalog.jsonb)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT * FROM (VALUES
        ('iterations', 'int', 1::numeric, 3000::numeric, NULL::text[], '100'::jsonb),
        ('warmup_iterations', 'int', 0, 3000, NULL, '5'),
        ('min_time', 'number', 0, 3600, NULL, '0.1'),
        ('max_time', 'number', 0.001, 86400, NULL, '60.0'),
        ('disable_gc', 'bool', NULL, NULL, NULL, 'true'),
        ('timer', 'word', NULL, NULL, '{perf_counter,process_time}', '"perf_counter"'),
        ('budget', 'budget', NULL, NULL, '{quick,ci,extended}', NULL),
        ('loops', 'int', 0, 1000000, NULL, '0'),
        ('cpu', 'int', 0, 1023, NULL, NULL),
        ('small_dataset_size', 'int', 1, 1000000000, NULL, '100'),
        ('medium_dataset_size', 'int', 1, 1000000000, NULL, '1000'),
        ('large_dataset_size', 'int', 1, 1000000000, NULL, '10000'),
        ('max_memory_core', 'size', 1, 1e15, NULL, '10000000'),
        ('max_memory_db', 'size', 1, 1e15, NULL, '50000000'),
        ('max_memory_async', 'size', 1, 1e15, NULL, '20000000'),
        ('memory_limit', 'size', 16777216, 1e15, NULL, '268435456'),
        ('disk_limit', 'size', 1, 1e15, NULL, '21474836480'),
        ('directory', 'text', NULL, NULL, NULL, NULL),
        ('sample', 'number', 0.0001, 1, NULL, '1.0'),
        ('shard', 'shard', NULL, NULL, NULL, '"1/1"'),
        ('parallel', 'int', 1, 64, NULL, '1'),
        ('isolation', 'word', NULL, NULL, '{worker,session}', '"worker"'),
        ('autosave', 'bool', NULL, NULL, NULL, 'true'),
        ('guard', 'bool', NULL, NULL, NULL, 'true'),
        ('seed', 'int', 0, 2147483647, NULL, '1')) k (key, kind, low, high, words, standard);
END;

-- "64MB" in bytes; NULL for what is no size.
CREATE FUNCTION spout_bench.bytes(word pg_catalog.text)
RETURNS pg_catalog.int8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN word ~* '^\s*(\d{1,15}(\s*bytes)?|\d{1,6}(\.\d{1,3})?\s*[kmgt]b)\s*$' THEN pg_size_bytes(word) END;
END;

-- One layer of settings, checked; sizes become bytes. `origin` says in messages where it was written.
CREATE FUNCTION spout_bench.checked(config pg_catalog.jsonb, origin pg_catalog.text)
RETURNS pg_catalog.jsonb
LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    result jsonb := '{}';
    item record;
    wanted text;
    n numeric;
BEGIN
    IF config IS NULL THEN
        RETURN result;
    ELSIF jsonb_typeof(config) <> 'object' THEN
        RAISE EXCEPTION '% is not a JSON object', origin USING ERRCODE = '22023', HINT = 'Write for example {"iterations": 20}.';
    END IF;
    FOR item IN SELECT c.key, c.value, c.value #>> '{}' AS word, jsonb_typeof(c.value) AS type, k.key IS NOT NULL AS known, k.kind,
        k.low, k.high, k.words
        FROM jsonb_each(config) c LEFT JOIN spout_bench.keys() k ON k.key = c.key LOOP
        IF NOT item.known THEN
            RAISE EXCEPTION 'unknown benchmark setting "%" in %', item.key, origin USING ERRCODE = '22023',
                HINT = (SELECT 'Settings are ' || string_agg(key, ', ') || '.' FROM spout_bench.keys());
        END IF;
        CONTINUE WHEN item.type = 'null';
        n := CASE WHEN item.type = 'number' THEN item.word::numeric
            WHEN item.kind = 'size' AND item.type = 'string' THEN spout_bench.bytes(item.word) END;
        wanted := CASE item.kind
            WHEN 'int' THEN format('a whole number from %s to %s', item.low, item.high)
            WHEN 'number' THEN format('a number from %s to %s', item.low, item.high)
            WHEN 'size' THEN format('a size of at least %s bytes', item.low)
            WHEN 'bool' THEN 'true or false'
            WHEN 'text' THEN 'an absolute path'
            WHEN 'shard' THEN 'i/n with i from 1 to n'
            WHEN 'budget' THEN 'quick, ci, extended or a number of seconds'
            ELSE 'one of ' || array_to_string(item.words, ', ') END;
        IF NOT coalesce(CASE item.kind
            WHEN 'int' THEN n BETWEEN item.low AND item.high AND n = floor(n)
            WHEN 'number' THEN n BETWEEN item.low AND item.high
            WHEN 'size' THEN n BETWEEN item.low AND item.high
            WHEN 'bool' THEN item.type = 'boolean'
            WHEN 'text' THEN item.type = 'string' AND item.word LIKE '/%' AND length(item.word) < 900
            WHEN 'shard' THEN item.type = 'string' AND item.word ~ '^[1-9][0-9]{0,3}/[1-9][0-9]{0,3}$'
                AND split_part(item.word, '/', 1)::int <= split_part(item.word, '/', 2)::int
            WHEN 'budget' THEN CASE item.type WHEN 'number' THEN n BETWEEN 0.001 AND 86400 ELSE item.type = 'string'
                AND item.word = ANY (item.words) END
            ELSE item.type = 'string' AND item.word = ANY (item.words) END, false) THEN
            RAISE EXCEPTION 'benchmark setting "%" in % must be %, not %', item.key, origin, wanted, item.value USING ERRCODE = '22023';
        END IF;
        result := result || jsonb_build_object(item.key, CASE WHEN item.kind IN ('int', 'size') THEN to_jsonb(n::bigint)
            WHEN item.type = 'number' THEN to_jsonb(trim_scale(round(n, 9))) ELSE item.value END);
    END LOOP;
    RETURN result;
END
$$;

-- What counts in the end: the call's value, else the definition's, the setting's, the built-in one.
CREATE FUNCTION spout_bench.settings(called pg_catalog.jsonb, defined pg_catalog.jsonb DEFAULT NULL, extended pg_catalog.bool DEFAULT false)
RETURNS pg_catalog.jsonb
LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    setting text := nullif(btrim(current_setting('pg_spout.benchmark_config', true)), '');
    written jsonb;
    result jsonb;
BEGIN
    SELECT jsonb_object_agg(key, standard) INTO result FROM spout_bench.keys() WHERE standard IS NOT NULL;
    result := result || jsonb_build_object('budget', CASE WHEN extended THEN 'extended' ELSE 'quick' END);
    IF setting IS NOT NULL THEN
        BEGIN
            written := setting;
        EXCEPTION WHEN data_exception THEN
            RAISE EXCEPTION 'setting "pg_spout.benchmark_config" is not a JSON object' USING ERRCODE = '22023',
                HINT = 'Write for example {"iterations": 20}.';
        END;
        result := result || spout_bench.checked(written, 'setting "pg_spout.benchmark_config"');
    END IF;
    result := result || spout_bench.checked(defined, 'the definition''s config') || spout_bench.checked(called, 'argument "config"');
    IF (result ->> 'min_time')::float8 > (result ->> 'max_time')::float8 THEN
        RAISE EXCEPTION 'benchmark setting "min_time" (%) is above "max_time" (%)', result ->> 'min_time', result ->> 'max_time'
            USING ERRCODE = '22023';
    END IF;
    RETURN result;
END
$$;

CREATE FUNCTION @extschema@.benchmark_config(
    iterations pg_catalog.int4 DEFAULT 100,
    warmup_iterations pg_catalog.int4 DEFAULT 5,
    min_time pg_catalog.float8 DEFAULT 0.1,
    max_time pg_catalog.float8 DEFAULT 60.0,
    disable_gc pg_catalog.bool DEFAULT true,
    timer pg_catalog.text DEFAULT 'perf_counter',
    other pg_catalog.jsonb DEFAULT '{}')
RETURNS pg_catalog.jsonb
LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    result jsonb := jsonb_strip_nulls(jsonb_build_object('iterations', iterations, 'warmup_iterations', warmup_iterations,
        'min_time', min_time,
        'max_time', max_time, 'disable_gc', disable_gc, 'timer', timer));
BEGIN
    result := spout_bench.checked(result, 'benchmark_config()') || spout_bench.checked(other, 'argument "other"');
    PERFORM spout_bench.settings(result);
    RETURN result;
END
$$;
COMMENT ON FUNCTION @extschema@.benchmark_config(int4, int4, float8, float8, bool, text, jsonb)
    IS 'settings of a benchmark, checked, for the config arguments of the other functions';
