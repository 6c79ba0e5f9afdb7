-- cancel.sql - an export that is cancelled in its thousandth row: when the row came, and what noticing it costs. Run by bench/pgbench/run.
DO $$ BEGIN
    PERFORM rows FROM export_to_avro('SELECT d.*, id = 1000 AND pg_cancel_backend(pg_backend_pid()) AS cancelled FROM :data d', '/dev/null');
    RAISE 'the export was not cancelled';
EXCEPTION WHEN query_canceled THEN NULL;
END $$;
