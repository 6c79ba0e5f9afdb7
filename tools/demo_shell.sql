-- demo_shell.sql - psql's greeting in tools/demo --shell: where you are, and what to try.
\set QUIET on
\getenv out SPOUT_OUT
\set PROMPT1 'pg_spout demo %R%# '
\pset null '(null)'
\echo
\echo 'A private server with the tables orders, measurements and odd_values. It is gone when you leave psql (\\q).'
\echo 'Files belong into' :out '- psql has it as :out.'
\echo
\echo '  \\set file :out /orders.avro'
\echo '  COPY orders TO :\'file\' WITH (FORMAT avro);'
\echo '  \\! tools/show_avro "$SPOUT_OUT/orders.avro"'
\echo
\echo '  SELECT * FROM export_to_csv(\'SELECT * FROM measurements\', :\'out\' || \'/m.csv\', max_rows_per_file => 100000);'
\echo '  SELECT jsonb_pretty(last_export());'
\echo '  SELECT * FROM describe_export(\'TABLE odd_values\') WHERE ordinal > 0;'
\echo '  SELECT * FROM export_to_avro(\'TABLE odd_values\', :\'out\' || \'/odd.avro\');             -- an error that names a way out'
\echo '  SELECT * FROM export_to_avro(\'TABLE odd_values\', :\'out\' || \'/odd.avro\', options => \'{"on_infinity": "clamp", "on_nan": "null"}\');'
\echo '  SELECT * FROM verify_export(:\'out\' || \'/odd.avro\');'
\echo '  COPY orders TO STDOUT WITH (FORMAT xml, ROW_NAME \'order\');'
\echo '  CREATE EXTENSION pg_spout_bench; SELECT * FROM run_benchmarks(config => \'{"budget": 5}\');'
\echo
\set QUIET off
