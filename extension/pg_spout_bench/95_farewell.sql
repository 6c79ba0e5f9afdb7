-- Whoever drops the extension is told what goes with it.
CREATE FUNCTION spout_bench.farewell()
RETURNS event_trigger
LANGUAGE C
AS 'MODULE_PATHNAME', 'spout_benchmark_farewell';
CREATE EVENT TRIGGER pg_spout_bench_farewell ON ddl_command_start WHEN TAG IN ('DROP EXTENSION')
    EXECUTE FUNCTION spout_bench.farewell();
