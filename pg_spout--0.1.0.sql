\echo Use "CREATE EXTENSION pg_spout" to load this file. \quit

CREATE FUNCTION export_to_avro(
    query pg_catalog.text,
    path pg_catalog.text,
    compression pg_catalog.text DEFAULT NULL,
    compression_level pg_catalog.int4 DEFAULT NULL,
    max_rows_per_file pg_catalog.int8 DEFAULT 0,
    max_bytes_per_file pg_catalog.int8 DEFAULT 0,
    columns pg_catalog.jsonb DEFAULT NULL,
    options pg_catalog.jsonb DEFAULT '{}')
RETURNS TABLE (
    file_index pg_catalog.int4,
    path pg_catalog.text,
    rows pg_catalog.int8,
    bytes pg_catalog.int8,
    raw_bytes pg_catalog.int8,
    crc32c pg_catalog.text)
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'spout_export_to_avro';
REVOKE ALL ON FUNCTION export_to_avro FROM PUBLIC;
GRANT EXECUTE ON FUNCTION export_to_avro TO pg_write_server_files;
COMMENT ON FUNCTION export_to_avro IS 'runs a query and writes its rows to Avro files on the server';

CREATE FUNCTION export_to_csv(
    query pg_catalog.text,
    path pg_catalog.text,
    compression pg_catalog.text DEFAULT NULL,
    compression_level pg_catalog.int4 DEFAULT NULL,
    max_rows_per_file pg_catalog.int8 DEFAULT 0,
    max_bytes_per_file pg_catalog.int8 DEFAULT 0,
    columns pg_catalog.jsonb DEFAULT NULL,
    options pg_catalog.jsonb DEFAULT '{}')
RETURNS TABLE (
    file_index pg_catalog.int4,
    path pg_catalog.text,
    rows pg_catalog.int8,
    bytes pg_catalog.int8,
    raw_bytes pg_catalog.int8,
    crc32c pg_catalog.text)
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'spout_export_to_csv';
REVOKE ALL ON FUNCTION export_to_csv FROM PUBLIC;
GRANT EXECUTE ON FUNCTION export_to_csv TO pg_write_server_files;
COMMENT ON FUNCTION export_to_csv IS 'runs a query and writes its rows to CSV files on the server';

CREATE FUNCTION export_to_json(
    query pg_catalog.text,
    path pg_catalog.text,
    compression pg_catalog.text DEFAULT NULL,
    compression_level pg_catalog.int4 DEFAULT NULL,
    max_rows_per_file pg_catalog.int8 DEFAULT 0,
    max_bytes_per_file pg_catalog.int8 DEFAULT 0,
    columns pg_catalog.jsonb DEFAULT NULL,
    options pg_catalog.jsonb DEFAULT '{}')
RETURNS TABLE (
    file_index pg_catalog.int4,
    path pg_catalog.text,
    rows pg_catalog.int8,
    bytes pg_catalog.int8,
    raw_bytes pg_catalog.int8,
    crc32c pg_catalog.text)
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'spout_export_to_json';
REVOKE ALL ON FUNCTION export_to_json FROM PUBLIC;
GRANT EXECUTE ON FUNCTION export_to_json TO pg_write_server_files;
COMMENT ON FUNCTION export_to_json IS 'runs a query and writes its rows to JSON files on the server';

CREATE FUNCTION export_to_xml(
    query pg_catalog.text,
    path pg_catalog.text,
    compression pg_catalog.text DEFAULT NULL,
    compression_level pg_catalog.int4 DEFAULT NULL,
    max_rows_per_file pg_catalog.int8 DEFAULT 0,
    max_bytes_per_file pg_catalog.int8 DEFAULT 0,
    columns pg_catalog.jsonb DEFAULT NULL,
    options pg_catalog.jsonb DEFAULT '{}')
RETURNS TABLE (
    file_index pg_catalog.int4,
    path pg_catalog.text,
    rows pg_catalog.int8,
    bytes pg_catalog.int8,
    raw_bytes pg_catalog.int8,
    crc32c pg_catalog.text)
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'spout_export_to_xml';
REVOKE ALL ON FUNCTION export_to_xml FROM PUBLIC;
GRANT EXECUTE ON FUNCTION export_to_xml TO pg_write_server_files;
COMMENT ON FUNCTION export_to_xml IS 'runs a query and writes its rows to XML files on the server';

-- Row 0 is the record: its target_type is the schema that a file would carry. Then a row per column.
CREATE FUNCTION describe_export(
    query pg_catalog.text,
    format pg_catalog.text DEFAULT 'avro',
    options pg_catalog.jsonb DEFAULT '{}')
RETURNS TABLE (
    ordinal pg_catalog.int4,
    source_name pg_catalog.text,
    source_type pg_catalog.text,
    target_name pg_catalog.text,
    target_type pg_catalog.text,
    lossy pg_catalog.bool,
    why pg_catalog.text)
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'spout_describe_export';
COMMENT ON FUNCTION describe_export IS 'tells how the columns of a query would be written, without running it';

CREATE FUNCTION last_export()
RETURNS pg_catalog.jsonb
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'spout_last_export';
COMMENT ON FUNCTION last_export IS 'counts and stage times of this session''s last export, also after an error';

CREATE FUNCTION verify_export(path pg_catalog.text)
RETURNS TABLE (
    file_index pg_catalog.int4,
    path pg_catalog.text,
    ok pg_catalog.bool,
    rows pg_catalog.int8,
    bytes pg_catalog.int8,
    raw_bytes pg_catalog.int8,
    blocks pg_catalog.int8,
    crc32c pg_catalog.text,
    problem pg_catalog.text)
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'spout_verify_export';
REVOKE ALL ON FUNCTION verify_export FROM PUBLIC;
GRANT EXECUTE ON FUNCTION verify_export TO pg_read_server_files;
COMMENT ON FUNCTION verify_export IS 'reads an exported file, or every file of a manifest, back and checks it';

-- --- benchmarks: docs/benchmarks.md --------------------------------------------------------------------------

-- Cached data sets of benchmark_data(). They depend on the extension and go with it.
CREATE SCHEMA spout_bench;
GRANT USAGE ON SCHEMA spout_bench TO PUBLIC;
GRANT CREATE ON SCHEMA spout_bench TO pg_write_server_files;
CREATE TYPE spout_bench.reading AS (ok boolean, x double precision, tag text);
COMMENT ON TYPE spout_bench.reading IS 'columns of the data sets of kind composite';

CREATE TABLE benchmark_results (
    id SERIAL PRIMARY KEY, name VARCHAR(255) NOT NULL,
    min_time DOUBLE PRECISION NOT NULL, max_time DOUBLE PRECISION NOT NULL, mean_time DOUBLE PRECISION NOT NULL,
    median_time DOUBLE PRECISION NOT NULL, stddev_time DOUBLE PRECISION NOT NULL, iterations INTEGER NOT NULL,
    timestamp TIMESTAMP NOT NULL DEFAULT NOW(), commit_hash VARCHAR(40), environment JSONB);
COMMENT ON TABLE benchmark_results IS 'times of benchmarks in seconds; the timestamp is UTC';

CREATE TABLE memory_profile_results (
    id SERIAL PRIMARY KEY, name VARCHAR(255) NOT NULL,
    peak_memory BIGINT NOT NULL, allocated_memory BIGINT NOT NULL, deallocated_memory BIGINT NOT NULL, net_memory BIGINT NOT NULL,
    top_allocations JSONB NOT NULL, timestamp TIMESTAMP NOT NULL DEFAULT NOW(), commit_hash VARCHAR(40), environment JSONB);
COMMENT ON TABLE memory_profile_results IS 'memory of benchmarks in bytes; the timestamp is UTC';

CREATE TABLE benchmark_runs (
    run_id BIGSERIAL PRIMARY KEY, status TEXT NOT NULL CHECK (status IN ('running', 'done', 'cancelled', 'aborted')),
    started TIMESTAMPTZ NOT NULL, finished TIMESTAMPTZ, requested_by NAME NOT NULL, arguments JSONB NOT NULL, label TEXT,
    baseline TEXT, commit_hash VARCHAR(40), branch TEXT, dirty BOOLEAN, fingerprint TEXT NOT NULL, environment JSONB NOT NULL);
COMMENT ON TABLE benchmark_runs IS 'a row per run of benchmarks, present while it runs';

CREATE TABLE benchmark_items (
    run_id BIGINT REFERENCES benchmark_runs ON DELETE CASCADE, ord INT, name VARCHAR(255) NOT NULL, benchmark_type TEXT NOT NULL,
    adapter_type TEXT NOT NULL, format TEXT, rows BIGINT, definition_hash TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('ok', 'failed', 'skipped', 'timeout', 'cancelled')),
    sqlstate CHAR(5), message TEXT, grade TEXT CHECK (grade IN ('green', 'yellow', 'red')),
    flags TEXT[] NOT NULL DEFAULT '{}', result_id INT REFERENCES benchmark_results ON DELETE SET NULL,
    memory_result_id INT REFERENCES memory_profile_results ON DELETE SET NULL,
    detail JSONB NOT NULL DEFAULT '{}', samples FLOAT8[], PRIMARY KEY (run_id, ord));
COMMENT ON TABLE benchmark_items IS 'a row per benchmark of a run, whatever became of it';
-- For whoever deletes old results: each looks for its item.
CREATE INDEX ON benchmark_items (result_id);
CREATE INDEX ON benchmark_items (memory_result_id);

CREATE TABLE benchmark_definitions (
    name VARCHAR(255), owner REGROLE, run_sql TEXT NOT NULL, setup_sql TEXT, teardown_sql TEXT, benchmark_type TEXT NOT NULL,
    adapter_type TEXT NOT NULL, config JSONB NOT NULL, thresholds JSONB NOT NULL, requires JSONB NOT NULL,
    PRIMARY KEY (owner, name));
COMMENT ON TABLE benchmark_definitions IS 'benchmarks registered by users; a role sees and runs only its own';
ALTER TABLE benchmark_definitions ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON benchmark_definitions
    USING (owner = (SELECT pg_catalog.quote_ident(CURRENT_USER)::pg_catalog.regrole));

