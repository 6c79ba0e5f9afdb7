-- The road to the recorder: what is sent here is written by another process and survives a ROLLBACK.
CREATE FUNCTION spout_bench.send(record pg_catalog.jsonb)
RETURNS pg_catalog.bool
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'spout_benchmark_send';

CREATE FUNCTION spout_bench.flush(seconds pg_catalog.float8 DEFAULT 10)
RETURNS pg_catalog.jsonb
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'spout_benchmark_flush';

CREATE FUNCTION spout_bench.recordable()
RETURNS pg_catalog.bool
LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'spout_benchmark_recordable';

-- A number for a row that the recorder will write, or NULL where it must draw one. Numbers of rows written by hand are left out.
CREATE FUNCTION spout_bench.id(sequence pg_catalog.regclass)
RETURNS pg_catalog.int8
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    query text;
    number int8;
    taken boolean := true;
BEGIN
    IF current_setting('transaction_read_only') = 'on' OR NOT spout_bench.recordable() THEN
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
CREATE FUNCTION spout_bench.result(
    name pg_catalog.text,
    samples pg_catalog.float8[],
    environment pg_catalog.jsonb,
    commit_hash pg_catalog.text)
RETURNS @extschema@.benchmark_results
LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT jsonb_populate_record(NULL::@extschema@.benchmark_results, jsonb_build_object(
        'id', spout_bench.id('@extschema@.benchmark_results_id_seq'), 'name', name, 'min_time', s -> 'min', 'max_time', s -> 'max',
        'mean_time', s -> 'mean', 'median_time', s -> 'median', 'stddev_time', s -> 'stddev', 'iterations', s -> 'n',
        'timestamp', clock_timestamp() AT TIME ZONE 'UTC', 'commit_hash', commit_hash, 'environment', environment))
    FROM spout_bench.stats(samples) s;
END;

CREATE FUNCTION @extschema@.record_benchmark(
    name pg_catalog.text,
    samples pg_catalog.float8[],
    environment pg_catalog.jsonb DEFAULT '{}',
    commit_hash pg_catalog.text DEFAULT NULL)
RETURNS @extschema@.benchmark_results
LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    times CONSTANT text := 'Samples are the times of the rounds in seconds, such as {1.2,1.1,1.3}.';
    bad float8;
    r @extschema@.benchmark_results;
BEGIN
    IF coalesce(name, '') = '' OR length(name) > 255 THEN
        RAISE EXCEPTION 'a benchmark''s name must have 1 to 255 characters' USING ERRCODE = '22023',
            HINT = format('This one has %s.', coalesce(length(name), 0));
    ELSIF samples IS NULL THEN
        RAISE EXCEPTION 'argument "samples" must not be NULL' USING ERRCODE = '22004', HINT = times;
    ELSIF cardinality(samples) = 0 THEN
        RAISE EXCEPTION 'argument "samples" is empty' USING ERRCODE = '22023', HINT = times;
    ELSIF array_ndims(samples) > 1 OR array_position(samples, NULL) IS NOT NULL THEN
        RAISE EXCEPTION 'argument "samples" must be a one-dimensional array without NULLs' USING ERRCODE = '22023', HINT = times;
    ELSIF length(commit_hash) > 40 THEN
        RAISE EXCEPTION 'a commit hash has at most 40 characters' USING ERRCODE = '22023',
            HINT = format('This one has %s.', length(commit_hash));
    ELSIF jsonb_typeof(environment) <> 'object' THEN
        RAISE EXCEPTION 'argument "environment" must be a JSON object, not %', jsonb_typeof(environment) USING ERRCODE = '22023',
            HINT = 'Say it as {"machine": "..."}.';
    ELSIF octet_length(environment::text) > 60000 THEN
        RAISE EXCEPTION 'argument "environment" has % bytes, more than 60000', octet_length(environment::text)
            USING ERRCODE = '54000', HINT = 'Keep what is long elsewhere, and name it here.';
    END IF;
    SELECT s INTO bad FROM unnest(samples) s WHERE NOT (s >= 0 AND s < 'Infinity') LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'argument "samples" has %, which is no time', bad USING ERRCODE = '22023', HINT = times;
    END IF;
    r := spout_bench.result(name, samples, coalesce(environment, '{}'), nullif(commit_hash, ''));
    IF spout_bench.send(jsonb_build_object('result', to_jsonb(r))) THEN
        PERFORM spout_bench.flush();
    END IF;
    RETURN r;
END
$$;
COMMENT ON FUNCTION @extschema@.record_benchmark(text, float8[], jsonb, text) IS 'stores times measured elsewhere, whatever becomes of the transaction';
