\set ECHO none
\i sql/include/setup.sql
\set ECHO all
-- export_to_avro, describe_export and last_export: what they take, what they give.
-- Nothing has been exported in this session.
SELECT last_export() IS NULL AS nothing;
SELECT file_index, pg_temp.masked(path) AS path, rows, bytes = length(pg_read_binary_file(path)) AS bytes, raw_bytes, crc32c ~ '^[0-9a-f]{8}$' AS crc32c
FROM export_to_avro('SELECT n, ''x''::text FROM generate_series(1, 100) n', pg_temp.out('function.avro'));
-- Queries: one SELECT, VALUES, TABLE or WITH that changes nothing.
CREATE TABLE t (a int);
INSERT INTO t VALUES (1), (2), (3);
CREATE FUNCTION pg_temp.function(query text) RETURNS SETOF text LANGUAGE sql RETURN pg_temp.try(format('SELECT generate_series(1, rows) FROM export_to_avro(%L, ''$OUT/refused.avro'')', query));
SELECT q, x.* FROM unnest(ARRAY['SELECT * FROM t', 'TABLE t', 'VALUES (1), (2)', 'WITH w AS (SELECT 1) SELECT * FROM w', '(SELECT 1)', 'SELECT 1 UNION ALL SELECT 2', 'SELECT 1;', ' -- comment
    SELECT 1 /* more */ ; ', 'WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r WHERE n < 9) TABLE r', 'SELECT', 'SELECT 1 WHERE false']) q, pg_temp.function(q) x;
SELECT q, x.* FROM unnest(ARRAY['', ' ', ';', 'SELECT 1; SELECT 2', 'SELECT 1 INTO x', 'SELECT 1 AS a INTO TEMP x', 'INSERT INTO t VALUES (4) RETURNING a', 'DELETE FROM t', 'UPDATE t SET a = 0', 'MERGE INTO t USING t s ON false WHEN MATCHED THEN DELETE',
    'WITH d AS (DELETE FROM t RETURNING a) SELECT * FROM d', 'SELECT * FROM (WITH d AS (DELETE FROM t RETURNING a) SELECT * FROM d) s', 'SELECT 1 AS a INTO x UNION SELECT 2', 'CREATE TABLE x (a int)', 'EXPLAIN SELECT 1', 'COPY t TO STDOUT', 'BEGIN', 'DO ''BEGIN END''', 'EXECUTE p', 'SHOW timezone',
    'DECLARE c CURSOR FOR SELECT 1', 'SELECT $1', 'SELECT nobody', 'SELEC 1', 'CREATE TABLE x AS SELECT 1', 'REFRESH MATERIALIZED VIEW x']) q, pg_temp.function(q) x WHERE x NOT LIKE 'HINT: Pass one SELECT%';
SELECT * FROM pg_temp.function('DELETE FROM t');
SELECT count(*) FROM t;
-- Row locks are taken at any depth, as in COPY: they change no data. A read-only transaction refuses them in the server's words.
CREATE VIEW locking AS SELECT a FROM t FOR UPDATE;
CREATE FUNCTION locking() RETURNS SETOF t LANGUAGE sql AS 'SELECT * FROM t FOR NO KEY UPDATE';
CREATE FUNCTION locked(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text := '';
    before text[] := ARRAY(SELECT a || ' ' || xmax FROM t);
BEGIN
    BEGIN
        answer := (SELECT string_agg(x, ' ') FROM pg_temp.try(statement) x);
        RAISE 'locked %', (SELECT count(*) FROM t WHERE a || ' ' || xmax <> ALL (before));
    EXCEPTION WHEN raise_exception THEN
        RETURN answer || ', ' || SQLERRM;
    END;
END $$;
SELECT q, locked(format('SELECT generate_series(1, rows) FROM export_to_avro(%L, ''$OUT/locked.avro'')', q)) AS function, locked(format('COPY (%s) TO ''$OUT/locked.avro'' WITH (format avro)', q)) AS copy, locked(q) AS query
FROM unnest(ARRAY['SELECT a FROM t', 'SELECT a FROM t FOR UPDATE', 'SELECT a FROM t FOR KEY SHARE SKIP LOCKED', 'SELECT * FROM (SELECT a FROM t FOR SHARE) s', 'TABLE locking', 'SELECT * FROM locking()',
    'WITH w AS MATERIALIZED (SELECT a FROM t FOR UPDATE) SELECT * FROM w', 'SELECT a FROM t WHERE a IN (SELECT a FROM t ORDER BY a LIMIT 1 FOR UPDATE)']) q;
SELECT locked('SELECT * FROM describe_export(''SELECT a FROM t FOR UPDATE'')');
BEGIN READ ONLY;
SELECT q, x.* FROM unnest(ARRAY['SELECT a FROM t FOR UPDATE', 'TABLE locking']) q, pg_temp.function(q) x;
ROLLBACK;
DROP VIEW locking;
DROP FUNCTION locking, locked;
-- A syntax error points into the query.
SELECT * FROM export_to_avro('SELECT 1 +', '/nonexistent/x.avro');
SELECT * FROM export_to_avro('SELECT a, nobody FROM t', '/nonexistent/x.avro');
-- The whole export happens whatever the caller does with the rows, and once.
CREATE SEQUENCE runs;
SELECT file_index, rows FROM export_to_avro('SELECT nextval(''runs''), n FROM generate_series(1, 10) n', pg_temp.out('limit.avro'), max_rows_per_file => 2) LIMIT 1;
SELECT EXISTS (SELECT FROM export_to_avro('SELECT nextval(''runs''), n FROM generate_series(1, 10) n', pg_temp.out('limit.avro'), max_rows_per_file => 2) WHERE rows > 100);
BEGIN;
DECLARE c CURSOR FOR SELECT rows FROM export_to_avro('SELECT nextval(''runs''), n FROM generate_series(1, 10) n', pg_temp.out('cursor.avro'), max_rows_per_file => 2);
FETCH 1 FROM c;
COMMIT;
SELECT last_value FROM runs;
SELECT count(*), sum(rows) FROM pg_temp.files('limit\_%') f, verify_export(pg_temp.out(f));
SELECT count(*), sum(rows) FROM pg_temp.files('cursor\_%') f, verify_export(pg_temp.out(f));
-- An export inside an export, and one per row.
CREATE FUNCTION inner_export(path text) RETURNS bigint LANGUAGE sql AS $$ SELECT sum(rows)::bigint FROM export_to_avro('SELECT n FROM generate_series(1, 3) n', path) $$;
SELECT rows FROM export_to_avro(format('SELECT n, inner_export(%L || n) FROM generate_series(1, 4) n', pg_temp.out('inner_')), pg_temp.out('outer.avro'));
SELECT f, rows FROM pg_temp.files('inner%') f, verify_export(pg_temp.out(f));
SELECT n, e.rows FROM generate_series(0, 3) n, export_to_avro('SELECT FROM generate_series(1, ' || n || ')', pg_temp.out('lateral_' || n)) e;
-- It sees what its transaction did before, and the caller's settings.
BEGIN;
INSERT INTO t VALUES (4);
SELECT rows FROM export_to_avro('TABLE t', pg_temp.out('seen.avro'));
ROLLBACK;
-- Errors inside the query: caught in PL/pgSQL, the target as it was.
DO $$
BEGIN
    PERFORM export_to_avro('SELECT 1 / (n - 5) FROM generate_series(1, 10) n', pg_temp.out('seen.avro'));
EXCEPTION WHEN division_by_zero THEN
    RAISE NOTICE 'caught %, rows kept: %', SQLERRM, (SELECT rows FROM verify_export(pg_temp.out('seen.avro')));
END
$$;

-- last_export: the session's last one, also after an error.
SELECT rows FROM export_to_avro('SELECT n FROM generate_series(1, 100000) n', pg_temp.out('last.avro'), 'deflate', max_rows_per_file => 40000);
SELECT l->>'status' AS status, l->>'format' AS format, l->>'compression' AS compression, l->>'rows' AS rows, l->>'files' AS files, (l->>'bytes')::int > 0 AS bytes, l->>'raw_bytes' AS raw_bytes, (l->>'blocks')::int >= 3 AS blocks,
    l->>'workers' AS workers, l ? 'error' AS error FROM last_export() l;
SELECT key, value::text::bigint >= 0 AS measured FROM last_export() l, jsonb_each(l->'ns') ORDER BY key;
SELECT sum(value::text::bigint) > 0 AS took_time FROM last_export() l, jsonb_each(l->'ns');
\set path `echo "$SPOUT_OUT/copy.avro"`
COPY (SELECT n FROM generate_series(1, 7) n) TO :'path' WITH (format avro);
SELECT l->>'status' AS status, l->>'rows' AS rows, l->>'compression' AS compression, (l->>'bytes')::int = length(pg_read_binary_file(:'path')) AS bytes FROM last_export() l;
COPY (SELECT 1 / (50001 - n) FROM generate_series(1, 100000) n) TO :'path' WITH (format avro);
SELECT l->>'status' AS status, l->>'sqlstate' AS sqlstate, l->>'error' AS error, (l->>'rows')::int BETWEEN 49000 AND 50001 AS rows FROM last_export() l;
COPY (SELECT date 'infinity' AS d) TO :'path' WITH (format avro);
SELECT l->>'status' AS status, l->>'sqlstate' AS sqlstate, l->>'error' AS error FROM last_export() l;
-- export_files: what the last export wrote, with the columns of the export functions; also after COPY, whose checksums only a manifest asks for.
CREATE FUNCTION pg_temp.told() RETURNS TABLE (file_index int, name text, rows bigint, bytes bool, raw_bytes bigint, crc32c bool) LANGUAGE sql AS $$
    SELECT file_index, regexp_replace(path, '.*/', ''), rows, bytes = (pg_stat_file(path)).size, raw_bytes, crc32c ~ '^[0-9a-f]{8}$' FROM export_files() $$;
SELECT count(*) AS after_an_error FROM export_files();
SELECT last_export() -> 'file_list' AS after_an_error;
COPY (SELECT n FROM generate_series(1, 7) n) TO :'path' WITH (format avro);
SELECT * FROM pg_temp.told();
\set set `echo "$SPOUT_OUT/told.csv.gz"`
COPY (SELECT n FROM generate_series(1, 7) n) TO :'set' WITH (format csv, max_rows_per_file 3, manifest);
SELECT * FROM pg_temp.told();
SELECT e ->> 'rows' AS rows, (e ->> 'bytes')::bigint = (pg_stat_file(e ->> 'path')).size AS bytes, pg_temp.masked(e ->> 'path') AS path FROM last_export() l, jsonb_array_elements(l -> 'file_list') e;
SELECT bool_and(e = f) AS as_returned, count(*) FROM (SELECT array_agg(e) AS e FROM export_to_json('SELECT n FROM generate_series(1, 250) n', pg_temp.out('told.json'), max_rows_per_file => 1) e) e, (SELECT array_agg(f) AS f FROM export_files() f) f;
SELECT jsonb_array_length(last_export() -> 'file_list') AS listed, last_export() ->> 'files' AS files, (SELECT count(*) FROM export_files()) AS told;
SELECT total_bytes < 20000 AS small FROM pg_backend_memory_contexts WHERE name = 'pg_spout last export';
-- A stream leaves no file.
COPY (SELECT 1) TO PROGRAM 'cat >/dev/null' WITH (format xml);
SELECT count(*) FROM export_files();
-- The null sink encodes and counts, and keeps nothing.
SELECT pg_temp.masked(path), rows, raw_bytes, bytes > 0 AS bytes FROM export_to_avro('SELECT n FROM generate_series(1, 1000) n', '/dev/null');
COPY (SELECT n FROM generate_series(1, 1000) n) TO '/dev/null' WITH (format avro, sync off);
SELECT l->>'status' AS status, l->>'rows' AS rows FROM last_export() l;

-- describe_export runs nothing and needs no right to write.
SELECT count(*) FROM describe_export('SELECT a / 0 AS a, nextval(''runs'') AS b FROM t');
SELECT last_value FROM runs;
SELECT ordinal, source_name, source_type, target_name, target_type, lossy, CASE WHEN ordinal > 0 THEN why END AS why FROM describe_export('SELECT a, a AS a, ARRAY[a] AS b FROM t') ORDER BY 1;
SELECT ordinal, target_type FROM describe_export('SELECT') ORDER BY 1;
SELECT q, x.* FROM unnest(ARRAY['DELETE FROM t', 'SELECT 1; SELECT 2', 'nonsense']) q, pg_temp.try(format('SELECT * FROM describe_export(%L)', q)) x WHERE x NOT LIKE 'HINT: Pass one SELECT%';
SELECT a, x.* FROM unnest(ARRAY['NULL', '''SELECT 1'', NULL', '''SELECT 1'', ''avro'', NULL', '''SELECT 1'', ''avro'', ''{"colour": 1}''']) a, pg_temp.try(format('SELECT * FROM describe_export(%s)', a)) x WHERE x NOT LIKE 'HINT: Options of%';
DROP TABLE t;
DROP SEQUENCE runs;
DROP FUNCTION inner_export;