-- Results outlive this database's dump and restore, numbering included.
SELECT pg_catalog.pg_extension_config_dump('benchmark_results', '');
SELECT pg_catalog.pg_extension_config_dump('memory_profile_results', '');
SELECT pg_catalog.pg_extension_config_dump('benchmark_runs', '');
SELECT pg_catalog.pg_extension_config_dump('benchmark_items', '');
SELECT pg_catalog.pg_extension_config_dump('benchmark_definitions', '');
SELECT pg_catalog.pg_extension_config_dump('benchmark_results_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('memory_profile_results_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('benchmark_runs_run_id_seq', '');

-- Rows come in through the recorder, which writes as the owner.
REVOKE ALL ON benchmark_results, memory_profile_results, benchmark_runs, benchmark_items, benchmark_definitions FROM PUBLIC;
GRANT SELECT ON benchmark_results, memory_profile_results, benchmark_runs, benchmark_items TO pg_monitor, pg_write_server_files;
GRANT SELECT, INSERT, UPDATE, DELETE ON benchmark_definitions TO pg_write_server_files;
GRANT UPDATE (baseline) ON benchmark_runs TO pg_write_server_files;
GRANT USAGE ON SEQUENCE benchmark_results_id_seq, memory_profile_results_id_seq, benchmark_runs_run_id_seq TO pg_write_server_files;

CREATE FUNCTION benchmark_stats(
    a pg_catalog.float8[],
    b pg_catalog.float8[] DEFAULT NULL,
    tolerance pg_catalog.float8 DEFAULT 0.05)
RETURNS pg_catalog.jsonb
LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'spout_benchmark_stats';
COMMENT ON FUNCTION benchmark_stats IS 'summary of a series of times, or comparison of b with a, pair by pair';

-- The settings of a benchmark: kind, bounds, default. Kinds: int, number, bool, size, text, word (of `words`), shard, budget.
CREATE FUNCTION _benchmark_keys()
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
CREATE FUNCTION _benchmark_bytes(word pg_catalog.text)
RETURNS pg_catalog.int8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN word ~* '^\s*(\d{1,15}(\s*bytes)?|\d{1,6}(\.\d{1,3})?\s*[kmgt]b)\s*$' THEN pg_size_bytes(word) END;
END;

-- One layer of settings, checked; sizes become bytes. `origin` says in messages where it was written.
CREATE FUNCTION _benchmark_checked(config pg_catalog.jsonb, origin pg_catalog.text)
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
    FOR item IN SELECT c.key, c.value, c.value #>> '{}' AS word, jsonb_typeof(c.value) AS type, k.key IS NOT NULL AS known, k.kind, k.low, k.high, k.words
        FROM jsonb_each(config) c LEFT JOIN @extschema@._benchmark_keys() k ON k.key = c.key LOOP
        IF NOT item.known THEN
            RAISE EXCEPTION 'unknown benchmark setting "%" in %', item.key, origin USING ERRCODE = '22023',
                HINT = (SELECT 'Settings are ' || string_agg(key, ', ') || '.' FROM @extschema@._benchmark_keys());
        END IF;
        CONTINUE WHEN item.type = 'null';
        n := CASE WHEN item.type = 'number' THEN item.word::numeric
            WHEN item.kind = 'size' AND item.type = 'string' THEN @extschema@._benchmark_bytes(item.word) END;
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
            WHEN 'budget' THEN CASE item.type WHEN 'number' THEN n BETWEEN 0.001 AND 86400 ELSE item.type = 'string' AND item.word = ANY (item.words) END
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
CREATE FUNCTION _benchmark_settings(called pg_catalog.jsonb, defined pg_catalog.jsonb DEFAULT NULL, extended pg_catalog.bool DEFAULT false)
RETURNS pg_catalog.jsonb
LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    setting text := nullif(btrim(current_setting('pg_spout.benchmark_config', true)), '');
    written jsonb;
    result jsonb;
BEGIN
    SELECT jsonb_object_agg(key, standard) INTO result FROM @extschema@._benchmark_keys() WHERE standard IS NOT NULL;
    result := result || jsonb_build_object('budget', CASE WHEN extended THEN 'extended' ELSE 'quick' END);
    IF setting IS NOT NULL THEN
        BEGIN
            written := setting;
        EXCEPTION WHEN data_exception THEN
            RAISE EXCEPTION 'setting "pg_spout.benchmark_config" is not a JSON object' USING ERRCODE = '22023',
                HINT = 'Write for example {"iterations": 20}.';
        END;
        result := result || @extschema@._benchmark_checked(written, 'setting "pg_spout.benchmark_config"');
    END IF;
    result := result || @extschema@._benchmark_checked(defined, 'the definition''s config') || @extschema@._benchmark_checked(called, 'argument "config"');
    IF (result ->> 'min_time')::float8 > (result ->> 'max_time')::float8 THEN
        RAISE EXCEPTION 'benchmark setting "min_time" (%) is above "max_time" (%)', result ->> 'min_time', result ->> 'max_time' USING ERRCODE = '22023';
    END IF;
    RETURN result;
END
$$;

CREATE FUNCTION benchmark_config(
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
    result jsonb := jsonb_strip_nulls(jsonb_build_object('iterations', iterations, 'warmup_iterations', warmup_iterations, 'min_time', min_time,
        'max_time', max_time, 'disable_gc', disable_gc, 'timer', timer));
BEGIN
    result := @extschema@._benchmark_checked(result, 'benchmark_config()') || @extschema@._benchmark_checked(other, 'argument "other"');
    PERFORM @extschema@._benchmark_settings(result);
    RETURN result;
END
$$;
COMMENT ON FUNCTION benchmark_config IS 'settings of a benchmark, checked, for the config arguments of the other functions';

-- The road to the recorder: what is sent here is written by another process and survives a ROLLBACK.
CREATE FUNCTION _benchmark_send(record pg_catalog.jsonb)
RETURNS pg_catalog.bool
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'spout_benchmark_send';

CREATE FUNCTION _benchmark_flush(seconds pg_catalog.float8 DEFAULT 10)
RETURNS pg_catalog.jsonb
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'spout_benchmark_flush';

CREATE FUNCTION _benchmark_recordable()
RETURNS pg_catalog.bool
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'spout_benchmark_recordable';

-- A number for a row that the recorder will write, or NULL where it must draw one. Numbers of rows written by hand are left out.
CREATE FUNCTION _benchmark_id(sequence pg_catalog.regclass)
RETURNS pg_catalog.int8
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    query text;
    number int8;
    taken boolean := true;
BEGIN
    IF current_setting('transaction_read_only') = 'on' OR NOT @extschema@._benchmark_recordable() THEN
        RETURN NULL;
    END IF;
    SELECT format('SELECT EXISTS (SELECT FROM %s WHERE %I = $1)', a.attrelid::regclass, a.attname) INTO STRICT query
        FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
        WHERE d.classid = 'pg_class'::regclass AND d.objid = sequence AND d.refclassid = 'pg_class'::regclass AND d.deptype = 'a';
    WHILE taken LOOP
        number := nextval(sequence);
        EXECUTE query INTO taken USING number;
    END LOOP;
    RETURN number;
END
$$;

-- The row of benchmark_results that a series of times makes.
CREATE FUNCTION _benchmark_result(name pg_catalog.text, samples pg_catalog.float8[], environment pg_catalog.jsonb, commit_hash pg_catalog.text)
RETURNS benchmark_results
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    s jsonb := @extschema@.benchmark_stats(samples);
    r @extschema@.benchmark_results;
BEGIN
    r.id := @extschema@._benchmark_id('@extschema@.benchmark_results_id_seq');
    r.name := name;
    r.min_time := s -> 'min';
    r.max_time := s -> 'max';
    r.mean_time := s -> 'mean';
    r.median_time := s -> 'median';
    r.stddev_time := s -> 'stddev';
    r.iterations := s -> 'n';
    r."timestamp" := clock_timestamp() AT TIME ZONE 'UTC';
    r.commit_hash := commit_hash;
    r.environment := environment;
    RETURN r;
END
$$;

CREATE FUNCTION record_benchmark(
    name pg_catalog.text,
    samples pg_catalog.float8[],
    environment pg_catalog.jsonb DEFAULT '{}',
    commit_hash pg_catalog.text DEFAULT NULL)
RETURNS benchmark_results
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    times CONSTANT text := 'Samples are the times of the rounds in seconds, such as {1.2,1.1,1.3}.';
    bad float8;
    r @extschema@.benchmark_results;
BEGIN
    IF coalesce(name, '') = '' OR length(name) > 255 THEN
        RAISE EXCEPTION 'a benchmark''s name must have 1 to 255 characters' USING ERRCODE = '22023', HINT = format('This one has %s.', coalesce(length(name), 0));
    ELSIF samples IS NULL THEN
        RAISE EXCEPTION 'argument "samples" must not be NULL' USING ERRCODE = '22004', HINT = times;
    ELSIF cardinality(samples) = 0 THEN
        RAISE EXCEPTION 'argument "samples" is empty' USING ERRCODE = '22023', HINT = times;
    ELSIF array_ndims(samples) > 1 OR array_position(samples, NULL) IS NOT NULL THEN
        RAISE EXCEPTION 'argument "samples" must be a one-dimensional array without NULLs' USING ERRCODE = '22023', HINT = times;
    ELSIF length(commit_hash) > 40 THEN
        RAISE EXCEPTION 'a commit hash has at most 40 characters' USING ERRCODE = '22023', HINT = format('This one has %s.', length(commit_hash));
    ELSIF jsonb_typeof(environment) <> 'object' THEN
        RAISE EXCEPTION 'argument "environment" must be a JSON object, not %', jsonb_typeof(environment) USING ERRCODE = '22023', HINT = 'Say it as {"machine": "..."}.';
    ELSIF octet_length(environment::text) > 60000 THEN
        RAISE EXCEPTION 'argument "environment" has % bytes, more than 60000', octet_length(environment::text) USING ERRCODE = '54000', HINT = 'Keep what is long elsewhere, and name it here.';
    END IF;
    SELECT s INTO bad FROM unnest(samples) s WHERE NOT (s >= 0 AND s < 'Infinity') LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'argument "samples" has %, which is no time', bad USING ERRCODE = '22023', HINT = times;
    END IF;
    r := @extschema@._benchmark_result(name, samples, coalesce(environment, '{}'), nullif(commit_hash, ''));
    IF @extschema@._benchmark_send(jsonb_build_object('result', to_jsonb(r))) THEN
        PERFORM @extschema@._benchmark_flush();
    END IF;
    RETURN r;
END
$$;
COMMENT ON FUNCTION record_benchmark IS 'stores times measured elsewhere, whatever becomes of the transaction';

-- --- data sets ---------------------------------------------------------------------------------------------------

-- The query of a data set: every value is a hash of its row, column and seed, the same on every machine. Values repeat as
-- real ones do, so that no codec lives on constants and none fails on noise.
CREATE FUNCTION _benchmark_data_query(kind pg_catalog.text, rows pg_catalog.int8, columns pg_catalog.int4, seed pg_catalog.int8)
RETURNS pg_catalog.text
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    -- {h} is a hash from 0 to 2^63 - 1, of the row, the column and the seed
    expressions CONSTANT jsonb := '{
        "int4": "({h} % 2000001 - 1000000)::int4", "int8": "{h} % 2000000000001 - 1000000000000", "bool": "{h} % 3 = 0",
        "float8": "round(({h} % 100000000)::numeric / 997, 3)::float8", "numeric": "(({h} % 20000000000 - 5000000000)::numeric / 10000)::numeric(18,4)",
        "text": "(ARRAY[''pump'', ''valve'', ''motor'', ''sensor''])[1 + {h} % 4] || ''-'' || ({h} >> 8) % 100000",
        "bytea": "decode(lpad(to_hex({h}), 16, ''0''), ''hex'')", "uuid": "md5({h}::text)::uuid",
        "timestamptz": "timestamptz ''2024-01-01 00:00:00+00'' + {h} % 31536000000 * interval ''1 millisecond''",
        "jsonb": "jsonb_build_object(''ok'', {h} % 10 <> 0, ''x'', {h} % 20000, ''tag'', (ARRAY[''new'', ''hot'', ''spare''])[1 + {h} % 3])",
        "composite": "ROW({h} % 10 <> 0, ({h} % 20000)::float8 / 8, (ARRAY[''new'', ''hot'', ''spare''])[1 + {h} % 3])::spout_bench.reading",
        "float8_array": "ARRAY[{h} % 1000, {h} % 999, {h} % 998, {h} % 997, {h} % 996, {h} % 995, {h} % 994, {h} % 993]::float8[]"}';
    kinds text[] := ARRAY(SELECT jsonb_object_keys(expressions) ORDER BY 1);
    list text;
BEGIN
    IF kind = 'records' THEN
        RETURN format($q$SELECT i AS id,
            timestamptz '2024-01-01 00:00:00+00' + (i * 1500 + a %% 1500) * interval '1 millisecond' + (b %% 1000) * interval '1 microsecond' AS created_at,
            ((ARRAY['pump', 'valve', 'motor', 'sensor', 'boiler', 'mixer', 'drum', 'press'])[1 + a %% 8] || '-' || lpad((b %% 100000)::text, 5, '0')
                || (ARRAY[' north hall', ' south hall', ' yard', ' outer depot'])[1 + (a >> 8) %% 4])::varchar(255) AS name,
            ((c %% 20000000000 - 5000000000)::numeric / 10000)::numeric(18,4) AS value,
            jsonb_build_object('ok', c %% 10 <> 0, 'at', jsonb_build_object('x', round(((b >> 17) %% 20000)::numeric / 10, 1), 'y', (c >> 35) %% 1000),
                'tag', (ARRAY['new', 'hot', 'spare', 'to be checked'])[1 + (a >> 20) %% 4]) AS metadata
            FROM generate_series(1::bigint, %1$s) AS i, LATERAL (SELECT hashint8extended(i, %2$s) & 9223372036854775807 AS a,
                hashint8extended(i, %2$s + 1) & 9223372036854775807 AS b, hashint8extended(i, %2$s + 2) & 9223372036854775807 AS c) AS h$q$, rows, seed);
    ELSIF kind <> 'mixed' AND NOT expressions ? kind THEN
        RAISE EXCEPTION 'unknown kind of data set "%"', kind USING ERRCODE = '22023',
            HINT = 'Kinds are records, mixed, ' || array_to_string(kinds, ', ') || '.';
    END IF;
    SELECT string_agg(replace(expressions ->> CASE kind WHEN 'mixed' THEN kinds[1 + (n - 1) % cardinality(kinds)] ELSE kind END, '{h}',
        format('(hashint8extended(i, %s) & 9223372036854775807)', seed * 10000 + n)) || ' AS c' || n, ', ' ORDER BY n) INTO list FROM generate_series(1, columns) n;
    RETURN format('SELECT %s FROM generate_series(1::bigint, %s) AS i', list, rows);
END
$$;

-- Where a data set lies, made or not. The last number is the generator's version.
CREATE FUNCTION _benchmark_data_name(kind pg_catalog.text, rows pg_catalog.int8, columns pg_catalog.int4, seed pg_catalog.int8)
RETURNS pg_catalog.text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT format('%s_r%s_c%s_s%s_v1', kind, rows, columns, seed);
END;

CREATE FUNCTION benchmark_data(
    kind pg_catalog.text DEFAULT 'records',
    rows pg_catalog.int8 DEFAULT 10000,
    columns pg_catalog.int4 DEFAULT NULL,
    seed pg_catalog.int8 DEFAULT 1)
RETURNS pg_catalog.regclass
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    width int := CASE kind WHEN 'records' THEN 5 ELSE coalesce(columns, 10) END;
    name text;
    found oid;
    query text;
BEGIN
    IF kind IS NULL OR rows IS NULL OR seed IS NULL THEN
        RAISE EXCEPTION 'kind, rows and seed of a data set must not be NULL' USING ERRCODE = '22004';
    ELSIF rows < 0 OR rows > 10000000000 OR seed < 0 OR seed > 1000000000 OR width NOT BETWEEN 1 AND 1600 THEN
        RAISE EXCEPTION 'a data set has 0 to 10000000000 rows, 1 to 1600 columns and a seed from 0 to 1000000000' USING ERRCODE = '22023';
    ELSIF kind = 'records' AND coalesce(columns, 5) <> 5 THEN
        RAISE EXCEPTION 'data sets of kind records have 5 columns' USING ERRCODE = '22023';
    END IF;
    query := @extschema@._benchmark_data_query(kind, rows, width, seed);
    IF rows = 0 THEN
        FOR name IN SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'spout_bench'::regnamespace AND c.relkind = 'm'
            AND c.relname ~ ('^' || kind || '_r\d+_c\d+_s\d+_v\d+$') LOOP
            EXECUTE format('DROP MATERIALIZED VIEW spout_bench.%I', name);
        END LOOP;
        RETURN NULL;
    END IF;
    name := @extschema@._benchmark_data_name(kind, rows, width, seed);
    IF to_regclass(format('spout_bench.%I', name)) IS NULL THEN
        -- Who comes second waits, and finds it.
        PERFORM pg_advisory_xact_lock('@extschema@.benchmark_results'::regclass::oid::int, 0);
    END IF;
    SELECT c.oid INTO found FROM pg_class c WHERE c.relnamespace = 'spout_bench'::regnamespace AND c.relname = name;
    IF found IS NULL THEN
        -- Made empty, then filled: so its pages are frozen and the first scan dirties none.
        EXECUTE format('CREATE MATERIALIZED VIEW spout_bench.%I WITH (autovacuum_enabled = off) AS %s WITH NO DATA', name, query);
        EXECUTE format('REFRESH MATERIALIZED VIEW spout_bench.%I', name);
        EXECUTE format('ANALYZE spout_bench.%I', name);
        EXECUTE format('GRANT SELECT ON spout_bench.%I TO PUBLIC', name);
        EXECUTE format('ALTER MATERIALIZED VIEW spout_bench.%I DEPENDS ON EXTENSION pg_spout', name);
        SELECT c.oid INTO found FROM pg_class c WHERE c.relnamespace = 'spout_bench'::regnamespace AND c.relname = name;
    ELSIF NOT EXISTS (SELECT FROM pg_class c WHERE c.oid = found AND c.relkind = 'm' AND c.relispopulated) THEN
        -- A view of that name would run its author's functions with the reader's rights.
        RAISE EXCEPTION 'spout_bench.% is not a data set', quote_ident(name) USING ERRCODE = '42809';
    END IF;
    RETURN found;
END
$$;
COMMENT ON FUNCTION benchmark_data IS 'makes or finds a data set of a kind, with this many rows; no rows drop the kind';

-- --- registry ----------------------------------------------------------------------------------------------------

CREATE FUNCTION _benchmark_formats()
RETURNS pg_catalog.text[]
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'spout_benchmark_formats';

-- What a measurement depends on. Every key is there; what only a run or a benchmark knows is filled in by it.
CREATE FUNCTION _benchmark_environment(directory pg_catalog.text DEFAULT NULL)
RETURNS pg_catalog.jsonb
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'spout_benchmark_environment';

-- What makes two runs comparable: server, build, machine, settings that matter.
CREATE FUNCTION _benchmark_fingerprint(environment pg_catalog.jsonb)
RETURNS pg_catalog.text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT md5(concat_ws('|', (environment ->> 'pg_version_num')::int / 10000, environment -> 'arch', environment -> 'cpu_model', environment -> 'cores',
        environment -> 'compiler', environment -> 'ext_build', environment -> 'settings'));
END;

-- One task, or an array of tasks side by side, each in a process of its own; the answer likewise.
CREATE FUNCTION _benchmark_execute(task pg_catalog.jsonb)
RETURNS pg_catalog.jsonb
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'spout_benchmark_execute';

-- The built-in benchmarks: every format of the library in every size, core's own COPY beside them. {data} is the data set.
CREATE FUNCTION _benchmark_builtins(settings pg_catalog.jsonb, extended pg_catalog.bool DEFAULT false)
RETURNS TABLE (name pg_catalog.text, benchmark_type pg_catalog.text, adapter_type pg_catalog.text, format pg_catalog.text, rows pg_catalog.int8,
    kind pg_catalog.text, run_sql pg_catalog.text)
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    WITH sizes AS (
        SELECT DISTINCT (settings ->> k)::int8 AS n, false AS large FROM unnest(ARRAY['small_dataset_size', 'medium_dataset_size', 'large_dataset_size']) k
        UNION SELECT n, true FROM unnest(ARRAY[100000, 1000000]::int8[]) n WHERE extended),
    formats AS (SELECT f FROM unnest(@extschema@._benchmark_formats()) f)
    SELECT format('core/%s/encode/%s', f, n), 'all', 'core', f, n, 'encode', NULL FROM formats, sizes WHERE NOT large
    UNION ALL SELECT format('core/avro/decode/%s', n), 'time', 'core', 'avro', n, 'decode', NULL FROM sizes WHERE NOT large
    UNION ALL SELECT format('db/%s/export/%s', f, n), 'all', 'db', f, n, 'sql',
        format('SELECT * FROM %s.export_to_%s(''TABLE {data}'', ''{out}'', options => ''{"sync": false}'')', '@extschema@', f)
    FROM formats, sizes
    UNION ALL SELECT format('db/native_%s/export/%s', f, n), 'time', 'db', 'native_' || f, n, 'sql',
        format('COPY (TABLE {data}) TO ''{out}'' (FORMAT %s)', f) FROM unnest(ARRAY['text', 'csv', 'binary']) f, sizes;
END;

CREATE VIEW benchmark_coverage AS
    SELECT f AS format, a AS adapter_type, t AS benchmark_type,
        (SELECT pg_catalog.count(*) FROM _benchmark_builtins(_benchmark_settings(NULL)) b
         WHERE b.format = f AND b.adapter_type = a AND b.benchmark_type IN (t, 'all')) AS benchmarks
    FROM pg_catalog.unnest(_benchmark_formats()) f, pg_catalog.unnest(ARRAY['core', 'db', 'async']) a, pg_catalog.unnest(ARRAY['time', 'memory']) t;
COMMENT ON VIEW benchmark_coverage IS 'how many built-in benchmarks look at a format; async ones come with background jobs';

CREATE VIEW benchmark_history AS
    SELECT i.name, i.benchmark_type, i.adapter_type, i.format, i.rows, i.run_id, r.started, r.label, r.baseline, r.branch, r.commit_hash, r.fingerprint,
        i.definition_hash, i.status, i.grade, i.flags, t.min_time, t.max_time, t.mean_time, t.median_time, t.stddev_time, t.iterations,
        m.peak_memory, m.allocated_memory, m.net_memory, (i.detail ->> 'bytes')::pg_catalog.int8 AS bytes, r.environment
    FROM benchmark_items i JOIN benchmark_runs r USING (run_id) LEFT JOIN benchmark_results t ON t.id = i.result_id
        LEFT JOIN memory_profile_results m ON m.id = i.memory_result_id;
COMMENT ON VIEW benchmark_history IS 'every measurement of every run: the series of trend charts';
GRANT SELECT ON benchmark_history TO pg_monitor, pg_write_server_files;
GRANT SELECT ON benchmark_coverage TO PUBLIC;

CREATE FUNCTION _benchmark_thresholds(thresholds pg_catalog.jsonb)
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

CREATE FUNCTION _benchmark_requires(requires pg_catalog.jsonb)
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
        WHEN 'free_disk' THEN @extschema@._benchmark_bytes(value #>> '{}') IS NOT NULL
        WHEN 'role' THEN jsonb_typeof(value) = 'string' END, false) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'impossible requirement "%": %', bad.key, bad.value USING ERRCODE = '22023', HINT = example;
    END IF;
    RETURN coalesce(requires, '{}');
END
$$;

-- Bytes that may still be written in a directory, NULL: in the system's temporary one.
CREATE FUNCTION _benchmark_free_space(directory pg_catalog.text)
RETURNS pg_catalog.int8
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'spout_benchmark_free_space';

-- Why a benchmark cannot run here; NULL when it can.
CREATE FUNCTION _benchmark_unmet(requires pg_catalog.jsonb, directory pg_catalog.text)
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
            IF NOT (CASE substring(item.word FROM '^[<>=]+') WHEN '>=' THEN major >= wanted WHEN '>' THEN major > wanted WHEN '<=' THEN major <= wanted
                WHEN '<' THEN major < wanted ELSE major = wanted END) THEN
                RETURN format('needs PostgreSQL %s', item.word);
            END IF;
        ELSIF item.key = 'extension' THEN
            IF EXISTS (SELECT FROM jsonb_array_elements_text(item.value) e WHERE NOT EXISTS (SELECT FROM pg_extension x WHERE x.extname = e)) THEN
                RETURN format('needs extensions %s', item.value);
            END IF;
        ELSIF item.key = 'free_disk' THEN
            IF coalesce(@extschema@._benchmark_free_space(directory), 0) < pg_size_bytes(item.word) THEN
                RETURN format('needs %s of free disk', item.word);
            END IF;
        ELSIF item.key = 'role' THEN
            IF item.word <> '' AND NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = item.word AND pg_has_role(current_user, r.oid, 'USAGE')) THEN
                RETURN format('needs the privileges of role %s', item.word);
            END IF;
        END IF;
    END LOOP;
    RETURN NULL;
