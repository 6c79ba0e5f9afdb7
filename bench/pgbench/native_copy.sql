-- native_copy.sql - core's COPY of the same rows, the yardstick of the others. Run by bench/pgbench/run.
COPY (SELECT * FROM :data) TO '/dev/null' (FORMAT csv);
