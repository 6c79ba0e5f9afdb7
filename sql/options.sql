\set ECHO none
\i sql/include/setup.sql
\set ECHO all
CREATE TEMP TABLE loaded (a int);
-- Every wrong option is an error that names it and says what is right; the target is not touched.
SELECT o, x.* FROM unnest(ARRAY[
    ', compression ''lz4''', ', compression ''gzip''', ', compression', ', compression ''''', ', compression ''snappy '''
    ]) o, pg_temp.try_options(o) x;
SELECT o, x.* FROM unnest(ARRAY[
    ', compression ''deflate'', compression_level 0', ', compression ''deflate'', compression_level 10', ', compression_level 1',
    ', compression ''snappy'', compression_level 1', ', compression ''null'', compression_level 1', ', compression ''zstandard'', compression_level 23',
    ', compression ''zstandard'', compression_level -1', ', compression ''bzip2'', compression_level 0', ', compression ''xz'', compression_level 10',
    ', compression ''deflate'', compression_level ''high''', ', compression ''deflate'', compression_level 1.5', ', compression ''deflate'', compression_level'
    ]) o, pg_temp.try_options(o) x;
SELECT o, x.* FROM unnest(ARRAY[
    ', max_rows_per_file -1', ', max_rows_per_file 1.5', ', max_rows_per_file ''many''', ', max_rows_per_file 9223372036854775808', ', max_rows_per_file',
    ', max_bytes_per_file -1', ', max_bytes_per_file ''64 apples''', ', max_bytes_per_file ''9999999999TB''', ', max_bytes_per_file ''''',
    ', if_exists ''append''', ', if_exists', ', sync ''maybe''', ', sync 2', ', manifest ''perhaps''', ', parallel ''many''', ', parallel -1'
    ]) o, pg_temp.try_options(o) x;
SELECT o, x.* FROM unnest(ARRAY[
    ', block_size 1023', ', block_size ''65MB''', ', block_size ''big''', ', block_size 0', ', block_size',
    ', record_name ''1a''', ', record_name ''a.b''', ', record_name ''''', ', record_name ''größe''', ', namespace ''a..b''', ', namespace ''.a''', ', namespace ''a-b''',
    ', sync_marker ''00''', ', sync_marker ''zz0102030405060708090a0b0c0d0e0f''', ', sync_marker ''000102030405060708090a0b0c0d0e0f00''', ', sync_marker',
    ', profile ''parquet''', ', profile', ', on_infinity ''clip''', ', on_nan ''clamp''', ', on_nan', ', layout ''columns'''
    ]) o, pg_temp.try_options(o) x;
SELECT o, x.* FROM unnest(ARRAY[
    ', metadata ''{''', ', metadata ''[]''', ', metadata ''{"a": 1}''', ', metadata ''{"a": {"b": "c"}}''', ', metadata ''{"avro.codec": "null"}''', ', metadata ''{"a": "b", "a": "c"}''',
    ', metadata ''"a"''', ', metadata', ', metadata ''{"a": null}'''
    ]) o, pg_temp.try_options(o) x;

-- Options that contradict each other, options of other formats, names nobody knows, names given twice.
SELECT o, regexp_replace(x, ' Options of format .*', ' ...') AS x FROM unnest(ARRAY[
    ', schema ''{"type":"record","name":"r","fields":[{"name":"a","type":"int"}]}'', profile ''hive''',
    ', schema ''{"type":"record","name":"r","fields":[{"name":"a","type":"int"}]}'', record_name ''q''',
    ', schema ''{"type":"record","name":"r","fields":[{"name":"a","type":"int"}]}'', namespace ''q''',
    ', header', ', delimiter '',''', ', null ''''', ', quote ''"''', ', force_quote *', ', force_quote (a)', ', encoding ''LATIN1''', ', freeze', ', force_array', ', row_group_rows 5',
    ', nulls ''keep''', ', colour ''red''', ', "Compression " ''snappy''', ', "größe" 1',
    ', sync off, sync off', ', sync off, SYNC on', ', format avro', ', "FORMAT" csv', ', compression (a, b)', ', sync *'
    ]) o, pg_temp.try_options(o) x WHERE x NOT LIKE 'HINT: Options of format avro: %';
-- A name that is nearly right.
SELECT o, regexp_replace(x, ' Options of format .*', ' ...') AS x FROM unnest(ARRAY[', compresion ''snappy''', ', compression_levle 3', ', max_row_per_file 1', ', mainfest', ', blocksize ''1MB''', ', on_inf ''null''', ', synch off', ', zzz 1', ', x 1']) o, pg_temp.try_options(o) x;
SELECT c, x.* FROM unnest(ARRAY['[{"source": "amont"}]', '[{"source": "Amount"}]', '[{"source": "customers"}]', '[{"source": "zzz"}]', '[{"source": "größer"}]']) c,
    pg_temp.try(format('SELECT * FROM export_to_avro(''SELECT 1 AS amount, 2 AS customer, 3 AS "größe"'', ''$OUT/columns.avro'', columns => %L)', c)) x;
