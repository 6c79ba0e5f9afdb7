\set ECHO none
\i sql/include/setup.sql
\set ECHO all
-- Arrays, composites, domains over them, and types that contain themselves.
CREATE SCHEMA app;
CREATE TYPE app.point AS (x float8, y float8);
CREATE TYPE app.line AS (a app.point, b app.point, tags text[]);
CREATE TYPE app.gone AS (a int, dropped text, b int);
ALTER TYPE app.gone DROP ATTRIBUTE dropped;
CREATE TYPE app."odd-name" AS ("my col" int, "my_col" int, "MY COL" int);
CREATE TYPE "app_point" AS (z int);
CREATE TYPE app.empty AS ();
CREATE DOMAIN app.spot AS app.point;
CREATE DOMAIN app.words AS text[];
CREATE TABLE app.shapes (id int, l app.line, p app.point, ps app.point[], g app.gone, o app."odd-name", other "app_point", e app.empty, s app.spot, w app.words);
SELECT field FROM describe_export('SELECT * FROM app.shapes'), jsonb_array_elements(target_type::jsonb->'fields') field WHERE ordinal = 0;
SELECT ordinal, source_name, source_type, target_type, lossy, why FROM describe_export('SELECT * FROM app.shapes') WHERE ordinal > 0 ORDER BY 1;
-- A whole row is a composite; the table form puts types into the table's namespace.
SELECT target_type FROM describe_export('SELECT s.g AS a, s.g AS b FROM app.shapes s') WHERE ordinal = 0;
SELECT target_type FROM describe_export('SELECT whole FROM app.shapes whole') WHERE ordinal = 0;
-- The row type's own name is taken.
CREATE TABLE app_point_2 (p app.point, q "app_point");
SELECT target_type FROM describe_export('SELECT * FROM app_point_2', 'avro', '{"record_name": "app_point"}') WHERE ordinal = 0;

-- Dimensions are those of the table's column, followed through the query; else one.
CREATE TABLE grids (id int, g int[][], c text[3][3][3], flat int[]);
CREATE VIEW grid_view AS SELECT g, flat FROM grids;
SELECT source_name, target_type FROM describe_export('SELECT g, c, flat, g || g AS computed, ARRAY[ARRAY[1]] AS literal FROM grids') WHERE ordinal > 0 ORDER BY ordinal;
SELECT source_name, target_type FROM describe_export('SELECT sub.renamed, v.g FROM (SELECT g AS renamed FROM grids ORDER BY id) sub, grid_view v') WHERE ordinal > 0 ORDER BY ordinal;
INSERT INTO grids VALUES (1, '{{1,2},{3,4}}', '{{{a}}}', '{1}'), (2, '{}', '{}', '{}');
SELECT * FROM pg_temp.try($$COPY grids TO '$OUT/grids.avro' WITH (format avro)$$);
-- Another depth than the declared one is never flattened.
INSERT INTO grids VALUES (3, '{1,2}', NULL, NULL);
SELECT * FROM pg_temp.try($$COPY grids TO '$OUT/grids.avro' WITH (format avro)$$);
UPDATE grids SET g = '{{1}}', flat = '{{1}}' WHERE id = 3;
SELECT * FROM pg_temp.try($$COPY grids TO '$OUT/grids.avro' WITH (format avro)$$);
SELECT * FROM pg_temp.try($$COPY (SELECT id, to_jsonb(flat) FROM grids) TO '$OUT/grids.avro' WITH (format avro)$$);
SELECT * FROM pg_temp.try_values('SELECT ARRAY[[1,2],[3,4]]');

-- Anonymous records are the text of row_to_json.
SELECT target_type FROM describe_export('SELECT ROW(1, 2) AS anonymous, ARRAY[ROW(1, now())] AS records') WHERE ordinal = 0;
CREATE FUNCTION pg_temp.text_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    parts text[];
BEGIN
    PERFORM export_to_avro(query, pg_temp.out('text.avro'), 'null', options => '{"sync_marker": "2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e"}');
    parts := string_to_array(encode(pg_read_binary_file(pg_temp.out('text.avro')), 'escape'), repeat('.', 16));
    RETURN parts[2];
END
$$;
SET timezone = 'Asia/Tokyo';
SET datestyle = 'German';
SELECT pg_temp.text_of($$SELECT ROW(1, 'x"y', NULL, '2024-01-31 12:00+00'::timestamptz, '2024-01-31'::date, interval '1 day', '\x00'::bytea)$$);
-- Pinned text does not obey the session either.
SELECT pg_temp.text_of($$SELECT tstzrange('2024-01-31 12:00+00', NULL), interval '-1 mon 2 days 00:00:01.5', timetz '12:00+09', '1.5'::numeric, date '0044-03-15 BC'::text AS own_cast$$);
SHOW datestyle;
SHOW timezone;
RESET datestyle;
RESET timezone;

-- Where it happened is said, down to the element.
CREATE TYPE app.item AS (price numeric(6,2), at timestamp);
CREATE TYPE app.order AS (id int, lines app.item[]);
SELECT * FROM pg_temp.try_values($$SELECT n, (n, ARRAY[(1, now()), (CASE n WHEN 3 THEN 'NaN'::numeric ELSE 2 END, now())]::app.item[])::app.order AS "order" FROM generate_series(1, 5) n$$);
SELECT * FROM pg_temp.try_values($$SELECT (n, ARRAY[(1, 'infinity')]::app.item[])::app.order AS "order" FROM generate_series(1, 5) n$$);
SELECT * FROM pg_temp.try_values($$SELECT (1, ARRAY[(1, 'infinity')]::app.item[])::app.order AS "order"$$, $$, on_infinity 'null'$$);
SET client_min_messages = warning;
DROP SCHEMA app CASCADE;
DROP TABLE app_point_2;
DROP TYPE "app_point";
DROP TABLE grids CASCADE;
