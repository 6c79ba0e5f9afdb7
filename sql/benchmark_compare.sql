\set ECHO none
\i sql/include/setup.sql
\i sql/include/benchmarks.sql
\set ECHO all
-- Verdicts of stored runs, gates, reports; single measurements. Times are made up, so that verdicts are facts.
SET client_min_messages = warning;
TRUNCATE benchmark_runs, benchmark_results, memory_profile_results, benchmark_items;
SELECT setval(s, 10000) FROM unnest('{benchmark_runs_run_id_seq,benchmark_results_id_seq,memory_profile_results_id_seq}'::regclass[]) s;
-- A run of benchmark x: its median, memory, bytes, flags, machine.
CREATE FUNCTION pg_temp.run(id bigint, median float8, peak bigint DEFAULT 1000000, net bigint DEFAULT 0, bytes bigint DEFAULT 5000, flags text[] DEFAULT '{}', fingerprint text DEFAULT 'here', hash text DEFAULT 'h', status text DEFAULT 'ok')
RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO benchmark_runs (run_id, status, started, finished, requested_by, arguments, fingerprint, environment) VALUES (id, 'done', '2024-01-01', '2024-01-01', 'me', '{}', fingerprint, '{"pg_version_num": 150000, "cores": 2, "cpu_model": "C"}');
    INSERT INTO benchmark_results VALUES (id, 'x', median, median, median, median, 0, 10);
    INSERT INTO memory_profile_results VALUES (id, 'x', peak, peak + net, peak, net, '[]');
    INSERT INTO benchmark_items VALUES (id, 1, 'x', 'all', 'db', 'avro', 100, hash, status, NULL, CASE status WHEN 'ok' THEN NULL ELSE 'Performance regression detected' END, CASE status WHEN 'ok' THEN 'green' ELSE 'red' END, flags, id, id, jsonb_build_object('bytes', bytes, 'mb_per_s', 7, 'stats', '{"mad": 0.0001}'::jsonb));
    RETURN id;
END $$;
SELECT count(*) FROM (SELECT pg_temp.run(n, 1 + 0.004 * (n - 3)) FROM generate_series(1, 5) n) r;
SELECT pg_temp.try('SELECT * FROM compare_benchmarks(''{1}'')');
SELECT set_baseline(n) FROM generate_series(1, 5) n;
SELECT baseline, count(*) FROM benchmark_runs GROUP BY 1;
SELECT s, x FROM unnest(ARRAY['set_baseline(99)', 'compare_benchmarks(''{99}'')', 'compare_benchmarks(''{}'')', 'compare_benchmarks(NULL)', 'gate_benchmarks(''{1}'', ''other'')', 'gate_benchmarks(''{1}'', fail_on => ''{"speed": "1%"}'')',
    'gate_benchmarks(''{1}'', fail_on => ''{"median_time": "64kB"}'')', 'gate_benchmarks(''{1}'', fail_on => ''[]'')', 'gate_benchmarks(''{1}'', fail_on => ''{"median_time": null}'')',
    'gate_benchmarks(''{1}'', fail_on => ''{"peak_memory": "-1%"}'')', 'gate_benchmarks(''{1}'', fail_on => ''{"peak_memory": "999999999999GB"}'')', 'gate_benchmarks(''{1}'', fail_on => ''{"bytes": 5.5}'')', 'gate_benchmarks(''{1,NULL}'')', 'gate_benchmarks(''{1}'', NULL)', 'set_baseline(NULL)', 'benchmark_report(99)', 'benchmark_report(1, ''html'')']) s, pg_temp.try('SELECT * FROM ' || s) x WHERE x NOT LIKE 'HINT:%';