-- The path of a schema where its text belongs.
SELECT o, x.* FROM unnest(ARRAY[', schema ''/etc/orders.avsc''', ', schema ''./orders.avsc''', ', schema ''orders.avsc''', ', schema ''{"type": 1''', ', metadata ''/etc/metadata.json''']) o, pg_temp.try_options(o) x;
-- Statements that pass to the server, which has one sentence for them: we add what we know. Lists of options are cut short.
CREATE FUNCTION pg_temp.answers(statement text) RETURNS SETOF text LANGUAGE sql RETURN regexp_replace(pg_temp.try(statement), '(Options of format csv: |options of pg_spout: ).*', '\1...');
SELECT s, x.* FROM unnest(ARRAY['(SELECT 1) TO ''$OUT/options.csv'' (format csv, compresion gzip)', '(SELECT 1) TO ''$OUT/options.csv'' (format csv, delimter '';'')', '(SELECT 1) TO ''$OUT/options.csv'' (format csv, zzz)',
    '(SELECT 1) TO ''$OUT/options.csv'' (format csv, block_size 1024)', '(SELECT 1) TO ''$OUT/options.csv'' (format csv, nulls omit)', '(SELECT 1) TO ''$OUT/options.csv'' (format csv, compression gzip, colour 1)',
    '(SELECT 1) TO ''$OUT/options.gz'' (compression gzip)', '(SELECT 1) TO ''$OUT/options.gz'' (format text, compression gzip)',
    '(SELECT 1) TO ''$OUT/options.gz'' (format text, zzz)', '(SELECT 1) TO ''$OUT/options.x'' (format avroo)', '(SELECT 1) TO ''$OUT/options.x'' (format xlm)', '(SELECT 1) TO ''$OUT/options.x'' (format orc)', '(SELECT 1) TO ''$OUT/options.x'' (avro)', '(SELECT 1) TO ''$OUT/options.x'' (csv)', '(SELECT 1) TO ''$OUT/options.x'' (format orc, compression zstd)',
    '(SELECT 1) TO ''$OUT/options.x'' (format csv, format avroo)', '(SELECT 1) TO ''$OUT/options.x'' (format csv, freezee)', 'loaded FROM ''/dev/null'' (format avro)', 'loaded FROM ''/dev/null'' (format xml, nulls omit)', 'loaded FROM ''/dev/null'' (format csv, compression gzip)',
    'loaded FROM ''/dev/null'' (compression zstd, format csv)', 'loaded FROM ''/dev/null'' (format csv, zzz)', 'loaded FROM ''/dev/null'' (format orc)', 'loaded FROM ''/dev/null'' (format csv)', 'nobody FROM ''/dev/null'' (format avro)']) s, pg_temp.answers('COPY ' || s) x;
COPY loaded FROM '/dev/null' (FORMAT csv, max_rows_per_file 5);
-- COPY points at the option.
COPY (SELECT 1) TO '/nonexistent/x.avro' WITH (format avro, sync off, colour 'red');
COPY (SELECT 1) TO '/nonexistent/x.avro' WITH (format avro, compression 'lzma');
COPY (SELECT 1) TO '/nonexistent/x.avro' WITH (format avro, sync off, manifest, sync on);
COPY (SELECT 1) TO '/nonexistent/x.avro' WITH (format avro, format avro);
-- Nothing of all that left a file.
SELECT * FROM pg_temp.files('options%');

-- Right ones: names and words in any case, sizes with units, switches in all of COPY's spellings.
SELECT o, x.* FROM unnest(ARRAY[
    '', ', COMPRESSION ''ZStandard'', Compression_Level 22', ', compression uncompressed', ', compression NONE', ', compression ''NULL''', ', compression ''Deflate'', compression_level ''9''',
    ', max_rows_per_file 0', ', max_bytes_per_file ''0''', ', block_size ''1kB''', ', block_size 1024', ', block_size ''64MB''', ', block_size ''64 mb''', ', if_exists REPLACE',
    ', sync', ', sync true', ', sync ''ON''', ', sync 0', ', sync false', ', manifest off', ', parallel off', ', parallel ''AUTO''', ', parallel 0',
    ', metadata ''{}''', ', metadata ''{"": "", "größe": "\u00fc"}''', ', namespace ''''', ', namespace ''a.b_1.C''', ', layout rows', ', profile SPEC',
    ', on_infinity ''Null'', on_nan ''STRING'''
    ]) o, pg_temp.try_options(o) x;
