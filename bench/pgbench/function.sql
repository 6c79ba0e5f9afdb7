-- function.sql - the same export through the function, one row back. Run by bench/pgbench/run.
SELECT rows FROM export_to_:format('SELECT * FROM :data', '/dev/null', compression => :compression);