-- The bounds, row by row: five runs spread by 0.6 % or by 7.4 %, fewer runs, flags, exact edges.
SELECT count(*) AS cases, count(*) FILTER (WHERE v.verdict = c.wanted) AS right FROM (VALUES
    ('median_time', 'tight', '{1,1,1}', NULL, 'equivalent'),
    ('median_time', 'tight', '{1.05,1.05,1.05}', NULL, 'equivalent'),
    ('median_time', 'tight', '{1.051,1.0,1.0}', NULL, 'inconclusive'),
    ('median_time', 'tight', '{1.099,1.099,1.099}', NULL, 'inconclusive'),
    ('median_time', 'tight', '{1.101,1.101,1.0}', NULL, 'regression'),
    ('median_time', 'tight', '{1.101,1.099,1.099}', NULL, 'inconclusive'),
    ('median_time', 'tight', '{9,9}', NULL, 'inconclusive'),
    ('median_time', 'tight', '{9,9,1,1}', NULL, 'inconclusive'),
    ('median_time', 'tight', '{9,9,9,1}', NULL, 'regression'),
    ('median_time', 'tight', '{9,9,9}', '{}', 'inconclusive'),
    ('median_time', 'tight', '{9,9,9}', '{9}', 'inconclusive'),
    ('median_time', 'tight', '{9,9,9}', '{9,9}', 'regression'),
    ('median_time', 'tight', '{0.91,0.91,0.91}', NULL, 'inconclusive'),
    ('median_time', 'tight', '{0.89,0.89,0.89}', NULL, 'improvement'),
    ('median_time', 'wide', '{1.22,1.22,1.22}', NULL, 'equivalent'),
    ('median_time', 'wide', '{1.23,1.23,1.23}', NULL, 'inconclusive'),
    ('median_time', 'wide', '{1.37,1.37,1.37}', NULL, 'inconclusive'),
    ('median_time', 'wide', '{1.38,1.38,1.38}', NULL, 'regression'),
    ('median_time', 'wide', '{0.64,0.64,0.64}', NULL, 'inconclusive'),
    ('median_time', 'wide', '{0.62,0.62,0.62}', NULL, 'improvement'),
    ('median_time', 'few', '{9,9,9}', NULL, 'inconclusive'),
    ('median_time', 'one', '{9,9,9}', NULL, 'inconclusive'),
    ('median_time', 'one', '{1,1,1}', NULL, 'inconclusive'),
    ('median_time', 'zero', '{1,1,1}', NULL, 'regression'),
    ('median_time', 'zero', '{0,0,0}', NULL, 'equivalent'),
    ('peak_memory', 'mega', '{1010000}', NULL, 'equivalent'),
    ('peak_memory', 'mega', '{1016384}', NULL, 'equivalent'),
    ('peak_memory', 'mega', '{1016385}', NULL, 'inconclusive'),
    ('peak_memory', 'mega', '{1065536}', NULL, 'inconclusive'),
    ('peak_memory', 'mega', '{1065537}', '{}', 'regression'),
    ('peak_memory', 'giga', '{1010000000}', NULL, 'equivalent'),
    ('peak_memory', 'giga', '{1010000001}', NULL, 'inconclusive'),
    ('peak_memory', 'giga', '{1050000001}', NULL, 'regression'),
    ('peak_memory', 'mega', '{934463}', NULL, 'improvement'),
    ('peak_memory', 'zero', '{65537}', NULL, 'regression'),
    ('allocated_memory', 'mega', '{1065537}', NULL, 'regression'),
    ('allocated_memory', 'mega', '{1016385}', NULL, 'inconclusive'),
    ('net_memory', 'zero', '{0}', NULL, 'equivalent'),
    ('net_memory', 'zero', '{1}', NULL, 'inconclusive'),
    ('net_memory', 'zero', '{65536}', NULL, 'inconclusive'),
    ('net_memory', 'zero', '{65537}', '{}', 'regression'),
    ('net_memory', 'mega', '{65537}', NULL, 'regression'),
    ('bytes', 'mega', '{1000000}', NULL, 'equivalent'),
    ('bytes', 'mega', '{999999}', NULL, 'inconclusive'),
    ('bytes', 'mega', '{1050000}', NULL, 'inconclusive'),
    ('bytes', 'mega', '{1050001}', '{}', 'regression')) c (metric, base, fresh, clean, wanted)
    JOIN (VALUES ('tight', '{0.992,0.996,1,1.004,1.008}'::float8[]), ('wide', '{0.9,0.95,1,1.05,1.1}'), ('few', '{1,1,1,1}'), ('one', '{1}'), ('zero', '{0,0,0,0,0}'),
        ('mega', '{1000000}'), ('giga', '{1000000000}')) b (base, runs) USING (base), LATERAL spout_bench.verdict(c.metric, b.runs, c.fresh::float8[], coalesce(c.clean, c.fresh)::float8[]) v;

