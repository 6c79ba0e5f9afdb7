-- record.sql - one result into the ring, not waiting for its storage. Run by bench/pgbench/run.
SELECT _benchmark_send(jsonb_build_object('result', to_jsonb(_benchmark_result('pgbench/record itself', '{1}', '{}', NULL))));
