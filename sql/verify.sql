\set ECHO none
\i sql/include/setup.sql
\set ECHO all
-- verify_export finds every kind of damage, and reads nothing it should not.
CREATE FUNCTION pg_temp.write(name text, content bytea) RETURNS text LANGUAGE plpgsql AS $$
DECLARE id oid;
BEGIN
    id := lo_from_bytea(0, content);
    PERFORM lo_export(id, pg_temp.out(name));
    PERFORM lo_unlink(id);
    RETURN pg_temp.out(name);
END
$$;
CREATE FUNCTION pg_temp.verdict(content bytea) RETURNS TABLE (ok bool, rows bigint, problem text) LANGUAGE sql AS $$
    SELECT ok, rows, pg_temp.masked(problem) FROM verify_export(pg_temp.write('damaged.avro', content))
$$;
SELECT rows, bytes FROM export_to_avro('SELECT n AS a, ''text '' || n AS b FROM generate_series(1, 20) n', pg_temp.out('good.avro'), 'null', options => '{"sync_marker": "2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e", "block_size": "1kB"}');
SELECT pg_read_binary_file(pg_temp.out('good.avro')) AS good \gset
SELECT position(repeat('.', 16)::bytea IN :'good'::bytea) AS marker \gset
SELECT * FROM pg_temp.verdict(:'good');
-- Cut anywhere: only the end of the header is a file, without rows.
SELECT count(*) AS cuts, count(*) FILTER (WHERE v.ok) AS accepted, max(n) FILTER (WHERE v.ok) = :marker + 15 AS header_only FROM generate_series(0, length(:'good'::bytea) - 1) n, LATERAL pg_temp.verdict(substring(:'good'::bytea FROM 1 FOR n)) v;
SELECT n, v.* FROM unnest(ARRAY[0, 3, 4, 10, :marker, :marker + 16, :marker + 18, length(:'good'::bytea) - 1]) WITH ORDINALITY u (n, o), LATERAL pg_temp.verdict(substring(:'good'::bytea FROM 1 FOR n)) v ORDER BY o;
-- One byte changed.
SELECT what, v.* FROM (VALUES ('magic', 0, 79 + 1), ('version', 3, 2), ('count', :marker + 15, 2), ('size', :marker + 16, 255), ('branch', :marker + 18, 8), ('last marker', length(:'good'::bytea) - 1, 0)) d (what, at, byte),
    LATERAL pg_temp.verdict(set_byte(:'good'::bytea, at, byte)) v;
SELECT 'more behind it' AS what, v.* FROM pg_temp.verdict(:'good'::bytea || '\x00'::bytea) v
UNION ALL SELECT 'an empty block behind it', v.* FROM pg_temp.verdict(:'good'::bytea || '\x0000'::bytea || repeat('.', 16)::bytea) v
UNION ALL SELECT 'itself behind it', v.* FROM pg_temp.verdict(:'good'::bytea || :'good'::bytea) v;
-- Numbers meant to hurt: counts, sizes and lengths that no file has.
CREATE FUNCTION pg_temp.long(n numeric) RETURNS bytea LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE z numeric := CASE WHEN n >= 0 THEN n * 2 ELSE -n * 2 - 1 END; b bytea := '';
BEGIN
    WHILE z >= 128 LOOP b := b || set_byte('\x00', 0, (z % 128)::int + 128); z := div(z, 128); END LOOP;
    RETURN b || set_byte('\x00', 0, z::int);
END
$$;
CREATE FUNCTION pg_temp.file(schema text, codec text, count numeric, size numeric, body bytea) RETURNS bytea LANGUAGE sql
    RETURN '\x4f626a01'::bytea || pg_temp.long(2) || pg_temp.long(11) || 'avro.schema'::bytea || pg_temp.long(length(schema)) || schema::bytea || pg_temp.long(10) || 'avro.codec'::bytea || pg_temp.long(length(codec)) || codec::bytea
        || '\x00'::bytea || repeat('.', 16)::bytea || pg_temp.long(count) || pg_temp.long(size) || body || repeat('.', 16)::bytea;