-- Each case: three fresh runs beside the five.
CREATE FUNCTION pg_temp.judge(median float8[], peak bigint DEFAULT 1000000, net bigint DEFAULT 0, bytes bigint DEFAULT 5000, flags text[] DEFAULT '{}', fingerprint text DEFAULT 'here', hash text DEFAULT 'h')
RETURNS TABLE (metric text, ratio numeric, verdict text, message text) LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_temp.run(100 + n, m, peak, net, bytes, flags, fingerprint, hash) FROM unnest(median) WITH ORDINALITY u (m, n);
    RETURN QUERY SELECT c.metric, round(c.ratio::numeric, 3), c.verdict, c.message FROM compare_benchmarks(ARRAY(SELECT 100 + n FROM generate_series(1, cardinality(median)) n)) c WHERE c.verdict <> 'equivalent';
    DELETE FROM benchmark_runs WHERE run_id > 100;
    DELETE FROM benchmark_results WHERE id > 100;
    DELETE FROM memory_profile_results WHERE id > 100;
END $$;
SELECT * FROM pg_temp.judge('{1,1.01,0.99}');
SELECT * FROM pg_temp.judge('{1.12,1.13,1.0}');
SELECT * FROM pg_temp.judge('{1.12,1.0,1.0}');
SELECT * FROM pg_temp.judge('{1.5}');
SELECT * FROM pg_temp.judge('{1.5,1.5,1.5}', flags => '{contended}');
SELECT * FROM pg_temp.judge('{0.8,0.8,0.8}');
SELECT * FROM pg_temp.judge('{1,1,1}', peak => 1060000);
SELECT * FROM pg_temp.judge('{1,1,1}', peak => 1120000);
SELECT * FROM pg_temp.judge('{1,1,1}', peak => 1120000, flags => '{contended}');
SELECT * FROM pg_temp.judge('{1,1,1}', net => 100);
SELECT * FROM pg_temp.judge('{1,1,1}', net => 70000);
SELECT * FROM pg_temp.judge('{1,1,1}', bytes => 5001);
SELECT * FROM pg_temp.judge('{1,1,1}', bytes => 6000);
SELECT * FROM pg_temp.judge('{9,9,9}', fingerprint => 'elsewhere');
SELECT * FROM pg_temp.judge('{9,9,9}', hash => 'changed');
-- A leak that grows with the rows is one below 64 kB, too; what was not measured again is told, and why.
BEGIN;
SELECT pg_temp.run(n, 1) FROM unnest('{101,102,103,111,112,113}'::int[]) n;
UPDATE benchmark_items SET rows = 10 ^ (1 + run_id % 10) WHERE run_id > 100;
UPDATE benchmark_items SET name = 'x/' || rows WHERE run_id > 100;
SELECT set_baseline(n) FROM generate_series(111, 113) n;
UPDATE memory_profile_results SET net_memory = CASE id WHEN 101 THEN 10 ELSE 100 END WHERE id IN (101, 102, 103);
SELECT c.name, c.metric, c.base, c.candidate, c.verdict, c.message FROM compare_benchmarks('{101,102,103}') c WHERE c.verdict <> 'equivalent';
UPDATE benchmark_items SET status = 'skipped', message = 'budget spent', result_id = NULL, memory_result_id = NULL, detail = '{}' WHERE run_id IN (102, 103);
SELECT c.name, c.metric, c.verdict, c.message FROM compare_benchmarks('{102,103}') c;
SELECT gate_benchmarks('{102,103}');
SELECT pg_temp.try('SELECT gate_benchmarks(''{102,103}'', fail_on => ''{"speed": "1%"}'')');
ROLLBACK;

