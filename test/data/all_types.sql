-- all_types.sql: every type of docs/formats/avro.md with its edge values, one table per family.
-- Views zoo.everything_* name the tables for the tests:
--   plain     any reader, any mode
--   far       dates that Python's own types cannot hold (BC, years above 9999): raw integers only
--   outside   values without an Avro value: needs on_infinity and on_nan
-- Needs a UTF8 database. The same rows every time: no clock, no random().
CREATE SCHEMA zoo;
SET search_path = zoo, public;
SET timezone = 'UTC';

CREATE TABLE numbers (id int PRIMARY KEY, b bool, i2 int2, i4 int4, i8 int8, o oid, x xid, c cid, f4 float4, f8 float8);
INSERT INTO numbers VALUES
    (1, true, 32767, 2147483647, 9223372036854775807, 4294967295, '4294967295', '4294967295', '3.4028235e38', '1.7976931348623157e308'),
    (2, false, -32768, -2147483648, -9223372036854775808, 0, '0', '0', '-3.4028235e38', '-1.7976931348623157e308'),
    (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (4, true, 0, 0, 0, 1, '1', '1', '0', '0'),
    (5, true, -1, -1, -1, 2147483648, '2147483648', '2147483648', '-0', '-0'),
    (6, true, 63, 63, 63, 63, '3', '3', 'NaN', 'NaN'),
    (7, true, -64, -64, -64, 64, '3', '3', 'Infinity', 'Infinity'),
    (8, true, 64, 64, 64, 65, '3', '3', '-Infinity', '-Infinity'),
    (9, true, -65, -65, -65, 127, '3', '3', '1.4e-45', '5e-324'),
    (10, true, 8191, 8191, 8191, 128, '3', '3', '1.17549435e-38', '2.2250738585072014e-308'),
    (11, true, 8192, 8192, 8192, 8192, '3', '3', '0.1', '0.1'),
    (12, true, 1, 1048576, 134217728, 1, '3', '3', '16777217', '9007199254740993'),
    (13, true, 1, -1048577, 17179869184, 1, '3', '3', '1e-7', '1e-7'),
    (14, true, 1, 1, 9007199254740993, 1, '3', '3', '123456.789', '123456789.123456789'),
    (15, true, 1, 1, -9007199254740993, 1, '3', '3', '1', '-1.5');

-- The unscaled value has 1 to 16 bytes; n is the padded width of the precision.
CREATE TABLE numerics (
    id int PRIMARY KEY, p1 numeric(1), p2 numeric(2,1), p4 numeric(4,4), p9 numeric(9,2), p10 numeric(10,2),
    p18 numeric(18,4), p19 numeric(19,0), p20 numeric(20,10), p36 numeric(36,18), p38 numeric(38,9), p38_38 numeric(38,38),
    p39 numeric(39,2), p100 numeric(100,50), negative numeric(3,-2), very_negative numeric(2,-36), too_negative numeric(10,-30),
    small numeric(3,5), tiny numeric(1,38), too_tiny numeric(1,39), bare numeric);
INSERT INTO numerics VALUES
    (1, 9, 9.9, .9999, 9999999.99, 99999999.99, 99999999999999.9999, 9999999999999999999, 9999999999.9999999999,
     repeat('9', 18)::numeric + ('0.' || repeat('9', 18))::numeric, (repeat('9', 29) || '.999999999')::numeric,
     ('0.' || repeat('9', 38))::numeric, (repeat('9', 37) || '.99')::numeric, (repeat('9', 50) || '.' || repeat('9', 50))::numeric,
     99900, 99e36, 9999999999e30, 0.00999, 9e-38, 9e-39, 1e1000),
    (2, -9, -9.9, -.9999, -9999999.99, -99999999.99, -99999999999999.9999, -9999999999999999999, -9999999999.9999999999,
     -(repeat('9', 18)::numeric + ('0.' || repeat('9', 18))::numeric), -(repeat('9', 29) || '.999999999')::numeric,
     -('0.' || repeat('9', 38))::numeric, -(repeat('9', 37) || '.99')::numeric, -(repeat('9', 50) || '.' || repeat('9', 50))::numeric,
     -99900, -99e36, -9999999999e30, -0.00999, -9e-38, -9e-39, -1e-1000),
    (3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    (5, 1, 0.1, 0.0001, 0.01, 12.34, 0.0001, 1, 1e-10, 1e-18, 1e-9, 1e-38, 0.01, 1e-50, 100, 1e36, 1e30, 1e-5, 1e-38, 1e-39, 'NaN'),
    (6, -1, -0.1, -0.0001, -0.01, -12.34, -0.0001, -1, -1e-10, -1e-18, -1e-9, -1e-38, -0.01, -1e-50, -100, -1e36, -1e30, -1e-5, -1e-38,
     -1e-39, 'Infinity'),
    (7, 5, 1.5, 0.5, 1.28, 1.27, 128, 255, 256, 65536.65535, 18446744073709551616, 0.5, 1, 1, 12800, 2e36, 2e30, 0.005, 5e-38, 5e-39,
     '-Infinity'),
    (8, 5, -1.5, -0.5, -1.28, -1.29, -128, -256, -257, -65536.65536, -18446744073709551617, -0.5, -1, -1, -12800, -2e36, -2e30, -0.005,
     -5e-38, -5e-39, '-0.00'),
    (9, 1, 1, 1e-4, 10000, 10000, 10000, 10000, 10000, 100000000, 10000000000000000, 1e-4, 1e30, 1e30, 1e4, 1e37, 1e39, 0.001, 1e-38, 1e-39, 1.10),
    (10, 1, 1, 1e-4, 0.05, 0.05, 0.0500, 10001, 10000.0001, 100000001.00000001, 9999.00009999, 1e-8, 100010001.01, 0.00010001, 1e4, 1e37,
     1e39, 0.001, 1e-38, 1e-39, '123456789012345678901234567890.1234567890123456789012345678900');

CREATE TABLE texts (
    id int PRIMARY KEY, t text, v varchar(20), n name, c "char", bp char(8), bp1 char, ci varchar COLLATE "C", by bytea, u uuid,
    bits bit(5), vbits varbit, x xml);
INSERT INTO texts VALUES
    (1, '', '', '', '', '', '', '', '', '00000000-0000-0000-0000-000000000000', B'00000', B'', ''),
    (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (3, 'NULL', '\N', 'null', 'a', 'ab', 'x', 'a"b\c''d', '\x00', 'ffffffff-ffff-ffff-ffff-ffffffffffff', B'11111', B'1', '<a/>'),
    (4, E'tab\t newline\n return\r quote" backslash\\ bell\007 del\177 \001\037', E'\b\f\013', 'name', '"', E'tab\t', '"', ',', '\x00ff00',
     '550E8400-E29B-41D4-A716-446655440000', B'10101', repeat('10', 100)::varbit, E'<a b="c">\n&lt;&amp; text \n</a>'),
    (5, U&'\0080\00e9\07ff\0800\d7ff\e000\fffd\fffe\ffff\+010000\+10ffff', U&'\2028\2029\feff\200d', U&'gr\00f6\00dfe', '~', U&'\00e9\00e9', U&'\20ac',
     U&'\202e\0301', decode(repeat('00', 1000), 'hex'), 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', B'01000', B'0', '<?xml version="1.0"?><a>1</a>'),
    (6, repeat('long ', 20000), repeat(U&'\+01f600', 20), repeat('n', 63), ' ', '12345678', ' ', repeat('c', 63),
     decode(repeat('deadbeef', 5000), 'hex'), '{a0eebc999c0b4ef8bb6d6bb9bd380a11}', B'00001', B'000', 'text only'),
    (7, repeat('x', 63), 'x', 'y', 'z', '   lead', ' ', repeat('x', 64), repeat('x', 64)::bytea, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
     B'00001', B'000', ('<a>' || repeat('b', 3000) || '</a>')::xml);

CREATE TABLE times (
    id int PRIMARY KEY, d date, t time, t0 time(0), tz timetz, ts timestamp, ts3 timestamp(3), tstz timestamptz, iv interval, ivy interval year to month);
INSERT INTO times VALUES
    (1, '1970-01-01', '00:00', '00:00', '00:00+00', '1970-01-01', '1970-01-01', '1970-01-01 00:00+00', '0', '0'),
    (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (3, '1969-12-31', '23:59:59.999999', '23:59:59', '23:59:59.999999-15:59', '1969-12-31 23:59:59.999999', '1969-12-31 23:59:59.999',
     '1969-12-31 23:59:59.999999+00', '1 year 2 mons 3 days 4:05:06.789', '1 year 2 mons'),
    (4, '0001-01-01', '00:00:00.000001', '12:34:56', '12:00+15:59', '0001-01-01', '0001-01-01', '0001-01-01 00:00+00',
     '-1 year -2 mons +3 days -4:05:06.000001', '-1 year'),
    (5, '9999-12-31', '12:34:56.789', '00:00:01', '12:34:56.789+05:30', '9999-12-31 23:59:59.999999', '9999-12-31 23:59:59.999',
     '9999-12-31 23:59:59.999999+00', '1 mon -1 day 0.000001 sec', '-1 mon'),
    (6, '2000-02-29', '01:02:03.000004', '01:02:03', '01:02:03-00:30', '2000-01-01', '2000-01-01', '2000-01-01 00:00+00', '178000000 years', '178000000 years'),
    (7, '1582-10-15', '13:14:15', '13:14:15', '13:14:15+02', '1582-10-14 23:59:59.999999', '1582-10-14', '1582-10-15 00:00+00',
     '-178000000 years 2147483647 days', '1 mon'),
    (8, '1900-03-01', '13:14:15', '13:14:15', '13:14:15+02', '1999-12-31 23:59:59.999999', '1999-12-31 23:59:59.5', '2024-03-31 02:30 Europe/Berlin',
     '2562047788:00:54.775807', '12 mons'),
    (9, '2024-02-29', '13:14:15', '13:14:15', '13:14:15+02', '2024-03-31 02:30', '2024-03-31 02:30', '2024-10-27 02:30 America/New_York',
     '-2147483648 days -0.5 sec', '12 mons'),
    (10, '2024-02-29', '13:14:15', '13:14:15', '13:14:15+02', '2024-03-31 02:30', '2024-03-31 02:30', '2024-06-01 12:00 Asia/Kathmandu', '1.5 sec', '1 mon');

CREATE TABLE times_far (id int PRIMARY KEY, d date, ts timestamp, tstz timestamptz, da date[]);
INSERT INTO times_far VALUES
    (1, '4713-01-01 BC', '4713-01-01 00:00 BC', '4713-01-01 00:00+00 BC', '{"0001-12-31 BC",10000-01-01}'),
    (2, '5874897-12-31', '294247-01-10 04:00:54.775807', '294247-01-10 04:00:54.775807+00', '{5874897-12-31,NULL}'),
    (3, '0001-12-31 BC', '0001-12-31 23:59:59.999999 BC', '0001-12-31 23:59:59.999999+00 BC', '{}'),
    (4, '10000-01-01', '10000-01-01', '10000-01-01 00:00+00', NULL),
    (5, '0044-03-15 BC', '0044-03-15 12:00 BC', '0044-03-15 12:00+00 BC', '{NULL}'),
    (6, '0001-02-28 BC', '0001-02-29 00:00:00.000001 BC', '0001-03-01 00:00+00 BC', '{"0005-02-28 BC"}');

CREATE TABLE times_outside (id int PRIMARY KEY, d date, t time, ts timestamp, tstz timestamptz, ta time[], n numeric(10,2));
INSERT INTO times_outside VALUES
    (1, 'infinity', '24:00:00', 'infinity', 'infinity', '{24:00:00,00:00:00,NULL}', 'NaN'),
    (2, '-infinity', '23:59:59.999999', '-infinity', '-infinity', '{24:00:00}', 1),
    (3, '2000-01-01', '00:00', '294247-01-10 04:00:54.775808', '294276-12-31 23:59:59.999999+00', '{}', -1),
    (4, '2000-01-01', '24:00:00', '294276-12-31 23:59:59.999999', '294247-01-10 04:00:54.775808+00', '{12:00}', 'NaN');

CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy', '', 'with space', 'größe', E'quote"\\');
CREATE TYPE "Empty" AS ();
CREATE TYPE point3 AS (x float8, y numeric(10,2), z int);
CREATE TYPE line3 AS (a point3, b point3, tags text[], at timestamptz);
CREATE TYPE "odd name" AS ("my col" int, "1a" text, "größe" mood, a int, "A" int, a_2 int);
CREATE TYPE shape AS (name text, lines line3[], first line3, odd "odd name", m mood[]);
CREATE TYPE shrunk AS (a int, gone text, b text);
CREATE DOMAIN positive AS numeric(12,3) CHECK (VALUE > 0);
CREATE DOMAIN price AS positive;
CREATE DOMAIN words AS text[];
CREATE DOMAIN place AS point3;
CREATE DOMAIN birthday AS date;
CREATE DOMAIN feeling AS mood;
CREATE DOMAIN document AS jsonb;
CREATE DOMAIN code AS char(4);
CREATE DOMAIN codes AS code[];
ALTER TYPE shrunk DROP ATTRIBUTE gone;

CREATE TABLE nested (
    id int PRIMARY KEY, m mood, p point3, l line3, s shape, o "odd name", pa point3[], la line3[], ma mood[], e "Empty",
    sh shrunk, t times);
INSERT INTO nested VALUES
    (1, 'sad', (1.5, 12.34, 7), ((0, 0, 0), (1, -1.01, 1), '{a,"b,c",NULL}', '2024-01-31 12:00+02'),
     ('s', ARRAY[((1, 1, 1), NULL, '{}', NULL), NULL]::line3[], NULL, (1, 'x', 'größe', 2, 3, 4), '{happy,NULL,"with space"}'),
     (1, '"\,()', '', 4, 5, 6), ARRAY[(1, 2, 3), NULL, (NULL, NULL, NULL)]::point3[], ARRAY[NULL]::line3[], '{sad,ok,""}',
     ROW()::"Empty", (1, 'b'), (SELECT w FROM times w WHERE id = 3)),
    (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (3, E'quote"\\', (NULL, NULL, NULL), (NULL, NULL, NULL, NULL), (NULL, NULL, NULL, NULL, NULL),
     (NULL, '', NULL, NULL, NULL, NULL), '{}', '{}', '{}', ROW()::"Empty", (NULL, ''), (SELECT w FROM times w WHERE id = 2)),
    (4, '', ('NaN', -99999999.99, -2147483648), (('-0', 0.01, 1), ('Infinity', NULL, 2), '{"",NULL,"NULL","{}"}',
     '1969-12-31 23:59:59.999999+00'), ('', '{}', ((1, 1, 1), (2, 2, 2), '{x}', '2000-01-01 00:00+00'), NULL, '{}'),
     (6, E'tab\tnewline\n', 'happy', 4, 5, 6), ARRAY[(0.1, 0.1, 1)]::point3[],
     ARRAY[((1, 1, 1), (2, 2, 2), '{"a b"}', '2000-01-01 00:00+00')]::line3[], '{NULL}', ROW()::"Empty", (4, NULL),
     (SELECT w FROM times w WHERE id = 4));

CREATE TABLE arrays (
    id int PRIMARY KEY, b bool[], i2 int2[], i int[], i8 int8[], f4 float4[], f float8[], n numeric(10,2)[], nb numeric[],
    t text[], bp char(3)[], by bytea[], u uuid[], d date[], ti time[], ts timestamp[], tz timestamptz[], iv interval[],
    j json[], jb jsonb[], r int4range[], grid int[][], cube text[][][], bx box[], names name[], iv2 int2vector, ov oidvector);
INSERT INTO arrays VALUES
    (1, '{t,f,NULL}', '{1,-32768}', '{1,NULL,3}', '{9223372036854775807}', '{NaN,-0,1.5}', '{Infinity,5e-324}',
     '{12.34,-99999999.99,NULL}', '{NaN,1e100,Infinity}', '{a,NULL,"NULL","","a,b","{x}","\"q\\"}', '{a,"bb ",NULL}',
     '{"\\x00ff",NULL,"\\x"}', '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}', '{2024-02-29,1969-12-31}', '{00:00,23:59:59.999999}',
     '{"1969-12-31 23:59:59.999999"}', '{"2024-01-01 00:00+01",NULL}', '{"1 day -1 sec",NULL}',
     '{"{\"a\": [1, 2]}","null",NULL}', '{"{\"a\": [1, 2]}","null",NULL}', '{"[1,5)",empty}', '{{1,2},{3,NULL}}',
     '{{{a,b},{c,d}},{{e,NULL},{g,"h i"}}}', '{(1,1),(0,0);(2,2),(1,1)}', '{x,y}', '1 2 3', '1 4294967295'),
    (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
     NULL, NULL, NULL, NULL, NULL, NULL),
    (3, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}',
     '{}', '{}', '{}', '{}', '', ''),
    (4, '{NULL}', '[0:1]={5,6}', '[-2:0]={1,2,3}', '{NULL,NULL}', '{1e-45}', '{0.1}', '{0}', '{0.000}', E'{"multi\nline","tab\t"}',
     '{abc}', '{"\\xdeadbeef"}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}', '{NULL}',
     '{{NULL}}', '[2:2][3:3][4:5]={{{x,y}}}', '{NULL}', '{NULL}', '-1', '0');
INSERT INTO arrays (id, i, t, nb)
    SELECT 5, array_agg(CASE WHEN n % 7 <> 0 THEN n END ORDER BY n), array_agg(repeat('é', n % 90) ORDER BY n),
        array_agg(n / 8.0 ORDER BY n)
    FROM generate_series(1, 3000) n;

CREATE TABLE documents (id int PRIMARY KEY, j json, jb jsonb, jp jsonpath);
INSERT INTO documents VALUES
    (1, '{}', '{}', '$'),
    (2, NULL, NULL, NULL),
    (3, 'null', 'null', 'strict $.a[*] ? (@ > 1)'),
    (4, E' { "b" : 1 ,\n\t"a" : [ 1 , 2 ] ,\r\n "b" : 2 } ', ' { "b" : 1 , "a" : [ 1 , 2 ] , "b" : 2 } ', '$."a b"'),
    (5, '[1e1000, -0, 1.10, 12345678901234567890123456789012345678901234567890]',
     '[1e100, -0, 1.10, 12345678901234567890123456789012345678901234567890]', '$[0 to last]'),
    (6, '"\u00e9\ud83d\ude00 \u0001 \" \\ \/ \b\f\n\r\t"', '"\u00e9\ud83d\ude00 \u0001 \" \\ \/ \b\f\n\r\t \u007f"', '$.**{2}'),
    (7, '"scalar"', '"scalar"', '$.a'),
    (8, '1', '1', '$.a'),
    (9, 'true', 'true', '$.a'),
    (10, '-1.50e-7', '-1.50e-7', '$.a'),
    (11, '[]', '[]', '$.a'),
    (12, '[[], {}, [[]], null, false, ""]', '[[], {}, [[]], null, false, ""]', '$.a'),
    (13, '{"": {"": null}, "größe": "ü", "a\"b": 0}',
     ('{"": {"": null}, "größe": "ü", "a\"b": 0, "long key ' || repeat('k', 300) || '": 0.000100}')::jsonb, '$.a'),
    (14, (repeat('[', 500) || repeat(']', 500))::json, (repeat('{"a":[', 200) || '1' || repeat(']}', 200))::jsonb, '$.a'),
    (15, '[0.00000000000000000001, 123456789.123456789, 10000, 100000000, 0.0001, 9999.9999]',
     '[0.00000000000000000001, 123456789.123456789, 10000, 100000000, 0.0001, 9999.9999, 1e20, 0.0, 1.000]', '$.a');
INSERT INTO documents
    SELECT 16, json_agg(n), jsonb_object_agg('key ' || n, jsonb_build_array(n, n / 4.0, repeat('x', n % 50), n % 2 = 0, NULL)), '$'
    FROM generate_series(1, 2000) n;

CREATE FUNCTION zoo_function(int) RETURNS int LANGUAGE sql AS 'SELECT $1';
CREATE TABLE others (
    id int PRIMARY KEY, x8 xid8, r4 int4range, r8 int8range, rn numrange, rd daterange, rts tsrange, rtz tstzrange,
    mr int4multirange, mtz tstzmultirange, ip inet, net cidr, mac macaddr, mac8 macaddr8, lsn pg_lsn, tid tid, tv tsvector,
    tq tsquery, pt point, ln line, ls lseg, bx box, pa path, po polygon, ci circle, rc regclass, rp regprocedure, rt regtype,
    rr regrole, rns regnamespace, mo money, snap pg_snapshot);
INSERT INTO others VALUES
    (1, '18446744073709551615', '[1,5)', '(,9223372036854775807)', '(1.5,)', '[2024-01-01,2024-02-01)',
     '["2024-01-01 00:00","2024-01-01 12:00:00.5")', '["2024-01-01 00:00+02",infinity)', '{[1,2),[5,7)}',
     '{["2024-01-01 00:00+02","2024-01-02 00:00+02")}', '192.168.0.1/24', '10.0.0.0/8', '08:00:2b:01:02:03',
     '08:00:2b:01:02:03:04:05', 'FFFFFFFF/FFFFFFFF', '(4294967295,65535)', 'a:1 fat:2A,4B ''it''''s'':3',
     'fat & (rat | !cat:AB) <-> x', '(1.5,-0)', '{1,2,3}', '[(0,0),(1,1)]', '(1,1),(0,0)', '[(0,0),(1,1)]', '((0,0),(1,1),(2,0))',
     '<(0,0),1.5>', 'pg_class', 'pg_catalog.int4pl(int4,int4)', 'timestamptz', 'pg_monitor', 'pg_catalog',
     '92233720368547758.07', '10:20:10,14,15'),
    (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
     NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (3, '0', 'empty', '(,)', 'empty', '(,infinity]', '(,)', '["2024-03-31 02:30 Europe/Berlin",)', '{}', '{}', '::1',
     '2001:db8::/32', '00:00:00:00:00:00', 'ff:ff:ff:ff:ff:ff:ff:ff', '0/0', '(0,0)', '', '', '(NaN,Infinity)', '{0,-1,0}',
     '[(0.1,0.2),(1e300,1e-300)]', '(0.1,0.2),(0.1,0.2)', '((0,0))', '((0,0))', '<(0,0),0>', '-', '-', '-', '-', '-',
     '-92233720368547758.08', '10:10:'),
    (4, '1', '[1,1]', '[1,1]', '[1,1]', '[2024-01-01,2024-01-01]', '[2024-01-01,2024-01-01]',
     '["1969-12-31 23:59:59.999999+00","1970-01-01 00:00+00"]', '{(,1),(5,)}', '{(,)}', '::ffff:1.2.3.4', '0.0.0.0/0',
     '01:02:03:04:05:06', '01:02:03:04:05:06:07:08', '16/B374D848', '(1,1)', 'x', 'x:*', '(0,0)', '{1,0,0}', '[(1,2),(3,4)]',
     '(3,4),(1,2)', '[(1,2)]', '((1,2),(3,4))', '<(1,2),3>', 'zoo.nested', 'zoo_function(int)', 'zoo.mood', 'pg_monitor', 'zoo',
     '1234.5', '1:1:');

CREATE TABLE domains (
    id int PRIMARY KEY, pr price, w words, pl place, bd birthday, f feeling, doc document, co code, cos codes, pls place[],
    fs feeling[], ps price[]);
INSERT INTO domains VALUES
    (1, 12.345, '{a,NULL}', ROW(1, 2, 3)::point3, '2024-02-29', 'ok', '{"a": 1}', 'ab', '{a,abcd}',
     ARRAY[ROW(1, 2, 3)::point3::place, NULL], '{ok,NULL}', '{1,0.001}'),
    (2, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
    (3, 999999999.999, '{}', ROW(NULL, NULL, NULL)::point3, '1969-12-31', 'größe', 'null', 'abcd', '{}', '{}', '{}', '{}');

CREATE TABLE "Weird ""names""" (
    id int PRIMARY KEY, "?column?" int, "my col" int, "a.b:c" int, "1a" int, "größe" int, "_x" int, "x%s" int, "A" int, a int,
    "a_2" int, "😀" int, "😀😀" int, "select" int, "null" int, "toString" int, "constructor" int, "line
feed" int, "quote""d" int, "back\slash" int, "ééééééééééééééééééééééééééééééé" int);
INSERT INTO "Weird ""names"""
    SELECT n, n + 1, n + 2, n + 3, n + 4, n + 5, n + 6, n + 7, n + 8, n + 9, n + 10, n + 11, n + 12, n + 13, n + 14, n + 15, n + 16,
        n + 17, n + 18, n + 19, n + 20
    FROM generate_series(1, 3) n;

CREATE TABLE shrinking (a int, gone text, b int, c text DEFAULT 'fast default', g int GENERATED ALWAYS AS (a * 2) STORED);
INSERT INTO shrinking SELECT n, 'gone', n FROM generate_series(1, 5) n;
ALTER TABLE shrinking DROP COLUMN gone, ADD COLUMN d numeric(6,2) DEFAULT 1.5, ADD COLUMN e text;

CREATE TABLE no_columns ();
INSERT INTO no_columns SELECT FROM generate_series(1, 5);
CREATE TABLE no_rows (id int, t text, n numeric(10,2), a int[], p point3);
CREATE TABLE many_rows AS
    SELECT n AS id, md5(n::text) AS h, n * 1.25 AS x, (n % 10000)::numeric(10,2) AS v,
        timestamptz '2000-01-01' + n * interval '1 min' AS at, CASE WHEN n % 3 = 0 THEN n END AS sometimes
    FROM generate_series(1, 20000) n;

-- Names as SQL writes them.
CREATE VIEW everything_plain AS
    SELECT unnest('{numbers,numerics,texts,times,nested,arrays,documents,others,domains,"\"Weird \"\"names\"\"\"",no_columns,
        no_rows,many_rows}'::text[]) AS relation;
CREATE VIEW everything_far AS SELECT unnest('{times_far}'::text[]) AS relation;
CREATE VIEW everything_outside AS SELECT unnest('{times_outside}'::text[]) AS relation;
