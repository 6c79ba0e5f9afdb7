CREATE TABLE @extschema@.benchmark_results (
    id SERIAL PRIMARY KEY, name VARCHAR(255) NOT NULL,
    min_time DOUBLE PRECISION NOT NULL, max_time DOUBLE PRECISION NOT NULL, mean_time DOUBLE PRECISION NOT NULL,
    median_time DOUBLE PRECISION NOT NULL, stddev_time DOUBLE PRECISION NOT NULL, iterations INTEGER NOT NULL,
    timestamp TIMESTAMP NOT NULL DEFAULT NOW(), commit_hash VARCHAR(40), environment JSONB);
COMMENT ON TABLE @extschema@.benchmark_results IS 'times of benchmarks in seconds; the timestamp is UTC';

CREATE TABLE @extschema@.memory_profile_results (
    id SERIAL PRIMARY KEY, name VARCHAR(255) NOT NULL,
    peak_memory BIGINT NOT NULL, allocated_memory BIGINT NOT NULL, deallocated_memory BIGINT NOT NULL, net_memory BIGINT NOT NULL,
    top_allocations JSONB NOT NULL, timestamp TIMESTAMP NOT NULL DEFAULT NOW(), commit_hash VARCHAR(40), environment JSONB);
COMMENT ON TABLE @extschema@.memory_profile_results IS 'memory of benchmarks in bytes; the timestamp is UTC';

CREATE TABLE @extschema@.benchmark_runs (
    run_id BIGSERIAL PRIMARY KEY, status TEXT NOT NULL CHECK (status IN ('running', 'done', 'cancelled', 'aborted')),
    started TIMESTAMPTZ NOT NULL, finished TIMESTAMPTZ, requested_by NAME NOT NULL, arguments JSONB NOT NULL, label TEXT,
    baseline TEXT, commit_hash VARCHAR(40), branch TEXT, dirty BOOLEAN, fingerprint TEXT NOT NULL, environment JSONB NOT NULL);
COMMENT ON TABLE @extschema@.benchmark_runs IS 'a row per run of benchmarks, present while it runs';

CREATE TABLE @extschema@.benchmark_items (
    run_id BIGINT REFERENCES @extschema@.benchmark_runs ON DELETE CASCADE, ord INT, name VARCHAR(255) NOT NULL,
    benchmark_type TEXT NOT NULL, adapter_type TEXT NOT NULL, format TEXT, rows BIGINT, definition_hash TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('ok', 'failed', 'skipped', 'timeout', 'cancelled')),
    sqlstate CHAR(5), message TEXT, grade TEXT CHECK (grade IN ('green', 'yellow', 'red')),
    flags TEXT[] NOT NULL DEFAULT '{}', result_id INT REFERENCES @extschema@.benchmark_results ON DELETE SET NULL,
    memory_result_id INT REFERENCES @extschema@.memory_profile_results ON DELETE SET NULL,
    detail JSONB NOT NULL DEFAULT '{}', samples FLOAT8[], PRIMARY KEY (run_id, ord));
COMMENT ON TABLE @extschema@.benchmark_items IS 'a row per benchmark of a run, whatever became of it';
-- For whoever deletes old results: each looks for its item.
CREATE INDEX ON @extschema@.benchmark_items (result_id);
CREATE INDEX ON @extschema@.benchmark_items (memory_result_id);

CREATE TABLE @extschema@.benchmark_definitions (
    name VARCHAR(255), owner REGROLE, run_sql TEXT NOT NULL, setup_sql TEXT, teardown_sql TEXT, benchmark_type TEXT NOT NULL,
    adapter_type TEXT NOT NULL, config JSONB NOT NULL, thresholds JSONB NOT NULL, requires JSONB NOT NULL,
    PRIMARY KEY (owner, name));
COMMENT ON TABLE @extschema@.benchmark_definitions IS 'benchmarks registered by users; a role sees and runs only its own';

-- What a role sees and changes of them is this view: a policy on the table would end the pg_dump of every role that it holds for.
CREATE VIEW spout_bench.own_definitions WITH (security_barrier) AS
    SELECT name, owner, run_sql, setup_sql, teardown_sql, benchmark_type, adapter_type, config, thresholds, requires
    FROM @extschema@.benchmark_definitions WHERE owner = (SELECT quote_ident(CURRENT_USER)::regrole)
    WITH CASCADED CHECK OPTION;
COMMENT ON VIEW spout_bench.own_definitions IS 'the benchmarks that the current role registered';

-- Results outlive this database's dump and restore, numbering included.
SELECT pg_catalog.pg_extension_config_dump('@extschema@.benchmark_results', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.memory_profile_results', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.benchmark_runs', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.benchmark_items', '');
-- A role that was dropped is dumped as its number, which may be another role's where the dump is restored: that role would
-- run SQL of somebody else.
SELECT pg_catalog.pg_extension_config_dump('@extschema@.benchmark_definitions',
    'WHERE owner OPERATOR(pg_catalog.=) ANY (SELECT oid FROM pg_catalog.pg_roles)');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.benchmark_results_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.memory_profile_results_id_seq', '');
SELECT pg_catalog.pg_extension_config_dump('@extschema@.benchmark_runs_run_id_seq', '');

-- Rows come in through the recorder, which writes as the owner.
GRANT SELECT ON @extschema@.benchmark_results, @extschema@.memory_profile_results, @extschema@.benchmark_runs,
    @extschema@.benchmark_items TO pg_monitor, pg_write_server_files;
GRANT SELECT, INSERT, UPDATE, DELETE ON spout_bench.own_definitions TO pg_write_server_files;
GRANT UPDATE (baseline) ON @extschema@.benchmark_runs TO pg_write_server_files;
GRANT USAGE ON SEQUENCE @extschema@.benchmark_results_id_seq, @extschema@.memory_profile_results_id_seq,
    @extschema@.benchmark_runs_run_id_seq TO pg_write_server_files;

-- The owner of the database dumps it, these tables included; so does pg_read_all_data, which needs no grant.
GRANT SELECT ON @extschema@.benchmark_results, @extschema@.memory_profile_results, @extschema@.benchmark_runs,
    @extschema@.benchmark_items, @extschema@.benchmark_definitions, @extschema@.benchmark_results_id_seq,
    @extschema@.memory_profile_results_id_seq, @extschema@.benchmark_runs_run_id_seq TO pg_database_owner;
DO $$
BEGIN
    IF NOT has_schema_privilege('pg_database_owner', '@extschema@'::regnamespace, 'USAGE') THEN
        GRANT USAGE ON SCHEMA @extschema@ TO pg_database_owner;
    END IF;
END
$$;
