-- What a text means: the name of a benchmark, else one SQL statement. As a row of the registry.
CREATE FUNCTION spout_bench.meant(what pg_catalog.text, config pg_catalog.jsonb)
RETURNS pg_catalog.jsonb
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    b jsonb;
    problem text;
BEGIN
    IF coalesce(btrim(what), '') = '' THEN
        RAISE EXCEPTION 'neither a benchmark''s name nor a statement was given' USING ERRCODE = '22023';
    END IF;
    SELECT to_jsonb(r) INTO b FROM spout_bench.registry(config) r WHERE r.name = what;
    IF NOT FOUND THEN
        IF what ~ '^(core|db|async|combined)/\S+$' THEN
            RAISE EXCEPTION 'no benchmark "%" is registered', what USING ERRCODE = '42704', HINT = 'list_benchmarks() shows what there is.';
        END IF;
        RETURN jsonb_build_object('name', left(what, 255), 'kind', 'sql', 'run_sql', what, 'owner', current_user, 'adapter_type',
            'db', 'settings', spout_bench.settings(config));
    END IF;
    problem := spout_bench.unmet(b -> 'requires', b -> 'settings' ->> 'directory');
    IF problem IS NULL AND b ->> 'owner' IS NULL THEN
        problem := spout_bench.prepare((b ->> 'rows')::bigint, b -> 'settings');
    END IF;
    IF problem IS NOT NULL THEN
        RAISE EXCEPTION 'benchmark "%" cannot run here: %', what, problem USING ERRCODE = '55000';
    END IF;
    RETURN b;
END
$$;

-- A measurement that must succeed: its own error otherwise.
CREATE FUNCTION spout_bench.must(made pg_catalog.jsonb)
RETURNS pg_catalog.jsonb
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF made ->> 'status' <> 'ok' THEN
        RAISE EXCEPTION 'benchmark %: %', CASE made ->> 'status' WHEN 'skipped' THEN 'could not be set up'
            ELSE made ->> 'status' END, made ->> 'message'
            USING ERRCODE = CASE WHEN made ->> 'sqlstate' IN ('57014', '57P01') OR made ->> 'sqlstate' IS NULL THEN '55000'
                ELSE made ->> 'sqlstate' END;
    END IF;
    RETURN made;
END
$$;

CREATE FUNCTION spout_bench.profile(func pg_catalog.text, args pg_catalog.jsonb, snapshot_at pg_catalog.text[],
    config pg_catalog.jsonb, search_path pg_catalog.text)
RETURNS pg_catalog.jsonb
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    b jsonb;
    made jsonb;
    row jsonb;
    environment jsonb := spout_bench.environment();
BEGIN
    IF jsonb_typeof(coalesce(args, '[]')) <> 'array' THEN
        RAISE EXCEPTION 'argument "args" is not a JSON array' USING ERRCODE = '22023';
    ELSIF snapshot_at IS NULL OR NOT snapshot_at <@ '{start,end,step}' THEN
        RAISE EXCEPTION 'snapshots can be taken at start, end and step' USING ERRCODE = '22023';
    END IF;
    b := spout_bench.meant(func, config);
    made := spout_bench.must(spout_bench.execute(spout_bench.task(b, (b -> 'settings' ->> 'max_time')::float8, search_path)
        || jsonb_build_object('memory', true, 'keep_result', true, 'args', coalesce(args, '[]'))));
    row := jsonb_build_object('id', CASE WHEN (b -> 'settings' ->> 'autosave')::bool
        THEN spout_bench.id('@extschema@.memory_profile_results_id_seq') END, 'name', b -> 'name', 'peak_memory', made -> 'peak_memory',
        'allocated_memory', made -> 'allocated_memory', 'deallocated_memory', made -> 'deallocated_memory', 'net_memory',
            made -> 'net_memory', 'top_allocations', made -> 'top_allocations',
        'timestamp', clock_timestamp() AT TIME ZONE 'UTC', 'commit_hash', NULL, 'environment', environment);
    IF (b -> 'settings' ->> 'autosave')::bool AND spout_bench.send(jsonb_build_object('memory', row)) THEN
        PERFORM spout_bench.flush();
    END IF;
    RETURN row || jsonb_build_object('result', made -> 'result', 'os', made -> 'os', 'memory_source', made -> 'memory_source',
        'duration', made -> 'wall', 'snapshots',
        (SELECT coalesce(jsonb_agg(s ORDER BY n), '[]') FROM jsonb_array_elements(made -> 'snapshots') WITH ORDINALITY x (s, n)
            WHERE s ->> 'at' = ANY (snapshot_at)));
END
$$;

