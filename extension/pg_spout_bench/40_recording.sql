-- The road to the recorder, for tests: what is sent here is written by another process and survives a ROLLBACK.
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

CREATE FUNCTION spout_bench.memory_id()
RETURNS pg_catalog.int8
LANGUAGE sql VOLATILE PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT spout_bench.id('@extschema@.memory_profile_results_id_seq');
END;

-- The row of benchmark_results that a series of times makes.
CREATE FUNCTION spout_bench.result(
    name pg_catalog.text,
    samples pg_catalog.float8[],
    environment pg_catalog.jsonb,
    commit_hash pg_catalog.text)
RETURNS pg_catalog.jsonb
LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT jsonb_build_object(
        'id', spout_bench.id('@extschema@.benchmark_results_id_seq'), 'name', name, 'min_time', s -> 'min', 'max_time', s -> 'max',
        'mean_time', s -> 'mean', 'median_time', s -> 'median', 'stddev_time', s -> 'stddev', 'iterations', s -> 'n',
        'timestamp', clock_timestamp() AT TIME ZONE 'UTC', 'commit_hash', commit_hash, 'environment', environment)
    FROM spout_bench.stats(samples) s;
END;

CREATE FUNCTION @extschema@.record_benchmark(
    name pg_catalog.text,
    samples pg_catalog.float8[],
    environment pg_catalog.jsonb DEFAULT '{}',
    commit_hash pg_catalog.text DEFAULT NULL)
RETURNS @extschema@.benchmark_results
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'spout_record_benchmark';
COMMENT ON FUNCTION @extschema@.record_benchmark(text, float8[], jsonb, text)
    IS 'stores times measured elsewhere, whatever becomes of the transaction';
