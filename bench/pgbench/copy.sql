-- copy.sql - an export through COPY into the null sink: encoded and counted, nothing kept. Run by bench/pgbench/run.
COPY (SELECT * FROM :data) TO '/dev/null' WITH (FORMAT ':format', compression :compression);
