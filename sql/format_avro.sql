\set ECHO none
\i sql/include/setup.sql
\set ECHO all
-- The bytes of Avro container files, and what stands in their header.

-- The specification's own example: three parts of the header, one block, the marker; 149 bytes.
\set path `echo "$SPOUT_OUT/golden.avro"`
COPY (SELECT n AS a FROM generate_series(0, 4) n) TO :'path' WITH (format avro, compression snappy,
    schema '{"type":"record","name":"r","fields":[{"name":"a","type":"long"}]}', sync_marker '000102030405060708090a0b0c0d0e0f');
SELECT pg_temp.hex('golden.avro');
SELECT crc32c, bytes, rows, raw_bytes, blocks, ok, problem FROM verify_export(pg_temp.out('golden.avro'));

-- No rows: a header and no block, 118 bytes.
COPY (SELECT n AS a FROM generate_series(1, 0) n) TO :'path' WITH (format avro, compression 'null',
    schema '{"type":"record","name":"r","fields":[{"name":"a","type":"long"}]}', sync_marker '000102030405060708090A0B0C0D0E0F');
SELECT pg_temp.hex('golden.avro');
SELECT crc32c, bytes, rows, raw_bytes, blocks, ok, problem FROM verify_export(pg_temp.out('golden.avro'));

-- Vectors of single values: what follows the header, count and size of the one block.
CREATE FUNCTION pg_temp.encoded(query text, options jsonb DEFAULT '{}') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    marker text := repeat('5a', 16);
    parts text[];
BEGIN
    PERFORM export_to_avro(query, pg_temp.out('one.avro'), 'null', options => options || jsonb_build_object('sync_marker', marker));
    parts := string_to_array(pg_temp.hex('one.avro'), marker);
    RETURN substr(parts[2], 5); -- one row, below 64 bytes
END
$$;
SELECT n, pg_temp.encoded(format('SELECT (''%s'')::int8', n)) FROM unnest('{0,-1,1,-2,63,-64,64,-65,8191,8192,9223372036854775807,-9223372036854775808}'::numeric[]) n;
SELECT n, pg_temp.encoded(format('SELECT (%s)::int4', n)) FROM unnest('{2147483647,-2147483648}'::int8[]) n;
SELECT n, pg_temp.encoded(format('SELECT (%s)::numeric(10,2)', n)) FROM unnest('{12.34,-12.34,0,99999999.99,-99999999.99}'::numeric[]) n;
SELECT pg_temp.encoded($$SELECT date '2000-01-01'$$) AS date, pg_temp.encoded($$SELECT timestamp '2000-01-01'$$) AS timestamp,
    pg_temp.encoded('SELECT 1.5::float8') AS float8, pg_temp.encoded('SELECT NULL::int8') AS "null",
    pg_temp.encoded('SELECT ARRAY[NULL, 7]') AS "array", pg_temp.encoded('SELECT true') AS bool, pg_temp.encoded($$SELECT 'ab'::text$$) AS text,
    pg_temp.encoded($$SELECT '{}'::int[]$$) AS empty_array, pg_temp.encoded($$SELECT ROW(1, 'x')$$) AS record,
    pg_temp.encoded($$SELECT '\x00ff'::bytea$$) AS bytea, pg_temp.encoded($$SELECT '1969-12-31 23:59:59.999999+00'::timestamptz$$) AS timestamptz;
SELECT pg_temp.encoded($$SELECT 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid$$) AS uuid,
    pg_temp.encoded($$SELECT 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid$$, '{"profile": "iceberg"}') AS uuid_fixed,
    pg_temp.encoded('SELECT 12.34::numeric(10,2)', '{"profile": "iceberg"}') AS decimal_fixed;

-- The header: schema and codec first, then the keys of metadata in byte order.
COPY (SELECT 1 AS a) TO :'path' WITH (format avro, compression 'none', metadata '{"zeta": "1", "alpha": "ü", "Beta": ""}', sync_marker '2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e');
SELECT encode(pg_read_binary_file(:'path'), 'escape');
-- Every codec is called by its name in the specification.
SELECT codec, convert_from(substring(pg_read_binary_file(pg_temp.out(codec)) FROM position('avro.codec'::bytea IN pg_read_binary_file(pg_temp.out(codec))) + 11 FOR length(codec)), 'UTF8') AS written,
    v.ok, v.rows
