\set ECHO none
\i sql/include/setup.sql
\set ECHO all
-- A schema of the user's own: checked strictly, written verbatim, and every value fits it or is an error.
CREATE FUNCTION pg_temp.schema(query text, schema text, options text DEFAULT '') RETURNS SETOF text LANGUAGE sql
    RETURN pg_temp.try(format('COPY (%s) TO ''$OUT/user.avro'' WITH (format avro, compression ''null'', schema %L%s)', query, schema, options));
CREATE FUNCTION pg_temp.field(type text) RETURNS text LANGUAGE sql RETURN format('{"type": "record", "name": "r", "fields": [{"name": "a", "type": %s}]}', type);
-- Verbatim: white space, doc, aliases, order and unknown properties survive.
SELECT * FROM pg_temp.schema('SELECT 1 AS a', E'{ "type":"record",\n "name":"x.y.R", "doc":"größe", "aliases":["old"], "fields":[ {"name":"a","type":"long","order":"descending","default":-1,"custom":{"k":[1]}} ] } ');
SELECT position(convert_to(E'{ "type":"record",\n "name":"x.y.R", "doc":"größe", "aliases":["old"], "fields":[ {"name":"a","type":"long","order":"descending","default":-1,"custom":{"k":[1]}} ] } ', 'UTF8') IN pg_read_binary_file(pg_temp.out('user.avro'))) > 0 AS verbatim;
-- Fields are matched by name, whatever their order; names are the sanitised ones; differences are all listed.
SELECT s, x.* FROM unnest(ARRAY['{"type":"record","name":"r","fields":[{"name":"b","type":"string"},{"name":"a","type":"int"},{"name":"my_col","type":"int"}]}',
    '{"type":"record","name":"r","fields":[{"name":"a","type":"int"},{"name":"c","type":"int"},{"name":"d","type":"int"}]}',
    '{"type":"record","name":"r","fields":[]}', '"int"', '{"type":"array","items":"int"}']) s, pg_temp.schema('SELECT 1 AS a, ''x''::text AS b, 2 AS "my col"', s) x;

-- Schemas that are wrong.
SELECT s, x.* FROM unnest(ARRAY['', '{', '[]', '"nothing"', '{"type":"record"}', '{"type":"record","name":"r"}', '{"type":"record","name":"1r","fields":[]}', '{"type":"record","name":"r","namespace":"a..b","fields":[]}',
    '{"type":"record","name":"r","fields":[{"name":"a"}]}', '{"type":"record","name":"r","fields":[{"type":"int"}]}', '{"type":"record","name":"r","fields":[{"name":"my-col","type":"int"}]}',
    '{"type":"record","name":"r","fields":[{"name":"a","type":"int"},{"name":"a","type":"int"}]}', '{"type":"record","name":"r","fields":{"name":"a","type":"int"}}',
    '{"type":"record","name":"r","fields":[{"name":"a","type":["null","r"]}]}']) s, pg_temp.schema('SELECT 1 AS a', s) x;
SELECT t, x.* FROM unnest(ARRAY['"r"', '"missing"', '["null","null"]', '["int","int"]', '["null",["int"]]', '[]', '["null",{"type":"array","items":"int"},{"type":"array","items":"long"}]',
    '{"type":"fixed","name":"f"}', '{"type":"fixed","name":"f","size":0}', '{"type":"fixed","name":"f","size":-1}', '{"type":"fixed","name":"f","size":1073741825}', '{"type":"fixed","name":"f","size":"4"}',
    '{"type":"enum","name":"e","symbols":[]}', '{"type":"enum","name":"e","symbols":["A","A"]}', '{"type":"enum","name":"e","symbols":["a b"]}', '{"type":"enum","name":"e"}', '{"type":"enum","name":"int","symbols":["A"]}',
    '{"type":"array"}', '{"type":"map"}', '{"type":"array","items":"nothing"}', '{"type":{"type":"nothing"}}',
    '{"type":"bytes","logicalType":"decimal"}', '{"type":"bytes","logicalType":"decimal","precision":0}', '{"type":"bytes","logicalType":"decimal","precision":1001}',
    '{"type":"bytes","logicalType":"decimal","precision":2,"scale":3}', '{"type":"bytes","logicalType":"decimal","precision":2,"scale":-1}', '{"type":"fixed","name":"f","size":1,"logicalType":"decimal","precision":3}',
    '{"type":"string","logicalType":"decimal","precision":3}', '{"type":"int","logicalType":"timestamp-micros"}', '{"type":"string","logicalType":"uuid-x"}']) t, pg_temp.schema('SELECT 1 AS a', pg_temp.field(t)) x;
-- Defaults are of the type, for a union of its first branch.
SELECT f, x.* FROM unnest(ARRAY['"type":"int","default":"x"', '"type":"int","default":1.5', '"type":["null","int"],"default":1', '"type":["int","null"],"default":null', '"type":["int","null"],"default":1', '"type":["null","int"],"default":null',
    '"type":"string","default":1', '"type":{"type":"enum","name":"e","symbols":["A"]},"default":"B"', '"type":"boolean","default":0', '"type":{"type":"array","items":"int"},"default":{}', '"type":"int","default":2147483648']) f,
    pg_temp.schema('SELECT 1 AS a', format('{"type":"record","name":"r","fields":[{"name":"a",%s}]}', f)) x;
