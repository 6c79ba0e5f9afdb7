\set ECHO none
\i sql/include/setup.sql
-- How many dimensions a field has in the file's schema, and who encoded.
CREATE FUNCTION pg_temp.depth(target text, options text DEFAULT '', field text DEFAULT 'g') RETURNS TABLE (dimensions int, "rows" bigint, shape text, why text) LANGUAGE plpgsql AS $$
DECLARE
    path text := pg_temp.out('depth.avro');
    header text;
    kind jsonb;
BEGIN
    EXECUTE format('COPY %s TO %L WITH (format avro, compression ''null''%s)', target, path, options);
    header := encode(pg_read_binary_file(path), 'escape');
    header := substr(header, strpos(header, '{"type":"record"'));
    kind := substr(header, 1, strpos(header, 'avro.codec') - 2);
    FOREACH field IN ARRAY string_to_array(field, '.') LOOP
        WHILE kind ? 'items' LOOP
            kind := kind -> 'items' -> 1;
        END LOOP;
        SELECT f -> 'type' -> 1 INTO kind FROM jsonb_array_elements(kind -> 'fields') f WHERE f ->> 'name' = field;
    END LOOP;
    dimensions := 0;
    WHILE kind ->> 'type' = 'array' LOOP
        dimensions := dimensions + 1;
        kind := kind -> 'items' -> 1;
    END LOOP;
    RETURN QUERY SELECT dimensions, v."rows", last_export() ->> 'shape', last_export() ->> 'why_not_parallel' FROM verify_export(path) v;
END
$$;
SET client_min_messages = warning;
\set ECHO all
-- How many dimensions an array has is kept with each value; what the column was declared with gets lost on many ways.
CREATE TABLE parted (k int, g int[][]) PARTITION BY LIST (k);
CREATE TABLE part1 PARTITION OF parted FOR VALUES IN (1);
CREATE TABLE part2 (k int, g int[]);
INSERT INTO part1 VALUES (1, NULL), (1, '{}'), (1, '{{1},{2}}');
INSERT INTO part2 SELECT 2, g FROM part1;
ALTER TABLE parted ATTACH PARTITION part2 FOR VALUES IN (2);
CREATE TABLE copied AS SELECT * FROM parted;
CREATE TABLE restored (k int, g int[]);
INSERT INTO restored TABLE parted;
CREATE TABLE family (k int, g int[][][]);
CREATE TABLE child () INHERITS (family);
INSERT INTO child VALUES (1, '{{{1}}}');
CREATE VIEW v AS SELECT g FROM part1;
CREATE VIEW vv AS SELECT g || g AS g FROM v UNION ALL SELECT g FROM part2;
CREATE MATERIALIZED VIEW mv AS SELECT k, g FROM parted;
CREATE DOMAIN matrix AS int[][];
CREATE TABLE of_domain (g matrix);
INSERT INTO of_domain VALUES ('{{1}}');
SELECT t, d.dimensions, d.rows FROM unnest(ARRAY['part1', 'part2', 'copied', 'restored', 'child', 'of_domain', '(SELECT * FROM parted)', '(SELECT * FROM v)', '(SELECT * FROM vv)',
    '(SELECT * FROM mv)', '(WITH w AS (SELECT g FROM copied) SELECT g FROM w)', '(SELECT ARRAY[[[1]]] AS g)', '(SELECT DISTINCT g FROM restored)']) t,
    pg_temp.depth(t) d;
-- The partition of a table that says so needs no value; where nobody says anything and no value shows it, there is one.
TRUNCATE parted, copied;
INSERT INTO copied VALUES (1, NULL), (2, '{}');
SELECT t, d.dimensions, d.rows FROM unnest(ARRAY['part1', 'part2', 'copied', '(SELECT g FROM mv LIMIT 0)', '(SELECT g FROM copied LIMIT 0)', 'of_domain']) t, pg_temp.depth(t) d;
SELECT target_type, why FROM describe_export('SELECT g, k, ''1 2''::int2vector AS two FROM copied') WHERE ordinal > 0 ORDER BY ordinal;
SELECT target_type, why FROM describe_export('SELECT g FROM part2') WHERE ordinal = 1;

