\set ECHO none
\i sql/include/setup.sql
\set ECHO all
-- Values that Avro cannot hold: an error that names row and column, or what on_infinity and on_nan say.
SELECT type, value, x.* FROM (VALUES ('date', 'infinity'), ('date', '-infinity'), ('timestamp', 'infinity'), ('timestamptz', '-infinity'),
    ('time', '24:00'), ('timestamp', '294247-01-10 04:00:54.775808'), ('numeric(10,2)', 'NaN')) v (type, value),
    pg_temp.try_values(format('SELECT (CASE n WHEN 3 THEN %L END)::%s AS "Some Column" FROM generate_series(1, 5) n', value, type)) x;
SELECT v, x.* FROM unnest('{error,"null",clamp}'::text[]) v, pg_temp.try_values($$SELECT date 'infinity', timestamptz '-infinity', time '24:00'$$, format(', on_infinity %L', v)) x;
SELECT v, x.* FROM unnest('{error,"null",string}'::text[]) v, pg_temp.try_values($$SELECT 'NaN'::numeric(10,2)$$, format(', on_nan %L', v)) x;
-- The clamped values are the first and the last of years 1 to 9999.
SELECT encode(substring(pg_read_binary_file(path) FROM position(repeat('.', 16)::bytea IN pg_read_binary_file(path)) + 18 FOR raw_bytes::int), 'hex') AS bytes
FROM unnest('{"","-"}'::text[]) sign,
    LATERAL export_to_avro(format($$SELECT date '%1$sinfinity', timestamp '%1$sinfinity', time '24:00'$$, sign), pg_temp.out('clamped.avro'), 'null',
        options => '{"on_infinity": "clamp", "sync_marker": "2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e"}');
-- Floats and numeric without a precision keep NaN and infinity whatever the options say.
SELECT * FROM pg_temp.try_values($$SELECT 'NaN'::float8, 'Infinity'::float4, 'NaN'::numeric, '-Infinity'::numeric$$);

-- Rows count over the whole export, not per file or block.
SELECT * FROM pg_temp.try_values($$SELECT CASE n WHEN 70001 THEN date 'infinity' END AS d FROM generate_series(1, 100000) n$$, ', max_rows_per_file 1000');
-- An error of the query keeps its own words and SQLSTATE.
SELECT * FROM pg_temp.try_values($$SELECT 1 / (n - 3) FROM generate_series(1, 5) n$$);

-- Dates some readers refuse: one warning per column and export.
\set VERBOSITY terse
\set path `echo "$SPOUT_OUT/far.avro"`
COPY (SELECT date '0044-03-15 BC' - n AS bc, date '10000-01-01' + n AS far, timestamp '9999-12-31 23:59:59.999999' AS fine, timestamptz '294247-01-10 04:00:54.775807+00' AS last FROM generate_series(1, 3) n) TO :'path' WITH (format avro);
COPY (SELECT ARRAY[date '0044-03-15 BC'] AS nested, date '0001-01-01' AS fine) TO :'path' WITH (format avro);
\set VERBOSITY default

-- A huge value, a huge row.
SELECT rows, raw_bytes, ok FROM export_to_avro($$SELECT repeat('x', 100000000)$$, pg_temp.out('huge.avro'), 'snappy') e, LATERAL (SELECT ok FROM verify_export(e.path)) v;