-- Depth and size have bounds.
SELECT n, left(x, 90) AS x FROM unnest('{60,65,2000}'::int[]) n, pg_temp.schema('SELECT 1 AS a', pg_temp.field(repeat('{"type":"array","items":', n) || '"int"' || repeat('}', n))) x WHERE x NOT LIKE 'HINT:%';
SELECT left(x, 90) AS x FROM pg_temp.schema('SELECT 1 AS a', '{"type":"record","name":"r","doc":"' || repeat('x', 2000000) || '","fields":[{"name":"a","type":"int"}]}') x;

-- What each Avro type takes.
CREATE TYPE color AS ENUM ('red', 'green', 'blue');
CREATE TYPE pt AS (x int, y text);
CREATE FUNCTION pg_temp.takes(type text, examples text[]) RETURNS TABLE (value text, result text) LANGUAGE sql AS $$
    SELECT e, x FROM unnest(examples) e, pg_temp.schema('SELECT ' || e || ' AS a', pg_temp.field(type)) x WHERE x NOT LIKE 'HINT: %'
$$;
SELECT * FROM pg_temp.takes('"boolean"', '{true,NULL::bool,1,''t''::text}');
SELECT * FROM pg_temp.takes('"int"', '{1::int2,2147483647,2147483648,5::int8,12::numeric,12.0::numeric,12.5::numeric,''NaN''::numeric,2147483648::numeric,1::oid,4000000000::oid,1.5::float8,true,''1''::text}');
SELECT * FROM pg_temp.takes('"long"', ARRAY['1::int2', '9223372036854775807', '9223372036854775808::numeric', '-9223372036854775808::numeric', '1.000::numeric(10,3)', '1.001::numeric(10,3)', '4294967295::oid', 'date ''2024-01-01''']);
SELECT * FROM pg_temp.takes('"double"', '{1,1.5::numeric,1e400::numeric,''NaN''::numeric,1.5::float4,''Infinity''::float8,9007199254740993,''1''::text}');
SELECT * FROM pg_temp.takes('"float"', '{1,1.5::numeric,1e300::float8,1e39::numeric,0.1::float8,''NaN''::float8}');
SELECT * FROM pg_temp.takes('"string"', ARRAY['1', '1.50', 'true', '''x''::text', '''\x00ff''::bytea', 'date ''2024-01-31''', 'now()', 'interval ''1 day''', '''{"a": 1}''::jsonb', '''red''::color', '''{1,2}''::int[]',
    'ROW(1)', '(1, ''x'')::pt', '''a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11''::uuid', '1.5::float8', 'int4range(1, 5)', 'time ''24:00''', 'date ''infinity''']);
