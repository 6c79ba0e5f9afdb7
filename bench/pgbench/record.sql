-- record.sql - one result into the ring, not waiting for its storage. Run by bench/pgbench/run.
SELECT spout_bench.send(jsonb_build_object('result', spout_bench.result('pgbench/record itself', '{1}', '{}', NULL)));
