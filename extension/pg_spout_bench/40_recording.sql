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

-- Parts of a record are run, result, memory. These two bind the sequences and tables by OID.
CREATE FUNCTION spout_bench.next_number(part pg_catalog.text)
RETURNS pg_catalog.int8
LANGUAGE sql VOLATILE STRICT PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT CASE part WHEN 'run' THEN nextval('@extschema@.benchmark_runs_run_id_seq')
        WHEN 'result' THEN nextval('@extschema@.benchmark_results_id_seq')
        WHEN 'memory' THEN nextval('@extschema@.memory_profile_results_id_seq') END;
END;

CREATE FUNCTION spout_bench.taken(part pg_catalog.text, number pg_catalog.int8)
RETURNS pg_catalog.bool
LANGUAGE sql STABLE STRICT PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT CASE part WHEN 'run' THEN EXISTS (SELECT FROM @extschema@.benchmark_runs r WHERE r.run_id = number)
        WHEN 'result' THEN EXISTS (SELECT FROM @extschema@.benchmark_results r WHERE r.id = number)
        WHEN 'memory' THEN EXISTS (SELECT FROM @extschema@.memory_profile_results r WHERE r.id = number) END;
END;

-- A number for a row that the recorder will write, or NULL where it must draw one. Numbers of rows written by hand are left out.
CREATE FUNCTION spout_bench.id(part pg_catalog.text)
RETURNS pg_catalog.int8
LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    number int8;
BEGIN
    IF current_setting('transaction_read_only') = 'on' OR NOT spout_bench.recordable() THEN
        RETURN NULL;
    END IF;
    LOOP
        number := spout_bench.next_number(part);
        IF NOT coalesce(spout_bench.taken(part, number), false) THEN
            RETURN number;
        END IF;
    END LOOP;
END
$$;

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
        'id', spout_bench.id('result'), 'name', name, 'min_time', s -> 'min', 'max_time', s -> 'max',
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
