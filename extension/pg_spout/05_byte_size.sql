-- A number of bytes, written as one (64000000) or with a unit ('64MB'): what max_bytes_per_file takes. Stored as a bigint.
CREATE TYPE @extschema@.byte_size;

CREATE FUNCTION @extschema@.byte_size_in(pg_catalog.cstring)
RETURNS @extschema@.byte_size
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'spout_byte_size_in';

CREATE FUNCTION @extschema@.byte_size_out(@extschema@.byte_size)
RETURNS pg_catalog.cstring
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'spout_byte_size_out';

CREATE TYPE @extschema@.byte_size (
    INPUT = @extschema@.byte_size_in,
    OUTPUT = @extschema@.byte_size_out,
    LIKE = pg_catalog.int8);
COMMENT ON TYPE @extschema@.byte_size
    IS 'a number of bytes: 64000000 or ''64MB''';

CREATE FUNCTION @extschema@.byte_size(pg_catalog.int2)
RETURNS @extschema@.byte_size
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'spout_byte_size_of_int2';

CREATE FUNCTION @extschema@.byte_size(pg_catalog.int4)
RETURNS @extschema@.byte_size
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'spout_byte_size_of_int4';

CREATE FUNCTION @extschema@.byte_size(pg_catalog.numeric)
RETURNS @extschema@.byte_size
LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
AS 'MODULE_PATHNAME', 'spout_byte_size_of_numeric';

-- Implicit, so that a number, an expression or a text can be given where a byte_size is declared. Nothing but our own
-- functions takes one: no expression without it can come to mean something else.
CREATE CAST (pg_catalog.int2 AS @extschema@.byte_size) WITH FUNCTION @extschema@.byte_size(pg_catalog.int2) AS IMPLICIT;
CREATE CAST (pg_catalog.int4 AS @extschema@.byte_size) WITH FUNCTION @extschema@.byte_size(pg_catalog.int4) AS IMPLICIT;
CREATE CAST (pg_catalog.int8 AS @extschema@.byte_size) WITHOUT FUNCTION AS IMPLICIT;
CREATE CAST (pg_catalog.numeric AS @extschema@.byte_size) WITH FUNCTION @extschema@.byte_size(pg_catalog.numeric) AS IMPLICIT;
CREATE CAST (pg_catalog.text AS @extschema@.byte_size) WITH INOUT AS IMPLICIT;
CREATE CAST (@extschema@.byte_size AS pg_catalog.int8) WITHOUT FUNCTION AS ASSIGNMENT;
