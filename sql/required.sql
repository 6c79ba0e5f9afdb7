\set ECHO none
\i sql/include/setup.sql
-- Names of the fields that are written non-null, without a default.
CREATE FUNCTION pg_temp.required(query text, options jsonb DEFAULT '{"required": "auto"}') RETURNS text LANGUAGE sql
    RETURN (SELECT string_agg(f ->> 'name', ' ' ORDER BY n) FROM describe_export(query, 'avro', options),
        jsonb_array_elements(target_type::jsonb -> 'fields') WITH ORDINALITY x (f, n) WHERE ordinal = 0 AND f -> 'type' ->> 0 IS DISTINCT FROM 'null' AND NOT f ? 'default');
\set ECHO all
-- Option required: columns that cannot be NULL are written non-null. What cannot be proved stays nullable.
SET client_min_messages = warning;
CREATE DOMAIN never AS int NOT NULL;
CREATE TABLE n (id int PRIMARY KEY, a text NOT NULL, b int, d never, g int GENERATED ALWAYS AS (id + 1) STORED NOT NULL);
INSERT INTO n VALUES (1, 'x', NULL, 1), (2, 'y', 2, 2);
CREATE VIEW vn AS SELECT id, a, b, id + 1 AS sum FROM n;
CREATE TABLE parted (k int NOT NULL, v int NOT NULL) PARTITION BY LIST (k);
CREATE TABLE parted1 PARTITION OF parted FOR VALUES IN (1);
-- A child without its parent's constraint: since 18 only where the parent does not pass it on.
DO $$ BEGIN
    IF current_setting('server_version_num')::int >= 180000 THEN
        EXECUTE 'CREATE TABLE family (k int NOT NULL, v int NOT NULL NO INHERIT)';
        CREATE TABLE child () INHERITS (family);
    ELSE
        CREATE TABLE family (k int NOT NULL, v int NOT NULL);
        CREATE TABLE child () INHERITS (family);
        ALTER TABLE child ALTER v DROP NOT NULL;
    END IF;