CREATE FUNCTION @extschema@.profile_memory(
    func pg_catalog.text,
    args pg_catalog.jsonb DEFAULT '[]',
    snapshot_at pg_catalog.text[] DEFAULT '{start,end}',
    config pg_catalog.jsonb DEFAULT '{}')
RETURNS pg_catalog.jsonb
LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT spout_bench.profile(func, args, snapshot_at, config, current_setting('search_path'));
END;
COMMENT ON FUNCTION @extschema@.profile_memory(text, jsonb, text[], jsonb) IS 'memory of a benchmark or of one statement, in a process of its own, rolled back';

-- So many pairs of a and b in one process: {"a": [], "b": [], "contended", "in_session"}.
CREATE FUNCTION spout_bench.pairs(a pg_catalog.jsonb, b pg_catalog.jsonb, pairs pg_catalog.int4, search_path pg_catalog.text,
    seed pg_catalog.int4)
RETURNS pg_catalog.jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    most float8 := (a -> 'settings' ->> 'max_time')::float8;
BEGIN
    RETURN spout_bench.must(spout_bench.execute(spout_bench.task(a, most, search_path)
        || jsonb_build_object('other', spout_bench.task(b, most, search_path), 'iterations', pairs, 'seed', seed, 'deadline',
            10 * most + 60,
            'read_only', a ->> 'owner' IS NULL AND b ->> 'owner' IS NULL)));
END
$$;

CREATE FUNCTION spout_bench.ab(sql_a pg_catalog.text, sql_b pg_catalog.text, pairs pg_catalog.int4, tolerance pg_catalog.float8,
    config pg_catalog.jsonb, search_path pg_catalog.text,
    OUT ratio pg_catalog.float8, OUT ci_low pg_catalog.float8, OUT ci_high pg_catalog.float8, OUT verdict pg_catalog.text,
        OUT n pg_catalog.int4,
    OUT median_a pg_catalog.float8, OUT median_b pg_catalog.float8, OUT flags pg_catalog.text[])
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    a jsonb;
    b jsonb;
    made jsonb;
    times_a float8[] := '{}';
    times_b float8[] := '{}';
    s jsonb;
    again jsonb;
    seed int;
    wanted int := pairs;
BEGIN
    IF pairs IS NULL OR pairs NOT BETWEEN 1 AND 500 THEN
        RAISE EXCEPTION 'the number of pairs must be from 1 to 500' USING ERRCODE = '22023';
    ELSIF tolerance IS NULL OR NOT tolerance BETWEEN 0 AND 1 THEN
        RAISE EXCEPTION 'the tolerance must be within 0 and 1' USING ERRCODE = '22023';
    END IF;
    a := spout_bench.meant(sql_a, config);
    b := spout_bench.meant(sql_b, config);
    seed := (a -> 'settings' ->> 'seed')::int;
    flags := '{}';
    -- What cannot be decided gets twice the pairs, twice at most.
    FOR round IN 0..2 LOOP
        made := spout_bench.pairs(a, b, wanted, search_path, (seed + round) % 1000000);
        times_a := times_a || ARRAY(SELECT x::float8 FROM jsonb_array_elements_text(made -> 'a') x);
        times_b := times_b || ARRAY(SELECT x::float8 FROM jsonb_array_elements_text(made -> 'b') x);
        s := spout_bench.stats(times_a, times_b, tolerance);
        IF (made ->> 'contended')::bool THEN
            flags := flags || ARRAY['contended'];
        END IF;
        EXIT WHEN s ->> 'verdict' <> 'inconclusive' OR cardinality(times_a) < 6;
        wanted := cardinality(times_a);
    END LOOP;
    -- Red needs a second, fresh process to agree.
    IF s ->> 'verdict' = 'regression' THEN
        made := spout_bench.pairs(a, b, pairs, search_path, (seed + 7) % 1000000);
        again := spout_bench.stats(ARRAY(SELECT x::float8 FROM jsonb_array_elements_text(made -> 'a') x),
            ARRAY(SELECT x::float8 FROM jsonb_array_elements_text(made -> 'b') x), tolerance);
        IF again ->> 'verdict' <> 'regression' THEN
            s := s || '{"verdict": "inconclusive"}';
            flags := flags || ARRAY['not_confirmed'];
        END IF;
    END IF;
    IF cardinality(times_a) < 6 THEN
        flags := flags || ARRAY['few_rounds'];
    END IF;
    IF (made ->> 'in_session')::bool THEN
        flags := flags || ARRAY['in_session'];
    END IF;
    flags := ARRAY(SELECT DISTINCT f FROM unnest(flags) f ORDER BY f);
    ratio := s -> 'ratio';
    ci_low := s -> 'ci_low';
    ci_high := s -> 'ci_high';
    verdict := s ->> 'verdict';
    n := cardinality(times_a);
    median_a := s -> 'median_a';
    median_b := s -> 'median_b';
