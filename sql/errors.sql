\set ECHO none
\i sql/include/setup.sql
\set ECHO all
-- Targets that are refused, before anything is written; an error is an interface, so its words are tested.
-- A directory of its own.
\! mkdir -m 777 "$SPOUT_OUT/errors"
SELECT set_config('spout_test.out', :'out' || '/errors', false) AS ignored \gset
CREATE TABLE t AS SELECT 1 AS a;
SELECT current_setting('data_directory') AS data \gset
SELECT set_config('spout_test.data', :'data', false) AS ignored \gset
CREATE FUNCTION pg_temp.to(path text, options text DEFAULT '') RETURNS SETOF text LANGUAGE sql AS $$
    SELECT replace(x, current_setting('spout_test.data'), '$DATA') FROM pg_temp.try(format('COPY t TO %L WITH (format avro%s)', replace(path, '$DATA', current_setting('spout_test.data')), options)) x
$$;
SELECT p, x.* FROM unnest(ARRAY['relative.avro', './x.avro', '../x.avro', '', '~/x.avro', 'file:///x.avro', '$OUT', '$OUT/', '$OUT/x.avro/', '$OUT/.', '$OUT/sub/..', '$OUT/missing/x.avro', '/', '/dev/zero', '/dev/null/x',
    '$DATA/x.avro', '$DATA/base/x.avro', '$DATA/base/../x.avro', '$DATA/pg_wal/x.avro']) p, pg_temp.to(p) x;
SELECT left(x, 60) AS x FROM pg_temp.to('/' || repeat('x', 300)) x;
SELECT left(x, 60) AS x FROM pg_temp.to(repeat('/xxxxxxxxx', 200)) x;
SELECT replace(x, repeat('y', 250), 'y...') AS x FROM pg_temp.to('$OUT/' || repeat('y', 250) || '.avro', ', max_rows_per_file 5') x;
-- Allowed: what canonicalises to a good path, odd characters in names.
SELECT p, x.* FROM unnest(ARRAY['$OUT//a.avro', '$OUT/./b.avro', '$OUT/sub/../c.avro', '$OUT/with space %s %n "quoted" ''x''.avro', '$OUT/größe.avro', E'$OUT/new\nline.avro', '$OUT/-rf', '/dev/null', '/dev/../dev/null']) p, pg_temp.to(p) x;
SELECT replace(f, E'\n', '\n') AS file FROM pg_temp.files('%') f ORDER BY 1;
-- Links and special files.
\! ln -s "$SPOUT_OUT/errors/a.avro" "$SPOUT_OUT/errors/link.avro"; ln -s "$SPOUT_OUT/errors" "$SPOUT_OUT/errors/linked"; ln -s /nonexistent "$SPOUT_OUT/errors/dangling.avro"; mkfifo "$SPOUT_OUT/errors/fifo"; mkdir "$SPOUT_OUT/errors/dir.avro"
SELECT p, x.* FROM unnest(ARRAY['$OUT/link.avro', '$OUT/dangling.avro', '$OUT/fifo', '$OUT/dir.avro', '$OUT/linked/through.avro', '$OUT/a.avro/x.avro']) p, pg_temp.to(p) x;
SELECT * FROM pg_temp.files('through%');
-- if_exists error.
SELECT x.* FROM pg_temp.to('$OUT/a.avro', ', if_exists error') x;
SELECT x.* FROM pg_temp.to('$OUT/fresh.avro', ', if_exists error') x;
-- Without a place in this version: the words say where to go.
SELECT x.* FROM pg_temp.try('COPY t TO ''$OUT/a.avro'' WITH (format avro, layout series)') x;

-- URLs and relative paths, from COPY and from the functions; options of files for a stream.
SELECT p, x.* FROM unnest(ARRAY['s3://bucket/x.avro', 'gs://bucket/x.avro', 'https://host/x.avro', 'file:///srv/x.avro', 's3:/bucket/x.avro', 'C:\x.avro']) p, pg_temp.to(p) x;
SELECT p, x.* FROM unnest(ARRAY['s3://bucket/x.avro', 'x.avro']) p, pg_temp.try(format('SELECT * FROM export_to_avro(''SELECT 1'', %L)', p)) x;
SELECT p, x.* FROM unnest(ARRAY['s3://bucket/x.avro', 'file:///srv/x.avro']) p, pg_temp.try(format('SELECT * FROM verify_export(%L)', p)) x;
\copy t TO '/dev/null' WITH (format avro, manifest)
COPY t TO PROGRAM 'cat' WITH (format csv, compression gzip, sync off);

-- The order of checks: role (privileges), relation, options, query, target.
SELECT s, x.* FROM unnest(ARRAY['COPY nobody TO ''relative'' WITH (format avro, colour 1)', 'COPY t TO ''relative'' WITH (format avro, colour 1)', 'COPY (SELECT nobody) TO ''relative'' WITH (format avro, colour 1)',
    'COPY (SELECT nobody) TO ''/nonexistent/x'' WITH (format avro)', 'COPY (SELECT 1/0) TO ''/nonexistent/x'' WITH (format avro)']) s, pg_temp.try(s) x WHERE x NOT LIKE 'HINT: Options of%';

-- After any error the session goes on, and the hidden files are gone.
SELECT * FROM pg_temp.files('.%');
SELECT x.* FROM pg_temp.to('$OUT/a.avro') x;
DROP TABLE t;
