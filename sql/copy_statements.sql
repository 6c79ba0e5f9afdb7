\set ECHO none
\i sql/include/setup.sql
\set ECHO all
-- What COPY accepts and refuses, in COPY's own words; the row count it reports.
CREATE TABLE t (a int PRIMARY KEY, b text, g int GENERATED ALWAYS AS (a * 2) STORED, dropped int, c int DEFAULT 7);
ALTER TABLE t DROP COLUMN dropped;
INSERT INTO t (a, b) SELECT n, 'row ' || n FROM generate_series(1, 5) n;
CREATE FUNCTION pg_temp.columns(copy text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE replace(copy, '$OUT', current_setting('spout_test.out'));
    -- The marker is no random bytes that could look like JSON.
    RETURN (SELECT string_agg(f->>'name', ', ') FROM jsonb_array_elements(substring(encode(pg_read_binary_file(pg_temp.out('copy.avro')), 'escape') FROM '\{"type":"record".*\}')::jsonb->'fields') f);
END
$$;
-- Core's answer to the same statement in csv: every version of the server has its own words, and ours are those.
CREATE FUNCTION pg_temp.as_core(statement text) RETURNS bool LANGUAGE sql
    RETURN (SELECT array_agg(t) FROM pg_temp.try(statement) t) = (SELECT array_agg(t) FROM pg_temp.try(replace(statement, 'format avro', 'format csv')) t);
-- Columns: neither dropped nor generated ones; a list selects and orders.
SELECT pg_temp.columns($$COPY t TO '$OUT/copy.avro' WITH (format avro, compression 'null', sync_marker '2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e')$$);
SELECT pg_temp.columns($$COPY t (c, a) TO '$OUT/copy.avro' WITH (format avro, compression 'null', sync_marker '2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e')$$);
SELECT pg_temp.columns($$COPY (SELECT * FROM t) TO '$OUT/copy.avro' WITH (format avro, compression 'null', sync_marker '2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e')$$);
SELECT s, x.* FROM unnest(ARRAY['t (g)', 't (a, nobody)', 't (a, a)', 't (ctid)', 't (dropped)', 'nobody', 'nobody.t']) s,
    pg_temp.try(format('COPY %s TO ''$OUT/copy.avro'' WITH (format avro)', s)) x;

-- Kinds of relations.
CREATE VIEW v AS SELECT * FROM t;
CREATE SEQUENCE s;
CREATE TABLE part (k int, x text) PARTITION BY RANGE (k);
CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (10);
INSERT INTO part SELECT n, 'x' FROM generate_series(0, 9) n;
CREATE EXTENSION file_fdw;
CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
CREATE FOREIGN TABLE ft (line text) SERVER files OPTIONS (filename '/dev/null');
CREATE TYPE composite AS (a int);
CREATE TEMP TABLE temporary AS SELECT 1 AS a;
CREATE UNLOGGED TABLE unlogged AS SELECT 1 AS a;
CREATE MATERIALIZED VIEW m AS SELECT 1 AS a WITH NO DATA;
SELECT s, x.* FROM unnest(ARRAY['v', 's', 'part', 'part_1', 'ft', 'temporary', 'unlogged', 'information_schema.tables']) s,
    pg_temp.try(format('COPY %s TO ''$OUT/copy.avro'' WITH (format avro)', s)) x;
SELECT s, pg_temp.as_core(format('COPY %s TO ''$OUT/copy.avro'' WITH (format avro)', s)) FROM unnest(ARRAY['v', 's', 'ft', 'm', 'composite', 'pg_catalog.pg_class_oid_index',
    'pg_catalog.pg_am', 'pg_toast.pg_toast_1255', 't (g)', 't (a, nobody)', 't (a, a)', 't (ctid)', 'nobody', 'nobody.t', 'information_schema.tables']) s;
REFRESH MATERIALIZED VIEW m;
SELECT pg_temp.as_core('COPY m TO ''$OUT/copy.avro'' WITH (format avro)');
SELECT s, x.* FROM unnest(ARRAY['SELECT * FROM v', 'SELECT * FROM part', 'TABLE ft', 'VALUES (1), (2)', 'TABLE t', 'WITH w AS (SELECT 1) SELECT * FROM w', 'SELECT', 'SELECT FROM t', 'SELECT 1 WHERE false']) s,
    pg_temp.try(format('COPY (%s) TO ''$OUT/copy.avro'' WITH (format avro)', s)) x;
-- A partitioned table gives the rows of all its partitions, as core's COPY does since 19; its columns are its own.
ALTER TABLE part ADD g int GENERATED ALWAYS AS (k * 2) STORED;
SELECT s, x.* FROM unnest(ARRAY['part', 'part (x, k)', 'part_1', 'part (g)', 'part (nobody)']) s,
    pg_temp.try(format('COPY %s TO ''$OUT/copy.avro'' WITH (format avro)', s)) x;
SELECT pg_temp.columns($$COPY part TO '$OUT/copy.avro' WITH (format avro, compression 'null', sync_marker '2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e2e')$$);
-- A parent of inherited tables gives its own rows and says so.
CREATE TABLE parent (a int);
CREATE TABLE child () INHERITS (parent);
INSERT INTO parent VALUES (1);
INSERT INTO child VALUES (2);
\set path `echo "$SPOUT_OUT/copy.avro"`
COPY parent TO :'path' WITH (format avro);
SELECT rows FROM verify_export(:'path');

-- Statements that are no query to export.
CREATE FUNCTION pg_temp.try_query(query text) RETURNS SETOF text LANGUAGE sql RETURN pg_temp.try(format('COPY (%s) TO ''$OUT/copy_refused.avro'' WITH (format avro)', query));
SELECT q, x.* FROM unnest(ARRAY['SELECT 1 AS a INTO created', 'INSERT INTO t (a) VALUES (100)', 'UPDATE t SET b = ''x''', 'DELETE FROM t', 'SELECT $1', 'SELECT nobody', 'SELECT * FROM nobody',
    'SELECT 1; SELECT 2', 'CREATE TABLE x (a int)', 'SELECT 1 FROM']) q, pg_temp.try_query(q) x;
SELECT q, pg_temp.as_core(format('COPY (%s) TO ''$OUT/core'' WITH (format avro)', q)) FROM unnest(ARRAY['SELECT 1 AS a INTO created', 'INSERT INTO t (a) VALUES (100)', 'UPDATE t SET b = ''x''',
    'DELETE FROM t', 'SELECT $1', 'SELECT nobody', 'SELECT * FROM nobody', 'SELECT 1; SELECT 2', 'CREATE TABLE x (a int)', 'SELECT 1 FROM',
    'MERGE INTO t USING (SELECT 1 AS k) s ON a = k WHEN MATCHED THEN DELETE', 'SELECT 1/0', 'SELECT a FROM t GROUP BY b', 'SELECT * FROM t FOR UPDATE']) q;
SELECT pg_temp.as_core($$COPY t TO '$OUT/core' WITH (format avro) WHERE a > 1$$);
SELECT * FROM pg_temp.files('copy_refused%');
-- Data-changing WITH is a query to core's COPY.
SELECT * FROM pg_temp.try('COPY (WITH w AS (INSERT INTO t (a) VALUES (101) RETURNING a) SELECT * FROM w) TO ''$OUT/copy.avro'' WITH (format avro)');
DELETE FROM t WHERE a > 100;
-- DML with RETURNING runs, triggers and all, once.
CREATE TABLE log (what text);
CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO log VALUES (TG_OP); RETURN NULL; END $$;
CREATE TRIGGER note AFTER INSERT OR UPDATE OR DELETE ON t FOR EACH ROW EXECUTE FUNCTION note();
SELECT q, x.* FROM unnest(ARRAY['INSERT INTO t (a) SELECT 10 + n FROM generate_series(1, 3) n RETURNING a, g', 'UPDATE t SET b = ''new'' WHERE a > 10 RETURNING *', 'DELETE FROM t WHERE a > 10 RETURNING a']) q,
    pg_temp.try_query(q) x;
SELECT what, count(*) FROM log GROUP BY what ORDER BY what;
-- A trigger that fails after the last row: nothing is published, nothing is kept.
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused by trigger'; END $$;
CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON t FOR EACH ROW WHEN (NEW.a = 12) EXECUTE FUNCTION refuse();
SELECT * FROM pg_temp.try('COPY (INSERT INTO t (a) SELECT 10 + n FROM generate_series(1, 3) n RETURNING a) TO ''$OUT/trigger.avro'' WITH (format avro)');
SELECT * FROM pg_temp.files('trigger%');
SELECT count(*) FROM t;
-- Rules on the target.
CREATE TABLE ruled (a int);
CREATE FUNCTION pg_temp.ruled(rule text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'CREATE RULE r AS ON INSERT TO ruled ' || rule;
    RETURN QUERY SELECT * FROM pg_temp.try_query('INSERT INTO ruled VALUES (1)');
    RETURN QUERY SELECT * FROM pg_temp.try_query('INSERT INTO ruled VALUES (1) RETURNING a');
    RETURN NEXT 'as core: ' || pg_temp.as_core('COPY (INSERT INTO ruled VALUES (1)) TO ''$OUT/core'' WITH (format avro)');
    DROP RULE r ON ruled;
END
$$;
SELECT r, x.* FROM unnest(ARRAY['DO INSTEAD NOTHING', 'WHERE NEW.a > 5 DO INSTEAD NOTHING', 'DO ALSO DELETE FROM log', 'DO INSTEAD (DELETE FROM log; DELETE FROM log)', 'DO INSTEAD NOTIFY n',
    'DO INSTEAD INSERT INTO log VALUES (''by rule'') RETURNING 42']) r, pg_temp.ruled(r) x;

-- In PL/pgSQL: the row count, a cached statement run again, variables, an error caught.
DO $$
DECLARE
    n bigint;
    path text := pg_temp.out('plpgsql.avro');
BEGIN
    FOR i IN 1..3 LOOP
        EXECUTE format('COPY (SELECT * FROM generate_series(1, %s)) TO %L WITH (format avro)', i * 1000, path);
        GET DIAGNOSTICS n = ROW_COUNT;
        RAISE NOTICE '% rows, file has %', n, (SELECT rows FROM verify_export(path));
    END LOOP;
    BEGIN
        EXECUTE format('COPY (SELECT 1 / (3 - n) FROM generate_series(1, 5) n) TO %L WITH (format avro)', path);
    EXCEPTION WHEN division_by_zero THEN
        RAISE NOTICE 'caught, file still has % rows', (SELECT rows FROM verify_export(path));
    END;
END
$$;
CREATE FUNCTION cached() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE n bigint;
BEGIN
    COPY t (a) TO '/dev/null' WITH (format avro);
    GET DIAGNOSTICS n = ROW_COUNT;
    RETURN n;
END
$$;
SELECT cached() FROM generate_series(1, 3);
CREATE FUNCTION in_sql() RETURNS void LANGUAGE sql AS $$ COPY (SELECT 1) TO '/dev/null' WITH (format avro) $$;
SELECT in_sql();
-- A query sees what its transaction did; a rollback does not take the file back.
BEGIN;
INSERT INTO t (a) VALUES (50);
COPY (SELECT a FROM t) TO :'path' WITH (format avro);
ROLLBACK;
SELECT rows FROM verify_export(:'path');
-- Read-only transactions.
BEGIN READ ONLY;
COPY t TO :'path' WITH (format avro);
SELECT rows FROM export_to_avro('TABLE t', :'path');
SELECT * FROM pg_temp.try_query('DELETE FROM t RETURNING a');
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE;
COPY t TO :'path' WITH (format avro);
COMMIT;
-- A function that is not volatile may not COPY.
CREATE FUNCTION stable_copy() RETURNS void STABLE LANGUAGE plpgsql AS $$ BEGIN COPY (SELECT 1) TO '/dev/null' WITH (format avro); END $$;
SELECT * FROM pg_temp.try('SELECT stable_copy()');

-- Not ours: core's formats, core's errors, COPY FROM, our hook switched off.
COPY t (a) TO STDOUT WITH (format csv, header);
COPY (SELECT 1) TO STDOUT WITH (format text);
COPY t FROM '/dev/null' WITH (format avro);
SET pg_spout.enable_copy_hook = off;
COPY t TO '/nonexistent/x.avro' WITH (format avro);
RESET pg_spout.enable_copy_hook;
COPY t TO '/nonexistent/x.avro' WITH (format avroo);

-- The session's errors are ordinary: the next command works.
SELECT * FROM pg_temp.try('COPY (SELECT 1/0) TO ''$OUT/copy.avro'' WITH (format avro)');
SELECT * FROM pg_temp.try('COPY (SELECT 1) TO ''$OUT/copy.avro'' WITH (format avro)');
SET client_min_messages = warning;
DROP TABLE t, part, parent, ruled, log, unlogged, temporary CASCADE;
DROP MATERIALIZED VIEW m;
DROP EXTENSION file_fdw CASCADE;
DROP SEQUENCE s;
DROP TYPE composite;
DROP FUNCTION cached, in_sql, stable_copy, note, refuse;
