\set ECHO none
\i sql/include/setup.sql
\set ECHO all
-- The bytes of XML documents: the frame, names, values of every kind, and what XML cannot hold.
CREATE FUNCTION pg_temp.document(query text, options text DEFAULT '') RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('COPY (%s) TO %L WITH (format xml%s)', query, pg_temp.out('d.xml'), options);
    RETURN pg_read_file(pg_temp.out('d.xml'));
END
$$;
-- The elements of the only row.
CREATE FUNCTION pg_temp.row_of(query text, options text DEFAULT '') RETURNS text LANGUAGE sql RETURN
    substring(pg_temp.document(query, options) FROM '<row>(.*)</row>');
CREATE FUNCTION pg_temp.value(expression text) RETURNS text LANGUAGE sql RETURN substring(pg_temp.row_of('SELECT ' || expression || ' AS v') FROM '^(?:<v>)?(.*?)(?:</v>)?$');

-- The frame: a row a line, a root of its own in each file, options for the names and for NULL.
SELECT pg_temp.document($$SELECT n AS id, NULLIF(n, 2) AS "my col" FROM generate_series(1, 3) n$$);
SELECT pg_temp.document('SELECT 1 AS a WHERE false');
SELECT pg_temp.document('SELECT FROM generate_series(1, 2)');
SELECT pg_temp.document('SELECT 1 AS a, NULL AS b, ARRAY[NULL, 1] AS c, ROW(NULL) AS d', ', root_name ''the rows'', row_name ''1st'', nulls omit');
SELECT e.file_index, e.rows, pg_read_file(e.path) AS content, v.ok, v.rows = e.rows AS counted FROM export_to_xml('SELECT n FROM generate_series(1, 3) n', pg_temp.out('xml_set.xml'), max_rows_per_file => 2) e, LATERAL verify_export(e.path) v;

-- Names are SQL/XML's, as core's query_to_xml makes them.
SELECT name, ours, ours = core AS as_core FROM unnest(ARRAY['a', '?column?', 'my col', 'a.b:c', '1a', 'größe', '_x', 'x_x', 'xmlid', 'XML', 'a_x0041_b', '-', '日本', '😀', '"', '<&>', 'a b']) name,
    LATERAL (SELECT substring(pg_temp.row_of(format('SELECT 1 AS %I', name)) FROM '^<([^>]*)>1<')) o (ours),
    LATERAL (SELECT substring(query_to_xml(format('SELECT 1 AS %I', name), false, false, '')::text FROM '<([^>/]*)>1<')) c (core);

-- Scalars: self-contained, so the session's settings change nothing.
CREATE FUNCTION pg_temp.scalars() RETURNS TABLE (expression text, value text) LANGUAGE sql AS $$
    SELECT e, pg_temp.value(e) FROM unnest(ARRAY['true', '(-32768)::int2', '9223372036854775807', '4294967295::oid', '1.50', '''NaN''::numeric', '''-Infinity''::float4', '0.1::float8', '1e-7::float8', '''-0''::float8',
        '1234.5::money', '''a & <b> "c"''', 'E''tab\t line\n return\r''', '''''', '''ab''::char(4)', '''\x00ff10''::bytea', 'date ''2024-01-31''', 'date ''infinity''', 'date ''0044-03-15 BC''', 'time ''03:04:05.6''', 'timestamp ''2024-01-31 03:04:05.6''',
        'timestamptz ''2024-01-31 03:04:05+02''', 'timestamptz ''-infinity''', 'interval ''1 year 2 mons 3 days 4:05:06.789''', '''a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11''::uuid', '''[1,5)''::int4range', 'point ''(1,-2.5)''', '''10.0.0.1/8''::inet', 'B''101''']) e
$$;
SELECT * FROM pg_temp.scalars();
CREATE TEMP TABLE pinned AS SELECT * FROM pg_temp.scalars();
SET datestyle = 'German, DMY'; SET intervalstyle = 'sql_standard'; SET timezone = 'Asia/Kathmandu'; SET bytea_output = 'escape'; SET extra_float_digits = -15; SET xmlbinary = 'hex'; SET client_encoding = 'LATIN1';
SELECT count(*), count(*) FILTER (WHERE s.value IS NOT DISTINCT FROM p.value) AS same FROM pg_temp.scalars() s JOIN pinned p USING (expression);
RESET client_encoding; RESET xmlbinary; RESET extra_float_digits; RESET bytea_output;
SET datestyle = 'ISO, YMD'; SET intervalstyle = 'iso_8601'; SET timezone = 'UTC';
-- What core's query_to_xml says of the same, where the two mean the same.
SELECT e, pg_temp.value(e) = substring(query_to_xml('SELECT ' || e || ' AS v', false, false, '')::text FROM '<v>(.*)</v>') AS as_core
FROM unnest(ARRAY['true', '1.50', '0.1::float8', '''a & <b> "c"''', '''\x00ff10''::bytea', 'date ''2024-01-31''', 'timestamp ''2024-01-31 03:04:05.6''', '''größe''', 'interval ''1 year 2 mons''', 'ARRAY[1, 2]', 'xml ''<a><b/>t</a>''']) e;

