-- What the tests of benchmarks need beside setup.sql.
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS pg_spout_bench;
RESET client_min_messages;