SELECT what, v.* FROM (VALUES
    ('good', pg_temp.file('"int"', 'null', 2, 2, '\x0204')),
    ('negative count', pg_temp.file('"int"', 'null', -2, 2, '\x0204')),
    ('negative size', pg_temp.file('"int"', 'null', 2, -2, '\x0204')),
    ('huge count', pg_temp.file('"int"', 'null', 9223372036854775807, 2, '\x0204')),
    ('huge size', pg_temp.file('"int"', 'null', 2, 9223372036854775807, '\x0204')),
    ('more rows than bytes', pg_temp.file('"int"', 'null', 3, 2, '\x0204')),
    ('bytes left over', pg_temp.file('"int"', 'null', 1, 2, '\x0204')),
    ('rows of no width', pg_temp.file('"null"', 'null', 1000000000000, 0, '')),
    ('string longer than the block', pg_temp.file('"string"', 'null', 1, 2, '\x7e61')),
    ('negative length', pg_temp.file('"string"', 'null', 1, 2, '\x0361')),
    ('branch of no union', pg_temp.file('["null","int"]', 'null', 1, 2, '\x0461')),
    ('symbol of no enum', pg_temp.file('{"type":"enum","name":"e","symbols":["A"]}', 'null', 1, 1, '\x02')),
    ('boolean 2', pg_temp.file('"boolean"', 'null', 1, 1, '\x02')),
    ('int beyond 32 bits', pg_temp.file('"int"', 'null', 1, 6, '\x808080808001')),
    ('endless varint', pg_temp.file('"long"', 'null', 1, 11, '\xffffffffffffffffffff01')),
    ('array of huge count', pg_temp.file('{"type":"array","items":"null"}', 'null', 1, 11, '\xfeffffffffffffffff0100')),
    ('unknown codec', pg_temp.file('"int"', 'lzma', 1, 1, '\x02')),
    ('not snappy', pg_temp.file('"int"', 'snappy', 1, 5, '\x0201020304')),
    ('not deflate', pg_temp.file('"int"', 'deflate', 1, 2, '\xffff')),
    ('not zstandard', pg_temp.file('"int"', 'zstandard', 1, 2, '\xffff')),
    ('bad schema', pg_temp.file('{"type":"record"}', 'null', 1, 1, '\x02')),
    ('schema of no JSON', pg_temp.file('int', 'null', 1, 1, '\x02'))) f (what, content), LATERAL pg_temp.verdict(content) v;
-- A compressed block whose checksum lies.
SELECT rows FROM export_to_avro('SELECT repeat(''x'', 1000)', pg_temp.out('snappy.avro'), 'snappy');
SELECT ok, rows, problem FROM pg_temp.verdict(set_byte(pg_read_binary_file(pg_temp.out('snappy.avro')), length(pg_read_binary_file(pg_temp.out('snappy.avro'))) - 17, 0));

-- Paths: absolute; what is there and no regular file, or is not there, is a row.
SELECT p, x.* FROM unnest(ARRAY['relative', '']) p, pg_temp.try(format('SELECT * FROM verify_export(%L)', p)) x;
\set link `ln -sfn good.avro "$SPOUT_OUT/link.avro"; mkfifo "$SPOUT_OUT/fifo.avro"; mkdir "$SPOUT_OUT/dir.manifest.json"`
SELECT p, file_index, ok, rows, problem FROM unnest(ARRAY['$OUT/missing.avro', '$OUT/missing.manifest.json', '$OUT', '$OUT/', '$OUT/.', '$OUT/dir.manifest.json', '$OUT/fifo.avro', '$OUT/link.avro', '/dev/null', '/dev/zero', '$OUT/good.avro/', '$OUT/good.avro/x']) p,
    LATERAL verify_export(replace(p, '$OUT', pg_temp.out(''))) v;