-- Nested values: arrays, composites, json; NULL inside is xsi:nil.
CREATE TYPE pg_temp.pair AS (n int, "t x" text);
SELECT e, pg_temp.value(e) FROM unnest(ARRAY['ARRAY[1, NULL, 3]', '''{}''::int[]', 'ARRAY[''a<b'', '''']', 'ROW(1, ''x'')::pg_temp.pair', 'ROW(NULL, NULL)::pg_temp.pair', 'ARRAY[ROW(1, ''x''), NULL]::pg_temp.pair[]', 'ROW(1, ROW(NULL, ''y''))',
    '''{"a": [1, {"b c": null}], "": "&", "a": 1.50}''::json', '''{"b": [1.50, true, "x"], "a": {}}''::jsonb', '''[]''::jsonb', '''"s"''::jsonb', '''null''::jsonb', '''[[1], [[2]]]''::json']) e;
CREATE TEMP TABLE declared (g int[][]);
INSERT INTO declared VALUES ('{{1,2},{3,NULL}}');
SELECT pg_temp.row_of('TABLE declared');
UPDATE declared SET g = '{1}';
SELECT pg_temp.row_of('TABLE declared');
UPDATE declared SET g = '{{{{1}},{{NULL}}}}';
SELECT pg_temp.row_of('TABLE declared');

-- Values of type xml: markup where every parser takes it, else text.
SELECT e, pg_temp.value('xml ' || quote_literal(e)) FROM unnest(ARRAY['<a b="c">t<b/></a>', 'x &amp; y', '<?xml version="1.0"?><a/>', '<!DOCTYPE a><a/>', '<p:a xmlns:p="u"/>', '<!-- c --><a/>', '<![CDATA[<]]>', '']) e;
SELECT pg_temp.value('xmlelement(name "p:a")') AS "a prefix without a name space";

-- Characters XML cannot hold: row, column, and what to do.
SELECT x.* FROM unnest(ARRAY[$$SELECT E'\x07' AS v$$, $$SELECT n, CASE WHEN n = 2 THEN U&'\FFFE' END AS v FROM generate_series(1, 2) n$$, $$SELECT ARRAY['ok', E'\x1f'] AS a$$, $$SELECT '{"k": ["\u0001"]}'::jsonb AS j$$, $$SELECT xmlelement(name a, E'\x05') AS x$$]) q,
    pg_temp.try('COPY (' || q || ') TO ''$OUT/bad.xml'' WITH (format xml)') x;
SELECT pg_temp.files('bad.xml');

-- Options.
SELECT o, regexp_replace(x, 'Options of format xml: .*', 'Options of format xml: ...') AS x FROM unnest(ARRAY[', nulls drop', ', root_name ''''', ', row_name', ', header', ', compression snappy', ', compression gzip, compression_level 10', ', force_array', ', root_name a, root_name b']) o,
    pg_temp.try('COPY (SELECT 1 AS a) TO ''$OUT/options.xml'' WITH (format xml' || o || ')') x;
SELECT ordinal, source_name, source_type, target_name, target_type, lossy, why FROM describe_export('SELECT 1 AS "1a", ''{}''::jsonb AS j, now() AS t, ARRAY[1] AS a, 1::money AS m', 'xml') WHERE ordinal > 0;
