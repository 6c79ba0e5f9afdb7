\set ECHO none
\i sql/include/setup.sql
\set ECHO all
\set SHOW_CONTEXT never
-- Who encodes: what describe_export tells before, and last_export after.
SET client_min_messages = warning;
SET max_parallel_workers_per_gather = 2;
SET enable_parallel_hash = off;
CREATE TABLE orders AS SELECT n AS id, md5(n::text) AS h, n % 7 AS kind FROM generate_series(1, 20000) n;
CREATE TABLE kinds AS SELECT n AS kind, 'kind ' || n AS name FROM generate_series(0, 6) n;
CREATE TEMP TABLE mine AS SELECT n AS id FROM generate_series(1, 1000) n;
CREATE SEQUENCE counter;
SELECT nextval('counter');
ANALYZE orders, kinds, mine;
CREATE FUNCTION pg_temp.why(query text, options jsonb DEFAULT '{"parallel": 2}') RETURNS text LANGUAGE sql
    RETURN (SELECT why FROM describe_export(query, 'csv', options) WHERE ordinal = 0);
SELECT q, pg_temp.why(q) FROM unnest(ARRAY['TABLE orders', 'SELECT FROM orders', 'SELECT id, id AS again, h || h AS hh FROM orders WHERE kind = 3',
    'SELECT * FROM orders JOIN kinds USING (kind)', 'SELECT id FROM orders WHERE id > (SELECT avg(id) FROM orders)',
    'TABLE orders ORDER BY id', 'TABLE orders LIMIT 3', 'TABLE orders OFFSET 3', 'SELECT kind, count(*) FROM orders GROUP BY kind',
    'SELECT DISTINCT kind FROM orders', 'SELECT id, row_number() OVER () FROM orders', 'SELECT id, currval(''counter'') FROM orders', 'SELECT id, nextval(''counter'') FROM orders',
    'SELECT id, random() FROM orders', 'TABLE mine', 'SELECT 1', 'VALUES (1), (2)', 'SELECT * FROM generate_series(1, 100000) n', 'SELECT * FROM orders o WHERE EXISTS (SELECT FROM mine m WHERE m.id = o.id)']) q;
SET min_parallel_table_scan_size = 0;
SELECT o, pg_temp.why('TABLE orders', o::jsonb) FROM unnest(ARRAY['{}', '{"parallel": "auto"}', '{"parallel": 1}', '{"parallel": "off"}', '{"force_quote": ["id"]}']) o;
SELECT o, (SELECT why FROM describe_export('TABLE orders', 'json', o::jsonb) WHERE ordinal = 0)
FROM unnest(ARRAY['{"force_array": true}', '{"force_array": true, "compression": "gzip"}', '{"compression": "gzip"}']) o;
SET pg_spout.parallel_workers = 0;
SELECT pg_temp.why('TABLE orders', '{}'), pg_temp.why('TABLE orders', '{"parallel": 1}');
SET pg_spout.parallel_workers = 1;
SELECT pg_temp.why('TABLE orders', '{}'), pg_temp.why('TABLE orders', '{"parallel": 2}');
RESET pg_spout.parallel_workers;
SET max_parallel_workers_per_gather = 0;
SELECT pg_temp.why('TABLE orders', '{}'), pg_temp.why('TABLE orders', '{"parallel": 2}');
SET max_parallel_workers_per_gather = 2;

RESET min_parallel_table_scan_size;
-- Types whose values are made by functions of users.
CREATE TYPE pair AS (a int, b text);
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE TYPE odd;
CREATE FUNCTION odd_in(cstring) RETURNS odd LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'textin';
CREATE FUNCTION odd_out(odd) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT PARALLEL UNSAFE AS 'textout';
CREATE TYPE odd (input = odd_in, output = odd_out, like = text);
CREATE DOMAIN odder AS odd;
CREATE TYPE with_odd AS (a int, b odder);
CREATE TYPE even;
CREATE FUNCTION even_in(cstring) RETURNS even LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'textin';
CREATE FUNCTION even_out(even) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT PARALLEL SAFE AS 'textout';
CREATE TYPE even (input = even_in, output = even_out, like = text);
CREATE FUNCTION even_json(even) RETURNS json LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL RESTRICTED AS $$ BEGIN RETURN '1'; END $$;
CREATE CAST (even AS json) WITH FUNCTION even_json(even);
SELECT t, pg_temp.why(format('SELECT id, NULL::%s AS v FROM orders', t))
FROM unnest('{int,text[],pair,pair[],mood,positive,int4range,regclass,json,record,odd,odd[],odder,with_odd,with_odd[],even}'::text[]) t;
DROP CAST (even AS json);
SELECT pg_temp.why('SELECT id, NULL::even AS v FROM orders');

