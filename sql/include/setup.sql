-- What the tests share: the extension, paths below the directory that the runner made, errors as rows.
\getenv out SPOUT_OUT
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_spout;
LOAD 'pg_spout';
SELECT set_config('spout_test.out', :'out', false) AS ignored \gset
SET datestyle = 'ISO, YMD';
SET timezone = 'UTC';
SET intervalstyle = 'iso_8601';
-- The leader alone, unless the run is one with workers (tools/regress_parallel).
\getenv workers SPOUT_WORKERS
\if :{?workers}
\else
\set workers 0
\endif
SET max_parallel_workers_per_gather = :workers;

CREATE FUNCTION pg_temp.out(name text) RETURNS text LANGUAGE sql STABLE
    RETURN current_setting('spout_test.out') || '/' || name;

-- A text that does not depend on where the test runs.
CREATE FUNCTION pg_temp.masked(t text) RETURNS text LANGUAGE sql STABLE
    RETURN replace(t, current_setting('spout_test.out'), '$OUT');

-- Runs a statement, $OUT in it being the directory: "ok" and its row count, or what a client sees of its error.
CREATE FUNCTION pg_temp.try(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    message text;
    detail text;
    hint text;
    n bigint;
BEGIN
    EXECUTE replace(statement, '$OUT', current_setting('spout_test.out'));
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN NEXT 'ok, ' || n;
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    RETURN NEXT pg_temp.masked(SQLSTATE || ': ' || message);
    IF detail <> '' THEN
        RETURN NEXT pg_temp.masked('DETAIL: ' || detail);
    END IF;
    IF hint <> '' THEN
        RETURN NEXT pg_temp.masked('HINT: ' || hint);
    END IF;
END
$$;

-- The same for COPY of a query with options, and for the options of describe_export.
CREATE FUNCTION pg_temp.try_options(options text) RETURNS SETOF text LANGUAGE sql
    RETURN pg_temp.try('COPY (SELECT 1 AS a) TO ''$OUT/options.avro'' WITH (format avro' || options || ')');
CREATE FUNCTION pg_temp.try_values(query text, options text DEFAULT '') RETURNS SETOF text LANGUAGE sql
    RETURN pg_temp.try('COPY (' || query || ') TO ''$OUT/values.avro'' WITH (format avro' || options || ')');

-- Files in the directory whose names match a pattern.
CREATE FUNCTION pg_temp.files(pattern text) RETURNS SETOF text LANGUAGE sql
BEGIN ATOMIC
    SELECT f FROM pg_ls_dir(current_setting('spout_test.out')) f WHERE f LIKE pattern ORDER BY f;
END;

-- The bytes of a file in hexadecimal.
CREATE FUNCTION pg_temp.hex(name text) RETURNS text LANGUAGE sql
    RETURN encode(pg_read_binary_file(pg_temp.out(name)), 'hex');
RESET client_min_messages;
