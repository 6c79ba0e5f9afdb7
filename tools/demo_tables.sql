-- demo_tables.sql - the tables that tools/demo exports and tools/demo --shell leaves for trying things out.
CREATE EXTENSION pg_spout;
CREATE TABLE orders AS
SELECT id, timestamptz '2026-01-01 00:00+00' + id * interval '17 minutes' AS placed_at,
       'customer ' || id % 97 AS customer, (id * 1.37)::numeric(10,2) AS amount,
       ARRAY['web', 'paid'] AS tags, jsonb_build_object('items', id % 5 + 1) AS details
FROM generate_series(1, 25000) AS id;
CREATE TABLE measurements AS
SELECT id, timestamptz '2026-01-01 00:00+00' + id * interval '1 second' AS at, 'sensor ' || id % 40 AS sensor,
       20 + id % 977 * 0.01::float8 AS celsius, id % 60 = 0 AS checked
FROM generate_series(1, 500000) AS id;
CREATE TABLE odd_values (what text, day date, amount numeric(10,2), note text, tags text[]);
INSERT INTO odd_values VALUES
    ('plain', '2026-01-01', 1.50, 'text', '{a,b}'), ('nothing', NULL, NULL, NULL, NULL),
    ('infinite', 'infinity', 'NaN', 'quote " comma ,', '{}'),
    ('lines', '0001-01-01 BC', -0.01, E'two\nlines', '{NULL}'), ('not for XML', '9999-12-31', 99999999.99, E'bell \x07', '{"x,y"}');
VACUUM ANALYZE orders, measurements, odd_values;