SELECT pg_temp.why('SELECT ''eu'' AS region, id, NULL AS nothing, 1.5 AS x, id AS again FROM orders');
-- After the export.
CREATE FUNCTION pg_temp.told() RETURNS TABLE (status text, shape text, why text, planned text, rows text, files text, processes text, shared_rows numeric, shared_blocks boolean) LANGUAGE sql AS $$
    SELECT l->>'status', l->>'shape', l->>'why_not_parallel', l->>'workers_planned', l->>'rows', l->>'files',
        (SELECT string_agg(p->>'process', ' ') FROM jsonb_array_elements(l->'processes') p), (SELECT sum((p->>'rows')::int) FROM jsonb_array_elements(l->'processes') p),
        (SELECT sum((p->>'blocks')::int) FROM jsonb_array_elements(l->'processes') p) = (l->>'blocks')::int FROM last_export() l
$$;
\set path `echo "$SPOUT_OUT/parallel.avro"`
\set rotated `echo "$SPOUT_OUT/turned.avro"`
COPY orders TO :'path' WITH (format avro, parallel 2);
SELECT * FROM pg_temp.told();
SELECT rows, ok FROM verify_export(:'path');
COPY orders TO '/dev/null' WITH (format 'json', parallel 1);
SELECT * FROM pg_temp.told();
COPY orders TO PROGRAM 'cat > /dev/null' WITH (format xml, parallel 2);
SELECT * FROM pg_temp.told();
COPY (SELECT 1 WHERE false) TO '/dev/null' WITH (format csv, parallel 2);
SELECT * FROM pg_temp.told();
COPY (SELECT id FROM orders WHERE id < 0) TO :'path' WITH (format avro, parallel 2);
SELECT * FROM pg_temp.told();
SELECT rows, ok FROM verify_export(:'path');
SELECT file_index, rows FROM export_to_avro('TABLE orders', :'rotated', max_rows_per_file => 7000, options => '{"parallel": 2, "manifest": true}');
SELECT * FROM pg_temp.told();
SELECT rows, ok FROM verify_export(:'rotated' || '.manifest.json');
COPY (SELECT id FROM orders ORDER BY id) TO '/dev/null' WITH (format csv, parallel 2);
SELECT * FROM pg_temp.told();
COPY mine TO '/dev/null' WITH (format avro, parallel 2);
SELECT * FROM pg_temp.told();
-- An error names the column; the target is as it was.
COPY (SELECT id, 'infinity'::timestamp AS t FROM orders) TO :'path' WITH (format avro, parallel 2);
SELECT status, shape FROM pg_temp.told();
COPY (SELECT id, ARRAY[[id]] AS a FROM orders) TO :'path' WITH (format avro, parallel 2, array_dimensions '{"a": 1}');
COPY (SELECT 1 / (id - 20000) FROM orders) TO :'path' WITH (format avro, parallel 2);
SELECT rows, ok FROM verify_export(:'path');
-- No worker to be had: the session does it all.
SET max_parallel_workers = 0;
COPY orders TO :'path' WITH (format avro, parallel 2);
SELECT * FROM pg_temp.told();
RESET max_parallel_workers;

-- Where it runs: functions, cursors, read-only transactions, exports inside exports.
CREATE FUNCTION export_all(path text) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT sum(e.rows) FROM export_to_avro('TABLE orders', path, options => '{"parallel": 2}') e);
END $$;
SELECT export_all(:'path');
SELECT * FROM pg_temp.told();
SELECT k.kind, export_all('/dev/null') FROM kinds k WHERE kind < 2 ORDER BY 1;
BEGIN READ ONLY;
DECLARE c CURSOR FOR SELECT id FROM orders ORDER BY id;
FETCH 2 FROM c;
COPY orders TO :'path' WITH (format avro, parallel 2);
FETCH 1 FROM c;
SELECT * FROM pg_temp.told();
SAVEPOINT s;
COPY (SELECT 1 / (id - 20000) FROM orders) TO :'path' WITH (format avro, parallel 2);
ROLLBACK TO s;
FETCH 1 FROM c;
COMMIT;
COPY (SELECT kind, export_all('/dev/null') FROM kinds) TO '/dev/null' WITH (format 'json', parallel 2);
SELECT l->>'format' AS format, l->>'rows' AS rows, l->>'shape' AS shape FROM last_export() l;
-- A function that lies about itself exports inside a worker, alone.
CREATE FUNCTION liar(k int) RETURNS bigint LANGUAGE sql PARALLEL SAFE RETURN export_all('/dev/null') + k;
SET parallel_leader_participation = off;
COPY (SELECT id, liar(kind) FROM orders WHERE id = 5) TO :'path' WITH (format avro, parallel 2);
RESET parallel_leader_participation;
SELECT rows, ok FROM verify_export(:'path');