SELECT * FROM pg_temp.try('SELECT * FROM verify_export(NULL)');
-- Not even an Avro file; empty.
SELECT 'text' AS what, v.* FROM pg_temp.verdict('hello world, this is no Avro file at all') v UNION ALL SELECT 'empty', v.* FROM pg_temp.verdict('') v;

-- Manifests: every file, its size, rows and checksum; names stay in the directory.
SELECT count(*) FROM export_to_avro('SELECT n FROM generate_series(1, 6) n', pg_temp.out('vset.avro'), 'null', max_rows_per_file => 2, options => '{"manifest": true, "sync_marker": "2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e"}');
CREATE FUNCTION pg_temp.set() RETURNS TABLE (file_index int, path text, ok bool, rows bigint, problem text) LANGUAGE sql AS $$
    SELECT file_index, regexp_replace(path, '.*/', ''), ok, rows, problem FROM verify_export(pg_temp.out('vset.avro.manifest.json')) $$;
SELECT * FROM pg_temp.set();
SELECT pg_read_binary_file(pg_temp.out('vset_000.avro')) AS first, pg_read_binary_file(pg_temp.out('vset_001.avro')) AS second, pg_read_file(pg_temp.out('vset.avro.manifest.json')) AS manifest \gset
SELECT pg_temp.write('vset_001.avro', :'first') IS NULL AS swapped;
SELECT * FROM pg_temp.set();
SELECT pg_temp.write('vset_001.avro', substring(:'second'::bytea FROM 1 FOR 100)) IS NULL AS cut;
SELECT * FROM pg_temp.set();
SELECT pg_temp.write('vset_001.avro', :'second') IS NULL AS whole;
-- A manifest that is none is one row about itself, and no file of it is read.
CREATE FUNCTION pg_temp.manifest(content bytea) RETURNS TABLE (file_index int, path text, ok bool, rows bigint, problem text) LANGUAGE sql AS $$
    SELECT file_index, regexp_replace(path, '.*/', ''), ok, rows, regexp_replace(problem, ' \(byte \d+\)$', '') FROM verify_export(pg_temp.write('bad.manifest.json', content)) $$;
SELECT file_index, ok, rows, crc32c, problem FROM verify_export(pg_temp.write('bad.manifest.json', '{"pg_spout_manifest": 1, "files": 5}'));
CREATE FUNCTION pg_temp.listed(member text) RETURNS text LANGUAGE sql AS $$
    SELECT format('{"pg_spout_manifest": 1, "format": "avro", "files": [{%s}]}', (SELECT string_agg(format('"%s": %s', key, CASE WHEN member LIKE format('"%s":%%', key) THEN ltrim(split_part(member, ':', 2)) ELSE value END), ', ')
        FROM (VALUES ('name', '"vset_000.avro"'), ('rows', '2'), ('bytes', '1'), ('crc32c', '"00000000"')) m (key, value))) $$;
SELECT what, x.* FROM (VALUES
    ('missing file', replace(:'manifest', 'vset_002', 'vset_009')), ('other directory', replace(:'manifest', 'vset_002.avro', '../vset_002.avro')), ('absolute', replace(:'manifest', 'vset_002.avro', '/etc/passwd')),
    ('dots', replace(:'manifest', 'vset_002.avro', '..')), ('no JSON', '{'), ('no manifest', '{}'), ('list', '[]'), ('scalar', '"files"'), ('no format', '{"pg_spout_manifest": 1, "files": []}'), ('other format', '{"pg_spout_manifest": 1, "format": "orc", "files": []}'), ('files no list', '{"pg_spout_manifest": 1, "format": "avro", "files": 5}'),
    ('other version', replace(:'manifest', '"pg_spout_manifest": 1', '"pg_spout_manifest": 2')), ('file no object', '{"pg_spout_manifest": 1, "format": "avro", "files": [5]}'), ('no numbers', '{"pg_spout_manifest": 1, "format": "avro", "files": [{"name": "vset_000.avro"}]}'),
    ('list twice', '{"pg_spout_manifest": 1, "format": "avro", "files": [], "files": []}'), ('no files', '{"pg_spout_manifest": 1, "format": "avro", "files": []}'), ('empty', ''), ('more behind it', :'manifest' || '{}'), ('cut', left(:'manifest', -3)),
    ('keys in another order', '{"files": [], "format": "avro", "pg_spout_manifest": 1}'), ('depth', repeat('[', 100000)), ('depth inside', replace(:'manifest', '"schema": ', '"schema": ' || repeat('{"a":', 100000)))) m (what, content),
    LATERAL pg_temp.manifest(convert_to(content, 'UTF8')) x;