END
$$;

CREATE FUNCTION register_benchmark(
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
BEGIN
    IF coalesce(name, '') = '' OR length(name) > 255 THEN
        RAISE EXCEPTION 'a benchmark''s name must have 1 to 255 characters' USING ERRCODE = '22023';
    ELSIF name ~ '^(core|db|async|combined)/' THEN
        RAISE EXCEPTION 'names that begin with core/, db/, async/ or combined/ are built in' USING ERRCODE = '22023';
    ELSIF coalesce(btrim(run_sql), '') = '' THEN
        RAISE EXCEPTION 'argument "run_sql" must not be empty' USING ERRCODE = '22023';
    ELSIF benchmark_type IS NULL OR benchmark_type NOT IN ('time', 'memory', 'combined', 'all') THEN
        RAISE EXCEPTION 'unknown benchmark type "%"', benchmark_type USING ERRCODE = '22023', HINT = 'Types are time, memory, combined, all.';
    ELSIF adapter_type IS NULL OR adapter_type NOT IN ('core', 'db', 'async') THEN
        RAISE EXCEPTION 'unknown adapter type "%"', adapter_type USING ERRCODE = '22023', HINT = 'Adapter types are core, db, async.';
    END IF;
    PERFORM @extschema@._benchmark_settings(NULL, config);
    INSERT INTO @extschema@.benchmark_definitions AS d
        VALUES (name, quote_ident(current_user)::regrole, run_sql, setup_sql, teardown_sql, benchmark_type, adapter_type, coalesce(config, '{}'),
            @extschema@._benchmark_thresholds(thresholds), @extschema@._benchmark_requires(requires))
        ON CONFLICT ON CONSTRAINT benchmark_definitions_pkey DO UPDATE SET (run_sql, setup_sql, teardown_sql, benchmark_type, adapter_type, config,
            thresholds, requires) = (excluded.run_sql, excluded.setup_sql, excluded.teardown_sql, excluded.benchmark_type, excluded.adapter_type,
            excluded.config, excluded.thresholds, excluded.requires);
    RETURN name;
END
$$;
COMMENT ON FUNCTION register_benchmark IS 'adds a benchmark of one''s own, or changes it; {out} in its SQL becomes a fresh file';

CREATE FUNCTION unregister_benchmark(name pg_catalog.text)
RETURNS pg_catalog.bool
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    DELETE FROM @extschema@.benchmark_definitions d WHERE d.name = unregister_benchmark.name AND d.owner = quote_ident(current_user)::regrole;
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION unregister_benchmark IS 'removes a benchmark of one''s own; false when there is none';

-- Everything that can run, for this role: what the benchmark is, and the hash that says whether two results are of the same one.
CREATE FUNCTION _benchmark_registry(called pg_catalog.jsonb DEFAULT NULL, extended pg_catalog.bool DEFAULT false)
RETURNS TABLE (name pg_catalog.text, benchmark_type pg_catalog.text, adapter_type pg_catalog.text, format pg_catalog.text, rows pg_catalog.int8,
    owner pg_catalog.regrole, kind pg_catalog.text, setup_sql pg_catalog.text, run_sql pg_catalog.text, teardown_sql pg_catalog.text,
    settings pg_catalog.jsonb, thresholds pg_catalog.jsonb, requires pg_catalog.jsonb, definition_hash pg_catalog.text)
LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    standard jsonb := @extschema@._benchmark_settings(called, NULL, extended);
BEGIN
    RETURN QUERY
    SELECT a.name, a.benchmark_type, a.adapter_type, a.format, a.rows, a.owner, a.kind, a.setup_sql, a.run_sql, a.teardown_sql, a.settings, a.thresholds, a.requires,
        md5(concat_ws('|', a.kind, a.format, a.rows, a.setup_sql, a.run_sql, a.teardown_sql, a.settings -> 'seed', a.settings -> 'sample', a.settings -> 'disable_gc',
            a.settings -> 'timer', 'v1'))
    FROM (SELECT b.name, b.benchmark_type, b.adapter_type, b.format, b.rows, NULL::regrole AS owner, b.kind, NULL::text AS setup_sql, b.run_sql, NULL::text AS teardown_sql,
            standard AS settings, '{}'::jsonb AS thresholds, '{}'::jsonb AS requires
        FROM @extschema@._benchmark_builtins(standard, extended) b
        UNION ALL
        -- The owner is checked here, too: superusers bypass row-level security.
        SELECT d.name, d.benchmark_type, d.adapter_type, NULL, NULL, d.owner, 'sql', d.setup_sql, d.run_sql, d.teardown_sql,
            @extschema@._benchmark_settings(called, d.config, extended), d.thresholds, d.requires
        FROM @extschema@.benchmark_definitions d WHERE d.owner = quote_ident(current_user)::regrole) a;
END
$$;

CREATE FUNCTION list_benchmarks()
RETURNS TABLE (name pg_catalog.text, benchmark_type pg_catalog.text, adapter_type pg_catalog.text, format pg_catalog.text, rows pg_catalog.int8,
    owner pg_catalog.regrole, definition_hash pg_catalog.text, last_run pg_catalog.int8, last_status pg_catalog.text, last_median pg_catalog.float8)
LANGUAGE sql STABLE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT r.name, r.benchmark_type, r.adapter_type, r.format, r.rows, r.owner, r.definition_hash, i.run_id, i.status, t.median_time
    FROM @extschema@._benchmark_registry() r
        LEFT JOIN LATERAL (SELECT * FROM @extschema@.benchmark_items x WHERE x.name = r.name ORDER BY x.run_id DESC LIMIT 1) i ON true
        LEFT JOIN @extschema@.benchmark_results t ON t.id = i.result_id
    ORDER BY r.adapter_type, r.name;
END;
COMMENT ON FUNCTION list_benchmarks IS 'what run_benchmarks can run, and how it went last';

-- --- running -----------------------------------------------------------------------------------------------------

-- Numbers for people: 2.2 M, 12.3 MB.
CREATE FUNCTION _benchmark_human(number pg_catalog.jsonb, unit pg_catalog.text DEFAULT '')
RETURNS pg_catalog.text
LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN abs(n) >= 1e9 THEN round((n / 1e9)::numeric, 1) || ' G' WHEN abs(n) >= 1e6 THEN round((n / 1e6)::numeric, 1) || ' M'
        WHEN abs(n) >= 1e4 THEN round((n / 1e3)::numeric, 1) || ' k' ELSE round(n::numeric, 0) || CASE unit WHEN '' THEN '' ELSE ' ' END END || unit
    FROM (SELECT (number #>> '{}')::float8 AS n) x;
END;

CREATE FUNCTION _benchmark_ms(seconds pg_catalog.jsonb, unit pg_catalog.text DEFAULT 'ms')
RETURNS pg_catalog.text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT to_char((seconds #>> '{}')::float8 * CASE unit WHEN 's' THEN 1 WHEN 'ms' THEN 1e3 ELSE 1e6 END, 'FM99999990.000');
END;

-- The unit that suits a time.
CREATE FUNCTION _benchmark_unit(seconds pg_catalog.float8)
RETURNS pg_catalog.text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE WHEN seconds >= 10 THEN 's' WHEN seconds >= 0.0002 THEN 'ms' ELSE 'us' END;
END;

-- Names and messages may hold line ends; a line of output must not.
CREATE FUNCTION _benchmark_line(words pg_catalog.text)
RETURNS pg_catalog.text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT regexp_replace(words, '[[:cntrl:]]+', ' ', 'g');
END;

-- An aligned table of texts: the first row names the columns. Names and flags stand left, columns without a value are left out.
CREATE FUNCTION _benchmark_table(cells pg_catalog.jsonb)
RETURNS SETOF pg_catalog.text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    WITH c AS (SELECT r.n AS line, x.n AS col, coalesce(_benchmark_line(x.v), '') AS v FROM jsonb_array_elements(cells) WITH ORDINALITY r (v, n),
        LATERAL jsonb_array_elements_text(r.v) WITH ORDINALITY x (v, n)),
    w AS (SELECT col, max(length(v)) AS width, col = 1 OR max(v) FILTER (WHERE line = 1) = 'flags' AS stands_left FROM c GROUP BY col HAVING bool_or(line > 1 AND v <> ''))
    SELECT rtrim(string_agg(CASE WHEN stands_left THEN rpad(v, width) ELSE lpad(v, width) END, '  ' ORDER BY col)) FROM c JOIN w USING (col) GROUP BY line ORDER BY line;
END;

-- The texts of a JSON array in one.
CREATE FUNCTION _benchmark_words(list pg_catalog.jsonb, separator pg_catalog.text)
RETURNS pg_catalog.text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT string_agg(w, separator ORDER BY n) FROM jsonb_array_elements_text(list) WITH ORDINALITY x (w, n);
END;

-- Formats without a result on this machine, in this run or before it: "async (every format), db time (csv, xml)".
CREATE FUNCTION _benchmark_gaps(run pg_catalog.jsonb)
RETURNS pg_catalog.text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    WITH known AS (
        SELECT k.kind, x ->> 'adapter_type' AS adapter, x ->> 'format' AS format
        FROM (VALUES ('time', 'results'), ('memory', 'memory')) k (kind, list), LATERAL jsonb_array_elements(run -> k.list) x
        UNION SELECT k.kind, h.adapter_type, h.format
        FROM @extschema@.benchmark_history h, LATERAL (VALUES ('time', h.median_time), ('memory', h.peak_memory::float8)) k (kind, value)
        WHERE k.value IS NOT NULL AND h.fingerprint = @extschema@._benchmark_fingerprint(run -> 'environment')),
    missing AS (
        SELECT a, k, CASE WHEN count(*) = cardinality(@extschema@._benchmark_formats()) THEN 'every format' ELSE string_agg(f, ', ' ORDER BY f) END AS formats
        FROM unnest(ARRAY['core', 'db', 'async']) a, unnest(ARRAY['time', 'memory']) k, unnest(@extschema@._benchmark_formats()) f
        WHERE NOT EXISTS (SELECT FROM known WHERE known.kind = k AND known.adapter = a AND known.format = f) GROUP BY a, k),
    gaps AS (SELECT a || CASE count(*) WHEN 1 THEN ' ' || min(k) ELSE '' END AS part, formats FROM missing GROUP BY a, formats)
    SELECT string_agg(format('%s (%s)', part, formats), ', ' ORDER BY part) FROM gaps;
END;

-- A run's dictionary as people read it.
CREATE FUNCTION _benchmark_console(run pg_catalog.jsonb, slowest pg_catalog.int4 DEFAULT 5)
RETURNS SETOF pg_catalog.text
LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    time_head CONSTANT jsonb := '[["name", "min", "max", "mean", "stddev", "median", "rounds", "rows/s", "points/s", "MB/s", "peak", "ratio", "flags"]]';
    memory_head CONSTANT jsonb := '[["name", "peak", "allocated", "freed", "net", "process peak"]]';
    part record;
    line text;
    noise text := coalesce('; noise floor of this machine +-' || round((run -> 'environment' ->> 'noise_floor')::numeric * 100, 1) || ' % (10 A/A pairs)', '');
    vague bigint;
BEGIN
    FOR part IN SELECT x ->> 'adapter_type' AS adapter, (x ->> 'rows')::bigint AS rows, unit, count(*) AS n, jsonb_agg(jsonb_build_array(x -> 'name',
            @extschema@._benchmark_ms(x -> 'min_time', unit), @extschema@._benchmark_ms(x -> 'max_time', unit), @extschema@._benchmark_ms(x -> 'mean_time', unit),
            @extschema@._benchmark_ms(x -> 'stddev_time', unit), format('%s (%s)', @extschema@._benchmark_ms(x -> 'median_time', unit), to_char(median / nullif(best, 0), 'FM9990.00')),
            x -> 'iterations', @extschema@._benchmark_human(x -> 'rows_per_s'), @extschema@._benchmark_human(x -> 'points_per_s'), round((x ->> 'mb_per_s')::numeric),
            @extschema@._benchmark_human(x -> 'peak_memory', 'B'), concat_ws(' ', x ->> 'ratio', x ->> 'verdict'), @extschema@._benchmark_words(x -> 'flags', ',')) ORDER BY median) AS lines
        FROM (SELECT x, median, min(median) OVER (PARTITION BY x -> 'adapter_type', x -> 'rows') AS best
            FROM jsonb_array_elements(run -> 'results') x, LATERAL (SELECT (x ->> 'median_time')::float8 AS median) m) r, LATERAL (SELECT @extschema@._benchmark_unit(best) AS unit) u
        GROUP BY 1, 2, 3 ORDER BY 1, 2 NULLS LAST LOOP
        RETURN NEXT format('%s: %s benchmark%s%s, times in %s%s', part.adapter, part.n, CASE part.n WHEN 1 THEN '' ELSE 's' END, ', ' || part.rows || ' rows', part.unit, noise);
        RETURN QUERY SELECT @extschema@._benchmark_table(time_head || part.lines);
        RETURN NEXT '';
    END LOOP;
    FOR part IN SELECT x ->> 'adapter_type' AS adapter, count(*) AS n, jsonb_agg(jsonb_build_array(x -> 'name',
            @extschema@._benchmark_human(x -> 'peak_memory', 'B'), @extschema@._benchmark_human(x -> 'allocated_memory', 'B'), @extschema@._benchmark_human(x -> 'deallocated_memory', 'B'),
            @extschema@._benchmark_human(x -> 'net_memory', 'B'), @extschema@._benchmark_human(x -> 'os_peak', 'B')) ORDER BY x ->> 'format', (x ->> 'rows')::bigint, x ->> 'name') AS lines
        FROM jsonb_array_elements(run -> 'memory') x GROUP BY 1 ORDER BY 1 LOOP
        RETURN NEXT format('%s: memory of %s benchmark%s, one pass each', part.adapter, part.n, CASE part.n WHEN 1 THEN '' ELSE 's' END);
        RETURN QUERY SELECT @extschema@._benchmark_table(memory_head || part.lines);
        RETURN NEXT '';
    END LOOP;
    RETURN QUERY SELECT @extschema@._benchmark_line(format('%s: %s: %s', x ->> 'status', x ->> 'name', x ->> 'message')) FROM jsonb_array_elements((run -> 'skipped') || (run -> 'failed')) x
        ORDER BY x ->> 'status' <> 'skipped', x ->> 'status', x ->> 'name';
    -- Where everything is variable, the flags say of whom.
    SELECT count(*) INTO vague FROM jsonb_array_elements_text(run -> 'warnings') w WHERE w ~ 'Performance is too variable';
    RETURN QUERY SELECT format('warning: %s of %s benchmarks are too variable (flag variable): stddev exceeds 10%% of median', vague, jsonb_array_length(run -> 'results')) WHERE vague > 3;
    RETURN QUERY SELECT @extschema@._benchmark_line('warning: ' || w) FROM jsonb_array_elements_text(run -> 'warnings') w WHERE vague <= 3 OR w !~ 'Performance is too variable' ORDER BY w;
    IF jsonb_array_length((run -> 'results') || (run -> 'memory') || (run -> 'failed') || (run -> 'skipped')) = 0 THEN
        RETURN;
    END IF;
    SELECT string_agg(format('%s (%s %s)', x ->> 'name', @extschema@._benchmark_ms(x -> 'median_time', unit), unit), ', ' ORDER BY n) INTO line
        FROM (SELECT x, @extschema@._benchmark_unit((x ->> 'median_time')::float8) AS unit, row_number() OVER (ORDER BY (x ->> 'median_time')::float8 DESC) AS n FROM jsonb_array_elements(run -> 'results') x) s WHERE n <= slowest;
    RETURN QUERY SELECT @extschema@._benchmark_line('slowest: ' || line) WHERE line IS NOT NULL;
    RETURN QUERY SELECT 'gaps, never measured on this machine: ' || g FROM @extschema@._benchmark_gaps(run) g WHERE g IS NOT NULL;
    RETURN NEXT format('run %s %s: %s measured, %s failed, %s skipped; %s of %s records stored', coalesce(run ->> 'run_id', '(not stored)'), run ->> 'status',
        (SELECT count(DISTINCT x ->> 'name') FROM jsonb_array_elements((run -> 'results') || (run -> 'memory')) x), jsonb_array_length(run -> 'failed'), jsonb_array_length(run -> 'skipped'),
        run -> 'recorded' ->> 'committed', run -> 'recorded' ->> 'sent');
END
$$;

-- A line of CSV as RFC 4180 wants it.
CREATE FUNCTION _benchmark_csv(fields pg_catalog.text[])
RETURNS pg_catalog.text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT string_agg(CASE WHEN f ~ '[",\n\r]' THEN '"' || replace(f, '"', '""') || '"' ELSE coalesce(f, '') END, ',' ORDER BY n)
    FROM unnest(fields) WITH ORDINALITY u (f, n);
END;

-- A row of a Markdown table.
CREATE FUNCTION _benchmark_markdown(fields pg_catalog.text[])
RETURNS pg_catalog.text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT '| ' || string_agg(regexp_replace(replace(coalesce(_benchmark_line(f), ''), '<', '&lt;'), '([\\|])', '\\\1', 'g'), ' | ' ORDER BY n) || ' |'
    FROM unnest(fields) WITH ORDINALITY u (f, n);
END;

-- A run's dictionary in an output format; the tables have a row per benchmark, whatever became of it.
CREATE FUNCTION _benchmark_output(run pg_catalog.jsonb, output_format pg_catalog.text, slowest pg_catalog.int4 DEFAULT 5)
RETURNS SETOF pg_catalog.text
LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    keys CONSTANT text[] := '{run_id,status,environment,results,memory,skipped,failed,warnings,recorded}';
    columns CONSTANT text[] := '{name,adapter_type,format,rows,status,min_time,max_time,mean_time,median_time,stddev_time,iterations,rows_per_s,'
        'points_per_s,mb_per_s,peak_memory,allocated_memory,deallocated_memory,net_memory,ratio,verdict,grade,flags,message}';
    lines jsonb[];
    x jsonb;
BEGIN
    IF output_format = 'json' THEN
        RETURN QUERY SELECT json_object_agg(k, run -> k ORDER BY n)::text FROM unnest(keys) WITH ORDINALITY u (k, n);
        RETURN;
    ELSIF output_format = 'console' THEN
        RETURN QUERY SELECT @extschema@._benchmark_console(run, slowest);
        RETURN;
    END IF;
    SELECT coalesce(array_agg(m ORDER BY m ->> 'name'), '{}') INTO lines FROM (SELECT jsonb_object_agg(e.key, e.value) AS m
        FROM jsonb_array_elements((run -> 'results') || (run -> 'memory') || (run -> 'skipped') || (run -> 'failed')) y, jsonb_each(y) e
        GROUP BY y -> 'name') s;
    IF output_format = 'csv' THEN
        RETURN NEXT array_to_string(columns, ',');
        FOREACH x IN ARRAY lines LOOP
            RETURN NEXT @extschema@._benchmark_csv(ARRAY(SELECT CASE c WHEN 'flags' THEN @extschema@._benchmark_words(x -> c, ' ') ELSE x ->> c END
                FROM unnest(columns) WITH ORDINALITY u (c, n) ORDER BY n));
        END LOOP;
        RETURN;
    END IF;
    RETURN NEXT format('Run %s, %s; PostgreSQL %s, %s, %s cores', run ->> 'run_id', run ->> 'status', (run -> 'environment' ->> 'pg_version_num')::int / 10000,
        run -> 'environment' ->> 'cpu_model', run -> 'environment' ->> 'cores');
    RETURN NEXT '';
    RETURN NEXT '| benchmark | status | median ms | spread (MAD) ms | rounds | MB/s | peak memory | ratio | remarks |';
    RETURN NEXT '|---|---|--:|--:|--:|--:|--:|---|---|';
    FOREACH x IN ARRAY lines LOOP
        RETURN NEXT @extschema@._benchmark_markdown(ARRAY[x ->> 'name', x ->> 'status', @extschema@._benchmark_ms(x -> 'median_time'),
            @extschema@._benchmark_ms(x -> 'stats' -> 'mad'), x ->> 'iterations', round((x ->> 'mb_per_s')::numeric)::text,
            @extschema@._benchmark_human(x -> 'peak_memory', 'B'), concat_ws(' ', x ->> 'ratio', x ->> 'verdict'), concat_ws('; ', @extschema@._benchmark_words(x -> 'flags', ', '), x ->> 'message')]);
    END LOOP;
END
$$;

-- The grade of a finished item, and what is wrong with it: thresholds first, then the bounds of its adapter type.
CREATE FUNCTION _benchmark_judged(item pg_catalog.jsonb, adapter_type pg_catalog.text, settings pg_catalog.jsonb, thresholds pg_catalog.jsonb)
RETURNS TABLE (grade pg_catalog.text, message pg_catalog.text)
LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    t record;
    memory_bound float8 := (settings ->> ('max_memory_' || adapter_type))::float8;
    os_peak float8 := (item ->> 'os_peak')::float8;
BEGIN
    FOR t IN SELECT key, value::text::float8 AS bound, (item ->> key)::float8 AS value FROM jsonb_each(thresholds) ORDER BY key LOOP
        IF t.value > t.bound THEN
            grade := 'red';
            message := CASE WHEN t.key LIKE '%_time' THEN format('Performance regression detected: %s %ss exceeds threshold of %ss', replace(t.key, '_', ' '), to_char(t.value, CASE WHEN t.bound < 0.001 THEN 'FM990.0000000' ELSE 'FM999999990.0000' END), to_char(t.bound, CASE WHEN t.bound < 0.001 THEN 'FM990.0000000' ELSE 'FM999999990.0000' END))
                ELSE format('Memory limit exceeded: %s %s MB exceeds threshold of %s MB', replace(t.key, '_', ' '), to_char(t.value / 1e6, 'FM999999990.0'), to_char(t.bound / 1e6, 'FM999999990.0')) END;
            RETURN NEXT;
            RETURN;
        END IF;
    END LOOP;
    IF os_peak > memory_bound THEN
        grade := 'red';
        message := format('Memory limit exceeded: peak growth %s MB exceeds %s MB for adapter type %s', to_char(os_peak / 1e6, 'FM999999990.0'), to_char(memory_bound / 1e6, 'FM999999990.0'), adapter_type);
    ELSIF (item ->> 'net_memory')::bigint > 65536 THEN
        grade := 'red';
        message := format('Memory leak detected: %s bytes were not given back', item ->> 'net_memory')
            || coalesce(' at ' || (item -> 'top_allocations' -> 0 ->> 'file') || ':' || (item -> 'top_allocations' -> 0 ->> 'line'), '');
    ELSIF os_peak > 0.8 * memory_bound OR (item ->> 'net_memory')::bigint > 0 THEN
        grade := 'yellow';
    ELSE
        grade := 'green';
    END IF;
    RETURN NEXT;
END
$$;

-- What two passes of one benchmark say that more rows do to memory; null: nothing. Once some blocks are full, from 10000 rows, the peak
-- stays; what memory contexts keep for good stays from the first row.
CREATE FUNCTION _benchmark_growth(fewer pg_catalog.jsonb, more pg_catalog.jsonb)
RETURNS pg_catalog.text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT 'Memory grows with rows: ' || CASE
        WHEN (more ->> 'context_growth')::int8 > (fewer ->> 'context_growth')::int8 + 65536
            THEN format('memory contexts keep %s bytes after %s rows, %s after %s', fewer ->> 'context_growth', fewer ->> 'rows', more ->> 'context_growth', more ->> 'rows')
        WHEN (fewer ->> 'rows')::int8 >= 10000 AND (more ->> 'peak_memory')::float8 > 1.05 * (fewer ->> 'peak_memory')::float8 AND (more ->> 'peak_memory')::int8 > (fewer ->> 'peak_memory')::int8 + 65536
            THEN format('peak %s bytes at %s rows, %s at %s', fewer ->> 'peak_memory', fewer ->> 'rows', more ->> 'peak_memory', more ->> 'rows')
        WHEN (fewer ->> 'rows')::int8 >= 10000 AND (more ->> 'private_peak')::int8 > (fewer ->> 'private_peak')::int8 + 8388608
            THEN format('private memory %s bytes at %s rows, %s at %s', fewer ->> 'private_peak', fewer ->> 'rows', more ->> 'private_peak', more ->> 'rows') END;
END;

-- A benchmark as it was measured, red when its memory grows beside another size of the same. Sizes come in any order: the later one tells.
CREATE FUNCTION _benchmark_grown(made pg_catalog.jsonb, finished pg_catalog.jsonb[])
RETURNS pg_catalog.jsonb
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    problem text;
BEGIN
    IF made -> 'item' ->> 'status' = 'ok' AND made ->> 'memory' IS NOT NULL THEN
        WITH passes AS (
            SELECT n, x -> 'item' -> 'rows' AS rows, jsonb_build_object('rows', x -> 'item' -> 'rows', 'peak_memory', x -> 'memory' -> 'peak_memory', 'context_growth', x -> 'item' -> 'detail' -> 'context_growth',
                'private_peak', x -> 'item' -> 'detail' -> 'os' -> 'peak_low') AS pass
            FROM unnest(finished || made) WITH ORDINALITY u (x, n)
            WHERE x ->> 'memory' IS NOT NULL AND x -> 'item' ->> 'rows' IS NOT NULL AND regexp_replace(x -> 'item' ->> 'name', '\d+$', '') = regexp_replace(made -> 'item' ->> 'name', '\d+$', ''))
        SELECT @extschema@._benchmark_growth(CASE WHEN p.rows < this.rows THEN p.pass ELSE this.pass END, CASE WHEN p.rows < this.rows THEN this.pass ELSE p.pass END)
            INTO problem FROM passes p JOIN passes this ON this.n = cardinality(finished) + 1 AND p.n < this.n ORDER BY 1 NULLS LAST LIMIT 1;
    END IF;
    RETURN CASE WHEN problem IS NULL THEN made ELSE jsonb_set(made, '{item}', (made -> 'item') || jsonb_build_object('status', 'failed', 'grade', 'red', 'message', problem)) END;
END
$$;

-- The task of a benchmark for the process that runs it; {data} is its data set.
CREATE FUNCTION _benchmark_task(b pg_catalog.jsonb, box pg_catalog.float8, search_path pg_catalog.text)
RETURNS pg_catalog.jsonb
LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    settings jsonb := b -> 'settings';
    rows bigint := (b ->> 'rows')::bigint;
    builtin boolean := b ->> 'owner' IS NULL;
    data text := coalesce('spout_bench.' || quote_ident(@extschema@._benchmark_data_name('records', rows, 5, (settings ->> 'seed')::bigint)), '');
BEGIN
    IF builtin AND rows >= 100000 AND (settings ->> 'sample')::float8 < 1 THEN
        data := format('(SELECT * FROM %s TABLESAMPLE SYSTEM (%s) REPEATABLE (%s)) sampled', data, (settings ->> 'sample')::float8 * 100, settings ->> 'seed');
    END IF;
    RETURN settings || jsonb_build_object('kind', b -> 'kind', 'format', b -> 'format', 'relation', data, 'setup_sql', b -> 'setup_sql',
        'run_sql', replace(replace(b ->> 'run_sql', 'TABLE {data}', 'SELECT * FROM ' || data), '{data}', data), 'teardown_sql', b -> 'teardown_sql', 'read_only', builtin,
        'box', box, 'deadline', least((settings ->> 'max_time')::float8, greatest(2 * box, 10)) + 1, 'search_path', CASE WHEN builtin THEN 'pg_catalog, pg_temp' ELSE search_path END);
END
$$;

-- One benchmark of a run, finished: {"item", "result", "memory", "warnings"}, the first three with the columns of their tables. `one` is the
-- registry's row with "wants" (time, memory, all), "problem" (why it was not run), "timed" (what its rounds said); `profile` its pass for memory.
CREATE FUNCTION _benchmark_measured(one pg_catalog.jsonb, profile pg_catalog.jsonb, run pg_catalog.jsonb)
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
            stats := @extschema@.benchmark_stats(samples);
            median := stats -> 'median';
            rows := coalesce((one ->> 'rows')::float8 * CASE WHEN (one ->> 'rows')::bigint >= 100000 THEN (settings ->> 'sample')::float8 ELSE 1 END, nullif((made ->> 'rows')::float8, 0));
            flags := ARRAY(SELECT jsonb_array_elements_text(stats -> 'flags'));
            IF (made ->> 'contended')::bool THEN
                flags := array_append(flags, 'contended');
            END IF;
            IF (one ->> 'rows')::bigint >= 100000 AND (settings ->> 'sample')::float8 < 1 THEN
                flags := array_append(flags, 'sampled');
            END IF;
            result := to_jsonb(@extschema@._benchmark_result(name, samples, (run -> 'environment') || jsonb_build_object('seed', settings -> 'seed', 'timer', settings -> 'timer',
                'loops', made -> 'loops', 'cold_ratio', (made ->> 'first')::float8 / nullif(median, 0), 'contamination', made -> 'contamination', 'timer_precision', made -> 'timer_precision'), run ->> 'commit_hash'));
            detail := detail || jsonb_build_object('stats', stats, 'loops', made -> 'loops', 'bytes', made -> 'bytes', 'crc32c', made -> 'crc32c', 'first', made -> 'first', 'cpu_median',
                (@extschema@.benchmark_stats(ARRAY(SELECT x::float8 FROM jsonb_array_elements_text(made -> 'cpu') x))) -> 'median',
                'rows_per_s', rows / nullif(median, 0), 'points_per_s', CASE WHEN one ->> 'format' IS NOT NULL THEN rows * 5 / nullif(median, 0) END, 'mb_per_s', (made ->> 'bytes')::float8 / 1e6 / nullif(median, 0));
            IF (stats ->> 'stddev')::float8 > 0.1 * median THEN
                warnings := array_append(warnings, format('%s: Performance is too variable: stddev %ss exceeds 10%% of median %ss', name, to_char((stats ->> 'stddev')::float8, CASE WHEN median < 0.01 THEN 'FM990.0000000' ELSE 'FM999999990.0000' END), to_char(median, CASE WHEN median < 0.01 THEN 'FM990.0000000' ELSE 'FM999999990.0000' END)));
            END IF;
            IF (stats ->> 'severe_outliers')::int > 0.1 * (stats ->> 'n')::int THEN
                warnings := array_append(warnings, format('%s: %s of %s rounds are outliers (%s mild, %s severe)', name, (stats ->> 'mild_outliers')::int + (stats ->> 'severe_outliers')::int, stats ->> 'n', stats ->> 'mild_outliers', stats ->> 'severe_outliers'));
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
            memory := jsonb_build_object('id', @extschema@._benchmark_id('@extschema@.memory_profile_results_id_seq'), 'name', name, 'peak_memory', made -> 'peak_memory', 'allocated_memory', made -> 'allocated_memory',
                'deallocated_memory', made -> 'deallocated_memory', 'net_memory', made -> 'net_memory', 'top_allocations', made -> 'top_allocations', 'timestamp', clock_timestamp() AT TIME ZONE 'UTC',
                'commit_hash', run -> 'commit_hash', 'environment', run -> 'environment');
            detail := detail || jsonb_build_object('os', made -> 'os', 'os_peak', made -> 'os' -> 'peak_high', 'memory_source', made -> 'memory_source', 'context_growth', made -> 'context_growth');
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
        SELECT j.grade, j.message INTO verdict, problem FROM @extschema@._benchmark_judged(coalesce(result, '{}') || coalesce(memory, '{}') || detail, one ->> 'adapter_type', settings, one -> 'thresholds') j;
        status := CASE WHEN problem IS NULL THEN 'ok' ELSE 'failed' END;
        -- Times measured in bad company prove nothing; memory does not depend on it.
        IF verdict = 'red' AND flags <> '{}' AND problem LIKE 'Performance%' THEN
            verdict := 'yellow';
            problem := problem || ' (noisy, rerun)';
        END IF;
    END IF;
    RETURN jsonb_build_object('result', result, 'memory', memory, 'warnings', warnings, 'item', jsonb_build_object('run_id', run -> 'run_id', 'ord', one -> 'ord', 'name', name,
        'benchmark_type', one -> 'wants', 'adapter_type', one -> 'adapter_type', 'format', one -> 'format',
        'rows', one -> 'rows', 'definition_hash', one -> 'definition_hash', 'status', status, 'sqlstate', state, 'message', problem,
        'grade', CASE WHEN status IN ('ok', 'failed') THEN CASE WHEN result IS NULL AND memory IS NULL THEN 'red' ELSE verdict END END, 'flags', flags,
        'result_id', result -> 'id', 'memory_result_id', memory -> 'id', 'detail', detail || CASE WHEN warnings = '{}' THEN '{}' ELSE jsonb_build_object('warnings', warnings) END, 'samples', samples));
END
$$;

-- The word or the number of seconds of setting "budget".
CREATE FUNCTION _benchmark_budget(settings pg_catalog.jsonb)
RETURNS pg_catalog.float8
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT CASE settings ->> 'budget' WHEN 'quick' THEN 90 WHEN 'ci' THEN 480 WHEN 'extended' THEN 1500 ELSE (settings ->> 'budget')::float8 END;
END;

-- Data sets in a transaction of their own, so that every process sees them. NULL when all is well, else what is missing.
CREATE FUNCTION _benchmark_prepare(rows pg_catalog.int8, settings pg_catalog.jsonb)
RETURNS pg_catalog.text
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    made jsonb;
    name text := @extschema@._benchmark_data_name('records', rows, 5, (settings ->> 'seed')::bigint);
    kind "char";
BEGIN
    SELECT relkind INTO kind FROM pg_class WHERE relnamespace = 'spout_bench'::regnamespace AND relname = name;
    IF kind IS NOT NULL THEN
        RETURN CASE WHEN kind <> 'm' THEN format('spout_bench.%s is not a data set', name) END;
    END IF;
    made := @extschema@._benchmark_execute(jsonb_build_object('commit', true, 'isolation', settings -> 'isolation', 'deadline', 3600,
        'run_sql', format('SELECT %s.benchmark_data(%L, %s, NULL, %s)', '@extschema@', 'records', rows, settings ->> 'seed')));
    RETURN CASE WHEN made ->> 'status' <> 'ok' THEN made ->> 'message' END;
EXCEPTION WHEN OTHERS THEN
    RETURN SQLERRM;
END
$$;

-- How far ten pairs of equal work seem to differ here, as the larger side of the ratio's interval. It takes a fiftieth of the budget, 5 s at
-- most; NULL below a budget of 30 s, and where no built-in benchmark is to be timed.
CREATE FUNCTION _benchmark_noise(chosen pg_catalog.jsonb, budget pg_catalog.float8)
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
    SELECT x INTO b FROM jsonb_array_elements(chosen) x WHERE x ->> 'owner' IS NULL AND x ->> 'wants' IN ('time', 'all') AND (x ->> 'rows')::bigint <= 10000
        ORDER BY x ->> 'adapter_type' DESC, (x ->> 'rows')::bigint DESC, x ->> 'name' LIMIT 1;
    IF NOT FOUND OR budget < 30 OR @extschema@._benchmark_prepare((b ->> 'rows')::bigint, b -> 'settings') IS NOT NULL THEN
        RETURN NULL;
    END IF;
    task := @extschema@._benchmark_task(b, seconds, '');
    made := @extschema@._benchmark_execute(task || jsonb_build_object('other', task, 'iterations', 10, 'warmup_iterations', 1, 'deadline', 4 * seconds + 10));
    IF made ->> 'status' <> 'ok' THEN
        RETURN NULL;
    END IF;
    s := @extschema@.benchmark_stats(ARRAY(SELECT x::float8 FROM jsonb_array_elements_text(made -> 'a') x), ARRAY(SELECT x::float8 FROM jsonb_array_elements_text(made -> 'b') x));
    RETURN greatest(1 - (s ->> 'ci_low')::float8, (s ->> 'ci_high')::float8 - 1);
END
$$;

-- The benchmarks that a call chooses, in the random order of its seed.
CREATE FUNCTION _benchmark_selected(wanted pg_catalog.text, adapter_type pg_catalog.text, extended pg_catalog.bool, names pg_catalog.text, formats pg_catalog.text[], config pg_catalog.jsonb)
RETURNS TABLE (name pg_catalog.text, benchmark_type pg_catalog.text, adapter_type pg_catalog.text, format pg_catalog.text, rows pg_catalog.int8,
    owner pg_catalog.regrole, kind pg_catalog.text, setup_sql pg_catalog.text, run_sql pg_catalog.text, teardown_sql pg_catalog.text,
    settings pg_catalog.jsonb, thresholds pg_catalog.jsonb, requires pg_catalog.jsonb, definition_hash pg_catalog.text)
LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT r.* FROM @extschema@._benchmark_registry(config, extended) r
    WHERE (r.benchmark_type = wanted OR (wanted = 'all' AND r.benchmark_type <> 'combined') OR (r.benchmark_type = 'all' AND wanted <> 'combined'))
        AND (_benchmark_selected.adapter_type = 'all' OR r.adapter_type = _benchmark_selected.adapter_type) AND (names IS NULL OR r.name ~ names) AND (formats IS NULL OR r.format = ANY (formats))
        AND abs(hashtextextended(r.name, 0) % split_part(r.settings ->> 'shard', '/', 2)::int8) = split_part(r.settings ->> 'shard', '/', 1)::int8 - 1
    ORDER BY md5((r.settings ->> 'seed') || r.name);
END;

-- The bounds of stored baselines: fresh values of a metric beside those of the baseline's runs. `clean` are the fresh ones without
-- flags, which alone make a time red. `red` is the ratio that is too much, `above` of the fresh values are beyond `yellow`.
CREATE FUNCTION _benchmark_verdict(metric pg_catalog.text, base pg_catalog.float8[], fresh pg_catalog.float8[], clean pg_catalog.float8[],
    OUT middle pg_catalog.float8, OUT value pg_catalog.float8, OUT ratio pg_catalog.float8, OUT red pg_catalog.float8,
    OUT yellow pg_catalog.float8, OUT above pg_catalog.int8, OUT verdict pg_catalog.text)
LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    usual jsonb := @extschema@.benchmark_stats(base);
    spread float8;
BEGIN
    middle := usual -> 'median';
    value := @extschema@.benchmark_stats(fresh) -> 'median';
    ratio := value / nullif(middle, 0);
    spread := coalesce(1.4826 * (usual ->> 'mad')::float8 / nullif(middle, 0), 0);
    red := CASE metric WHEN 'median_time' THEN 1 + greatest(0.10, 5 * spread) ELSE 1.05 END;
    yellow := CASE metric WHEN 'median_time' THEN 1 + greatest(0.05, 3 * spread) ELSE 1.01 END;
    above := (SELECT count(*) FROM unnest(fresh) v WHERE v > middle * yellow);
    verdict := CASE
        WHEN metric = 'median_time' THEN CASE
            WHEN cardinality(fresh) >= 3 AND cardinality(base) >= 5
                AND 3 * (SELECT count(*) FROM unnest(clean) v WHERE v > middle * red) >= 2 * cardinality(fresh) THEN 'regression'
            WHEN above > 0 THEN 'inconclusive'
            WHEN value < middle * (2 - red) THEN 'improvement' ELSE 'equivalent' END
        WHEN metric = 'net_memory' THEN CASE WHEN value > 65536 THEN 'regression' WHEN value > 0 THEN 'inconclusive' ELSE 'equivalent' END
        WHEN metric = 'bytes' THEN CASE WHEN value > middle * red THEN 'regression' WHEN value <> middle THEN 'inconclusive' ELSE 'equivalent' END
        WHEN value > middle * red AND value > middle + 65536 THEN 'regression'
        WHEN value > middle * yellow AND value > middle + 16384 THEN 'inconclusive'
        WHEN value < middle * 0.95 AND value < middle - 65536 THEN 'improvement' ELSE 'equivalent' END;
END
$$;

-- One fresh median beside a stored baseline: {"ratio", "verdict"}. One run alone never makes a regression.
CREATE FUNCTION _benchmark_against(baseline pg_catalog.text, name pg_catalog.text, fingerprint pg_catalog.text, definition_hash pg_catalog.text,
    median pg_catalog.float8, but_run pg_catalog.int8 DEFAULT 0)
RETURNS pg_catalog.jsonb
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_strip_nulls(jsonb_build_object('ratio', round(v.ratio::numeric, 3),
        'verdict', CASE WHEN b.same IS NOT NULL THEN v.verdict WHEN b.n > 0 THEN 'not comparable' ELSE 'no baseline' END))
    FROM (SELECT count(*) AS n, array_agg(x.median_time) FILTER (WHERE x.fingerprint = _benchmark_against.fingerprint
                AND x.definition_hash = _benchmark_against.definition_hash) AS same
            FROM @extschema@.benchmark_history x
            WHERE x.baseline = _benchmark_against.baseline AND x.name = _benchmark_against.name AND x.run_id <> but_run
                AND x.status = 'ok' AND x.median_time IS NOT NULL) b,
        LATERAL @extschema@._benchmark_verdict('median_time', b.same, ARRAY[median], NULL) v;
END;

-- What _benchmark_measured made, on its way to the tables. A record has 64 kB; what may be missing first are single samples.
CREATE FUNCTION _benchmark_store(made pg_catalog.jsonb, key pg_catalog.jsonb)
RETURNS pg_catalog.bool
LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT @extschema@._benchmark_send(jsonb_build_object('key', key, 'item', CASE WHEN length(made::text) > 60000 THEN (made -> 'item') - 'samples' ELSE made -> 'item' END)
        || CASE WHEN made ->> 'result' IS NULL THEN '{}' ELSE jsonb_build_object('result', made -> 'result') END
        || CASE WHEN made ->> 'memory' IS NULL THEN '{}' ELSE jsonb_build_object('memory', made -> 'memory') END);
END;

-- Theil-Sen slope of ln time on ln rows, over three sizes or more: above 1.1 the time grows faster than the rows.
CREATE FUNCTION _benchmark_super_linear(finished pg_catalog.jsonb[])
RETURNS pg_catalog.text[]
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    WITH t AS (SELECT regexp_replace(m -> 'item' ->> 'name', '/\d+$', '') AS family, ln((m -> 'item' ->> 'rows')::float8) AS x,
            ln((m -> 'item' ->> 'rows')::float8 / (m -> 'item' -> 'detail' ->> 'rows_per_s')::float8) AS y
        FROM unnest(finished) m WHERE m -> 'item' ->> 'rows' <> '0' AND m -> 'item' -> 'detail' ->> 'rows_per_s' <> '0'),
    s AS (SELECT a.family, percentile_cont(0.5) WITHIN GROUP (ORDER BY (b.y - a.y) / (b.x - a.x)) AS slope
        FROM t a JOIN t b ON b.family = a.family AND b.x > a.x GROUP BY 1 HAVING count(*) >= 3)
    SELECT coalesce(array_agg(format('%s: super-linear, its time grows with the power %s of the rows', family, to_char(slope, 'FM990.00')) ORDER BY family), '{}')
    FROM s WHERE slope > 1.1;
END;

-- The dictionary of a run: its row, and of each benchmark what _benchmark_measured made or the tables keep.
CREATE FUNCTION _benchmark_whole(run pg_catalog.jsonb, finished pg_catalog.jsonb[], baseline pg_catalog.text, warnings pg_catalog.text[], recorded pg_catalog.jsonb)
RETURNS pg_catalog.jsonb
LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
BEGIN ATOMIC
    WITH f AS (SELECT n, nullif(m -> 'result', 'null') AS result, nullif(m -> 'memory', 'null') AS memory, m -> 'warnings' AS warnings,
            (m -> 'item') - '{samples,detail,run_id,ord}'::text[] || (m -> 'item' -> 'detail') || coalesce(@extschema@._benchmark_against(baseline,
                m -> 'item' ->> 'name', coalesce(run ->> 'fingerprint', @extschema@._benchmark_fingerprint(run -> 'environment')), m -> 'item' ->> 'definition_hash',
                (m -> 'result' ->> 'median_time')::float8, coalesce((run ->> 'run_id')::int8, 0)), '{}') AS item
        FROM unnest(finished) WITH ORDINALITY u (m, n))
    SELECT jsonb_build_object('run_id', run -> 'run_id', 'status', coalesce(run ->> 'status', 'done'), 'environment', run -> 'environment',
        'results', coalesce(jsonb_agg(result - 'environment' || item || jsonb_build_object('peak_memory', memory -> 'peak_memory') ORDER BY n)
            FILTER (WHERE result IS NOT NULL), '[]'),
        'memory', coalesce(jsonb_agg(memory - 'environment' || (item - 'stats') ORDER BY n) FILTER (WHERE memory IS NOT NULL), '[]'),
        'skipped', coalesce(jsonb_agg(item - 'flags' ORDER BY n) FILTER (WHERE item ->> 'status' = 'skipped'), '[]'),
        'failed', coalesce(jsonb_agg(item ORDER BY n) FILTER (WHERE item ->> 'status' NOT IN ('ok', 'skipped')), '[]'),
        'warnings', to_jsonb(_benchmark_whole.warnings || @extschema@._benchmark_super_linear(finished)
            || ARRAY(SELECT w FROM f g, jsonb_array_elements_text(g.warnings) w ORDER BY g.n)), 'recorded', recorded)
    FROM f;
END;

CREATE FUNCTION _benchmark_run(benchmark_type pg_catalog.text, adapter_type pg_catalog.text, extended pg_catalog.bool, output_format pg_catalog.text, names pg_catalog.text,
    formats pg_catalog.text[], baseline pg_catalog.text, config pg_catalog.jsonb, label pg_catalog.text, commit_hash pg_catalog.text, search_path pg_catalog.text)
RETURNS SETOF pg_catalog.text
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    arguments jsonb := jsonb_build_object('benchmark_type', benchmark_type, 'adapter_type', adapter_type, 'extended', extended, 'output_format', output_format, 'names', names,
        'formats', formats, 'baseline', baseline, 'config', config, 'key', gen_random_uuid());
    settings jsonb;
    environment jsonb;
    started timestamptz := clock_timestamp();
    budget float8;
    spent float8;
    run jsonb;
    keep boolean;
    chosen jsonb;
    todo int;
    ord int := 0;
    one jsonb;
    task jsonb;
    problem text;
    missing jsonb := '{}';
    pending jsonb[] := '{}'; -- begun, and not yet recorded
    profiles jsonb;
    made jsonb;
    finished jsonb[] := '{}';
    recorded jsonb := '{"sent": 0, "committed": 0, "rejected": 0}';
    before jsonb;
    after jsonb;
BEGIN
    IF benchmark_type IS NULL OR benchmark_type NOT IN ('time', 'memory', 'combined', 'all') THEN
        RAISE EXCEPTION 'unknown benchmark type "%"', benchmark_type USING ERRCODE = '22023', HINT = 'Types are time, memory, combined, all.';
    ELSIF adapter_type IS NULL OR adapter_type NOT IN ('core', 'db', 'async', 'all') THEN
        RAISE EXCEPTION 'unknown adapter type "%"', adapter_type USING ERRCODE = '22023', HINT = 'Adapter types are core, db, async, all.';
    ELSIF output_format IS NULL OR output_format NOT IN ('console', 'json', 'csv') THEN
        RAISE EXCEPTION 'unknown output format "%"', output_format USING ERRCODE = '22023', HINT = 'Output formats are console, json, csv.';
    ELSIF length(commit_hash) > 40 THEN
        RAISE EXCEPTION 'a commit hash has at most 40 characters' USING ERRCODE = '22023';
    END IF;
    SELECT f INTO problem FROM unnest(formats) f WHERE f IS NULL OR NOT (f = ANY (@extschema@._benchmark_formats()) OR f IN ('native_text', 'native_csv', 'native_binary')) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'unknown format "%"', problem USING ERRCODE = '22023', HINT = 'Formats are ' || array_to_string(@extschema@._benchmark_formats(), ', ') || ', native_text, native_csv, native_binary.';
    END IF;
    PERFORM '' ~ names;
    settings := @extschema@._benchmark_settings(config, NULL, extended);
    budget := @extschema@._benchmark_budget(settings);
    keep := (settings ->> 'autosave')::bool;
    SELECT coalesce(jsonb_agg(to_jsonb(s) || jsonb_build_object('wants', CASE WHEN _benchmark_run.benchmark_type <> 'all' AND s.benchmark_type = 'all' THEN _benchmark_run.benchmark_type ELSE s.benchmark_type END) ORDER BY s.ordinality), '[]')
        INTO chosen FROM @extschema@._benchmark_selected(_benchmark_run.benchmark_type, _benchmark_run.adapter_type, extended, names, formats, config) WITH ORDINALITY s;
    todo := jsonb_array_length(chosen);
    environment := @extschema@._benchmark_environment(settings ->> 'directory') || jsonb_build_object('seed', settings -> 'seed', 'timer', settings -> 'timer');
    -- Nothing to do: nothing to record.
    IF todo = 0 THEN
        problem := CASE WHEN adapter_type = 'async' THEN 'no benchmark of adapter type async is registered' WHEN benchmark_type = 'combined' THEN 'no combined benchmark is registered' ELSE 'no registered benchmark fits' END;
        IF output_format = 'csv' THEN
            RAISE WARNING '%', problem;
        END IF;
        RETURN QUERY SELECT @extschema@._benchmark_output(@extschema@._benchmark_whole(jsonb_build_object('environment', environment), finished, NULL, ARRAY[problem], recorded), output_format);
        RETURN;
    END IF;
    -- The lock alone would let the session in that has it: a benchmark that runs benchmarks.
    IF EXISTS (SELECT FROM pg_locks l WHERE l.locktype = 'advisory' AND l.pid = pg_backend_pid() AND l.classid = '@extschema@.benchmark_runs'::regclass AND l.objid = 0 AND l.objsubid = 2)
        OR NOT pg_try_advisory_lock('@extschema@.benchmark_runs'::regclass::oid::int, 0) THEN
        RAISE EXCEPTION 'benchmarks are running in this database already' USING ERRCODE = '55006', HINT = 'Two runs at once would measure each other; see table benchmark_runs.';
    END IF;
    BEGIN
        before := @extschema@._benchmark_flush(10);
        environment := environment || jsonb_build_object('noise_floor', @extschema@._benchmark_noise(chosen, budget));
        run := jsonb_build_object('run_id', CASE WHEN keep THEN @extschema@._benchmark_id('@extschema@.benchmark_runs_run_id_seq') END, 'commit_hash', commit_hash, 'environment', environment, 'search_path', search_path);
        IF keep THEN
            PERFORM @extschema@._benchmark_send(jsonb_build_object('abort_but', arguments -> 'key', 'run', jsonb_build_object('run_id', run -> 'run_id', 'status', 'running',
                'started', started, 'requested_by', current_user, 'arguments', arguments, 'label', label, 'commit_hash', commit_hash, 'fingerprint', @extschema@._benchmark_fingerprint(environment), 'environment', environment)));
        END IF;
        RAISE LOG 'benchmarks start: %', environment;
        -- Open work of the checkpointer is done before we measure, where we may ask for it.
        IF (settings ->> 'disable_gc')::bool AND pg_has_role(current_user, 'pg_checkpoint', 'USAGE') THEN
            EXECUTE 'CHECKPOINT';
        END IF;
        FOR one IN SELECT x FROM jsonb_array_elements(chosen) x LOOP
            ord := ord + 1;
            spent := extract(epoch FROM clock_timestamp() - started);
            problem := CASE WHEN spent > 1.2 * budget THEN 'budget spent' ELSE @extschema@._benchmark_unmet(one -> 'requires', one -> 'settings' ->> 'directory') END;
            IF problem IS NULL AND one ->> 'owner' IS NULL THEN
                IF NOT missing ? (one ->> 'rows') THEN
                    missing := missing || jsonb_build_object(one ->> 'rows', @extschema@._benchmark_prepare((one ->> 'rows')::bigint, one -> 'settings'));
                END IF;
                problem := missing ->> (one ->> 'rows');
            END IF;
            one := one || jsonb_build_object('ord', ord, 'problem', problem);
            pending := pending || one;
            IF problem IS NULL THEN
                task := @extschema@._benchmark_task(one, greatest(0.05, least((one -> 'settings' ->> 'max_time')::float8, 0.8 * (budget - spent) / (todo - ord + 1))), search_path);
                IF one ->> 'wants' <> 'memory' THEN
                    one := one || jsonb_build_object('timed', @extschema@._benchmark_execute(task));
                END IF;
                IF one ->> 'wants' IN ('memory', 'all') AND coalesce(one -> 'timed' ->> 'status', 'ok') = 'ok' THEN
                    one := one || jsonb_build_object('profile', task || '{"memory": true}');
                END IF;
                pending[cardinality(pending)] := one;
            END IF;
            CONTINUE WHEN ord < todo AND cardinality(pending) < (settings ->> 'parallel')::int;
            -- Times were taken one by one; memory does not mind company.
            profiles := @extschema@._benchmark_execute((SELECT coalesce(jsonb_agg(x -> 'profile' ORDER BY n), '[]') FROM unnest(pending) WITH ORDINALITY u (x, n) WHERE x ? 'profile'));
            FOREACH one IN ARRAY pending LOOP
                made := @extschema@._benchmark_grown(@extschema@._benchmark_measured(one, CASE WHEN one ? 'profile' THEN profiles -> 0 END, run), finished);
                profiles := CASE WHEN one ? 'profile' THEN profiles - 0 ELSE profiles END;
                IF keep THEN
                    PERFORM @extschema@._benchmark_store(made, arguments -> 'key');
                END IF;
                finished := finished || made;
                pending := pending[2:];
                IF extended THEN
                    RAISE LOG 'benchmark % of %: % %', one ->> 'ord', todo, one ->> 'name', made -> 'item' ->> 'status';
                END IF;
            END LOOP;
        END LOOP;
    EXCEPTION WHEN query_canceled OR OTHERS THEN
        IF keep THEN
            FOREACH one IN ARRAY pending LOOP
                PERFORM @extschema@._benchmark_store(@extschema@._benchmark_measured(one || '{"cancelled": true}', NULL, run), arguments -> 'key');
            END LOOP;
            PERFORM @extschema@._benchmark_send(jsonb_build_object('key', arguments -> 'key', 'finish', jsonb_build_object('run_id', run -> 'run_id', 'status', CASE SQLSTATE WHEN '57014' THEN 'cancelled' ELSE 'aborted' END, 'finished', clock_timestamp())));
        END IF;
        PERFORM pg_advisory_unlock('@extschema@.benchmark_runs'::regclass::oid::int, 0);
        PERFORM @extschema@._benchmark_flush(CASE WHEN keep THEN 5 ELSE 0 END);
        RAISE;
    END;
    IF keep THEN
        PERFORM @extschema@._benchmark_send(jsonb_build_object('key', arguments -> 'key', 'finish', jsonb_build_object('run_id', run -> 'run_id', 'status', 'done', 'finished', clock_timestamp())));
    END IF;
    PERFORM pg_advisory_unlock('@extschema@.benchmark_runs'::regclass::oid::int, 0);
    after := @extschema@._benchmark_flush(CASE WHEN keep THEN 10 ELSE 0 END);
    SELECT jsonb_object_agg(k, (after ->> k)::bigint - (before ->> k)::bigint) INTO recorded FROM jsonb_object_keys(recorded) k;
    RETURN QUERY SELECT @extschema@._benchmark_output(@extschema@._benchmark_whole(run, finished, baseline, '{}', recorded), output_format);
END
$$;

CREATE FUNCTION run_benchmarks(
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
LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
BEGIN ATOMIC
    -- Benchmarks of users run under the caller's search path.
    SELECT @extschema@._benchmark_run(benchmark_type, adapter_type, coalesce(extended, false), output_format, names, formats, baseline, config, label, commit_hash, current_setting('search_path'));
END;
COMMENT ON FUNCTION run_benchmarks IS 'measures exports, records the results past any ROLLBACK, and prints them';

-- --- single measurements -----------------------------------------------------------------------------------------

-- What a text means: the name of a benchmark, else one SQL statement. As a row of the registry.
CREATE FUNCTION _benchmark_meant(what pg_catalog.text, config pg_catalog.jsonb)
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
    SELECT to_jsonb(r) INTO b FROM @extschema@._benchmark_registry(config) r WHERE r.name = what;
    IF NOT FOUND THEN
        IF what ~ '^(core|db|async|combined)/\S+$' THEN
            RAISE EXCEPTION 'no benchmark "%" is registered', what USING ERRCODE = '42704', HINT = 'list_benchmarks() shows what there is.';
        END IF;
        RETURN jsonb_build_object('name', left(what, 255), 'kind', 'sql', 'run_sql', what, 'owner', current_user, 'adapter_type', 'db', 'settings', @extschema@._benchmark_settings(config));
    END IF;
    problem := @extschema@._benchmark_unmet(b -> 'requires', b -> 'settings' ->> 'directory');
    IF problem IS NULL AND b ->> 'owner' IS NULL THEN
        problem := @extschema@._benchmark_prepare((b ->> 'rows')::bigint, b -> 'settings');
    END IF;
    IF problem IS NOT NULL THEN
        RAISE EXCEPTION 'benchmark "%" cannot run here: %', what, problem USING ERRCODE = '55000';
    END IF;
    RETURN b;
END
$$;

-- A measurement that must succeed: its own error otherwise.
CREATE FUNCTION _benchmark_must(made pg_catalog.jsonb)
RETURNS pg_catalog.jsonb
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF made ->> 'status' <> 'ok' THEN
        RAISE EXCEPTION 'benchmark %: %', CASE made ->> 'status' WHEN 'skipped' THEN 'could not be set up' ELSE made ->> 'status' END, made ->> 'message'
            USING ERRCODE = CASE WHEN made ->> 'sqlstate' IN ('57014', '57P01') OR made ->> 'sqlstate' IS NULL THEN '55000' ELSE made ->> 'sqlstate' END;
    END IF;
    RETURN made;
END
$$;

CREATE FUNCTION _benchmark_profile(func pg_catalog.text, args pg_catalog.jsonb, snapshot_at pg_catalog.text[], config pg_catalog.jsonb, search_path pg_catalog.text)
RETURNS pg_catalog.jsonb
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    b jsonb;
    made jsonb;
    row jsonb;
    environment jsonb := @extschema@._benchmark_environment();
BEGIN
    IF jsonb_typeof(coalesce(args, '[]')) <> 'array' THEN
        RAISE EXCEPTION 'argument "args" is not a JSON array' USING ERRCODE = '22023';
    ELSIF snapshot_at IS NULL OR NOT snapshot_at <@ '{start,end,step}' THEN
        RAISE EXCEPTION 'snapshots can be taken at start, end and step' USING ERRCODE = '22023';
    END IF;
    b := @extschema@._benchmark_meant(func, config);
    made := @extschema@._benchmark_must(@extschema@._benchmark_execute(@extschema@._benchmark_task(b, (b -> 'settings' ->> 'max_time')::float8, search_path)
        || jsonb_build_object('memory', true, 'keep_result', true, 'args', coalesce(args, '[]'))));
    row := jsonb_build_object('id', CASE WHEN (b -> 'settings' ->> 'autosave')::bool THEN @extschema@._benchmark_id('@extschema@.memory_profile_results_id_seq') END, 'name', b -> 'name', 'peak_memory', made -> 'peak_memory',
        'allocated_memory', made -> 'allocated_memory', 'deallocated_memory', made -> 'deallocated_memory', 'net_memory', made -> 'net_memory', 'top_allocations', made -> 'top_allocations',
        'timestamp', clock_timestamp() AT TIME ZONE 'UTC', 'commit_hash', NULL, 'environment', environment);
    IF (b -> 'settings' ->> 'autosave')::bool AND @extschema@._benchmark_send(jsonb_build_object('memory', row)) THEN
        PERFORM @extschema@._benchmark_flush();
    END IF;
    RETURN row || jsonb_build_object('result', made -> 'result', 'os', made -> 'os', 'memory_source', made -> 'memory_source', 'duration', made -> 'wall', 'snapshots',
        (SELECT coalesce(jsonb_agg(s ORDER BY n), '[]') FROM jsonb_array_elements(made -> 'snapshots') WITH ORDINALITY x (s, n) WHERE s ->> 'at' = ANY (snapshot_at)));
END
$$;

CREATE FUNCTION profile_memory(
    func pg_catalog.text,
    args pg_catalog.jsonb DEFAULT '[]',
    snapshot_at pg_catalog.text[] DEFAULT '{start,end}',
    config pg_catalog.jsonb DEFAULT '{}')
RETURNS pg_catalog.jsonb
LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT @extschema@._benchmark_profile(func, args, snapshot_at, config, current_setting('search_path'));
END;
COMMENT ON FUNCTION profile_memory IS 'memory of a benchmark or of one statement, in a process of its own, rolled back';

-- So many pairs of a and b in one process: {"a": [], "b": [], "contended", "in_session"}.
CREATE FUNCTION _benchmark_pairs(a pg_catalog.jsonb, b pg_catalog.jsonb, pairs pg_catalog.int4, search_path pg_catalog.text, seed pg_catalog.int4)
RETURNS pg_catalog.jsonb
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    most float8 := (a -> 'settings' ->> 'max_time')::float8;
BEGIN
    RETURN @extschema@._benchmark_must(@extschema@._benchmark_execute(@extschema@._benchmark_task(a, most, search_path)
        || jsonb_build_object('other', @extschema@._benchmark_task(b, most, search_path), 'iterations', pairs, 'seed', seed, 'deadline', 10 * most + 60,
            'read_only', a ->> 'owner' IS NULL AND b ->> 'owner' IS NULL)));
END
$$;

CREATE FUNCTION _benchmark_ab(sql_a pg_catalog.text, sql_b pg_catalog.text, pairs pg_catalog.int4, tolerance pg_catalog.float8, config pg_catalog.jsonb, search_path pg_catalog.text,
    OUT ratio pg_catalog.float8, OUT ci_low pg_catalog.float8, OUT ci_high pg_catalog.float8, OUT verdict pg_catalog.text, OUT n pg_catalog.int4,
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
    a := @extschema@._benchmark_meant(sql_a, config);
    b := @extschema@._benchmark_meant(sql_b, config);
    seed := (a -> 'settings' ->> 'seed')::int;
    flags := '{}';
    -- What cannot be decided gets twice the pairs, twice at most.
    FOR round IN 0..2 LOOP
        made := @extschema@._benchmark_pairs(a, b, wanted, search_path, (seed + round) % 1000000);
        times_a := times_a || ARRAY(SELECT x::float8 FROM jsonb_array_elements_text(made -> 'a') x);
        times_b := times_b || ARRAY(SELECT x::float8 FROM jsonb_array_elements_text(made -> 'b') x);
        s := @extschema@.benchmark_stats(times_a, times_b, tolerance);
        IF (made ->> 'contended')::bool THEN
            flags := flags || ARRAY['contended'];
        END IF;
        EXIT WHEN s ->> 'verdict' <> 'inconclusive' OR cardinality(times_a) < 6;
        wanted := cardinality(times_a);
    END LOOP;
    -- Red needs a second, fresh process to agree.
    IF s ->> 'verdict' = 'regression' THEN
        made := @extschema@._benchmark_pairs(a, b, pairs, search_path, (seed + 7) % 1000000);
        again := @extschema@.benchmark_stats(ARRAY(SELECT x::float8 FROM jsonb_array_elements_text(made -> 'a') x), ARRAY(SELECT x::float8 FROM jsonb_array_elements_text(made -> 'b') x), tolerance);
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

CREATE FUNCTION benchmark_ab(
    sql_a pg_catalog.text,
    sql_b pg_catalog.text,
    pairs pg_catalog.int4 DEFAULT 30,
    tolerance pg_catalog.float8 DEFAULT 0.05,
    config pg_catalog.jsonb DEFAULT '{}')
RETURNS TABLE (ratio pg_catalog.float8, ci_low pg_catalog.float8, ci_high pg_catalog.float8, verdict pg_catalog.text, n pg_catalog.int4,
    median_a pg_catalog.float8, median_b pg_catalog.float8, flags pg_catalog.text[])
LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT * FROM @extschema@._benchmark_ab(sql_a, sql_b, pairs, tolerance, config, current_setting('search_path'));
END;
COMMENT ON FUNCTION benchmark_ab IS 'two statements or benchmarks in turn, in one process: is the second slower?';

CREATE FUNCTION export_benchmark(
    rows pg_catalog.int8 DEFAULT 10000000,
    relation pg_catalog.regclass DEFAULT NULL,
    formats pg_catalog.text[] DEFAULT NULL,
    gzip pg_catalog.bool DEFAULT false)
RETURNS pg_catalog.json
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    settings jsonb := @extschema@._benchmark_settings(NULL);
    data text := relation::text;
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
        data := 'spout_bench.' || quote_ident(@extschema@._benchmark_data_name('records', rows, 5, 1));
        IF to_regclass(data) IS NULL THEN
            RAISE NOTICE 'making a data set of % rows, once', rows;
        END IF;
        problem := @extschema@._benchmark_prepare(rows, settings || '{"seed": 1}');
        IF problem IS NOT NULL THEN
            RAISE EXCEPTION 'the data set could not be made: %', problem USING ERRCODE = '55000';
        END IF;
    END IF;
    FOREACH f IN ARRAY coalesce(formats, '{csv,json,xml,parquet,avro}') LOOP
        IF NOT coalesce(f = ANY (@extschema@._benchmark_formats()), false) THEN
            results := results || ARRAY[format('{"format":%s,"error":%s}', coalesce(to_json(f)::text, 'null'), to_json(format('unknown format "%s"', f)))];
            CONTINUE;
        END IF;
        packed := CASE WHEN gzip THEN format(', compression => %L', CASE f WHEN 'avro' THEN 'deflate' ELSE 'gzip' END) ELSE '' END;
        made := @extschema@._benchmark_execute(settings || jsonb_build_object('kind', 'sql', 'memory', true, 'box', 3600, 'deadline', 86400,
            'run_sql', format('SELECT * FROM %s.export_to_%s(%L, ''{out}''%s)', '@extschema@', f, 'SELECT * FROM ' || data, packed), 'search_path', 'pg_catalog, pg_temp'));
        IF made ->> 'status' = 'ok' THEN
            counted := coalesce((made ->> 'rows')::bigint, counted);
            results := results || ARRAY[format('{"format":%s,"durationSeconds":%s,"fileSizeBytes":%s,"peakMemoryMB":%s}', to_json(f),
                round((made ->> 'wall')::numeric, 6), made ->> 'bytes', coalesce(ceil((made -> 'os' ->> 'total_high')::numeric / 1048576)::text, 'null'))];
        ELSE
            results := results || ARRAY[format('{"format":%s,"error":%s}', to_json(f), to_json(made ->> 'message'))];
        END IF;
    END LOOP;
    RETURN format('{"datasetRowCount":%s,"results":[%s]}', coalesce(counted::text, 'null'), array_to_string(results, ','))::json;
END
$$;
COMMENT ON FUNCTION export_benchmark IS 'exports a data set once per format: seconds, bytes on disk, memory';

-- --- comparing and reporting ---------------------------------------------------------------------------------------

CREATE FUNCTION set_baseline(run_id pg_catalog.int8, name pg_catalog.text DEFAULT 'main')
RETURNS void
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE @extschema@.benchmark_runs r SET baseline = set_baseline.name WHERE r.run_id = set_baseline.run_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no run %', run_id USING ERRCODE = '22023', HINT = 'Runs stand in table benchmark_runs.';
    END IF;
END
$$;
COMMENT ON FUNCTION set_baseline IS 'adds a run to a baseline; a NULL name takes it out';

CREATE FUNCTION compare_benchmarks(runs pg_catalog.int8[], baseline pg_catalog.text DEFAULT 'main')
RETURNS TABLE (name pg_catalog.text, metric pg_catalog.text, base pg_catalog.float8, candidate pg_catalog.float8, ratio pg_catalog.float8,
    verdict pg_catalog.text, message pg_catalog.text)
LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    missing bigint;
BEGIN
    SELECT r INTO missing FROM unnest(runs) r WHERE NOT EXISTS (SELECT FROM @extschema@.benchmark_runs x WHERE x.run_id = r) LIMIT 1;
    IF FOUND OR coalesce(cardinality(runs), 0) = 0 THEN
        RAISE EXCEPTION 'there is no run %', coalesce(missing::text, 'to compare') USING ERRCODE = '22023', HINT = 'Runs stand in table benchmark_runs.';
    ELSIF NOT EXISTS (SELECT FROM @extschema@.benchmark_runs x WHERE x.baseline = compare_benchmarks.baseline) THEN
        RAISE EXCEPTION 'baseline "%" has no runs', baseline USING ERRCODE = '22023', HINT = 'set_baseline() adds them; five say what is usual.';
    END IF;
    RETURN QUERY
    WITH measured AS (
        SELECT h.name::text AS name, h.rows, h.fingerprint, h.definition_hash, h.flags, m.metric, m.value, h.run_id = ANY (runs) AS fresh
        FROM @extschema@.benchmark_history h, LATERAL (VALUES ('median_time', h.median_time), ('peak_memory', h.peak_memory::float8),
            ('allocated_memory', h.allocated_memory::float8), ('net_memory', CASE WHEN h.net_memory < 0 THEN 0 ELSE h.net_memory END::float8),
            ('bytes', h.bytes::float8)) m (metric, value)
        WHERE m.value IS NOT NULL AND (h.run_id = ANY (runs) OR h.baseline = compare_benchmarks.baseline AND h.status = 'ok')),
    fresh AS (
        SELECT x.name, x.metric, x.rows, x.fingerprint, x.definition_hash, array_agg(x.value) AS every,
            array_agg(x.value) FILTER (WHERE x.flags = '{}') AS clean
        FROM measured x WHERE x.fresh GROUP BY 1, 2, 3, 4, 5),
    base AS (
        SELECT x.name, x.metric, x.fingerprint, x.definition_hash, array_agg(x.value) AS every FROM measured x WHERE NOT x.fresh GROUP BY 1, 2, 3, 4),
    judged AS (
        SELECT f.name, f.metric, f.rows, cardinality(b.every) AS runs_before, cardinality(f.every) AS n, v.middle, v.value, v.ratio, v.red, v.yellow, v.above,
            CASE WHEN b.every IS NOT NULL THEN v.verdict WHEN (f.name, f.metric) IN (SELECT o.name, o.metric FROM base o) THEN 'not comparable'
                ELSE 'no baseline' END AS verdict
        FROM fresh f LEFT JOIN base b ON (b.name, b.metric, b.fingerprint, b.definition_hash) = (f.name, f.metric, f.fingerprint, f.definition_hash),
            LATERAL @extschema@._benchmark_verdict(f.metric, b.every, f.every, f.clean) v),
    -- A leak that more rows make larger is one, however small.
    grown AS (
        SELECT j.*, j.metric = 'net_memory' AND j.verdict IN ('inconclusive', 'regression') AND EXISTS (SELECT FROM judged s WHERE s.metric = j.metric
            AND s.rows < j.rows AND s.value < j.value AND regexp_replace(s.name, '\d+$', '') = regexp_replace(j.name, '\d+$', '')) AS grows
        FROM judged j),
    final AS (
        SELECT g.*, CASE WHEN g.grows THEN 'regression' ELSE g.verdict END AS verdict_now,
            format('%s: %s ratio %s vs baseline %s', g.name, g.metric, to_char(g.ratio, 'FM9999990.00'), baseline) AS text
        FROM grown g)
    SELECT f.name, f.metric, f.middle, f.value, f.ratio, f.verdict_now, CASE
        WHEN f.verdict = 'not comparable' THEN format('%s: baseline %s was measured on another machine, build or definition', f.name, baseline)
        WHEN f.verdict = 'no baseline' THEN format('%s: not in baseline %s', f.name, baseline)
        WHEN f.metric = 'net_memory' AND f.value > 0 THEN format('%s: net_memory %s bytes were not given back%s', f.name, f.value,
            CASE WHEN f.grows THEN ', more with more rows' ELSE '' END)
        WHEN f.verdict = 'regression' THEN format('%s exceeds %s', f.text, to_char(f.red, 'FM9990.00'))
        WHEN f.verdict = 'inconclusive' AND f.metric = 'median_time' THEN format('%s, %s of %s runs above %s: %s', f.text, f.above, f.n, to_char(f.yellow, 'FM9990.00'),
            CASE WHEN f.runs_before < 5 OR f.n < 3 THEN 'more runs decide' ELSE 'noisy, rerun' END)
        WHEN f.verdict = 'inconclusive' THEN f.text || ': look at it' END
    FROM final f
    UNION ALL
    SELECT m.name, NULL, NULL, NULL, NULL, 'not measured', format('%s: in baseline %s, now %s', m.name, baseline, coalesce(
        (SELECT concat_ws(': ', i.status, i.message) FROM @extschema@.benchmark_items i WHERE i.run_id = ANY (runs) AND i.name = m.name
            ORDER BY i.run_id DESC LIMIT 1), 'not measured'))
    FROM (SELECT b.name FROM base b EXCEPT SELECT f.name FROM fresh f) m
    ORDER BY 1, 2;
END
$$;
COMMENT ON FUNCTION compare_benchmarks IS 'fresh runs beside a stored baseline of the same machine and definition';

-- {"median_time": "10%", "peak_memory": "64kB"} as bounds: of the ratio, or of the growth in bytes.
CREATE FUNCTION _benchmark_bounds(fail_on pg_catalog.jsonb)
RETURNS TABLE (metric pg_catalog.text, share pg_catalog.float8, bytes pg_catalog.float8)
LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    item record;
BEGIN
    IF fail_on IS NULL THEN
        RETURN;
    ELSIF jsonb_typeof(fail_on) <> 'object' THEN
        RAISE EXCEPTION 'argument "fail_on" is not a JSON object' USING ERRCODE = '22023', HINT = 'Write for example {"median_time": "10%"}.';
    END IF;
    FOR item IN SELECT e.key, e.value #>> '{}' AS word FROM jsonb_each(fail_on) e LOOP
        metric := item.key;
        share := NULL;
        bytes := NULL;
        IF item.word ~ '^\d{1,6}(\.\d{1,4})?\s*%$' THEN
            share := rtrim(item.word, ' %')::float8 / 100;
        ELSIF item.key <> 'median_time' THEN
            bytes := @extschema@._benchmark_bytes(item.word);
        END IF;
        IF metric NOT IN ('median_time', 'peak_memory', 'allocated_memory', 'net_memory', 'bytes') OR (share IS NULL AND bytes IS NULL) THEN
            RAISE EXCEPTION 'impossible bound "%": "%"', item.key, item.word USING ERRCODE = '22023',
                HINT = 'Metrics are median_time, peak_memory, allocated_memory, net_memory, bytes; bounds look like "10%" or, for all but times, "64kB".';
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;

CREATE FUNCTION gate_benchmarks(runs pg_catalog.int8[], baseline pg_catalog.text DEFAULT 'main', fail_on pg_catalog.jsonb DEFAULT NULL)
RETURNS pg_catalog.text
LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    bad text[];
    failed text[];
    measured int;
    doubtful int;
    uncompared int;
BEGIN
    PERFORM @extschema@._benchmark_bounds(fail_on);
    SELECT array_agg(CASE WHEN fail_on IS NULL THEN c.message ELSE format('%s: %s %s vs baseline %s exceeds %s', c.name, c.metric,
                coalesce('ratio ' || to_char(c.ratio, 'FM9999990.00'), c.candidate || ' bytes'), baseline, fail_on ->> c.metric) END ORDER BY c.name, c.metric)
            FILTER (WHERE CASE WHEN fail_on IS NULL THEN c.verdict = 'regression'
                ELSE c.candidate > c.base * (1 + b.share) OR c.candidate > c.base + b.bytes END),
        count(DISTINCT c.name) FILTER (WHERE c.base IS NOT NULL), count(DISTINCT c.name) FILTER (WHERE c.verdict = 'inconclusive'
            OR EXISTS (SELECT FROM @extschema@.benchmark_items i WHERE i.run_id = ANY (runs) AND i.name = c.name AND i.status = 'failed' AND i.grade = 'yellow')),
        count(DISTINCT c.name)
    INTO bad, measured, doubtful, uncompared
    FROM @extschema@.compare_benchmarks(runs, baseline) c LEFT JOIN @extschema@._benchmark_bounds(fail_on) b USING (metric);
    uncompared := uncompared - measured;
    -- A time that a flag makes doubtful fails nothing.
    SELECT array_agg(format('%s: %s', i.name, coalesce(i.message, i.status)) ORDER BY i.name, i.run_id) INTO failed
        FROM @extschema@.benchmark_items i WHERE i.run_id = ANY (runs) AND i.status IN ('failed', 'timeout', 'cancelled') AND i.grade IS DISTINCT FROM 'yellow';
    bad := coalesce(bad, '{}') || coalesce(failed, '{}');
    IF bad <> '{}' THEN
        RAISE EXCEPTION '%', array_to_string(bad, E'\n') USING ERRCODE = 'P0004';
    END IF;
    RETURN format('%s benchmarks pass against baseline %s: %s doubtful, %s not compared', measured, baseline, doubtful, uncompared);
END
$$;
COMMENT ON FUNCTION gate_benchmarks IS 'one line when runs are no worse than a baseline, else an error with all that is';

CREATE FUNCTION benchmark_report(
    run_id pg_catalog.int8 DEFAULT NULL,
    output_format pg_catalog.text DEFAULT 'console',
    baseline pg_catalog.text DEFAULT NULL,
    slowest pg_catalog.int4 DEFAULT 5)
RETURNS SETOF pg_catalog.text
LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    chosen bigint := coalesce(run_id, (SELECT max(r.run_id) FROM @extschema@.benchmark_runs r));
    run jsonb;
BEGIN
    IF output_format IS NULL OR output_format NOT IN ('console', 'json', 'csv', 'markdown') THEN
        RAISE EXCEPTION 'unknown output format "%"', output_format USING ERRCODE = '22023', HINT = 'Output formats are console, json, csv, markdown.';
    END IF;
    SELECT @extschema@._benchmark_whole(to_jsonb(r), i.stored, benchmark_report.baseline, '{}', jsonb_build_object('sent', i.n, 'committed', i.n, 'rejected', 0)) INTO run
    FROM @extschema@.benchmark_runs r, LATERAL (
        SELECT count(*) AS n, array_agg(jsonb_build_object('item', to_jsonb(x) - 'samples', 'result', to_jsonb(t), 'memory', to_jsonb(m),
            'warnings', coalesce(x.detail -> 'warnings', '[]')) ORDER BY x.ord) AS stored
        FROM @extschema@.benchmark_items x LEFT JOIN @extschema@.benchmark_results t ON t.id = x.result_id
            LEFT JOIN @extschema@.memory_profile_results m ON m.id = x.memory_result_id
        WHERE x.run_id = r.run_id) i
    WHERE r.run_id = chosen;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no run %', coalesce(chosen::text, 'to report') USING ERRCODE = '22023', HINT = 'run_benchmarks() makes one.';
    END IF;
    RETURN QUERY SELECT @extschema@._benchmark_output(run, output_format, greatest(slowest, 0));
END
$$;
COMMENT ON FUNCTION benchmark_report IS 'prints a stored run, the last one if none is named';

-- --- rights ------------------------------------------------------------------------------------------------------

-- What measures, records or makes data writes server files; who monitors reads results. What is not named here only computes.
REVOKE ALL ON FUNCTION benchmark_ab, benchmark_data, benchmark_report, compare_benchmarks, export_benchmark, gate_benchmarks, list_benchmarks,
    profile_memory, record_benchmark, register_benchmark, run_benchmarks, set_baseline, unregister_benchmark, _benchmark_ab, _benchmark_environment,
    _benchmark_execute, _benchmark_flush, _benchmark_free_space, _benchmark_gaps, _benchmark_id, _benchmark_meant, _benchmark_measured,
    _benchmark_noise, _benchmark_pairs, _benchmark_prepare, _benchmark_profile, _benchmark_recordable, _benchmark_registry, _benchmark_result,
    _benchmark_run, _benchmark_selected, _benchmark_send, _benchmark_store, _benchmark_unmet, _benchmark_whole FROM PUBLIC;
GRANT EXECUTE ON FUNCTION benchmark_ab, benchmark_data, benchmark_report, compare_benchmarks, export_benchmark, gate_benchmarks, list_benchmarks,
    profile_memory, record_benchmark, register_benchmark, run_benchmarks, set_baseline, unregister_benchmark, _benchmark_ab, _benchmark_environment,
    _benchmark_execute, _benchmark_flush, _benchmark_free_space, _benchmark_gaps, _benchmark_id, _benchmark_meant, _benchmark_measured,
    _benchmark_noise, _benchmark_pairs, _benchmark_prepare, _benchmark_profile, _benchmark_recordable, _benchmark_registry, _benchmark_result,
    _benchmark_run, _benchmark_selected, _benchmark_send, _benchmark_store, _benchmark_unmet, _benchmark_whole
    TO pg_write_server_files;
GRANT EXECUTE ON FUNCTION benchmark_report, compare_benchmarks, gate_benchmarks, _benchmark_gaps, _benchmark_whole TO pg_monitor;