-- The planner's settings are the user's: before, during, after, after errors, in subtransactions.
CREATE FUNCTION settings() RETURNS text LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN concat_ws(' ', current_setting('parallel_tuple_cost'), current_setting('parallel_setup_cost'), current_setting('max_parallel_workers_per_gather'),
        current_setting('min_parallel_table_scan_size'), current_setting('min_parallel_index_scan_size'));
END $$;
SET parallel_tuple_cost = 0.25;
SET parallel_setup_cost = 17;
SET min_parallel_table_scan_size = '1MB';
SET min_parallel_index_scan_size = '2MB';
SELECT settings();
\set text `echo "$SPOUT_OUT/seen.csv"`
COPY (SELECT settings() AS s FROM orders) TO :'text' WITH (format csv, parallel 2);
SELECT l->>'shape' AS shape FROM last_export() l;
CREATE TEMP TABLE seen (s text);
COPY seen FROM :'text' WITH (format csv);
SELECT DISTINCT s FROM seen;
SELECT settings();
COPY (SELECT no_such_function(id) FROM orders) TO '/dev/null' WITH (format avro, parallel 2);
COPY (SELECT 1 / (id - 20000) FROM orders) TO '/dev/null' WITH (format avro, parallel 2);
SELECT settings();
-- Planning itself fails, inside of it.
CREATE FUNCTION broken() RETURNS int LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$ BEGIN RAISE 'while planning'; END $$;
COPY (SELECT id FROM orders WHERE id > broken()) TO '/dev/null' WITH (format avro, parallel 2);
SELECT settings();
DO $$
DECLARE
    q text;
BEGIN
    FOREACH q IN ARRAY '{broken(),1 / (id - 20000),settings()}'::text[] LOOP
        BEGIN
            PERFORM export_to_avro('SELECT ' || q || ' FROM orders', '/dev/null', options => '{"parallel": 2}');
        EXCEPTION WHEN OTHERS THEN
            RAISE WARNING '%: %', SQLERRM, settings();
        END;
        RAISE WARNING '%', settings();
    END LOOP;
END $$;
BEGIN;
SET LOCAL parallel_setup_cost = 18;
SAVEPOINT s;
SET LOCAL parallel_setup_cost = 19;
COPY (SELECT id FROM orders WHERE id > broken()) TO '/dev/null' WITH (format avro, parallel 2);
ROLLBACK TO s;
SELECT settings();
COPY orders TO '/dev/null' WITH (format avro, parallel 2);
SELECT settings();
COMMIT;
SELECT settings();
RESET ALL;
SET client_min_messages = warning;

-- Rights are those of whoever exports, in workers too: columns, rows, views.
CREATE ROLE regress_spout_parallel;
GRANT SELECT (id, kind) ON orders TO regress_spout_parallel;
GRANT pg_write_server_files TO regress_spout_parallel;
GRANT SELECT ON kinds TO regress_spout_parallel;
ALTER TABLE kinds ENABLE ROW LEVEL SECURITY;
CREATE POLICY few ON kinds USING (current_user = 'regress_spout_parallel' AND kind IN (2, 4));
SET max_parallel_workers_per_gather = 2;
SET ROLE regress_spout_parallel;
COPY (SELECT id, kind, current_user, name FROM orders JOIN kinds USING (kind)) TO :'path' WITH (format avro, parallel 2);
SELECT l->>'shape' AS shape, l->>'rows' AS rows FROM last_export() l;
COPY orders TO :'path' WITH (format avro, parallel 2);
COPY orders (id) TO :'path' WITH (format avro, parallel 2);
RESET ROLE;
SELECT rows, ok FROM verify_export(:'path');
DROP TABLE orders, kinds, mine;
DROP ROLE regress_spout_parallel;
