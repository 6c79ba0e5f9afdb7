CREATE FUNCTION spout_bench.thresholds(thresholds pg_catalog.jsonb)
RETURNS pg_catalog.jsonb
LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    known CONSTANT text[] := '{min_time,max_time,mean_time,median_time,stddev_time,peak_memory,allocated_memory,net_memory}';
    bad record;
BEGIN
    IF jsonb_typeof(coalesce(thresholds, '{}')) <> 'object' THEN
        RAISE EXCEPTION 'thresholds are not a JSON object' USING ERRCODE = '22023', HINT = 'Write for example {"median_time": 0.01}.';
    END IF;
    SELECT key, value INTO bad FROM jsonb_each(coalesce(thresholds, '{}'))
        WHERE NOT key = ANY (known) OR jsonb_typeof(value) <> 'number' OR value < '0' LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'impossible threshold "%": %', bad.key, bad.value USING ERRCODE = '22023',
            HINT = 'Thresholds are numbers of seconds or bytes: ' || array_to_string(known, ', ') || '.';
    END IF;
    RETURN coalesce(thresholds, '{}');
END
$$;

CREATE FUNCTION spout_bench.requires(requires pg_catalog.jsonb)
RETURNS pg_catalog.jsonb
LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    example CONSTANT text := 'Write for example {"pg": ">=17", "extension": ["hstore"], "free_disk": "2GB", "role": "pg_monitor"}.';
    bad record;
BEGIN
    IF jsonb_typeof(coalesce(requires, '{}')) <> 'object' THEN
        RAISE EXCEPTION 'requires is not a JSON object' USING ERRCODE = '22023', HINT = example;
    END IF;
    SELECT key, value INTO bad FROM jsonb_each(coalesce(requires, '{}')) WHERE NOT coalesce(CASE key
        WHEN 'pg' THEN value #>> '{}' ~ '^([<>]?=?)\s*\d{1,4}$'
        WHEN 'extension' THEN jsonb_typeof(value) = 'array' AND NOT jsonb_path_exists(value, '$[*] ? (@.type() != "string")')
        WHEN 'free_disk' THEN spout_bench.bytes(value #>> '{}') IS NOT NULL
        WHEN 'role' THEN jsonb_typeof(value) = 'string' END, false) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'impossible requirement "%": %', bad.key, bad.value USING ERRCODE = '22023', HINT = example;
    END IF;
    RETURN coalesce(requires, '{}');
END
$$;

-- Bytes that may still be written in a directory, NULL: in the system's temporary one.
CREATE FUNCTION spout_bench.free_space(directory pg_catalog.text)
RETURNS pg_catalog.int8
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'spout_benchmark_free_space';

-- Why a benchmark cannot run here; NULL when it can.
CREATE FUNCTION spout_bench.unmet(requires pg_catalog.jsonb, directory pg_catalog.text)
RETURNS pg_catalog.text
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    item record;
    major int := current_setting('server_version_num')::int / 10000;
    wanted int;
BEGIN
    FOR item IN SELECT key, value, value #>> '{}' AS word FROM jsonb_each(coalesce(requires, '{}')) LOOP
        IF item.key = 'pg' THEN
            wanted := substring(item.word FROM '\d+')::int;
            IF NOT (CASE substring(item.word FROM '^[<>=]+') WHEN '>=' THEN major >= wanted WHEN '>' THEN major > wanted
                WHEN '<=' THEN major <= wanted
                WHEN '<' THEN major < wanted ELSE major = wanted END) THEN
                RETURN format('needs PostgreSQL %s', item.word);
            END IF;
        ELSIF item.key = 'extension' THEN
            IF EXISTS (SELECT FROM jsonb_array_elements_text(item.value) e WHERE NOT EXISTS (SELECT FROM pg_extension x
                WHERE x.extname = e)) THEN
                RETURN format('needs extensions %s', item.value);
            END IF;
        ELSIF item.key = 'free_disk' THEN
            IF coalesce(spout_bench.free_space(directory), 0) < spout_bench.bytes(item.word) THEN
                RETURN format('needs %s of free disk', item.word);
            END IF;
        ELSIF item.key = 'role' THEN
            IF item.word <> '' AND NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = item.word
                AND pg_has_role(current_user, r.oid, 'USAGE')) THEN
                RETURN format('needs the privileges of role %s', item.word);
            END IF;
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;

CREATE FUNCTION @extschema@.register_benchmark(
    name pg_catalog.text,
    run_sql pg_catalog.text,
    setup_sql pg_catalog.text DEFAULT NULL,
    teardown_sql pg_catalog.text DEFAULT NULL,
    benchmark_type pg_catalog.text DEFAULT 'all',
    adapter_type pg_catalog.text DEFAULT 'db',
    config pg_catalog.jsonb DEFAULT '{}',
    thresholds pg_catalog.jsonb DEFAULT '{}',
    requires pg_catalog.jsonb DEFAULT '{}')