FROM unnest('{"null",deflate,snappy,zstandard,bzip2,xz}'::text[]) codec,
    LATERAL export_to_avro('SELECT n, repeat(''x'', n) FROM generate_series(1, 100) n', pg_temp.out(codec), codec) e,
    LATERAL verify_export(e.path) v;

-- Same rows, same options, same marker: the same file. Without a marker, never.
CREATE FUNCTION pg_temp.crc(options jsonb) RETURNS text LANGUAGE sql
    RETURN (SELECT crc32c FROM export_to_avro('SELECT n FROM generate_series(1, 1000) n', pg_temp.out('crc.avro'), options => options));
SELECT pg_temp.crc('{"sync_marker": "00112233445566778899aabbccddeeff"}') = pg_temp.crc('{"sync_marker": "00112233445566778899AABBCCDDEEFF"}') AS same;
SELECT pg_temp.crc('{}') = pg_temp.crc('{}') AS same;

-- The name of the record: the relation's, the options', or row in pg_spout. Temporary schemas have no number.
CREATE TEMP TABLE "Some Table" (a int);
CREATE SCHEMA "odd-schema";
CREATE TABLE "odd-schema".t (a int);
CREATE FUNCTION pg_temp.schema_of(copy text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    file bytea;
    first int;
BEGIN
    EXECUTE replace(copy, '$OUT', current_setting('spout_test.out'));
    file := pg_read_binary_file(pg_temp.out('schema.avro'));
    first := position('{"type":"record"'::bytea IN file);
    RETURN convert_from(substring(file FROM first FOR position('avro.codec'::bytea IN file) - first - 1), 'UTF8');
END
$$;
SELECT pg_temp.schema_of($$COPY "Some Table" TO '$OUT/schema.avro' WITH (format avro)$$);
SELECT pg_temp.schema_of($$COPY "odd-schema".t TO '$OUT/schema.avro' WITH (format avro)$$);
SELECT pg_temp.schema_of($$COPY (SELECT * FROM "odd-schema".t) TO '$OUT/schema.avro' WITH (format avro)$$);
SELECT pg_temp.schema_of($$COPY "odd-schema".t TO '$OUT/schema.avro' WITH (format avro, record_name 'Named', namespace 'com.example')$$);
SELECT pg_temp.schema_of($$COPY "odd-schema".t TO '$OUT/schema.avro' WITH (format avro, namespace '')$$);

-- Blocks: at least one row, cut at block_size; a larger row is a block of its own; no columns, no bytes, still rows.
SELECT blocks, rows, raw_bytes FROM export_to_avro('SELECT repeat(''x'', 100) FROM generate_series(1, 100)', pg_temp.out('blocks.avro'), 'null', options => '{"block_size": "1kB"}') e, verify_export(e.path) v (file_index, path, ok, vrows, bytes, vraw_bytes, blocks);
SELECT blocks, rows, ok FROM export_to_avro('SELECT repeat(''x'', 100000 * n) FROM generate_series(1, 3) n', pg_temp.out('blocks.avro'), 'deflate', options => '{"block_size": "1kB"}') e, verify_export(e.path) v (file_index, path, ok, vrows, bytes, vraw_bytes, blocks);
SELECT rows, raw_bytes, blocks, ok, problem FROM export_to_avro('SELECT FROM generate_series(1, 3)', pg_temp.out('blocks.avro'), 'null') e, verify_export(e.path) v (file_index, path, ok, vrows, bytes, vraw_bytes, blocks, crc, problem);
SELECT rows, raw_bytes, blocks, ok, problem FROM export_to_avro('SELECT FROM generate_series(1, 3)', pg_temp.out('blocks.avro'), 'snappy') e, verify_export(e.path) v (file_index, path, ok, vrows, bytes, vraw_bytes, blocks, crc, problem);
DROP SCHEMA "odd-schema" CASCADE;
