-- demo.sql - what tools/demo shows: rows out through both doors, read back by a foreign reader, verified.
\pset footer off
\pset border 0
\set QUIET on
CREATE EXTENSION pg_spout;
CREATE TABLE orders AS
SELECT id, timestamptz '2026-01-01 00:00+00' + id * interval '17 minutes' AS placed_at,
       'customer ' || id % 97 AS customer, (id * 1.37)::numeric(10,2) AS amount,
       ARRAY['web', 'paid'] AS tags, jsonb_build_object('items', id % 5 + 1) AS details
FROM generate_series(1, 25000) AS id;
\getenv out SPOUT_OUT

\echo '\n1. COPY, as you know it:   COPY orders TO \'orders.avro\' WITH (FORMAT avro)'
\set file :out /orders.avro
\set QUIET off
COPY orders TO :'file' WITH (FORMAT avro);
\set QUIET on
\echo '\n   what Python reads:'
\! tools/show_avro "$SPOUT_OUT/orders.avro"

\echo '\n2. A function, a row per file:   10,000 rows a file, zstandard, a manifest'
\set file :out /big.avro
SELECT file_index, replace(path, :'out' || '/', '') AS file, rows, bytes, raw_bytes, crc32c
FROM export_to_avro('SELECT * FROM orders WHERE amount > 100 ORDER BY id', :'file',
                    compression => 'zstandard', max_rows_per_file => 10000, options => '{"manifest": true}');
\! cd "$SPOUT_OUT" && echo big*

\echo '\n3. Read back, checksums and every row, against the manifest:'
\set file :out /big.manifest.json
SELECT replace(path, :'out' || '/', '') AS file, ok, rows, blocks, crc32c FROM verify_export(:'file');

\echo '\n4. Where the time of the export went, in milliseconds:'
SELECT key AS stage, round(value::numeric / 1e6, 1) AS ms FROM jsonb_each(last_export() -> 'ns') ORDER BY value DESC;
