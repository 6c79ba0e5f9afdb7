\set ECHO none
\i sql/include/setup.sql
\set ECHO all
-- The Avro type of every scalar type, and which mappings lose something.
CREATE TYPE color AS ENUM ('red', 'green');
CREATE DOMAIN amount AS numeric(12,3);
CREATE DOMAIN net_amount AS amount CHECK (VALUE > 0);
CREATE TABLE scalars (
    b bool, i2 int2, i4 int4, i8 int8, o oid, x xid, c cid, f4 float4, f8 float8, mo money,
    t text, v varchar(10), n name, ch "char", bp char(4), by bytea, u uuid,
    d date, ti time, ti3 time(3), tz timetz, ts timestamp, ts0 timestamp(0), tstz timestamptz, iv interval, ivm interval minute to second,
    j json, jb jsonb, e color, dm net_amount,
    x8 xid8, r int4range, mr datemultirange, bi bit(3), vb varbit(5), ip inet, ci cidr, m macaddr, m8 macaddr8, l pg_lsn, td tid,
    tv tsvector, tq tsquery, jp jsonpath, p point, li line, ls lseg, bx box, pa path, po polygon, ce circle,
    rc regclass, rp regproc, rt regtype, rr regrole, rn regnamespace);
SELECT ordinal, source_name, source_type, target_type, lossy, why FROM describe_export('SELECT * FROM scalars') WHERE ordinal > 0 ORDER BY 1;
-- The schema as it stands in the header.
SELECT field - 'default' AS field FROM describe_export('SELECT b, o, f4, mo, v, bp, by, u, d, ti, ts, tstz, iv, jb, e, dm, r FROM scalars'),
    jsonb_array_elements(target_type::jsonb->'fields') field WHERE ordinal = 0;
SELECT target_type FROM describe_export('SELECT b, tstz, dm FROM scalars') WHERE ordinal = 0;

-- numeric: decimal up to 38 digits, else text; the digits decide, not the typmod.
CREATE TABLE numerics (bare numeric, p1 numeric(1), p10_2 numeric(10,2), p38_38 numeric(38,38), p38_0 numeric(38,0), p39_0 numeric(39,0),
    p1000_500 numeric(1000,500), p3_m2 numeric(3,-2), p3_5 numeric(3,5), p2_m36 numeric(2,-36), p2_m37 numeric(2,-37), p1_38 numeric(1,38), p1_39 numeric(1,39));
SELECT source_name, source_type, target_type, lossy, why FROM describe_export('SELECT * FROM numerics') WHERE ordinal > 0 ORDER BY ordinal;
SELECT field->>'name' AS name, field->'type'->1 AS type, field->>'pg.type' AS pg_type
FROM describe_export('SELECT * FROM numerics'), jsonb_array_elements(target_type::jsonb->'fields') field WHERE ordinal = 0;

-- on_nan 'string' turns decimals into text from the start; the other rules leave the schema alone and are called lossy.
SELECT source_name, target_type, lossy, why FROM describe_export('SELECT bare, p10_2 FROM numerics', 'avro', '{"on_nan": "string"}') WHERE ordinal > 0 ORDER BY ordinal;
SELECT source_name, target_type, lossy, why FROM describe_export('SELECT bare, p10_2 FROM numerics', 'avro', '{"on_nan": "null"}') WHERE ordinal > 0 ORDER BY ordinal;
SELECT source_name, target_type, lossy, why FROM describe_export('SELECT d, ti, ts, tstz, f8 FROM scalars', 'avro', '{"on_infinity": "clamp"}') WHERE ordinal > 0 ORDER BY ordinal;
SELECT source_name, target_type, lossy, why FROM describe_export('SELECT d, ti, ts, tstz, f8 FROM scalars', 'avro', '{"on_infinity": "null"}') WHERE ordinal > 0 ORDER BY ordinal;

-- What a query computes has a type as well; a literal is text; void is the empty string.
SELECT source_name, source_type, target_type FROM describe_export($$SELECT 1, 'x', NULL, 1.5, now(), count(*), pg_sleep(0), b || 'x' FROM scalars GROUP BY b$$) WHERE ordinal > 0 ORDER BY ordinal;
SELECT encode(substring(pg_read_binary_file(path) FROM bytes::int - 18 FOR 3), 'hex') AS size_branch_length
FROM export_to_avro('SELECT pg_sleep(0)', pg_temp.out('void.avro'), 'null');
DROP TABLE scalars, numerics;
DROP TYPE color;
DROP DOMAIN net_amount, amount;
