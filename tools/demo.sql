-- demo.sql - what tools/demo shows: rows out in every format and through both doors, read back by somebody else, verified,
-- and timed beside core's COPY.
\pset footer off
\pset border 0
\set QUIET on
\ir demo_tables.sql
\getenv out SPOUT_OUT

\echo '\n1. COPY, as you know it, in every format:'
\set QUIET off
\echo '   COPY orders TO \'orders.avro\' WITH (FORMAT avro)'
\set file :out /orders.avro
COPY orders TO :'file' WITH (FORMAT avro);
\echo '   COPY orders TO \'orders.csv.gz\' WITH (FORMAT csv, HEADER, COMPRESSION gzip)'
\set file :out /orders.csv.gz
COPY orders TO :'file' WITH (FORMAT csv, HEADER, COMPRESSION gzip);
\echo '   COPY orders TO \'orders.json.zst\' WITH (FORMAT \'json\', COMPRESSION zstd)'
\set file :out /orders.json.zst
COPY orders TO :'file' WITH (FORMAT 'json', COMPRESSION zstd);
\echo '   COPY orders TO \'orders.xml\' WITH (FORMAT xml, ROW_NAME \'order\')'
\set file :out /orders.xml
COPY orders TO :'file' WITH (FORMAT xml, ROW_NAME 'order', PARALLEL off);
\set QUIET on
\echo '\n   What others read:'
\! cd "$SPOUT_OUT" && ls -s --block-size=1 orders.* | awk '{print "  " $1 " bytes  " $2}'
\! tools/show_avro -n 2 "$SPOUT_OUT/orders.avro"
\! gzip -dc "$SPOUT_OUT/orders.csv.gz" | sed -n '1,2s/^/  /p'
\! ! command -v zstd >/dev/null || zstd -dcq "$SPOUT_OUT/orders.json.zst" | sed -n '1s/^/  /p'
\! sed -n '2,3s/^/  /p' "$SPOUT_OUT/orders.xml"

\echo '\n2. A function, a row per file:   10,000 rows a file, zstandard, a manifest'
\set file :out /big.avro
SELECT file_index, replace(path, :'out' || '/', '') AS file, rows, bytes, raw_bytes, crc32c
FROM export_to_avro('SELECT * FROM orders WHERE amount > 100 ORDER BY id', :'file',
                    compression => 'zstandard', max_rows_per_file => 10000, options => '{"manifest": true}');
\! cd "$SPOUT_OUT" && echo big*

\echo '\n3. Read back, checksums and every row, against the manifest:'
SELECT replace(v.path, :'out' || '/', '') AS file, ok, rows, blocks, crc32c
FROM pg_ls_dir(:'out') AS name, LATERAL verify_export(:'out' || '/' || name) AS v WHERE name LIKE 'big%manifest.json';

\echo '\n4. Where the time of the export went, in milliseconds:'
\set file :out /sorted.avro
SELECT rows FROM export_to_avro('SELECT * FROM orders WHERE amount > 100 ORDER BY id', :'file') \gset
SELECT key AS stage, round(value::numeric / 1e6, 1) AS ms FROM jsonb_each(last_export() -> 'ns') ORDER BY value DESC;

\echo '\n5. 500,000 rows in parallel workers, beside core\'s COPY (sync off: core does not sync either):'
\set core :out /core.csv
\set file :out /parallel
CREATE TEMP TABLE timed (ord int, what text, ms numeric, workers int, bytes bigint);
PREPARE ours(int, text, timestamptz) AS
INSERT INTO timed
SELECT $1, $2, extract(epoch FROM clock_timestamp() - $3) * 1000, (e ->> 'workers')::int, (e ->> 'bytes')::bigint FROM last_export() AS e;
SELECT clock_timestamp() AS began \gset
COPY measurements TO :'core' WITH (FORMAT csv);
INSERT INTO timed SELECT 1, 'core: csv', extract(epoch FROM clock_timestamp() - :'began') * 1000, 0, (pg_stat_file(:'core')).size;
SELECT clock_timestamp() AS began \gset
COPY measurements TO :'file' WITH (FORMAT csv, SYNC off);
EXECUTE ours(2, 'csv', :'began');
SELECT clock_timestamp() AS began \gset
COPY measurements TO :'file' WITH (FORMAT csv, COMPRESSION zstd, SYNC off);
EXECUTE ours(3, 'csv, zstd', :'began');
SELECT clock_timestamp() AS began \gset
COPY measurements TO :'file' WITH (FORMAT avro, SYNC off);
EXECUTE ours(4, 'avro, snappy', :'began');
SELECT what, round(ms) AS ms, workers, pg_size_pretty(bytes) AS size, repeat('#', (40 * ms / max(ms) OVER ())::int) AS "time"
FROM timed ORDER BY ord;

\echo '\n6. A benchmark of the extension pg_spout_bench, small enough for a demonstration:'
SET client_min_messages = error;
CREATE EXTENSION pg_spout_bench;
\pset tuples_only on
SELECT '   ' || line FROM run_benchmarks('time', 'db', names => '^db/(avro|csv|native_csv)/export/10000$',
    config => '{"budget": 2, "iterations": 10}') AS result, regexp_split_to_table(result, '\n') AS line WHERE line ~ '^(name|db/)';
\echo
