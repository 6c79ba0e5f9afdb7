-- Cached data sets of benchmark_data(). They depend on the extension and go with it.
CREATE SCHEMA spout_bench;
GRANT USAGE ON SCHEMA spout_bench TO PUBLIC;
GRANT CREATE ON SCHEMA spout_bench TO pg_write_server_files;
CREATE TYPE spout_bench.reading AS (ok boolean, x double precision, tag text);
COMMENT ON TYPE spout_bench.reading IS 'columns of the data sets of kind composite';
