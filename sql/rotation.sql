\set ECHO none
\i sql/include/setup.sql
\set ECHO all
-- Files are cut exactly, named in order, and hold every row once.
CREATE FUNCTION pg_temp.rotated(n bigint, max_rows bigint, options jsonb DEFAULT '{}') RETURNS TABLE (files bigint, first text, last text, counts text, total numeric, verified bigint)
LANGUAGE sql AS $$
    SELECT count(*), (array_agg(regexp_replace(e.path, '.*/', '') ORDER BY e.file_index))[1], (array_agg(regexp_replace(e.path, '.*/', '') ORDER BY e.file_index DESC))[1],
        (SELECT string_agg(c, ' ') FROM (SELECT count(*) || 'x' || r c FROM unnest(array_agg(e.rows ORDER BY e.file_index)) WITH ORDINALITY u (r, o) GROUP BY r ORDER BY min(o)) g),
        sum(e.rows), count(*) FILTER (WHERE v.ok AND v.rows = e.rows AND v.bytes = e.bytes AND v.crc32c = e.crc32c)
    FROM export_to_avro('SELECT n, repeat(''x'', 20) FROM generate_series(1, ' || n || ') n', pg_temp.out('rotated.avro'), max_rows_per_file => max_rows, options => options || '{"sync": false}') e,
        LATERAL (SELECT * FROM verify_export(e.path)) v
$$;
-- The warnings about longer sets before are no matter here.
SET client_min_messages = error;
-- rows 0, 1, N - 1, N, N + 1, 2N, 2N + 1 and a prime; N = 100
SELECT n, r.* FROM unnest('{0,1,99,100,101,200,201,1009}'::int[]) n, pg_temp.rotated(n, 100) r;
-- blocks far smaller and larger than a file
SELECT n, r.* FROM unnest('{100,101,1009}'::int[]) n, pg_temp.rotated(n, 100, '{"block_size": "1kB"}') r;
SELECT r.* FROM pg_temp.rotated(10007, 5000, '{"block_size": "1kB", "compression": "null"}') r;
SELECT r.* FROM pg_temp.rotated(5, 1000000000000) r;
-- one row per file; three digits grow to four
SELECT r.* FROM pg_temp.rotated(3, 1) r;
SELECT r.* FROM pg_temp.rotated(1002, 1) r;
SELECT f FROM pg_temp.files('rotated\_%') f WHERE f ~ '_(000|001|009|010|099|100|999|1000|1001)\.avro$' ORDER BY length(f), f;

RESET client_min_messages;

-- No row twice, none lost: keys of all files together.
CREATE FUNCTION pg_temp.keys(pattern text) RETURNS TABLE (keys bigint, distinct_keys bigint, lowest text, highest text) LANGUAGE sql AS $$
    SELECT count(*), count(DISTINCT k[1]), min(k[1]), max(k[1])
    FROM pg_ls_dir(current_setting('spout_test.out')) f, regexp_matches(encode(pg_read_binary_file(pg_temp.out(f)), 'escape'), 'key(\d{7})', 'g') k
    WHERE f LIKE pattern
$$;
SELECT count(*), sum(rows) FROM export_to_avro($$SELECT 'key' || to_char(n, 'FM0000000') FROM generate_series(1, 10007) n$$, pg_temp.out('keyed.avro'), 'null',
    max_rows_per_file => 997, options => '{"block_size": "1kB"}');
SELECT * FROM pg_temp.keys('keyed\_%');

-- By bytes: never beyond the limit by more than a block, and every file but the last has reached it.
SELECT count(*) > 5 AS several, bool_and(bytes <= 20000 + 4096 + 1000) AS below, bool_and(bytes >= 20000) FILTER (WHERE file_index < last) AS reached, sum(rows)
FROM (SELECT *, max(file_index) OVER () AS last FROM export_to_avro($$SELECT 'key' || to_char(n, 'FM0000000') FROM generate_series(1, 20000) n$$, pg_temp.out('sized.avro'), 'null',
    max_bytes_per_file => 20000, options => '{"block_size": "4kB"}')) e;
SELECT * FROM pg_temp.keys('sized\_%');
-- Both limits: whichever comes first.
SELECT count(*), max(rows), bool_or(bytes > 9000), sum(rows) FROM export_to_avro($$SELECT 'key' || to_char(n, 'FM0000000') || repeat('y', CASE WHEN n > 5000 THEN 500 ELSE 0 END) FROM generate_series(1, 5200) n$$,
    pg_temp.out('both.avro'), 'null', max_rows_per_file => 700, max_bytes_per_file => 40000, options => '{"block_size": "1kB"}');
