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
RETURNS TABLE (key pg_catalog.text, kind pg_catalog.text, low pg_catalog.float8, high pg_catalog.float8, words pg_catalog.text[],
    standard pg_catalog.jsonb)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT * FROM (VALUES
        ('iterations', 'int', 1::float8, 3000::float8, NULL::text[], '100'::jsonb),
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

-- One layer of settings, checked; sizes become bytes. `origin` says in messages where it was written.
CREATE FUNCTION _benchmark_checked(config pg_catalog.jsonb, origin pg_catalog.text)
RETURNS pg_catalog.jsonb
LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    result jsonb := '{}';
    item record;
    wanted text;
    n float8;
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
        n := NULL;
        wanted := CASE item.kind
            WHEN 'int' THEN format('a whole number from %s to %s', item.low, item.high)
            WHEN 'number' THEN format('a number from %s to %s', item.low, item.high)
            WHEN 'size' THEN format('a size of at least %s bytes', item.low)
            WHEN 'bool' THEN 'true or false'
            WHEN 'text' THEN 'a text'
            WHEN 'shard' THEN 'i/n with i from 1 to n'
            WHEN 'budget' THEN 'quick, ci, extended or a number of seconds'
            ELSE 'one of ' || array_to_string(item.words, ', ') END;
        IF item.type = 'number' THEN
            n := item.word::numeric::float8;
        ELSIF item.kind = 'size' AND item.type = 'string' AND item.word ~* '^\s*[0-9]{1,12}(\.[0-9]{1,3})?\s*(bytes|b|kb|mb|gb|tb)?\s*$' THEN
            n := pg_size_bytes(item.word);
        END IF;
        IF NOT coalesce(CASE item.kind
            WHEN 'int' THEN n BETWEEN item.low AND item.high AND n = floor(n)
            WHEN 'number' THEN n BETWEEN item.low AND item.high
            WHEN 'size' THEN n BETWEEN item.low AND item.high
            WHEN 'bool' THEN item.type = 'boolean'
            WHEN 'text' THEN item.type = 'string' AND item.word <> ''
            WHEN 'shard' THEN item.type = 'string' AND item.word ~ '^[1-9][0-9]{0,3}/[1-9][0-9]{0,3}$'
                AND split_part(item.word, '/', 1)::int <= split_part(item.word, '/', 2)::int
            WHEN 'budget' THEN CASE item.type WHEN 'number' THEN n BETWEEN 0.001 AND 86400 ELSE item.type = 'string' AND item.word = ANY (item.words) END
            ELSE item.type = 'string' AND item.word = ANY (item.words) END, false) THEN
            RAISE EXCEPTION 'benchmark setting "%" in % must be %, not %', item.key, origin, wanted, item.value USING ERRCODE = '22023';
        END IF;
        result := result || jsonb_build_object(item.key, CASE WHEN item.kind = 'size' THEN to_jsonb(n::numeric::bigint) ELSE item.value END);
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
    result jsonb;
BEGIN
    SELECT jsonb_object_agg(key, standard) INTO result FROM @extschema@._benchmark_keys() WHERE standard IS NOT NULL;
    result := result || jsonb_build_object('budget', CASE WHEN extended THEN 'extended' ELSE 'quick' END);
    IF setting IS NOT NULL THEN
        BEGIN
            result := result || @extschema@._benchmark_checked(setting::jsonb, 'setting "pg_spout.benchmark_config"');
        EXCEPTION WHEN invalid_text_representation THEN
            RAISE EXCEPTION 'setting "pg_spout.benchmark_config" is not a JSON object' USING ERRCODE = '22023',
                HINT = 'Write for example {"iterations": 20}.';
        END;
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
REVOKE ALL ON FUNCTION _benchmark_send FROM PUBLIC;
GRANT EXECUTE ON FUNCTION _benchmark_send TO pg_write_server_files;

CREATE FUNCTION _benchmark_flush(seconds pg_catalog.float8 DEFAULT 10)
RETURNS pg_catalog.jsonb
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'spout_benchmark_flush';
REVOKE ALL ON FUNCTION _benchmark_flush FROM PUBLIC;
GRANT EXECUTE ON FUNCTION _benchmark_flush TO pg_write_server_files;

CREATE FUNCTION _benchmark_recordable()
RETURNS pg_catalog.bool
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'spout_benchmark_recordable';
REVOKE ALL ON FUNCTION _benchmark_recordable FROM PUBLIC;
GRANT EXECUTE ON FUNCTION _benchmark_recordable TO pg_write_server_files;

-- The next id of a result, or NULL where the recorder must draw it.
CREATE FUNCTION _benchmark_id(sequence pg_catalog.regclass)
RETURNS pg_catalog.int8
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF current_setting('transaction_read_only') = 'on' OR NOT @extschema@._benchmark_recordable() THEN
        RETURN NULL;
    END IF;
    RETURN nextval(sequence);
END
$$;
REVOKE ALL ON FUNCTION _benchmark_id FROM PUBLIC;
GRANT EXECUTE ON FUNCTION _benchmark_id TO pg_write_server_files;

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
REVOKE ALL ON FUNCTION _benchmark_result FROM PUBLIC;
GRANT EXECUTE ON FUNCTION _benchmark_result TO pg_write_server_files;

CREATE FUNCTION record_benchmark(
    name pg_catalog.text,
    samples pg_catalog.float8[],
    environment pg_catalog.jsonb DEFAULT '{}',
    commit_hash pg_catalog.text DEFAULT NULL)
RETURNS benchmark_results
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    r @extschema@.benchmark_results;
BEGIN
    IF coalesce(name, '') = '' OR length(name) > 255 THEN
        RAISE EXCEPTION 'a benchmark''s name must have 1 to 255 characters' USING ERRCODE = '22023';
    ELSIF samples IS NULL THEN
        RAISE EXCEPTION 'argument "samples" must not be NULL' USING ERRCODE = '22004';
    ELSIF length(commit_hash) > 40 THEN
        RAISE EXCEPTION 'a commit hash has at most 40 characters' USING ERRCODE = '22023';
    END IF;
    r := @extschema@._benchmark_result(name, samples, environment, commit_hash);
    IF @extschema@._benchmark_send(jsonb_build_object('result', to_jsonb(r))) THEN
        PERFORM @extschema@._benchmark_flush();
    END IF;
    RETURN r;
END
$$;
REVOKE ALL ON FUNCTION record_benchmark FROM PUBLIC;
GRANT EXECUTE ON FUNCTION record_benchmark TO pg_write_server_files;
COMMENT ON FUNCTION record_benchmark IS 'stores times measured elsewhere, whatever becomes of the transaction';
