\set ECHO none
\i sql/include/setup.sql
\set ECHO all
\a
-- Avro names are letters, digits and _; the column's own name stays in pg.name.
CREATE FUNCTION pg_temp.names(query text) RETURNS TABLE (source text, target text, kept text) LANGUAGE sql AS $$
    SELECT d.source_name, d.target_name, field->>'pg.name'
    FROM describe_export(query) s, jsonb_array_elements(s.target_type::jsonb->'fields') WITH ORDINALITY f (field, n), describe_export(query) d
    WHERE s.ordinal = 0 AND d.ordinal = n AND d.target_name = field->>'name' ORDER BY n
$$;
SELECT * FROM pg_temp.names($$SELECT 1, 2, 3 AS "my col", 4 AS "a.b:c", 5 AS "1a", 6 AS "größe", 7 AS "_x", 8 AS "😀", 9 AS "é😀", 10 AS "quote""d", 11 AS "select",
    12 AS "back\slash", 13 AS "per%cent", 14 AS "a-b", 15 AS "9", 16 AS " ", 17 AS "?COLUMN?", 18 AS "column"$$);
-- Duplicates ignore case, run from left to right, and keep clear of later names.
SELECT * FROM pg_temp.names('SELECT 1 AS a, 2 AS a, 3 AS a_2');
SELECT * FROM pg_temp.names('SELECT 1 AS a, 2 AS "A", 3 AS a, 4 AS "A_2"');
SELECT * FROM pg_temp.names('SELECT 1 AS "a b", 2 AS a_b, 3 AS "a-b", 4 AS a_b_2, 5 AS a_b_3');
SELECT * FROM pg_temp.names('SELECT 1, 2, 3');
SELECT * FROM pg_temp.names('SELECT n.oid, c.oid FROM pg_namespace n, pg_class c');
-- 63 bytes and what grows beyond.
SELECT * FROM pg_temp.names(format('SELECT 1 AS %1$I, 2 AS %1$I, 3 AS %2$I', repeat('x', 63), repeat('é', 31)));
-- Hostile names stay inside their quotes.
SELECT * FROM pg_temp.names(E'SELECT 1 AS "new\nline", 2 AS "tab\t", 3 AS "\\u0000", 4 AS "</row>", 5 AS "a"",""x"');
SELECT * FROM pg_temp.try_values($$SELECT date 'infinity' AS "new
line %s ""quoted"""$$);
-- A file with such names is well-formed.
SELECT ok, rows, problem FROM export_to_avro(E'SELECT 1, 2, 3 AS "a""b\\\\c\n", 4 AS "größe"', pg_temp.out('names.avro')) e, LATERAL (SELECT ok, problem FROM verify_export(e.path)) v;
-- Relations and types have such names as well.
CREATE SCHEMA "größe 1";
CREATE TYPE "größe 1"."1st type" AS (a int);
CREATE TABLE "größe 1"."my table" (t "größe 1"."1st type");
SELECT * FROM pg_temp.try($$COPY "größe 1"."my table" TO '$OUT/names.avro' WITH (format avro, compression 'null', sync_marker '2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e')$$);
SELECT substring(encode(pg_read_binary_file(pg_temp.out('names.avro')), 'escape') FROM '\{"type":"record".*\}');
SET client_min_messages = warning;
DROP SCHEMA "größe 1" CASCADE;