RETURNS pg_catalog.text
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    IF coalesce(name, '') = '' OR length(name) > 255 THEN
        RAISE EXCEPTION 'a benchmark''s name must have 1 to 255 characters' USING ERRCODE = '22023';
    ELSIF name ~ '^(core|db|async|combined)/' THEN
        RAISE EXCEPTION 'names that begin with core/, db/, async/ or combined/ are built in' USING ERRCODE = '22023';
    ELSIF coalesce(btrim(run_sql), '') = '' THEN
        RAISE EXCEPTION 'argument "run_sql" must not be empty' USING ERRCODE = '22023';
    ELSIF benchmark_type IS NULL OR benchmark_type NOT IN ('time', 'memory', 'combined', 'all') THEN
        RAISE EXCEPTION 'unknown benchmark type "%"', benchmark_type USING ERRCODE = '22023',
            HINT = 'Types are time, memory, combined, all.';
    ELSIF adapter_type IS NULL OR adapter_type NOT IN ('core', 'db', 'async') THEN
        RAISE EXCEPTION 'unknown adapter type "%"', adapter_type USING ERRCODE = '22023', HINT = 'Adapter types are core, db, async.';
    END IF;
    PERFORM spout_bench.settings(NULL, config);
    INSERT INTO spout_bench.own_definitions
        VALUES (name, quote_ident(current_user)::regrole, run_sql, setup_sql, teardown_sql, benchmark_type, adapter_type,
            coalesce(config, '{}'), spout_bench.thresholds(thresholds), spout_bench.requires(requires))
        ON CONFLICT (owner, name) DO UPDATE SET run_sql = excluded.run_sql, setup_sql = excluded.setup_sql,
            teardown_sql = excluded.teardown_sql, benchmark_type = excluded.benchmark_type, adapter_type = excluded.adapter_type,
            config = excluded.config, thresholds = excluded.thresholds, requires = excluded.requires;
    RETURN name;
END
$$;
COMMENT ON FUNCTION @extschema@.register_benchmark(text, text, text, text, text, text, jsonb, jsonb, jsonb)
    IS 'adds a benchmark of one''s own, or changes it; {out} in its SQL becomes a fresh file';

CREATE FUNCTION @extschema@.unregister_benchmark(name pg_catalog.text)
RETURNS pg_catalog.bool
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM spout_bench.own_definitions d WHERE d.name = unregister_benchmark.name;
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION @extschema@.unregister_benchmark(text)
    IS 'removes a benchmark of one''s own; false when there is none';

-- Everything that can run, for this role: what the benchmark is, and the hash that says whether two results are of the same one.
CREATE FUNCTION spout_bench.registry(called pg_catalog.jsonb DEFAULT NULL, extended pg_catalog.bool DEFAULT false)
RETURNS TABLE (name pg_catalog.text, benchmark_type pg_catalog.text, adapter_type pg_catalog.text, format pg_catalog.text,
    rows pg_catalog.int8,
    owner pg_catalog.regrole, kind pg_catalog.text, setup_sql pg_catalog.text, run_sql pg_catalog.text, teardown_sql pg_catalog.text,
    settings pg_catalog.jsonb, thresholds pg_catalog.jsonb, requires pg_catalog.jsonb, definition_hash pg_catalog.text)
LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    standard jsonb := spout_bench.settings(called, NULL, extended);
BEGIN
    RETURN QUERY
    SELECT a.name, a.benchmark_type, a.adapter_type, a.format, a.rows, a.owner, a.kind, a.setup_sql, a.run_sql, a.teardown_sql,
        a.settings, a.thresholds, a.requires,
        md5(concat_ws('|', a.kind, a.format, a.rows, a.setup_sql, a.run_sql, a.teardown_sql, a.settings -> 'seed',
            a.settings -> 'sample', a.settings -> 'disable_gc',
            a.settings -> 'timer', 'v1'))
    FROM (SELECT b.name, b.benchmark_type, b.adapter_type, b.format, b.rows, NULL::regrole AS owner, b.kind,
        NULL::text AS setup_sql, b.run_sql, NULL::text AS teardown_sql,
            standard AS settings, '{}'::jsonb AS thresholds, '{}'::jsonb AS requires
        FROM spout_bench.builtins(standard, extended) b
        UNION ALL
        SELECT d.name, d.benchmark_type, d.adapter_type, NULL, NULL, d.owner, 'sql', d.setup_sql, d.run_sql, d.teardown_sql,
            spout_bench.settings(called, d.config, extended), d.thresholds, d.requires
        FROM spout_bench.own_definitions d) a;
END
$$;

CREATE FUNCTION @extschema@.list_benchmarks()
RETURNS TABLE (name pg_catalog.text, benchmark_type pg_catalog.text, adapter_type pg_catalog.text, format pg_catalog.text,
    rows pg_catalog.int8,
    owner pg_catalog.regrole, definition_hash pg_catalog.text, last_run pg_catalog.int8, last_status pg_catalog.text,
        last_median pg_catalog.float8)
LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT r.name, r.benchmark_type, r.adapter_type, r.format, r.rows, r.owner, r.definition_hash, i.run_id, i.status, t.median_time
    FROM spout_bench.registry() r
        LEFT JOIN LATERAL (SELECT * FROM @extschema@.benchmark_items x WHERE x.name = r.name ORDER BY x.run_id DESC LIMIT 1) i ON true
        LEFT JOIN @extschema@.benchmark_results t ON t.id = i.result_id
    ORDER BY r.adapter_type, r.name;
END;
COMMENT ON FUNCTION @extschema@.list_benchmarks() IS 'what run_benchmarks can run, and how it went last';