-- Numbers, names and checksums that jsonb would take, round or refuse.
SELECT member, x.path, x.problem FROM unnest('{"rows: 1e400","rows: NaN","rows: 1.5","rows: 1e30","rows: -1","rows: 9223372036854775808","rows: \"2\"","rows: null","rows: [2]","bytes: 00","bytes: 1e0","crc32c: 0","crc32c: \"0000000g\"","crc32c: \"000000000\"","name: \"\"","name: 5","name: {}","name: \"..\"","name: \"a\\u0000\"","name: \"\\ud800\"","name: \"\\ud83d\\ude00_\\u00df.avro\""}'::text[]) m (m),
    LATERAL (SELECT regexp_replace(m, '^(\w+):', '"\1":') AS member) n, LATERAL pg_temp.manifest(convert_to(pg_temp.listed(member), 'UTF8')) x;
-- Bytes that are no text: in a name, behind a zero byte, and at the end of a message that quotes the file.
SELECT what, x.* FROM (VALUES ('name', convert_to(replace(:'manifest', 'vset_002', 'a' || chr(1)), 'UTF8')), ('zero byte', convert_to(:'manifest', 'UTF8') || '\x00'::bytea || 'whatever'::bytea), ('control', convert_to(replace(:'manifest', '"run": "', '"run": "' || chr(1)), 'UTF8'))) m (what, content), LATERAL pg_temp.manifest(content) x;
SELECT x.* FROM pg_temp.manifest(overlay(convert_to(replace(:'manifest', 'vset_002', 'a??'), 'UTF8') PLACING '\xfffe' FROM position('a??' IN replace(:'manifest', 'vset_002', 'a??')) + 1)) x;
SELECT x.* FROM pg_temp.manifest(convert_to(replace(:'manifest', 'vset_002', 'größe 日本'), 'UTF8')) x;
SELECT file_index, ok, rows, problem FROM verify_export(pg_temp.write('bad.manifest.json', convert_to(replace(:'manifest', 'vset_002', 'vset_009'), 'UTF8')));

-- Text formats: rows are counted through every codec, as a reader of the format finds them; the manifest says how to read CSV.
SET client_min_messages = error; -- names that do not tell the codec
SELECT f, count(DISTINCT c) AS codecs, array_agg(DISTINCT t) AS made, bool_and(v.ok) AS ok, min(v.rows), max(v.rows), bool_and((v.blocks > 0) = (c <> 'none')) AS frames, count(DISTINCT v.raw_bytes) AS sizes
FROM unnest('{csv,json,xml}'::text[]) f, unnest('{none,gzip,zstd,lz4}'::text[]) c,
    pg_temp.try(format($$COPY (SELECT n, E'two\nlines, "' || n AS b FROM generate_series(1, 5000) n) TO '$OUT/v_%s.%s' WITH (format %L, compression %s, manifest on%s)$$, c, f, f, c, CASE f WHEN 'csv' THEN ', header on' ELSE '' END)) t,
    verify_export(left(t, 0) || pg_temp.out(format('v_%s.%s.manifest.json', c, f))) v GROUP BY f ORDER BY f;