-- The option says it, also where a look would find another number; it names columns as they are written.
SELECT dimensions, rows FROM pg_temp.depth('copied', $$, array_dimensions '{"g": 3}'$$);
SELECT * FROM pg_temp.try($$COPY restored TO '$OUT/no.avro' WITH (format avro, array_dimensions '{"g": 3}')$$);
SELECT o, x.* FROM unnest(ARRAY['{"G": 2}', '{"k": 2}', '{"g": 7}', '{"g": 0}', '{"g": "2"}', '{"g": 2, "g": 3}', '[2]', '{']) o,
    pg_temp.try(format('COPY restored TO ''$OUT/no.avro'' WITH (format avro, array_dimensions %L)', o)) x;
SELECT * FROM pg_temp.try($$COPY (SELECT 1 AS a) TO '$OUT/no.avro' WITH (format avro, array_dimensions '{"a": 2}')$$);
SELECT x FROM pg_temp.try($$COPY restored TO '$OUT/no.xml' WITH (format xml, array_dimensions '{"g": 2}')$$) x WHERE x NOT LIKE 'HINT%';
SELECT * FROM pg_temp.try($$COPY (SELECT '{{1}}'::int[] AS g) TO '$OUT/no.avro' WITH (format avro, array_dimensions '{"g": 2}', schema '"int"')$$);
SELECT target_name, target_type FROM describe_export('SELECT g, g AS h FROM restored', options => '{"array_dimensions": {"h": 3}}') WHERE ordinal > 0 ORDER BY ordinal;
SELECT rows FROM export_to_avro('SELECT g FROM restored', pg_temp.out('renamed.avro'), columns => '[{"source": "g", "target": "the g"}]', options => '{"array_dimensions": {"the g": 2}}');
SELECT * FROM pg_temp.try($$SELECT export_to_avro('SELECT g FROM restored', '$OUT/no.avro', columns => '[{"source": "g", "target": "the g"}]', options => '{"array_dimensions": {"g": 2}}')$$);

-- A given schema says it by itself.
SELECT s, x.* FROM unnest(ARRAY['["null","int"]', '["null",{"type":"array","items":["int","null"]}]', '{"type":"array","items":{"type":"array","items":"int"}}']) s,
    pg_temp.try(format('COPY (SELECT g FROM restored) TO ''$OUT/own.avro'' WITH (format avro, schema %L)',
        '{"type":"record","name":"r","fields":[{"name":"g","type":["null",{"type":"array","items":' || s || '}]}]}')) x;

-- A later value that has more or fewer is an error: nothing is flattened, and every file of a set has one schema.
INSERT INTO restored VALUES (9, '{1}');
SELECT * FROM pg_temp.try($$COPY restored TO '$OUT/no.avro' WITH (format avro)$$);
SELECT * FROM pg_temp.try($$COPY (SELECT k, g FROM restored ORDER BY k DESC) TO '$OUT/no.avro' WITH (format avro)$$);
SELECT * FROM pg_temp.try($$COPY restored TO '$OUT/no.avro' WITH (format avro, array_dimensions '{"g": 1}')$$);
SELECT * FROM pg_temp.try($$COPY restored TO '$OUT/no.avro' WITH (format avro, profile bigquery)$$);
SELECT * FROM pg_temp.try($$COPY (SELECT to_jsonb(g) AS g FROM restored) TO '$OUT/yes.avro' WITH (format avro)$$);
SELECT * FROM pg_temp.try($$COPY restored TO '$OUT/yes.xml' WITH (format xml)$$);
DELETE FROM restored WHERE k = 9;
SELECT count(DISTINCT target_type) FROM (SELECT encode(substr(pg_read_binary_file(path), 1, 170), 'escape') AS target_type
    FROM export_to_avro('TABLE restored', pg_temp.out('dimensions.avro'), max_rows_per_file => 1, options => '{"sync_marker": "00000000000000000000000000000000"}')) f;

