\set ECHO none
\i sql/include/setup.sql
\i sql/include/benchmarks.sql
\set ECHO all
-- Statistics of benchmarks, their settings, and who may see and change what.
SELECT jsonb_pretty(benchmark_stats('{1,2,3,4,5,6,7,8,9,100}') - 'p95' - 'p99' - 'stddev' - 'ops');
SELECT round((s ->> 'stddev')::numeric, 4), round((s ->> 'p95')::numeric, 2), round((s ->> 'p99')::numeric, 2) FROM benchmark_stats('{1,2,3,4,5,6,7,8,9,100}') s;
SELECT s -> 'walsh' AS n, s -> 'k' AS k, round((s ->> 'ratio')::numeric, 5) AS ratio, round((s ->> 'ci_low')::numeric, 5) AS low, round((s ->> 'ci_high')::numeric, 5) AS high, s ->> 'verdict' AS verdict
FROM benchmark_stats('{1.00,1.02,0.98,1.01,0.99,1.03,0.97,1.00,1.04,1.00}', '{1.10,1.13,1.07,1.12,1.08,1.14,1.08,1.09,1.15,1.11}') s;
SELECT benchmark_stats('{1,1}', '{2,2}');
SELECT benchmark_stats(NULL) IS NULL AS nothing;
SELECT s, x FROM unnest(ARRAY['{}', '{NULL}', '{-1}', '{NaN}', '{Infinity}', '{{1,2},{3,4}}']) s, pg_temp.try(format('SELECT benchmark_stats(%L)', s)) x;
SELECT x FROM unnest(ARRAY['{1}'', ''{1,2}', '{0}'', ''{1}', '{1}'', ''{1}'', 2 || ''']) s, pg_temp.try('SELECT benchmark_stats(''' || s || ''')') x;

-- Settings: unknown keys and impossible values are refused wherever they are written.
SELECT benchmark_config();
SELECT benchmark_config(10, max_time => 5, other => '{"memory_limit": "64MB", "shard": "2/3", "budget": 12.5, "isolation": "session"}');
SELECT benchmark_config(NULL, NULL, NULL, NULL, NULL, NULL, '{"seed": 3.0, "iterations": 1e2, "disk_limit": "1.5 kB", "min_time": 1e-400, "cpu": null}');
SELECT s, left(x, 150) AS x FROM unnest(ARRAY['0', '-1', '3001', 'warmup_iterations => -1', 'min_time => -1', 'min_time => 61', 'min_time => ''NaN''', 'max_time => 0', 'timer => ''sundial''',
    'other => ''{"colour": 1}''', 'other => ''[]''', 'other => ''{"iterations": 1.5}''', 'other => ''{"iterations": "5"}''', 'other => ''{"memory_limit": "1kB"}''', 'other => ''{"memory_limit": "x"}''',
    'other => ''{"disk_limit": -1}''', 'other => ''{"sample": 0}''', 'other => ''{"shard": "3/2"}''', 'other => ''{"shard": "0/1"}''', 'other => ''{"budget": "fast"}''', 'other => ''{"budget": 0}''',
    'other => ''{"isolation": "none"}''', 'other => ''{"guard": 1}''', 'other => ''{"directory": ""}''',
    'other => ''{"iterations": 1e400}''', 'other => ''{"memory_limit": "999999999999TB"}''', 'other => ''null''']) s, pg_temp.try('SELECT benchmark_config(' || s || ')') x WHERE x NOT LIKE 'HINT: Settings are%';
SELECT count(*) AS hints FROM pg_temp.try('SELECT benchmark_config(other => ''{"colour": 1}'')') x WHERE x LIKE 'HINT: Settings are iterations, %, seed.';
SET pg_spout.benchmark_config = '{"min_time": 61}';
SELECT pg_temp.try('SELECT benchmark_config(min_time => NULL, max_time => NULL)');
SET pg_spout.benchmark_config = '{"colour": 61}';
SELECT x FROM pg_temp.try('SELECT benchmark_config()') x WHERE x NOT LIKE 'HINT: %';
SET pg_spout.benchmark_config = '{"directory": "\u0000"}';
SELECT x FROM pg_temp.try('SELECT benchmark_config()') x WHERE x NOT LIKE 'HINT: %';
SET pg_spout.benchmark_config = 'none';
SELECT pg_temp.try('SELECT benchmark_config()');
RESET pg_spout.benchmark_config;

-- What users call, to the letter.
SELECT p.proname || '(' || pg_get_function_arguments(p.oid) || ') RETURNS ' || pg_get_function_result(p.oid) AS surface FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e'
    JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'pg_spout_bench' WHERE p.pronamespace <> 'spout_bench'::regnamespace ORDER BY p.proname::text COLLATE "C";