SELECT encode(substring(pg_read_binary_file(path) FROM position(repeat('.', 16)::bytea IN pg_read_binary_file(path)) + 19 FOR raw_bytes::int - 1), 'escape') AS text FROM unnest(ARRAY['1', '1.50', 'true', '''x''::text',
    '''\x00ff''::bytea', 'date ''2024-01-31''', 'timestamptz ''2024-01-31 12:00+01''', 'interval ''1 day''', '''{"a": 1}''::jsonb', '''red''::color', '''[0:1]={1,NULL}''::int[]', 'ROW(1)', '(1, ''x y'')::pt',
    '''a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11''::uuid', '1.5::float8', 'int4range(1, 5)', 'time ''24:00''', 'date ''infinity''', '''12:00:00+05:30''::timetz']) e,
    LATERAL export_to_avro('SELECT ' || e || ' AS a', pg_temp.out('text.avro'), 'null', options => jsonb_build_object('sync_marker', repeat('2e', 16), 'schema', pg_temp.field('"string"')));
SELECT * FROM pg_temp.takes('"bytes"', ARRAY['''\x00ff''::bytea', '''x''::text', '''{}''::json', '''{}''::jsonb', '1', '''a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11''::uuid']);
SELECT * FROM pg_temp.takes('{"type":"fixed","name":"f","size":2}', ARRAY['''\x00ff''::bytea', '''\x00''::bytea', '''\x000000''::bytea', '''ab''::text']);
SELECT * FROM pg_temp.takes('{"type":"fixed","name":"f","size":16}', ARRAY['''a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11''::uuid', 'decode(repeat(''00'', 16), ''hex'')']);
SELECT * FROM pg_temp.takes('{"type":"fixed","name":"f","size":16,"logicalType":"uuid"}', ARRAY['''a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11''::uuid', '''x''::text']);
SELECT * FROM pg_temp.takes('{"type":"string","logicalType":"uuid"}', ARRAY['''a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11''::uuid', '''a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11''::text', '''x''::text']);
SELECT * FROM pg_temp.takes('{"type":"bytes","logicalType":"decimal","precision":4,"scale":2}', ARRAY['1', '99', '100', '1.23::numeric(10,2)', '1.230::numeric(10,3)', '1.234::numeric(10,3)', '99.99', '100.00', '''NaN''::numeric',
    '''Infinity''::numeric', '1.5::float8', '-99.99::numeric(4,2)']);
SELECT * FROM pg_temp.schema('SELECT ''Infinity''::numeric AS a, 1 AS b', '{"type":"record","name":"r","fields":[{"name":"a","type":{"type":"bytes","logicalType":"decimal","precision":4,"scale":2}},{"name":"b","type":"int"}]}', ', on_infinity clamp');
SELECT * FROM pg_temp.takes('{"type":"fixed","name":"f","size":9,"logicalType":"decimal","precision":20,"scale":0}', ARRAY['1', '99999999999999999999::numeric', '100000000000000000000::numeric', '-1']);
SELECT * FROM pg_temp.takes('{"type":"enum","name":"e","symbols":["red","green"]}', ARRAY['''red''::color', '''blue''::color', '''green''::text', '''yellow''::text', '1']);
SELECT * FROM pg_temp.takes('{"type":"int","logicalType":"date"}', ARRAY['date ''2024-01-31''', 'date ''infinity''', 'timestamp ''2024-01-31''', '1']);
SELECT * FROM pg_temp.takes('{"type":"int","logicalType":"time-millis"}', ARRAY['time ''12:00:00.001''', 'time ''12:00:00.0011''', 'time ''24:00''']);
SELECT * FROM pg_temp.takes('{"type":"long","logicalType":"time-micros"}', ARRAY['time ''12:00:00.000001''', 'interval ''1 hour''']);
SELECT * FROM pg_temp.takes('{"type":"long","logicalType":"timestamp-millis"}', ARRAY['timestamptz ''2024-01-31 12:00:00.123+00''', 'timestamptz ''2024-01-31 12:00:00.1234+00''', 'timestamp ''2024-01-31''', 'date ''2024-01-31''', 'date ''5874897-12-31''']);
SELECT * FROM pg_temp.takes('{"type":"long","logicalType":"local-timestamp-micros"}', ARRAY['timestamptz ''2024-01-31 12:00:00.123+00''', 'timestamp ''2024-01-31''', 'date ''2024-01-31''', 'date ''5874897-12-31''', 'now()::text']);
SELECT * FROM pg_temp.takes('{"type":"array","items":"int"}', ARRAY['''{1,2}''::int[]', '''{1,NULL}''::int[]', '''{}''::int[]', '''{1}''::int8[]', '''{a}''::text[]', '1', '''{{1}}''::int[]']);
SELECT * FROM pg_temp.takes('{"type":"array","items":["null","long"]}', ARRAY['''{1,NULL}''::int[]', '''{1.5}''::numeric[]', '''{1}''::numeric[]']);
SELECT * FROM pg_temp.takes('{"type":"record","name":"p","fields":[{"name":"y","type":["null","string"]},{"name":"x","type":"int"}]}', ARRAY['(1, ''x'')::pt', '(1, NULL)::pt', '(NULL, NULL)::pt', '''{"x": 1, "y": "a"}''::jsonb',
    '''{"x": 1}''::json', '''{"y": "a"}''::json', '''{"x": 1, "y": null, "z": 1}''::jsonb', '''{"x": "1", "y": null}''::jsonb', '''{"x": 1.5}''::jsonb', '''[1]''::jsonb', '''null''::jsonb', '1']);
-- NULL needs a null branch, which may come second; of several branches the first that takes the type is fixed.
SELECT * FROM pg_temp.takes('["int","null"]', '{1,NULL::int}');
SELECT * FROM pg_temp.takes('["null","string","int"]', '{1,NULL::int}');
SELECT encode(substring(pg_read_binary_file(path) FROM position(repeat('.', 16)::bytea IN pg_read_binary_file(path)) + 18 FOR raw_bytes::int), 'hex') AS bytes FROM unnest(ARRAY['["int","null"]', '["null","string","int"]', '["string","null"]']) t,
    LATERAL export_to_avro('SELECT 5 AS a UNION ALL SELECT NULL', pg_temp.out('union.avro'), 'null', options => jsonb_build_object('parallel', 'off', 'sync_marker', repeat('2e', 16), 'schema', pg_temp.field(t)));
-- The error names the row, and the path inside a value.
SELECT * FROM pg_temp.schema('SELECT nullif(n, 3) AS a FROM generate_series(1, 5) n', pg_temp.field('"int"'));
SELECT * FROM pg_temp.schema('SELECT ARRAY[(1, ''x''), (NULL, ''x'')]::pt[] AS a', pg_temp.field('{"type":"array","items":{"type":"record","name":"p","fields":[{"name":"x","type":"int"},{"name":"y","type":"string"}]}}'));
-- describe_export speaks of the user's schema, too.
SELECT ordinal, source_name, source_type, target_name, target_type, lossy, CASE WHEN ordinal > 0 THEN why END AS why FROM describe_export('SELECT 1.5 AS a', 'avro', jsonb_build_object('schema', pg_temp.field('"double"'))) ORDER BY 1;
DROP TYPE color, pt;