SELECT * FROM pg_temp.try('COPY (SELECT 1 AS a) TO ''$OUT/options.avro'' (FORMAT ''AVRO'')');
SELECT * FROM pg_temp.try('COPY (SELECT 1 AS a) TO ''$OUT/options.avro'' WITH ("format" "Avro")');

-- The functions: the same options as arguments and as keys of one jsonb. (The warnings that a set is replaced by a file have paths.)
SET client_min_messages = error;
SELECT o, regexp_replace(x, ' Options of format .*', ' ...') AS x FROM unnest(ARRAY[
    'compression => ''lz4''', 'compression => ''deflate'', compression_level => 10', 'max_rows_per_file => -1', 'max_bytes_per_file => -1',
    'options => ''[]''', 'options => ''1''', 'options => ''{"colour": "red"}''', 'options => ''{"sync": "maybe"}''', 'options => ''{"sync": {"a": 1}}''',
    'compression => ''snappy'', options => ''{"compression": "snappy"}''', 'options => ''{"block_size": 1}''', 'options => ''{"format": "avro"}''',
    'options => ''{"delimiter": ","}''', 'options => ''{"sync": false, "SYNC": true}''',
    'options => ''{"sync": false, "block_size": "1kB", "metadata": {"a": "b"}, "max_rows_per_file": 10}''', 'options => NULL', 'compression => NULL, max_rows_per_file => NULL'
    ]) o, pg_temp.try(format('SELECT * FROM export_to_avro(''SELECT 1 AS a'', ''$OUT/options_function.avro'', %s)', o)) x
WHERE x NOT LIKE 'HINT: Options of format avro: %';
RESET client_min_messages;
SELECT o, x.* FROM unnest(ARRAY['NULL, ''$OUT/x.avro''', '''SELECT 1'', NULL']) o, pg_temp.try(format('SELECT * FROM export_to_avro(%s)', o)) x;
-- Sizes: a number, an expression, a text, a parameter; in COPY, as an option, as an argument.
SELECT s, x.* FROM unnest(ARRAY['64000000', '''64MB''', '''64M''', '''1MiB''', '''1.5MB''', '''1.5 GiB''', '9999999999', '2 * 1024 * 1024', '1e6', '64::bigint', '64::smallint', 'NULL', '0', '''0''', 'pg_catalog.format(''%sMB'', 64)', '''64MB''::text',
    '''64 apples''', '''1.5''', '''''', '-1', '''-1MB''', '1.5', '1e30', 'true', '''9999999TB''']) s, pg_temp.try(format('SELECT * FROM export_to_avro(''SELECT 1 AS a'', ''/dev/null'', max_bytes_per_file => %s)', s)) x;
SET client_min_messages = error; -- a set over a file
SELECT s, x.* FROM unnest(ARRAY['''64M''', '''1MiB''', '''1.5MB''', '''64 apples''', '''1,5MB''', '64000000']) s, pg_temp.try_options(', max_bytes_per_file ' || s) x;
RESET client_min_messages;
SELECT s, x.* FROM unnest(ARRAY['"64M"', '"1.5MB"', '64000000', '1.5', '6.4e7', '"64 apples"']) s, pg_temp.try(format('SELECT * FROM export_to_avro(''SELECT 1 AS a'', ''/dev/null'', options => ''{"max_bytes_per_file": %s}'')', s)) x;
PREPARE sized AS SELECT rows FROM export_to_avro('SELECT 1', '/dev/null', max_bytes_per_file => $1);
SELECT parameter_types[1]::text LIKE '%byte_size' AS inferred FROM pg_prepared_statements WHERE name = 'sized';
EXECUTE sized('64MB');
EXECUTE sized(64);
SELECT s, s::byte_size, s::byte_size::bigint * 2 AS twice FROM unnest(ARRAY['64MB', '1.5kB', '0', '-7', '0.001kB']) s;
-- It cuts where a number cuts.
SELECT count(*), bool_and(bytes >= 16384) AS full FROM export_to_csv('SELECT repeat(''x'', 99) FROM generate_series(1, 3000)', pg_temp.out('sized.csv'), max_bytes_per_file => '16kB') WHERE file_index < 9;
SELECT count(*) = (SELECT count(*) FROM pg_temp.files('sized\_%')) AS as_number FROM export_to_csv('SELECT repeat(''x'', 99) FROM generate_series(1, 3000)', pg_temp.out('sized.csv'), max_bytes_per_file => 16384);
SELECT f, x.* FROM unnest(ARRAY['orc', '', 'Avro', 'avro ']) f, pg_temp.try(format('SELECT * FROM describe_export(''SELECT 1'', %L)', f)) x;
SELECT * FROM pg_temp.files('options_function%');