-- The two specified tables.
SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS required, pg_get_expr(d.adbin, d.adrelid) AS standard
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE c.oid IN ('benchmark_results'::regclass, 'memory_profile_results'::regclass) AND a.attnum > 0 ORDER BY c.relname, a.attnum;
-- What pg_dump keeps.
SELECT t::regclass FROM pg_extension, unnest(extconfig) t WHERE extname = 'pg_spout_bench' ORDER BY t::regclass::text;
SELECT relname, relpersistence FROM pg_class WHERE relname LIKE 'benchmark%' AND relpersistence <> 'p';

-- Rights.
SET client_min_messages = warning;
DROP ROLE IF EXISTS spout_bench_plain, spout_bench_writer, spout_bench_other, spout_bench_monitor;
RESET client_min_messages;
CREATE ROLE spout_bench_plain;
CREATE ROLE spout_bench_writer IN ROLE pg_write_server_files;
CREATE ROLE spout_bench_other IN ROLE pg_write_server_files;
CREATE ROLE spout_bench_monitor IN ROLE pg_monitor;
SELECT r.role, t.name, string_agg(p.name, ',' ORDER BY p.name) AS rights
FROM unnest('{plain,writer,monitor}'::text[]) r (role),
    unnest('{benchmark_results,memory_profile_results,benchmark_runs,benchmark_items,benchmark_definitions}'::text[]) t (name), unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,TRIGGER}'::text[]) p (name)
WHERE has_table_privilege('spout_bench_' || r.role, t.name, p.name) GROUP BY 1, 2 ORDER BY 1, 2;
SELECT a.attname FROM pg_attribute a WHERE a.attrelid = 'benchmark_runs'::regclass AND a.attnum > 0 AND has_column_privilege('spout_bench_writer', a.attrelid, a.attnum, 'UPDATE');
-- What everybody may call changes and reads nothing; who monitors may call what reads results.
SELECT r.role, p.provolatile AS volatile, string_agg(p.oid::regproc::text, ' ' ORDER BY p.proname) AS functions FROM unnest('{plain,monitor}'::text[]) r (role), pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass
    AND d.deptype = 'e' JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'pg_spout_bench'
WHERE has_function_privilege('spout_bench_' || r.role, p.oid, 'EXECUTE') AND (p.provolatile = 'v' OR r.role = 'monitor' AND NOT has_function_privilege('spout_bench_plain', p.oid, 'EXECUTE'))
    AND (p.pronamespace <> 'spout_bench'::regnamespace OR p.provolatile = 'v') GROUP BY 1, 2;
-- What takes a task or a record as JSON is granted to nobody.
SELECT string_agg(p.oid::regproc::text, ' ' ORDER BY p.proname) AS writers_lack FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e' JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'pg_spout_bench'
WHERE NOT has_function_privilege('spout_bench_writer', p.oid, 'EXECUTE');
-- Functions in C that a role reaches below those: each checks what it is given.
SELECT string_agg(p.proname, ' ' ORDER BY p.proname COLLATE "C") AS c_functions FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
WHERE p.pronamespace = 'spout_bench'::regnamespace AND l.lanname = 'c' AND has_function_privilege('spout_bench_writer', p.oid, 'EXECUTE');
-- A role sees and changes its own definitions only.
SET ROLE spout_bench_writer;
INSERT INTO spout_bench.own_definitions VALUES ('mine', 'spout_bench_writer', 'SELECT 1', NULL, NULL, 'time', 'db', '{}', '{}', '{}');
SELECT pg_temp.try('INSERT INTO spout_bench.own_definitions VALUES (''theirs'', ''spout_bench_other'', ''SELECT 1'', NULL, NULL, ''time'', ''db'', ''{}'', ''{}'', ''{}'')');
SET ROLE spout_bench_other;
SELECT count(*) FROM spout_bench.own_definitions;
UPDATE spout_bench.own_definitions SET run_sql = 'SELECT 2';
DELETE FROM spout_bench.own_definitions;
RESET ROLE;
SELECT name, owner, run_sql FROM benchmark_definitions;
DELETE FROM benchmark_definitions;
DROP OWNED BY spout_bench_plain, spout_bench_writer, spout_bench_other, spout_bench_monitor;
DROP ROLE spout_bench_plain, spout_bench_writer, spout_bench_other, spout_bench_monitor;
-- Nothing of the extension runs with its owner's rights.
SELECT p.proname FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e' JOIN pg_extension e ON e.oid = d.refobjid WHERE e.extname ~ '^pg_spout' AND p.prosecdef;
-- Every PL/pgSQL function has a search path of its own.
SELECT p.proname FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e' JOIN pg_extension e ON e.oid = d.refobjid JOIN pg_language l ON l.oid = p.prolang
WHERE e.extname ~ '^pg_spout' AND l.lanname = 'plpgsql' AND NOT coalesce(p.proconfig @> '{"search_path=pg_catalog, pg_temp"}', false);