-- Gates: a line, or an error that a handler for others does not swallow, with everything in it.
SELECT pg_temp.run(11, 1.0), pg_temp.run(12, 1.01), pg_temp.run(13, 1.0), pg_temp.run(21, 1.2, 1200000), pg_temp.run(22, 1.2, 1200000), pg_temp.run(23, 1.2, 1200000), pg_temp.run(31, 1, status => 'failed');
SELECT gate_benchmarks('{11,12,13}');
DO $$
DECLARE ids bigint[]; r text;
BEGIN
    FOREACH ids SLICE 1 IN ARRAY '{{21,22,23},{31,31,31}}'::bigint[] LOOP
        BEGIN
            BEGIN
                r := gate_benchmarks(ids);
            EXCEPTION WHEN OTHERS THEN RAISE WARNING 'swallowed';
            END;
        EXCEPTION WHEN assert_failure THEN RAISE WARNING '% %', SQLSTATE, SQLERRM;
        END;
    END LOOP;
END $$;
-- A threshold that was passed in bad company is doubtful.
SELECT pg_temp.run(32, 1, status => 'failed', flags => '{contended}');
UPDATE benchmark_items SET grade = 'yellow', message = message || ' (noisy, rerun)' WHERE run_id = 32;
SELECT gate_benchmarks('{32}');
SELECT gate_benchmarks('{21,22,23}', fail_on => '{"median_time": "25%", "peak_memory": "512 kB"}');
DO $$
BEGIN
    PERFORM gate_benchmarks('{21,22,23}', fail_on => '{"median_time": "15%", "peak_memory": "64kB"}');
EXCEPTION WHEN assert_failure THEN RAISE WARNING '% %', SQLSTATE, SQLERRM;
END $$;
SELECT set_baseline(1, NULL);
SELECT count(*) FROM benchmark_runs WHERE baseline = 'main';

-- Reports.
SELECT * FROM benchmark_report(11, 'markdown', 'main');
-- A run of the baseline is compared with the others of it.
SELECT x ->> 'ratio' AS ratio, x ->> 'verdict' AS verdict FROM benchmark_report(2, 'json', 'main') r, jsonb_array_elements(r::jsonb -> 'results') x;
SELECT CASE WHEN r LIKE 'gaps%' THEN regexp_replace(r, '\([^)]*\)', '(...)', 'g') ELSE r END AS line FROM benchmark_report(31, 'console') r;
SELECT split_part(r, ',', 1), cardinality(string_to_array(r, ',')) FROM benchmark_report(11, 'csv') r;
SELECT (r::jsonb -> 'results' -> 0 ->> 'median_time')::float8 AS median, r::jsonb -> 'memory' -> 0 -> 'peak_memory' AS peak, r::jsonb -> 'recorded' AS recorded FROM benchmark_report(11, 'json') r;
SELECT run_id, name, median_time, peak_memory, grade FROM benchmark_history WHERE run_id = 11;
-- Names and messages are data: a line of output stays a line, a cell a cell.
INSERT INTO benchmark_items VALUES (11, 2, E'n\n| "q", <b>\\', 'time', 'db', NULL, NULL, 'h', 'failed', '22012', E'two\r\nlines | and more', 'red', '{}', NULL, NULL, '{"warnings": ["n\\tw"]}'),
    (11, 3, 's', 'time', 'db', NULL, NULL, 'h', 'skipped', NULL, 'needs PostgreSQL >=99', NULL, '{}', NULL, NULL, '{}'), (11, 4, 't', 'time', 'db', NULL, NULL, 'h', 'timeout', '57014', 'too long', 'red', '{}', NULL, NULL, '{}');
SELECT CASE WHEN r LIKE 'gaps%' THEN regexp_replace(r, '\([^)]*\)', '(...)', 'g') ELSE r END AS line FROM benchmark_report(11, 'console', 'nobody''s', slowest => 0) r;
SELECT * FROM benchmark_report(11, 'markdown', 'nobody''s');
SELECT * FROM benchmark_report(11, 'csv') WHERE benchmark_report LIKE '"%';
SELECT array_agg(k) FROM benchmark_report(11, 'json') r, json_object_keys(r::json) k;
SELECT r::jsonb -> 'warnings' AS warnings FROM benchmark_report(11, 'json') r;

