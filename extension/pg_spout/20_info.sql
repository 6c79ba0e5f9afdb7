-- Row 0 is the record: its target_type is the schema that a file would carry. Then a row per column.
CREATE FUNCTION @extschema@.describe_export(
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
COMMENT ON FUNCTION @extschema@.describe_export(text, text, jsonb)
    IS 'tells how the columns of a query would be written, without running it';

CREATE FUNCTION @extschema@.last_export()
RETURNS pg_catalog.jsonb
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'spout_last_export';
COMMENT ON FUNCTION @extschema@.last_export()
    IS 'counts and stage times of this session''s last export, also after an error';

CREATE FUNCTION @extschema@.export_files()
RETURNS TABLE (
    file_index pg_catalog.int4,
    path pg_catalog.text,
    rows pg_catalog.int8,
    bytes pg_catalog.int8,
    raw_bytes pg_catalog.int8,
    crc32c pg_catalog.text)
LANGUAGE C VOLATILE STRICT PARALLEL RESTRICTED
AS 'MODULE_PATHNAME', 'spout_export_files';
COMMENT ON FUNCTION @extschema@.export_files()
    IS 'the files of this session''s last export, whether COPY or a function wrote them';

CREATE FUNCTION @extschema@.verify_export(path pg_catalog.text)
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
COMMENT ON FUNCTION @extschema@.verify_export(text)
    IS 'reads an exported file, or every file of a manifest, back and checks it';
