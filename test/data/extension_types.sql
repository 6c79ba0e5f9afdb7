-- extension_types.sql: types of PostgreSQL's contrib modules, after all_types.sql. Only hstore has a mapping of its own;
-- the others stand for unknown user types.
SET search_path = zoo, public;
CREATE EXTENSION hstore;
CREATE EXTENSION citext;
CREATE EXTENSION ltree;
CREATE EXTENSION cube;
CREATE EXTENSION seg;
CREATE EXTENSION isn;

CREATE DOMAIN tags AS hstore;
CREATE TYPE tagged AS (name citext, tags hstore);
CREATE TABLE extended (
    id int PRIMARY KEY, h hstore, c citext, l ltree, lq lquery, cu cube, s seg, i isbn13, ha hstore[], ht tags, t tagged, ca citext[]);
INSERT INTO extended VALUES
    (1, 'a=>1, b=>NULL, "c d"=>"e,f"', 'CaSe', 'Top.Science.Astronomy', '*.Astro*', '(1,2),(3,4)', '6.25 .. 6.50',
     '978-0-393-04002-9', ARRAY['x=>y', NULL]::hstore[], 'k=>v', ('Name', 'a=>NULL'), '{A,b,NULL}'),
    (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (3, '', '', '', 'a', '0', '0', '978-0-393-04002-9', '{}', '', NULL, '{}'),
    (4, hstore(ARRAY['quote"d', E'back\\slash', 'größe', '', 'null', 'comma, '], ARRAY['"=>"', ',', 'ü', '', 'NULL', NULL]), 'ß', 'a.b',
     '*', '(0.1)', '~1.5', '978-0-393-04002-9', ARRAY['a=>1,b=>2'::hstore, ''], 'a=>b, c=>d', (NULL, ''), '{""}');
