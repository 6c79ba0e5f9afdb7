\set ECHO none
\i sql/include/setup.sql
\set ECHO all
-- What each profile writes differently, as text of the schema and as bytes.
CREATE TYPE pt AS (x int, t timestamp);
CREATE FUNCTION pg_temp.fields(query text, profile text) RETURNS TABLE (name text, type text, rest text) LANGUAGE sql AS $$
    SELECT f->>'name', f->'type'->>1, (f - 'name' - 'type' - 'default')::text
    FROM describe_export(query, 'avro', jsonb_build_object('profile', profile)) d, jsonb_array_elements(d.target_type::jsonb->'fields') f WHERE ordinal = 0
$$;
CREATE TABLE everything (n numeric(10,2), u uuid, ts timestamp, tz timestamptz, ti time, d date, j json, jb jsonb, a int[], p pt, pa pt[], big numeric(50,2), n2 numeric(10,2));
SELECT p, f.* FROM unnest('{spec,iceberg,bigquery,hive,kafka_connect}'::text[]) p, pg_temp.fields('SELECT * FROM everything', p) f;
-- Iceberg's ids: 1.., depth first, each once; every use of a composite is a definition of its own.
SELECT target_type FROM describe_export('SELECT p, pa, a, n FROM everything', 'avro', '{"profile": "iceberg"}') WHERE ordinal = 0;
SELECT array_agg(DISTINCT id[1]::int ORDER BY id[1]::int) AS ids, count(*) FROM describe_export('SELECT p, pa, a, n FROM everything', 'avro', '{"profile": "iceberg"}'),
    regexp_matches(target_type, '"(?:field|element|key|value)-id":(\d+)', 'g') id WHERE ordinal = 0;
-- Milliseconds are floored, also before 1970, and lossy.
SELECT ordinal, source_name, target_type, lossy, why FROM describe_export('SELECT ts, tz, ti, n FROM everything', 'avro', '{"profile": "hive"}') WHERE ordinal > 0 ORDER BY 1;
SELECT encode(substring(pg_read_binary_file(path) FROM position(repeat('.', 16)::bytea IN pg_read_binary_file(path)) + 18 FOR raw_bytes::int), 'hex') AS bytes
FROM export_to_avro($$SELECT timestamp '1969-12-31 23:59:59.999999', timestamptz '1970-01-01 00:00:00.001999+00', time '00:00:00.001999', timestamp '1969-12-31 23:59:59.999'$$, pg_temp.out('millis.avro'), 'null',
    options => '{"profile": "kafka_connect", "sync_marker": "2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e"}');
-- BigQuery: no NULL elements, no nested arrays, reserved prefixes.
SELECT q, x.* FROM unnest(ARRAY['SELECT ARRAY[1, 2] AS a', 'SELECT ARRAY[1, NULL] AS a', 'SELECT NULL::int[] AS a', 'SELECT 1 AS _table_x', 'SELECT 1 AS "_FILE_"', 'SELECT 1 AS _partitiontime', 'SELECT 1 AS _parti',
    'SELECT ROW(1)', 'SELECT ''{}''::jsonb']) q, pg_temp.try_values(q, ', profile bigquery') x;
CREATE TABLE grid (g int[][]);
SELECT * FROM pg_temp.try($$COPY grid TO '$OUT/values.avro' WITH (format avro, profile bigquery)$$);
-- Every profile writes files that read back.
INSERT INTO everything VALUES (1.5, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '2024-01-31 12:00:00.123456', '2024-01-31 12:00+00', '12:00', '2024-01-31', '{}', '{}', '{1}', (1, '2024-01-31'), ARRAY[(1, NULL)]::pt[], 1, -1);
INSERT INTO everything DEFAULT VALUES;
SELECT p, v.ok, v.rows, v.problem FROM unnest('{spec,iceberg,bigquery,hive,kafka_connect}'::text[]) p, LATERAL export_to_avro('SELECT * FROM everything', pg_temp.out('profile.avro'), options => jsonb_build_object('profile', p)) e,
    LATERAL verify_export(e.path) v;
DROP TABLE everything, grid;
DROP TYPE pt;
