\set ECHO none
\i sql/include/setup.sql
\i sql/include/benchmarks.sql
\set ECHO all
-- Registered benchmarks, selections, statuses, outputs. Speeds are nobody's business here.
SET client_min_messages = warning;
SELECT count(*) > 0 AS some FROM list_benchmarks();
SELECT DISTINCT split_part(name, '/', 3) AS part, benchmark_type, adapter_type, kind FROM spout_bench.registry() ORDER BY 1, 2, 3;
-- Every format of the library is covered by core and db, for time and memory; async ones come with background jobs.
SELECT DISTINCT adapter_type, benchmark_type, benchmarks > 0 AS covered FROM benchmark_coverage ORDER BY 1, 2;

-- Data sets: cached, the same every time, readable by all, gone with no rows.
SELECT benchmark_data('records', 100), benchmark_data('mixed', 10, 22), benchmark_data('int4', 5, 2, 7);
SELECT md5(string_agg(r::text, ',' ORDER BY id)) FROM spout_bench.records_r100_c5_s1_v1 r;
SELECT benchmark_data('records', 100) = 'spout_bench.records_r100_c5_s1_v1'::regclass AS cached;
SELECT c.relkind, c.reloptions, has_table_privilege('pg_monitor', c.oid, 'SELECT') AS readable FROM pg_class c WHERE c.oid = 'spout_bench.records_r100_c5_s1_v1'::regclass;
SELECT * FROM spout_bench.int4_r5_c2_s7_v1;
SELECT benchmark_data('composite', 3, 2);
SELECT c1, (c2).tag FROM spout_bench.composite_r3_c2_s1_v1;
SELECT benchmark_data('composite', 0);
SELECT s, x FROM unnest(ARRAY['''colours''', '''records'', -1', '''records'', 1, 3', '''int4'', 1, 0', '''int4'', 1, 1601', 'NULL', '''int4'', 1, 1, -1']) s, pg_temp.try('SELECT benchmark_data(' || s || ')') x;
SELECT benchmark_data('int4', 0), benchmark_data('mixed', 0);
SELECT count(*) FROM pg_class WHERE relnamespace = 'spout_bench'::regnamespace AND relname ~ '^(int4|mixed)_';

-- Bad input.
SELECT s, x FROM unnest(ARRAY['''speed''', '''time'', ''cloud''', '''time'', output_format => ''html''', 'formats => ''{avro,docx}''', 'names => ''(''', 'config => ''{"colour": 1}''', 'config => ''{"min_time": 5, "max_time": 2}''',
    'commit_hash => repeat(''x'', 41)', '''''', 'NULL', '''all'', NULL', 'output_format => NULL', 'formats => ''{avro,NULL}''', 'config => ''[]''', 'config => ''7''', 'config => ''{"iterations": -1}''', 'config => ''{"max_time": -1}''', 'config => ''{"budget": -1}''',
    'config => ''{"parallel": 0}''', 'config => ''{"parallel": 65}''', 'config => ''{"parallel": 1.5}''', 'config => ''{"directory": "relative"}''', 'config => ''{"seed": -1}''']) s, pg_temp.try('SELECT * FROM run_benchmarks(' || s || ')') x WHERE x NOT LIKE 'HINT: Settings%';
SELECT s, x FROM unnest(ARRAY['''''', 'NULL', 'repeat(''y'', 256)', '''core/mine''', '''x'', benchmark_type => ''fast''', '''x'', adapter_type => ''cloud''', '''x'', config => ''{"colour": 1}''', '''x'', thresholds => ''{"speed": 1}''',
    '''x'', thresholds => ''{"median_time": -1}''', '''x'', thresholds => ''[]''', '''x'', requires => ''{"moon": "full"}''', '''x'', requires => ''{"pg": "seventeen"}''', '''x'', requires => ''{"extension": "hstore"}''',
    '''x'', requires => ''{"free_disk": "much"}''', '''x'', requires => ''{"role": 5}''', '''x'', requires => ''[]''']) s, pg_temp.try('SELECT register_benchmark(' || replace(s, '''x''', '''x'', ''SELECT 1''')
    || CASE WHEN s LIKE '''x''%' THEN '' ELSE ', ''SELECT 1''' END || ')') x WHERE x NOT LIKE 'HINT: Settings%';
SELECT s, x FROM unnest(ARRAY['''x'', NULL', '''x'', ''{}''', '''x'', ''{1,NULL}''', '''x'', ''{{1},{2}}''', '''x'', ''{1,NaN}''', '''x'', ''{1,-1}''', '''x'', ''{Infinity}''', ''''', ''{1}''', 'repeat(''n'', 300), ''{1}''', '''x'', ''{1}'', NULL, repeat(''c'', 41)',
    '''x'', ''{1}'', ''[3]''', '''x'', ''{1}'', jsonb_build_object(1, repeat(''y'', 70000))']) s, pg_temp.try('SELECT record_benchmark(' || s || ')') x;
-- Nor is anything recorded where nothing is chosen: one line says so.
SELECT s, r FROM unnest(ARRAY['''time'', ''async''', '''all'', ''async'', output_format => ''csv''', '''combined''', '''combined'', ''async''', '''time'', names => ''^no such''', 'names => ''x''''; DROP TABLE benchmark_runs; --''', 'formats => ''{}''']) s,
    LATERAL (SELECT count(*) || ': ' || left(min(x::text), 60) AS r FROM unnest(xpath('//r/text()', query_to_xml('SELECT r FROM run_benchmarks(' || s || ') r', false, false, ''))) x) l;
SELECT r::jsonb - 'environment' AS nothing FROM run_benchmarks('time', 'async', output_format => 'json') r;
SELECT (SELECT count(*) FROM benchmark_runs) AS runs, (SELECT count(*) FROM benchmark_items) AS items, (SELECT count(*) FROM benchmark_results) AS results, (SELECT count(*) FROM memory_profile_results) AS memory,
    (SELECT count(*) FROM benchmark_definitions) AS definitions;
-- Names are texts, whatever they say. What cannot write, is not begun.
SELECT register_benchmark(n, 'SELECT 1', benchmark_type => 'time') FROM unnest(ARRAY['x''); DROP TABLE benchmark_runs; --', '{out} %s $1 "']) n;
SELECT x ->> 'name' AS name, x ->> 'status' AS status FROM run_benchmarks('time', names => '^(x|.out)', output_format => 'json', config => '{"iterations": 6, "min_time": 0.001}') r, jsonb_array_elements(r::jsonb -> 'results') x ORDER BY 1;
SELECT name, status, sqlstate, message FROM (SELECT r FROM run_benchmarks('time', names => '^(core|db)/csv/e.*/100$', output_format => 'json', config => '{"iterations": 6, "min_time": 0.001, "directory": "/no/such"}') r) r,
    LATERAL (SELECT x ->> 'name' AS name, x ->> 'status' AS status, x ->> 'sqlstate' AS sqlstate, x ->> 'message' AS message FROM jsonb_array_elements((r::jsonb -> 'results') || (r::jsonb -> 'skipped')) x) x ORDER BY 1;
DELETE FROM benchmark_definitions;
TRUNCATE benchmark_runs, benchmark_results, memory_profile_results, benchmark_items;

-- What becomes of a benchmark: each of these leaves the others as they were.
CREATE TABLE touched (a int);
SELECT register_benchmark('a good', 'SELECT 1', benchmark_type => 'time'), register_benchmark('b fails', 'SELECT 1/0', benchmark_type => 'time'), register_benchmark('c setup', 'SELECT 1', 'SELECT 1/0', benchmark_type => 'time'),
    register_benchmark('d sleeps', 'SELECT pg_sleep(60)', benchmark_type => 'time', config => '{"max_time": 0.5, "min_time": 0}'), register_benchmark('e writes', 'INSERT INTO touched VALUES (1)', benchmark_type => 'time'),
    register_benchmark('f commits', 'COMMIT', benchmark_type => 'time'), register_benchmark('g teardown', 'SELECT 1', teardown_sql => 'SELECT 1/0', benchmark_type => 'time'),
    register_benchmark('h changes', 'SELECT FROM generate_series(1, nextval(''touched_seq''))', 'CREATE TEMPORARY SEQUENCE touched_seq', benchmark_type => 'time'),
    register_benchmark('i needs', 'SELECT 1', benchmark_type => 'time', requires => '{"pg": ">=99"}'), register_benchmark('i space', 'SELECT 1', benchmark_type => 'time', requires => '{"free_disk": "900TB", "pg": ">=15", "extension": ["plpgsql"]}'), register_benchmark('i role', 'SELECT 1', benchmark_type => 'time', requires => '{"role": "pg_monitor", "free_disk": "1kB"}'), register_benchmark('j slow', 'SELECT pg_sleep(0.002)', benchmark_type => 'time', thresholds => '{"median_time": 0.0001}'),
    register_benchmark('k hungry', 'SELECT length(repeat(''x'', 200000000))', benchmark_type => 'time', config => '{"memory_limit": "100MB"}'), register_benchmark('l dies', 'SELECT pg_terminate_backend(pg_backend_pid())', benchmark_type => 'time'),
    register_benchmark('m files', 'COPY (SELECT 1) TO ''{out}''', benchmark_type => 'time'), register_benchmark('n '' "quoted"); --', 'SELECT 1', benchmark_type => 'time');
CREATE TEMPORARY TABLE report AS SELECT r::jsonb AS r FROM run_benchmarks('time', names => '^[a-n] ', output_format => 'json', config => '{"iterations": 6, "min_time": 0.001, "max_time": 5}', label => 'statuses', commit_hash => 'abc') r;
SELECT i.name, i.status, i.sqlstate, i.message, i.flags - 'contended' - 'variable' - 'unstable' - 'drift' AS flags FROM (SELECT name, status, sqlstate, CASE WHEN message LIKE 'Performance regression%' THEN regexp_replace(replace(message, ' (noisy, rerun)', ''), '\d\.\d+', 'N') ELSE message END AS message, to_jsonb(flags) AS flags FROM benchmark_items WHERE run_id = (SELECT (r ->> 'run_id')::int FROM report)) i ORDER BY 1;
SELECT r -> 'status' AS status, jsonb_array_length(r -> 'results') AS results, jsonb_array_length(r -> 'failed') AS failed, jsonb_array_length(r -> 'skipped') AS skipped, r -> 'recorded' ->> 'sent' = r -> 'recorded' ->> 'committed' AS stored, r -> 'recorded' -> 'rejected' AS rejected FROM report;
SELECT w FROM report, jsonb_array_elements_text(r -> 'warnings') w WHERE w LIKE '%teardown failed%';
SELECT count(*) AS rows_left FROM touched;
SELECT status, label, commit_hash, requested_by = current_user AS mine, finished > started AS finished, fingerprint ~ '^[0-9a-f]{32}$' AS fingerprint FROM benchmark_runs WHERE run_id = (SELECT (r ->> 'run_id')::int FROM report);
SELECT b.name, b.iterations, b.min_time <= b.median_time AND b.median_time <= b.max_time AS ordered, b.commit_hash, b.environment ? 'cpu_model' AS environment FROM benchmark_results b JOIN benchmark_items i ON i.result_id = b.id WHERE i.name = 'a good';
SELECT name, last_status FROM list_benchmarks() WHERE name ~ '^[abn] ' ORDER BY 1;
-- In the session, where nothing of it is committed: the same, and flagged.
SELECT x ->> 'status' AS status, x -> 'flags' ? 'in_session' AS in_session FROM run_benchmarks('time', names => '^[ae] ', output_format => 'json', config => '{"iterations": 6, "min_time": 0.001, "isolation": "session"}') r, jsonb_array_elements(r::jsonb -> 'results') x;
SELECT count(*) AS rows_left FROM touched;

-- Selections.
SELECT (r::jsonb -> 'results' -> 0) ->> 'name' AS name, jsonb_array_length(r::jsonb -> 'results') AS n FROM run_benchmarks('time', 'core', formats => '{avro}', names => 'encode/100$', output_format => 'json', config => '{"iterations": 6, "min_time": 0.001}') r;
WITH shards AS (SELECT i, x.name FROM generate_series(1, 3) i, spout_bench.selected('time', 'all', false, NULL, NULL, jsonb_build_object('shard', i || '/3')) x)
SELECT count(*) = count(DISTINCT name) AS disjoint, count(*) = (SELECT count(*) FROM spout_bench.selected('time', 'all', false, NULL, NULL, NULL)) AS complete, count(DISTINCT i) AS shards FROM shards;
SELECT x ->> 'message' AS message FROM run_benchmarks('time', names => '^a good', output_format => 'json', config => '{"budget": 0.001}') r, jsonb_array_elements(r::jsonb -> 'skipped') x;

-- Outputs: CSV has a header and a line per benchmark; a console's columns align.
SELECT split_part(r, ',', 1) AS first, cardinality(string_to_array(r, ',')) AS columns FROM run_benchmarks('time', names => '^(a|b) ', output_format => 'csv', config => '{"iterations": 6, "min_time": 0.001}') r;
SELECT * FROM spout_bench.aligned('[["name", "n"], ["long name", "1"], ["x", "1000"]]');
SELECT spout_bench.csv('{a,"b,c","d\"e",NULL}');

-- Memory: exact, clean, and known by file and line.
SELECT m ->> 'name' AS name, (m ->> 'peak_memory')::int > 10000 AS peak, m ->> 'net_memory' AS net, m ->> 'allocated_memory' = m ->> 'deallocated_memory' AS clean, m -> 'top_allocations' -> 0 ->> 'file' ~ '^src/.*\.[ch]pp$' AS known,
    (m -> 'top_allocations' -> 0 ->> 'line')::int > 0 AS line, m ->> 'status' AS status FROM run_benchmarks('memory', names => 'avro/e.*/1000$', output_format => 'json') r, jsonb_array_elements(r::jsonb -> 'memory') m ORDER BY 1;
SELECT count(*) AS wrong FROM memory_profile_results WHERE net_memory <> allocated_memory - deallocated_memory;

SELECT unregister_benchmark('a good'), unregister_benchmark('a good'), unregister_benchmark('no such');
DELETE FROM benchmark_definitions;
DROP TABLE touched;
SELECT benchmark_data('records', 0);
TRUNCATE benchmark_runs, benchmark_results, memory_profile_results, benchmark_items;
