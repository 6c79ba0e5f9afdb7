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

-- Paths: absolute, a regular file, there.
SELECT p, x.* FROM unnest(ARRAY['relative', '$OUT/missing.avro', '$OUT', '/dev/null', '/dev/zero', '$OUT/good.avro/', '']) p, pg_temp.try(format('SELECT * FROM verify_export(%L)', p)) x;
SELECT * FROM pg_temp.try('SELECT * FROM verify_export(NULL)');
-- Not even an Avro file; empty.
SELECT 'text' AS what, v.* FROM pg_temp.verdict('hello world, this is no Avro file at all') v UNION ALL SELECT 'empty', v.* FROM pg_temp.verdict('') v;

-- Manifests: every file, its size, rows and checksum; names stay in the directory.
SELECT count(*) FROM export_to_avro('SELECT n FROM generate_series(1, 6) n', pg_temp.out('vset.avro'), 'null', max_rows_per_file => 2, options => '{"manifest": true, "sync_marker": "2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e"}');
CREATE FUNCTION pg_temp.set() RETURNS TABLE (file_index int, path text, ok bool, rows bigint, problem text) LANGUAGE sql AS $$
    SELECT file_index, regexp_replace(path, '.*/', ''), ok, rows, problem FROM verify_export(pg_temp.out('vset.manifest.json')) $$;
SELECT * FROM pg_temp.set();
SELECT pg_read_binary_file(pg_temp.out('vset_000.avro')) AS first, pg_read_binary_file(pg_temp.out('vset_001.avro')) AS second, pg_read_file(pg_temp.out('vset.manifest.json')) AS manifest \gset
SELECT pg_temp.write('vset_001.avro', :'first') IS NULL AS swapped;
SELECT * FROM pg_temp.set();
SELECT pg_temp.write('vset_001.avro', substring(:'second'::bytea FROM 1 FOR 100)) IS NULL AS cut;
SELECT * FROM pg_temp.set();
SELECT pg_temp.write('vset_001.avro', :'second') IS NULL AS whole;
CREATE FUNCTION pg_temp.manifest(content text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.write('bad.manifest.json', convert_to(content, 'UTF8'));
    RETURN QUERY SELECT * FROM pg_temp.try('SELECT * FROM verify_export(''$OUT/bad.manifest.json'')') x WHERE x NOT LIKE 'DETAIL: %';
END
$$;
SELECT what, x.* FROM (VALUES
    ('missing file', replace(:'manifest', 'vset_002', 'vset_009')), ('other directory', replace(:'manifest', 'vset_002.avro', '../vset_002.avro')), ('absolute', replace(:'manifest', 'vset_002.avro', '/etc/passwd')),
    ('dots', replace(:'manifest', 'vset_002.avro', '..')), ('no JSON', '{'), ('no manifest', '{}'), ('list', '[]'), ('scalar', '"files"'), ('no format', '{"pg_spout_manifest": 1, "files": []}'), ('files no list', '{"pg_spout_manifest": 1, "format": "avro", "files": 5}'),
    ('file no object', '{"pg_spout_manifest": 1, "format": "avro", "files": [5]}'), ('no numbers', '{"pg_spout_manifest": 1, "format": "avro", "files": [{"name": "vset_000.avro"}]}'),
    ('huge number', '{"pg_spout_manifest": 1, "format": "avro", "files": [{"name": "vset_000.avro", "rows": 1e30, "bytes": 1, "crc32c": "x"}]}'), ('no files', '{"pg_spout_manifest": 1, "format": "avro", "files": []}'), ('empty', '')) m (what, content),
    LATERAL pg_temp.manifest(content) x;
SELECT file_index, ok, rows, problem FROM verify_export(pg_temp.write('bad.manifest.json', convert_to(replace(:'manifest', 'vset_002', 'vset_009'), 'UTF8')));
