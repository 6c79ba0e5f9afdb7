-- refused.sql - a second run while one is going: told so at once. Run by bench/pgbench/run, which holds the first one's lock.
DO $$ BEGIN PERFORM run_benchmarks('time', names => 'db/native_csv/export/100$'); EXCEPTION WHEN object_in_use THEN NULL; END $$;