SELECT * FROM pg_temp.keys('both\_%');
-- A row that is larger than a file may be still gets one.
SELECT file_index, rows, bytes > 100000 AS large FROM export_to_avro($$SELECT repeat('x', 100000) FROM generate_series(1, 3)$$, pg_temp.out('large.avro'), 'null', max_bytes_per_file => 1000);

-- Names: the last dot begins the suffix, but .csv.gz and its like stay whole; a file without one, a hidden one.
SELECT n, regexp_replace(path, '.*/', '') AS path FROM unnest('{"a.b.avro","rot.csv.gz","plain",".hidden","dir.d",".hidden.avro","trailing."}'::text[]) n,
    LATERAL export_to_avro('SELECT 1 FROM generate_series(1, 2)', pg_temp.out(n), max_rows_per_file => 1) ORDER BY n, file_index;
-- A limit of 0 is no limit and changes no name; no rows give one file, numbered if there is a limit.
SELECT regexp_replace(path, '.*/', '') AS path, rows FROM export_to_avro('SELECT 1 WHERE false', pg_temp.out('none.single.avro'), max_rows_per_file => 0);
SELECT regexp_replace(path, '.*/', '') AS path, rows FROM export_to_avro('SELECT 1 WHERE false', pg_temp.out('none.avro'), max_rows_per_file => 5);
SELECT * FROM pg_temp.files('none%');

-- The manifest lists what was written; verify_export follows it.
SELECT count(*), sum(rows) FROM export_to_avro('SELECT n FROM generate_series(1, 10) n', pg_temp.out('set.avro'), max_rows_per_file => 4, options => '{"manifest": true}');
SELECT * FROM pg_temp.files('set%');
SELECT m - 'files' - 'run' - 'bytes' - 'server_version' - 'pg_spout' AS manifest FROM (SELECT pg_read_file(pg_temp.out('set.avro.manifest.json'))::jsonb) m (m);
SELECT jsonb_object_keys(m) FROM (SELECT pg_read_file(pg_temp.out('set.avro.manifest.json'))::jsonb) m (m) ORDER BY 1;
SELECT f->>'name' AS name, f->>'rows' AS rows, (f->>'bytes')::int = length(pg_read_binary_file(pg_temp.out(f->>'name'))) AS bytes FROM jsonb_array_elements(pg_read_file(pg_temp.out('set.avro.manifest.json'))::jsonb->'files') f;
SELECT file_index, regexp_replace(path, '.*/', '') AS path, ok, rows, problem FROM verify_export(pg_temp.out('set.avro.manifest.json'));
-- A shorter run removes what the old manifest vouches for.
SELECT count(*), sum(rows) FROM export_to_avro('SELECT n FROM generate_series(1, 5) n', pg_temp.out('set.avro'), max_rows_per_file => 4, options => '{"manifest": true}');
SELECT * FROM pg_temp.files('set%');
-- Without a manifest it only warns.
\set VERBOSITY terse
\set path `echo "$SPOUT_OUT/tail.avro"`
COPY (SELECT n FROM generate_series(1, 10) n) TO :'path' WITH (format avro, max_rows_per_file 2);
SET client_min_messages = error;
COPY (SELECT n FROM generate_series(1, 3) n) TO :'path' WITH (format avro, max_rows_per_file 2);
RESET client_min_messages;
SELECT * FROM pg_temp.files('tail%');
-- if_exists error looks at every name of the set, and at the manifest's.
SELECT * FROM pg_temp.try($$COPY (SELECT 1) TO '$OUT/tail.avro' WITH (format avro, max_rows_per_file 2, if_exists error)$$);
SET client_min_messages = error; -- the warning has the path
SELECT * FROM pg_temp.try($$COPY (SELECT 1) TO '$OUT/tail.avro' WITH (format avro, if_exists error)$$);
RESET client_min_messages;
SELECT * FROM pg_temp.try($$COPY (SELECT 1) TO '$OUT/tail.avro' WITH (format avro, if_exists error)$$);
SELECT * FROM pg_temp.try($$COPY (SELECT 1) TO '$OUT/set.avro' WITH (format avro, manifest, if_exists error)$$);
-- An error after many files publishes none.
SELECT * FROM pg_temp.try($$COPY (SELECT 1 / (n - 9000) FROM generate_series(1, 10000) n) TO '$OUT/failed.avro' WITH (format avro, max_rows_per_file 10, manifest)$$);
SELECT * FROM pg_temp.files('%failed%');
SELECT * FROM pg_temp.files('.%spout-tmp');