-- Time that grows faster than rows: the slope over all pairs of sizes (scipy.stats.theilslopes gives 1.2 and 1.0).
SELECT name, spout_bench.super_linear(array_agg(jsonb_build_object('item', jsonb_build_object('name', 'x/' || n, 'rows', n, 'detail', jsonb_build_object('rows_per_s', n / t))))) AS warnings
FROM (VALUES ('power 1.2', 100, 1e-4), ('power 1.2', 1000, 1e-4 * 10 ^ 1.2), ('power 1.2', 10000, 1e-4 * 10 ^ 2.4), ('one is slow', 100, 1e-3), ('one is slow', 1000, 1.2e-2), ('one is slow', 10000, 0.1),
    ('two sizes', 100, 1e-3), ('two sizes', 1000, 1), ('no time', 100, 1e-3), ('no rows', 0, 1e-3)) v (name, n, t) GROUP BY name ORDER BY name;
-- Two in turn: the same bytes over and over cannot differ, twice the work does.
SELECT verdict, n >= 10 AS pairs, ci_low > 1.05 AS slower FROM benchmark_ab('SELECT count(*) FROM generate_series(1, 2000)', 'SELECT count(*) FROM generate_series(1, 20000)', 10, config => '{"max_time": 1}');
SELECT verdict FROM benchmark_ab('SELECT count(*) FROM generate_series(1, 20000)', 'SELECT count(*) FROM generate_series(1, 2000)', 10, config => '{"max_time": 1}');
SELECT ci_low, verdict, n, 'few_rounds' = ANY (flags) AS few FROM benchmark_ab('SELECT 1', 'SELECT 2', 3, config => '{"max_time": 0.5}');
SELECT s, x FROM unnest(ARRAY['''SELECT 1/0'', ''SELECT 1''', '''SELECT 1'', ''SELECT 1/0''', '''SELECT 1'', ''''', '''core/no/such'', ''SELECT 1''', '''SELECT 1'', ''SELECT 1'', 0', '''SELECT 1'', ''SELECT 1'', 10, 2',
    '''SELECT 1'', ''COMMIT''', '''SELECT 1'', ''SELECT 1'', config => ''{"x": 1}''']) s, pg_temp.try('SELECT * FROM benchmark_ab(' || s || ')') x WHERE x NOT LIKE 'HINT:%';

-- One pass: its result, its memory, its snapshots.
SELECT p -> 'result' AS result, p ->> 'memory_source' AS source, (p ->> 'net_memory')::int = (p ->> 'allocated_memory')::int - (p ->> 'deallocated_memory')::int AS net, p ? 'environment' AS environment,
    (SELECT array_agg(s ->> 'at') FROM jsonb_array_elements(p -> 'snapshots') s) AS snapshots FROM profile_memory('SELECT $1 + $2 AS sum, $3 AS word, $4 AS yes', '[1, 41, "w", true]') p;
SELECT p ->> 'memory_source' AS source, p ->> 'net_memory' AS net, (p ->> 'peak_memory')::int > 0 AS peak, jsonb_array_length(p -> 'top_allocations') > 0 AS sites FROM profile_memory('db/csv/export/100') p;
SELECT count(*) FROM memory_profile_results WHERE name IN ('db/csv/export/100', 'SELECT $1 + $2 AS sum, $3 AS word, $4 AS yes');
SELECT s, x FROM unnest(ARRAY['''SELECT 1/0''', '''''', '''SELECT 1'', ''{}''', '''SELECT 1'', snapshot_at => ''{noon}''', '''SELEKT''', '''SELECT $1''']) s, pg_temp.try('SELECT profile_memory(' || s || ')') x WHERE x NOT LIKE 'HINT:%';

-- The export service's own words, in their order; a format that fails stops no other.
SELECT regexp_replace(regexp_replace(export_benchmark(100, formats => '{csv,nope,avro}')::text, '(Seconds":)[0-9.]+', '\1N', 'g'), '((SizeBytes|MemoryMB)":)[0-9]+', '\1N', 'g');
SELECT e -> 'datasetRowCount' AS rows, e -> 'results' -> 0 -> 'fileSizeBytes' AS bytes FROM export_benchmark(relation => 'spout_bench.records_r100_c5_s1_v1', formats => '{csv}') e;
SELECT (e -> 'results' -> 0 ->> 'fileSizeBytes')::int < 14195 AS packed FROM export_benchmark(100, formats => '{csv}', gzip => true) e;
SELECT pg_temp.try('SELECT export_benchmark(0)');
SELECT benchmark_data('records', 0);
TRUNCATE benchmark_runs, benchmark_results, memory_profile_results, benchmark_items;
