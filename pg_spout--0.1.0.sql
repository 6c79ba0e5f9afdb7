\echo Use "CREATE EXTENSION pg_spout" to load this file. \quit

CREATE FUNCTION export_to_avro(
    query pg_catalog.text,
    path pg_catalog.text,
    compression pg_catalog.text DEFAULT NULL,
    compression_level pg_catalog.int4 DEFAULT NULL,
    max_rows_per_file pg_catalog.int8 DEFAULT 0,
    max_bytes_per_file pg_catalog.int8 DEFAULT 0,
    columns pg_catalog.jsonb DEFAULT NULL,
    options pg_catalog.jsonb DEFAULT '{}')
RETURNS TABLE (
    file_index pg_catalog.int4,
    path pg_catalog.text,
    rows pg_catalog.int8,
    bytes pg_catalog.int8,
    raw_bytes pg_catalog.int8,
    crc32c pg_catalog.text)
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'spout_export_to_avro';
REVOKE ALL ON FUNCTION export_to_avro FROM PUBLIC;
GRANT EXECUTE ON FUNCTION export_to_avro TO pg_write_server_files;
COMMENT ON FUNCTION export_to_avro IS 'runs a query and writes its rows to Avro files on the server';

CREATE FUNCTION export_to_csv(
    query pg_catalog.text,
    path pg_catalog.text,
    compression pg_catalog.text DEFAULT NULL,
    compression_level pg_catalog.int4 DEFAULT NULL,
    max_rows_per_file pg_catalog.int8 DEFAULT 0,
    max_bytes_per_file pg_catalog.int8 DEFAULT 0,
    columns pg_catalog.jsonb DEFAULT NULL,
    options pg_catalog.jsonb DEFAULT '{}')
RETURNS TABLE (
    file_index pg_catalog.int4,
    path pg_catalog.text,
    rows pg_catalog.int8,
    bytes pg_catalog.int8,
    raw_bytes pg_catalog.int8,
    crc32c pg_catalog.text)
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'spout_export_to_csv';
REVOKE ALL ON FUNCTION export_to_csv FROM PUBLIC;
GRANT EXECUTE ON FUNCTION export_to_csv TO pg_write_server_files;
COMMENT ON FUNCTION export_to_csv IS 'runs a query and writes its rows to CSV files on the server';

CREATE FUNCTION export_to_json(
    query pg_catalog.text,
    path pg_catalog.text,
    compression pg_catalog.text DEFAULT NULL,
    compression_level pg_catalog.int4 DEFAULT NULL,
    max_rows_per_file pg_catalog.int8 DEFAULT 0,
    max_bytes_per_file pg_catalog.int8 DEFAULT 0,
    columns pg_catalog.jsonb DEFAULT NULL,
    options pg_catalog.jsonb DEFAULT '{}')
RETURNS TABLE (
    file_index pg_catalog.int4,
    path pg_catalog.text,
    rows pg_catalog.int8,
    bytes pg_catalog.int8,
    raw_bytes pg_catalog.int8,
    crc32c pg_catalog.text)
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'spout_export_to_json';
REVOKE ALL ON FUNCTION export_to_json FROM PUBLIC;
GRANT EXECUTE ON FUNCTION export_to_json TO pg_write_server_files;
COMMENT ON FUNCTION export_to_json IS 'runs a query and writes its rows to JSON files on the server';

CREATE FUNCTION export_to_xml(
    query pg_catalog.text,
    path pg_catalog.text,
    compression pg_catalog.text DEFAULT NULL,
    compression_level pg_catalog.int4 DEFAULT NULL,
    max_rows_per_file pg_catalog.int8 DEFAULT 0,
    max_bytes_per_file pg_catalog.int8 DEFAULT 0,
    columns pg_catalog.jsonb DEFAULT NULL,
    options pg_catalog.jsonb DEFAULT '{}')
RETURNS TABLE (
    file_index pg_catalog.int4,
    path pg_catalog.text,
    rows pg_catalog.int8,
    bytes pg_catalog.int8,
    raw_bytes pg_catalog.int8,
    crc32c pg_catalog.text)
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'spout_export_to_xml';
REVOKE ALL ON FUNCTION export_to_xml FROM PUBLIC;
GRANT EXECUTE ON FUNCTION export_to_xml TO pg_write_server_files;
COMMENT ON FUNCTION export_to_xml IS 'runs a query and writes its rows to XML files on the server';

-- Row 0 is the record: its target_type is the schema that a file would carry. Then a row per column.
CREATE FUNCTION describe_export(
    query pg_catalog.text,
    format pg_catalog.text DEFAULT 'avro',
    options pg_catalog.jsonb DEFAULT '{}')
RETURNS TABLE (
    ordinal pg_catalog.int4,
    source_name pg_catalog.text,
    source_type pg_catalog.text,
    target_name pg_catalog.text,
    target_type pg_catalog.text,
    lossy pg_catalog.bool,
    why pg_catalog.text)
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'spout_describe_export';
COMMENT ON FUNCTION describe_export IS 'tells how the columns of a query would be written, without running it';

CREATE FUNCTION last_export()
RETURNS pg_catalog.jsonb
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'spout_last_export';
COMMENT ON FUNCTION last_export IS 'counts and stage times of this session''s last export, also after an error';

CREATE FUNCTION verify_export(path pg_catalog.text)
RETURNS TABLE (
    file_index pg_catalog.int4,
    path pg_catalog.text,
    ok pg_catalog.bool,
    rows pg_catalog.int8,
    bytes pg_catalog.int8,
    raw_bytes pg_catalog.int8,
    blocks pg_catalog.int8,
    crc32c pg_catalog.text,
    problem pg_catalog.text)
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'spout_verify_export';
REVOKE ALL ON FUNCTION verify_export FROM PUBLIC;
GRANT EXECUTE ON FUNCTION verify_export TO pg_read_server_files;
COMMENT ON FUNCTION verify_export IS 'reads an exported file, or every file of a manifest, back and checks it';