END
$$;

CREATE FUNCTION @extschema@.benchmark_ab(
    sql_a pg_catalog.text,
    sql_b pg_catalog.text,
    pairs pg_catalog.int4 DEFAULT 30,
    tolerance pg_catalog.float8 DEFAULT 0.05,
    config pg_catalog.jsonb DEFAULT '{}')
RETURNS TABLE (ratio pg_catalog.float8, ci_low pg_catalog.float8, ci_high pg_catalog.float8, verdict pg_catalog.text, n pg_catalog.int4,
    median_a pg_catalog.float8, median_b pg_catalog.float8, flags pg_catalog.text[])
LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT * FROM spout_bench.ab(sql_a, sql_b, pairs, tolerance, config, current_setting('search_path'));
END;
COMMENT ON FUNCTION @extschema@.benchmark_ab(text, text, int4, float8, jsonb) IS 'two statements or benchmarks in turn, in one process: is the second slower?';

CREATE FUNCTION @extschema@.export_benchmark(
    rows pg_catalog.int8 DEFAULT 10000000,
    relation pg_catalog.regclass DEFAULT NULL,
    formats pg_catalog.text[] DEFAULT NULL,
    gzip pg_catalog.bool DEFAULT false)
RETURNS pg_catalog.json
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    settings jsonb := spout_bench.settings(NULL);
    data text := relation::text;
    seen jsonb;
    problem text;
    f text;
    made jsonb;
    counted bigint := CASE WHEN relation IS NULL THEN rows END;
    packed text;
    results text[] := '{}';
BEGIN
    IF relation IS NULL THEN
        IF rows IS NULL OR rows < 1 OR rows > 10000000000 THEN
            RAISE EXCEPTION 'the number of rows must be from 1 to 10000000000' USING ERRCODE = '22023';
        END IF;
        data := spout_bench.data_name('records', rows, 5, 1);
        IF spout_bench.found_data('records', rows, 5, 1) IS NULL THEN
            RAISE NOTICE 'making a data set of % rows, once', rows;
        END IF;
        problem := spout_bench.prepare(rows, settings || '{"seed": 1}');
        IF problem IS NOT NULL THEN
            RAISE EXCEPTION 'the data set could not be made: %', problem USING ERRCODE = '55000';
        END IF;
    END IF;
    seen := spout_bench.seen(coalesce(relation, spout_bench.found_data('records', rows, 5, 1)));
    IF seen IS NULL THEN
        RAISE EXCEPTION 'relation % does not exist', data USING ERRCODE = '42P01';
    END IF;
    FOREACH f IN ARRAY coalesce(formats, '{csv,json,xml,parquet,avro}') LOOP
        IF NOT coalesce(f = ANY (spout_bench.formats()), false) THEN
            results := results || ARRAY[format('{"format":%s,"error":%s}', coalesce(to_json(f)::text, 'null'),
                to_json(format('unknown format "%s"', f)))];
            CONTINUE;
        END IF;
        packed := CASE WHEN gzip THEN format(', compression %L', CASE f WHEN 'avro' THEN 'deflate' ELSE 'gzip' END) ELSE '' END;
        made := spout_bench.execute(settings || seen || jsonb_build_object('kind', 'sql', 'memory', true, 'box', 3600, 'deadline', 86400,
            'run_sql', format('COPY (SELECT * FROM %s) TO ''{out}'' (FORMAT %I%s)', data, f, packed),
            'search_path', 'pg_catalog, pg_temp'));
        IF made ->> 'status' = 'ok' THEN
            counted := coalesce((made ->> 'rows')::bigint, counted);
            results := results || ARRAY[format('{"format":%s,"durationSeconds":%s,"fileSizeBytes":%s,"peakMemoryMB":%s}', to_json(f),
                round((made ->> 'wall')::numeric, 6), made ->> 'bytes',
                    coalesce(ceil((made -> 'os' ->> 'total_high')::numeric / 1048576)::text, 'null'))];
        ELSE
            results := results || ARRAY[format('{"format":%s,"error":%s}', to_json(f), to_json(made ->> 'message'))];
        END IF;
    END LOOP;
    RETURN format('{"datasetRowCount":%s,"results":[%s]}', coalesce(counted::text, 'null'), array_to_string(results, ','))::json;
END
$$;
COMMENT ON FUNCTION @extschema@.export_benchmark(int8, regclass, text[], bool) IS 'exports a data set once per format: seconds, bytes on disk, memory';