-- Compression absent: the name tells it, for COPY and the functions. What then begins the file, and what is warned of.
CREATE FUNCTION pg_temp.codec(name text) RETURNS text LANGUAGE sql
    RETURN CASE left(pg_temp.hex(name), 8) WHEN '28b52ffd' THEN 'zstd' WHEN '04224d18' THEN 'lz4' WHEN '4f626a01' THEN 'avro' ELSE CASE WHEN pg_temp.hex(name) LIKE '1f8b%' THEN 'gzip' ELSE 'plain' END END;
CREATE FUNCTION pg_temp.copy_as(name text, options text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('COPY (SELECT 1 AS a) TO %L WITH (%s)', pg_temp.out(name), options);
    RETURN pg_temp.codec(name);
END $$;
SELECT name, options, pg_temp.copy_as(name, options) FROM (VALUES ('n.json.gz', 'format ''json'', parallel off'), ('n.json.zst', 'format ''json'', parallel off'), ('n.ndjson.LZ4', 'format ''json'', parallel off'), ('n.xml.gz', 'format xml'), ('n.csv.gz', 'format csv, header, sync off'),
    ('n.gz', 'format xml, compression_level 9'), ('n.csv.zst', 'format csv, compression zstandard'), ('n.csv.zst', 'format csv, compression zstd, compression_level 22'), ('n.avro', 'format avro, compression zstd, compression_level 22'),
    ('n.avro', 'format avro, compression zstandard'), ('n.txt', 'format csv, sync off'), ('n', 'format csv, compression gzip'), ('n.tsv', 'format csv, delimiter E''\t'', sync off'), ('.gz', 'format csv, sync off')) v(name, options);
SELECT name, rows, pg_temp.codec(name), last_export() ->> 'compression' AS told FROM (VALUES ('f.csv.gz'), ('f.csv.zst'), ('f.csv')) v(name), export_to_csv('SELECT 1', pg_temp.out(name));
SELECT rows, pg_temp.codec('f.json.lz4') FROM export_to_json('SELECT 1', pg_temp.out('f.json.lz4'), options => '{"compression_level": 9}');
-- Core's own CSV stays core's, whatever the name.
SELECT pg_temp.copy_as('core.csv.gz', 'format csv');
-- A name that will mislead is told, once, before the export runs.
SELECT pg_temp.copy_as('w.csv.gz', 'format csv, compression zstd');
SELECT pg_temp.copy_as('w.csv.gz', 'format csv, compression none');
SELECT pg_temp.copy_as('w.csv', 'format csv, compression zstd');
SELECT pg_temp.copy_as('w.csv.bz2', 'format csv, compression gzip');
SELECT pg_temp.copy_as('w.avro.gz', 'format avro');
SELECT pg_temp.copy_as('w.parquet', 'format avro');
SELECT pg_temp.copy_as('w.json', 'format csv, sync off');
SELECT pg_temp.copy_as('w.json.gz', 'format csv, sync off');
SELECT rows FROM export_to_xml('SELECT 1', pg_temp.out('w.html.zst'), 'lz4');
SELECT rows FROM export_to_avro('SELECT 1', pg_temp.out('w.ndjson'));
COPY (SELECT 1) TO PROGRAM 'cat >/dev/null # x.csv.gz' WITH (format xml);
SELECT l ->> 'compression' AS compression FROM last_export() l;
-- columns: select, order, rename.
SELECT c, x.* FROM unnest(ARRAY[
    '[]', '{}', '1', '[1]', '[{"target": "x"}]', '[{"source": "a", "target": ""}]', '[{"source": "a", "target": 1}]', '[{"source": "a", "kind": "x"}]', '[{"source": "nobody"}]', '[{"source": "twice"}]',
    '[{"source": null}]', '[[{"source": "a"}]]'
    ]) c, pg_temp.try(format('SELECT * FROM export_to_avro(''SELECT 1 AS a, 2 AS b, 3 AS twice, 4 AS twice'', ''$OUT/columns.avro'', columns => %L)', c)) x;
SELECT encode(substring(pg_read_binary_file(path) FROM 20 FOR 260), 'escape') FROM export_to_avro('SELECT 1 AS a, 2 AS b, 3 AS c', pg_temp.out('columns.avro'), 'null',
    columns => '[{"source": "c", "target": "my col"}, {"source": "a"}, {"source": "a", "target": "again"}]', options => '{"sync_marker": "2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e"}');
