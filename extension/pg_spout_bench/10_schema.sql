-- What users do not call, and the data sets of benchmark_data(). Nobody may create anything here.
CREATE SCHEMA spout_bench;
GRANT USAGE ON SCHEMA spout_bench TO PUBLIC;
CREATE TYPE spout_bench.reading AS (ok boolean, x double precision, tag text);
COMMENT ON TYPE spout_bench.reading IS 'columns of the data sets of kind composite';
