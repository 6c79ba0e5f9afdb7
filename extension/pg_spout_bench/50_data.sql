-- Data sets are made by the library, as the owner of the extension: nobody else can create anything where they lie.
CREATE FUNCTION @extschema@.benchmark_data(
    kind pg_catalog.text DEFAULT 'records',
    rows pg_catalog.int8 DEFAULT 10000,
    columns pg_catalog.int4 DEFAULT NULL,
    seed pg_catalog.int8 DEFAULT 1)
RETURNS pg_catalog.regclass
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'spout_benchmark_data';
COMMENT ON FUNCTION @extschema@.benchmark_data(text, int8, int4, int8)
    IS 'makes or finds a data set of a kind, with this many rows; no rows drop the kind';

-- The same where no overload of it can stand.
CREATE FUNCTION spout_bench.make_data(kind pg_catalog.text, rows pg_catalog.int8, columns pg_catalog.int4, seed pg_catalog.int8)
RETURNS pg_catalog.regclass
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'spout_benchmark_data';

-- NULL while nobody has made it; an error where something else has its name.
CREATE FUNCTION spout_bench.found_data(kind pg_catalog.text, rows pg_catalog.int8, columns pg_catalog.int4, seed pg_catalog.int8)
RETURNS pg_catalog.regclass
LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS 'MODULE_PATHNAME', 'spout_benchmark_found_data';

-- The name that a data set has, or will have.
CREATE FUNCTION spout_bench.data_name(kind pg_catalog.text, rows pg_catalog.int8, columns pg_catalog.int4, seed pg_catalog.int8)
RETURNS pg_catalog.text
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'spout_benchmark_data_name';