-- Arrays in composites, in arrays of composites, and in domains over arrays.
CREATE TYPE item AS (price int, tags text[]);
CREATE TYPE sheet AS (cells int[][], lines item[]);
CREATE TABLE orders_of (id int, a sheet, b sheet, c item[], m matrix[]);
INSERT INTO orders_of VALUES (1, NULL, NULL, '{}', '{}'), (2, ('{}', NULL), ('{{1}}', ARRAY[(1, NULL)::item, (2, '{{a}}')::item]), ARRAY[[(1, '{x}')::item, NULL]], ARRAY['{{1}}'::matrix]);
SELECT f, d.dimensions FROM unnest(ARRAY['a.cells', 'a.lines', 'a.lines.tags', 'b.lines', 'b.lines.tags', 'c', 'm']) f, pg_temp.depth('orders_of', '', f) d;
SELECT f, d.dimensions FROM unnest(ARRAY['a.lines.tags', 'a.lines', 'b.lines', 'a.cells']) f, pg_temp.depth('orders_of', $$, array_dimensions '{"a.lines.tags": 3, "a.lines": 2}'$$, f) d;
SELECT * FROM pg_temp.try($$COPY orders_of TO '$OUT/no.avro' WITH (format avro, array_dimensions '{"b.lines.tags": 1}')$$);
SELECT * FROM pg_temp.try($$COPY orders_of TO '$OUT/no.avro' WITH (format avro, array_dimensions '{"b.lines.price": 1}')$$);

-- The leader keeps the rows of its look: nothing runs twice. It gives up after 10,000 rows.
CREATE SEQUENCE calls;
CREATE FUNCTION called() RETURNS int[] LANGUAGE sql VOLATILE AS $$ SELECT CASE WHEN nextval('calls') < 6000 THEN '{}' ELSE '{{1,2}}'::int[] END $$;
SELECT dimensions, rows FROM pg_temp.depth('(SELECT n, called() AS g FROM generate_series(1, 7000) n)');
SELECT last_value FROM calls;
SELECT * FROM pg_temp.try($$COPY (SELECT n, CASE WHEN n > 10001 THEN '{{1}}'::int[] END AS g FROM generate_series(1, 10010) n) TO '$OUT/no.avro' WITH (format avro)$$);
SELECT dimensions, rows FROM pg_temp.depth('(SELECT CASE WHEN n > 3000 THEN ''{{1}}''::int[] END AS g, repeat(''x'', 1000) FROM generate_series(1, 3010) n)');

-- With parallel workers the leader looks before they start, in a short run of its own.
CREATE TABLE many (id int, g int[], late int[]) WITH (parallel_workers = 2);
INSERT INTO many SELECT n, ARRAY[[n, 1]], CASE WHEN n > 20000 THEN ARRAY[[n]] END FROM generate_series(1, 30000) n;
ANALYZE many;
SELECT * FROM pg_temp.depth('many (id, g)', ', parallel 2');
SELECT * FROM pg_temp.depth('(SELECT array_remove(ARRAY[id], 0) AS g FROM many)', ', parallel 2');
SELECT * FROM pg_temp.depth('(SELECT ARRAY[id] AS g, clock_timestamp() FROM many)', ', parallel 2');
SELECT * FROM pg_temp.depth('(SELECT ARRAY[id] AS g, clock_timestamp() FROM many)', $$, parallel 2, array_dimensions '{"g": 1}'$$);
SELECT why FROM describe_export('SELECT ARRAY[id] AS g, clock_timestamp() FROM many', options => '{"parallel": 2}') WHERE ordinal = 0;
SELECT why FROM describe_export('SELECT ARRAY[id] AS g FROM many', options => '{"parallel": 2}') WHERE ordinal = 0;
SELECT * FROM pg_temp.try($$COPY many (id, late) TO '$OUT/no.avro' WITH (format avro, parallel 2)$$);
SELECT * FROM pg_temp.depth('many', $$, parallel 2, array_dimensions '{"late": 2}'$$, 'late');
-- It reads what the caller may read, and only that.
CREATE ROLE regress_spout_looker IN ROLE pg_write_server_files;
GRANT SELECT ON many TO regress_spout_looker;
ALTER TABLE many ENABLE ROW LEVEL SECURITY;
CREATE POLICY p ON many TO regress_spout_looker USING (id > 29000);
\set late `echo "$SPOUT_OUT/late.avro"`
SET ROLE regress_spout_looker;
COPY many (late) TO :'late' WITH (format avro, parallel 2);
SELECT last_export() ->> 'rows' AS "rows", last_export() ->> 'shape' AS shape;
RESET ROLE;
DROP TABLE many, orders_of, of_domain, copied, restored, family, parted CASCADE;
DROP FUNCTION called();
DROP SEQUENCE calls;
DROP TYPE sheet, item;
DROP DOMAIN matrix;
DROP OWNED BY regress_spout_looker;
DROP ROLE regress_spout_looker;
\set ECHO none
