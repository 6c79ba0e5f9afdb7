-- error_path.sql - what an export costs that cannot be: an unknown option, caught. Run by bench/pgbench/run.
DO $$ BEGIN PERFORM export_to_avro('SELECT 1', '/dev/null', options => '{"colour": 1}'); EXCEPTION WHEN invalid_parameter_value THEN NULL; END $$;