END $$;
INSERT INTO child VALUES (1, NULL);
SELECT q, pg_temp.required(q), pg_temp.required(q, '{}') AS off FROM unnest(ARRAY[
    'TABLE n', 'SELECT * FROM vn', 'SELECT a AS x, b AS y, id AS z FROM n WHERE b IS NOT NULL', 'SELECT ctid, tableoid, n FROM n', 'TABLE parted', 'TABLE parted1',
    'TABLE family', 'SELECT * FROM ONLY family', 'TABLE child',
    -- joins
    'SELECT l.id AS l, r.id AS r FROM n l, n r', 'SELECT l.id AS l, r.id AS r FROM n l JOIN n r USING (id)', 'SELECT l.id AS l, r.id AS r FROM n l LEFT JOIN n r ON true',
    'SELECT l.id AS l, r.id AS r FROM n l RIGHT JOIN n r ON true', 'SELECT l.id AS l, r.id AS r, id FROM n l FULL JOIN n r USING (id)',
    'SELECT id, l.a AS l, r.a AS r FROM n l LEFT JOIN n r USING (id)', 'SELECT j.id, j.l, j.r FROM (n x (id, l) LEFT JOIN n y (id2, r) ON id = id2) j',
    'SELECT x.id AS x, y.id AS y, z.id AS z FROM n x LEFT JOIN (n y JOIN n z ON y.id = z.id) ON x.id = y.id',
    'SELECT x.id AS x, y.id AS y, z.id AS z FROM (n x LEFT JOIN n y ON false) RIGHT JOIN n z ON true',
    'SELECT x.id AS x, s.o, s.one FROM n x LEFT JOIN LATERAL (SELECT x.id AS o, 1 AS one) s ON false', 'SELECT s.o, s.one FROM n x, LATERAL (SELECT x.id AS o, 1 AS one) s',
    'SELECT y.id AS y, s.o FROM n x LEFT JOIN n y ON false, LATERAL (SELECT y.id AS o) s', 'SELECT id FROM n x WHERE EXISTS (SELECT FROM n y WHERE y.id = x.id)',
    -- subqueries and set operations
    'WITH w AS (SELECT id, b FROM n) SELECT * FROM w', 'WITH w AS MATERIALIZED (SELECT id FROM n) SELECT w.id, v.id AS o FROM w LEFT JOIN w v ON false',
    'WITH w AS (SELECT id FROM n) SELECT * FROM (WITH w2 AS (SELECT id FROM w) SELECT id FROM w2) s',
    'WITH RECURSIVE r AS (SELECT 1 AS i UNION ALL SELECT NULLIF(i + 1, 4) FROM r WHERE i < 4) SELECT i FROM r',
    'SELECT id, b FROM n UNION ALL SELECT id, id FROM n', 'SELECT id, a FROM n UNION SELECT b, a FROM n', 'SELECT id FROM n EXCEPT SELECT b FROM n', 'SELECT id FROM n INTERSECT SELECT b FROM n',
    'VALUES (1, NULL, ''x''), (2, ''y'', ''z'')', 'SELECT * FROM (VALUES (1), (2)) v (i), generate_series(1, 2) s', 'SELECT DISTINCT ON (id) id, b FROM n',
    -- groups
    'SELECT a, count(*), count(b) AS cb, sum(id), max(id) AS max, min(a) AS min FROM n GROUP BY a', 'SELECT a, id, count(*) FROM n GROUP BY ROLLUP (a, id)', 'SELECT id, a FROM n GROUP BY id',
    'SELECT id, row_number() OVER () AS r, rank() OVER () AS k, lag(id) OVER () AS l, count(*) OVER () AS c FROM n', 'SELECT 1 AS one, generate_series(1, 2) AS s, id FROM n',
    -- expressions
    'SELECT 1 AS a, NULL AS b, COALESCE(b, 0) AS c, COALESCE(b, NULL) AS d, id + 1 AS e, a || '''' AS f, b IS NULL AS g, b = 1 AS h, id::oid AS i, (a)::varchar AS j, a COLLATE "C" AS k FROM n',
    'SELECT CASE WHEN b = 1 THEN id ELSE 0 END AS a, CASE WHEN b = 1 THEN id END AS b, CASE WHEN b = 1 THEN b ELSE 0 END AS c, GREATEST(b, 1) AS d, NULLIF(id, 1) AS e FROM n',
    'SELECT ARRAY[b] AS a, ROW(b) AS b, ARRAY(SELECT b FROM n) AS c, EXISTS (SELECT FROM n) AS d, (SELECT id FROM n LIMIT 1) AS e, current_date AS f, current_schema AS g, b IS DISTINCT FROM 1 AS h, NOT (b IS NULL AND a IS NULL) AS i FROM n'
    ]) WITH ORDINALITY x (q, nr) ORDER BY nr;
-- Options that write a value as NULL come before it.
CREATE TABLE edge (t timestamp NOT NULL, n numeric(5,2) NOT NULL, f float8 NOT NULL);
SELECT o, pg_temp.required('TABLE edge', o) FROM unnest(ARRAY['{"required": "AUTO"}', '{"required": "auto", "on_infinity": "null"}', '{"required": "auto", "on_nan": "null"}', '{"required": "auto", "on_nan": "string"}']::jsonb[]) o;
SELECT p, pg_temp.required('TABLE edge', jsonb_build_object('required', 'auto', 'profile', p)) FROM unnest('{spec,iceberg,bigquery,hive,kafka_connect}'::text[]) p;
SELECT o, x.* FROM unnest(ARRAY[', required yes', ', required auto, schema ''"int"''']) o, pg_temp.try_options(o) x;
SELECT x FROM pg_temp.try($$COPY n TO '$OUT/no.csv' WITH (format csv, compression none, required auto)$$) x WHERE x NOT LIKE 'HINT%';
-- Names of columns change, what they are does not.
SELECT x.* FROM export_to_avro('SELECT b, id FROM n', pg_temp.out('chosen.avro'), 'null', columns => '[{"source": "id", "target": "key"}, {"source": "b", "target": "id"}]', options => '{"required": "auto"}'),
    LATERAL (SELECT encode(substr(pg_read_binary_file(path), 1, 200), 'escape') LIKE '%{"name":"key","type":"int"},{"name":"id","type":["null","int"],"default":null}%' AS right, rows) x;
-- Rows that other rights or workers bring are the same.
CREATE TABLE many (id int NOT NULL, v int) WITH (parallel_workers = 2);
INSERT INTO many SELECT i, NULLIF(i % 10, 0) FROM generate_series(1, 20000) i;
SELECT p, e.rows, v.ok FROM unnest(ARRAY['0', '2']) p, export_to_avro('SELECT v, m.id, many.id AS other FROM many LEFT JOIN many m USING (v, id)', pg_temp.out('many.avro'), options => jsonb_build_object('required', 'auto', 'parallel', p::int)) e, verify_export(e.path) v;
-- A NULL that comes all the same, since the catalog is newer than the snapshot or plainly wrong, is an error and no broken file.
UPDATE pg_attribute SET attnotnull = true WHERE attrelid = 'many'::regclass AND attname = 'v';
SELECT * FROM pg_temp.try($$COPY many TO '$OUT/no.avro' WITH (format avro, required auto, parallel off)$$);
SELECT * FROM pg_temp.try($$COPY (SELECT id::text, v::text::varchar, v FROM many) TO '$OUT/no.avro' WITH (format avro, required auto, parallel 2)$$);
SELECT * FROM pg_temp.try($$COPY many TO '$OUT/yes.avro' WITH (format avro)$$);
DROP TABLE n, parted, family, edge, many CASCADE;
DROP DOMAIN never;
\set ECHO none