RESET client_min_messages;
SELECT x, v.* FROM unnest(ARRAY['quote ''|'', escape ''\''', 'header, quote '';'', delimiter ''|''', 'encoding ''SJIS'', quote ''|''', 'encoding ''SJIS'', header, quote ''\'', delimiter ''|''', 'force_quote *, delimiter E''\t''']) x,
    pg_temp.try(format($$COPY (SELECT chr(34920) || '|' || chr(65372) || E'\\ "\n;' AS "a|b;""\" FROM generate_series(1, 3)) TO '$OUT/v.csv' WITH (format csv, manifest on, max_rows_per_file 2, %s)$$, x)) t,
    LATERAL (SELECT array_agg(ok) AS ok, array_agg(rows) AS rows, string_agg(problem, ', ') AS problems FROM verify_export(left(t, 0) || pg_temp.out('v.csv.manifest.json'))) v;
SELECT pg_read_file(pg_temp.out('v.csv.manifest.json'))::jsonb -> 'csv' AS csv;
-- Rows that are not there, rows that are too many, a file that is cut: checksums apart.
CREATE FUNCTION pg_temp.text_verdict(name text, content text) RETURNS TABLE (ok bool, rows bigint, raw_bytes bigint, problem text) LANGUAGE sql AS $$
    SELECT ok, rows, raw_bytes, pg_temp.masked(problem) FROM verify_export(pg_temp.write(name, convert_to(content, 'UTF8')))
$$;
SELECT f.name, f.content, v.* FROM (VALUES ('t.csv', E'a,b\n1,"two\nlines"\n'), ('t.csv', ''), ('t.csv', E'1,2\n3,'), ('t.csv', E'1\n"2\n3\n'), ('t.json', E'{"a":1}\n{"a":"}\\"{"}\n'), ('t.json', ''), ('t.json', E'[\n {}\n,{}\n]\n'),
    ('t.json', E'{"a":1}\n{"a":'), ('t.jsonl', E'{"a":1}\n1\n'), ('t.xml', E'<?xml version="1.0"?>\n<rows>\n<row><a>1</a></row>\n<row/>\n</rows>\n'), ('t.xml', '<rows><row>'), ('t.xml', ''), ('t.txt', E'{}\n'), ('t', '<a><b/></a>'), ('t', E'1,2\n')) f (name, content),
    LATERAL pg_temp.text_verdict(f.name, f.content) v;
SELECT count(*) FROM export_to_csv('SELECT n FROM generate_series(1, 5) n', pg_temp.out('vset.csv'), max_rows_per_file => 3, options => '{"manifest": true, "header": true}');
SELECT pg_read_file(pg_temp.out('vset.csv.manifest.json')) AS manifest \gset
SELECT what, v.file_index, v.ok, v.rows, v.problem FROM (VALUES ('as it is', :'manifest'), ('other rows', replace(:'manifest', '"rows": 3', '"rows": 4')), ('no header', replace(:'manifest', '"header": true', '"header": false')),
    ('no csv', replace(:'manifest', '"csv": {', '"vsc": {')), ('other format', replace(:'manifest', '"csv",', '"json",'))) m (what, content), LATERAL verify_export(pg_temp.write('vset.csv.manifest.json', convert_to(content, 'UTF8'))) v;
SELECT what, x.problem FROM (VALUES ('quote', replace(:'manifest', '"quote": "\""', '"quote": "xy"')), ('escape', replace(:'manifest', '"escape": "\""', '"escape": 0')), ('no encoding', replace(:'manifest', '"encoding"', '"gnidocne"')), ('encoding', replace(:'manifest', 'UTF8', 'UTF9')), ('header', replace(:'manifest', '"header": true', '"header": 1')), ('format', replace(:'manifest', '"csv",', '"vsc",')), ('list', replace(:'manifest', '"csv": {', '"csv": [], "c": {'))) m (what, content), LATERAL pg_temp.manifest(convert_to(content, 'UTF8')) x;
\set gone `cd "$SPOUT_OUT" && rm link.avro fifo.avro && rmdir dir.manifest.json`
