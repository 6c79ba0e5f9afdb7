\set ECHO none
\i sql/include/setup.sql
\set ECHO all
-- Who may write files, and that a query sees exactly what its role may see.
SET client_min_messages = warning;
DROP ROLE IF EXISTS spout_plain, spout_writer, spout_noinherit, spout_reader, spout_bypass, spout_owner, spout_heir;
RESET client_min_messages;
CREATE ROLE spout_plain;
CREATE ROLE spout_writer IN ROLE pg_write_server_files;
CREATE ROLE spout_noinherit NOINHERIT IN ROLE pg_write_server_files;
CREATE ROLE spout_reader IN ROLE pg_write_server_files, pg_read_server_files;
CREATE ROLE spout_bypass BYPASSRLS IN ROLE pg_write_server_files;
CREATE ROLE spout_owner IN ROLE pg_write_server_files;
GRANT CREATE ON SCHEMA public TO spout_owner;
-- Every format decides alike: what runs for avro here runs for the others, too, and a difference is an error.
CREATE FUNCTION pg_temp.as_role_once(role name, statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE line text;
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', role);
    FOR line IN SELECT * FROM pg_temp.try(statement) LOOP RETURN NEXT line; END LOOP;
    RESET ROLE;
END
$$;
CREATE FUNCTION pg_temp.in_format(statement text, name text) RETURNS text LANGUAGE sql RETURN
    replace(replace(replace(statement, 'format avro', 'format "' || name || '", parallel off'), 'export_to_avro', 'export_to_' || name), '.avro', '.' || name);
CREATE FUNCTION pg_temp.as_role(role name, statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    lines text[] := ARRAY(SELECT pg_temp.as_role_once(role, statement));
    name text;
    other text[];
BEGIN
    FOREACH name IN ARRAY ARRAY['csv', 'json', 'xml'] LOOP
        CONTINUE WHEN pg_temp.in_format(statement, name) = statement;
        other := ARRAY(SELECT replace(pg_temp.as_role_once(role, pg_temp.in_format(statement, name)), 'export_to_' || name, 'export_to_avro'));
        IF other <> lines THEN RAISE EXCEPTION 'avro says %, but % says %', lines, name, other; END IF;
    END LOOP;
    RETURN QUERY SELECT unnest(lines);
END
$$;
CREATE FUNCTION pg_temp.as_role_first(role name, statement text) RETURNS text LANGUAGE sql RETURN (SELECT (array_agg(t))[1] FROM pg_temp.as_role(role, statement) t);

-- The right to write files: core's csv decides alike, whatever its words are.
CREATE TABLE open_to_all AS SELECT 1 AS a;
GRANT SELECT ON open_to_all TO PUBLIC;
SELECT role, left(pg_temp.as_role_first(role, $$COPY open_to_all TO '$OUT/rights.avro' WITH (format avro)$$), 5) AS avro,
    (SELECT array_agg(t) FROM pg_temp.as_role(role, $$COPY open_to_all TO '$OUT/rights.csv' WITH (format csv)$$) t) =
        (SELECT array_agg(t) FROM pg_temp.as_role(role, $$COPY open_to_all TO '$OUT/rights.avro' WITH (format avro)$$) t) AS as_core,
    pg_temp.as_role_first(role, $$SELECT * FROM export_to_avro('TABLE open_to_all', '$OUT/rights_f.avro')$$) AS function,
    left(pg_temp.as_role_first(role, $$COPY open_to_all TO '/dev/null' WITH (format avro)$$), 5) AS "null"
FROM unnest(ARRAY[current_user, 'spout_plain', 'spout_writer', 'spout_noinherit', 'spout_reader']) role WHERE role <> session_user
UNION ALL SELECT 'superuser', left(x, 5), NULL, NULL, NULL FROM pg_temp.try($$COPY open_to_all TO '$OUT/rights_super.avro' WITH (format avro)$$) x;
SELECT DISTINCT x FROM unnest('{csv,json,xml}'::text[]) f, pg_temp.try(pg_temp.in_format($$COPY open_to_all TO '$OUT/rights_super.avro' WITH (format avro)$$, f)) x;
-- The role comes first: before the relation, the options, the path.
SELECT left(pg_temp.as_role_first('spout_plain', s), 5) AS sqlstate, s FROM unnest(ARRAY[$$COPY nobody TO '$OUT/x' WITH (format avro)$$, $$COPY open_to_all TO '$OUT/x' WITH (format avro, colour 1)$$,
    $$COPY open_to_all TO 'relative' WITH (format avro)$$, $$COPY (SELECT 1/0) TO '/nonexistent/x' WITH (format avro)$$]) s;
-- A function names the role and the way out, before it looks at its arguments.
SELECT x.* FROM unnest(ARRAY[$$SELECT * FROM export_to_avro('SELECT 1', '$OUT/x.avro')$$, $$SELECT * FROM export_to_avro(NULL, 'relative', 'nonsense')$$,
    $$SELECT * FROM verify_export('$OUT/rights_super.avro')$$, $$SELECT * FROM verify_export(NULL)$$]) s, pg_temp.as_role('spout_plain', s) x;
-- EXECUTE granted wider does not help.
GRANT EXECUTE ON FUNCTION export_to_avro, export_to_csv, export_to_json, export_to_xml, verify_export TO spout_plain;
SELECT left(pg_temp.as_role_first('spout_plain', $$SELECT * FROM export_to_avro('SELECT 1', '$OUT/x.avro')$$), 5);
SELECT left(pg_temp.as_role_first('spout_plain', $$SELECT * FROM verify_export('$OUT/rights_super.avro')$$), 5);
REVOKE EXECUTE ON FUNCTION export_to_avro, export_to_csv, export_to_json, export_to_xml, verify_export FROM spout_plain;
SELECT role, pg_temp.as_role_first(role, $$SELECT * FROM verify_export('$OUT/rights_super.avro')$$) FROM unnest('{spout_plain,spout_writer,spout_reader}'::name[]) role;
SELECT role, pg_temp.as_role_first(role, $$SELECT * FROM describe_export('SELECT 1')$$), pg_temp.as_role_first(role, 'SELECT last_export() IS NULL') FROM unnest('{spout_plain,spout_writer}'::name[]) role;
SELECT p.proname, p.prosecdef, p.provolatile, p.proparallel, p.proisstrict, p.proleakproof, regexp_replace(p.proacl::text, '(?<=[{,/])' || r.rolname || '(?=[=,}])', 'owner', 'g') AS acl
FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.deptype = 'e' JOIN pg_extension e ON e.oid = d.refobjid JOIN pg_roles r ON r.oid = p.proowner WHERE e.extname = 'pg_spout' AND p.proname IN
    ('export_to_avro', 'export_to_csv', 'export_to_json', 'export_to_xml', 'describe_export', 'last_export', 'verify_export') ORDER BY 1;

-- Rights on tables and columns.
CREATE TABLE secret (id int, name text, salary int);
INSERT INTO secret VALUES (1, 'a', 100), (2, 'b', 200);
GRANT SELECT (id, name) ON secret TO spout_writer;
SELECT s, x.* FROM unnest(ARRAY['secret', 'secret (id, name)', 'secret (name)', 'secret (salary)', '(SELECT id FROM secret)', '(SELECT * FROM secret)', '(SELECT count(*) FROM secret)',
    '(SELECT id FROM secret WHERE salary > 0)', '(UPDATE secret SET salary = 0 RETURNING id)', '(SELECT secret FROM secret)']) s,
    pg_temp.as_role('spout_writer', format($$COPY %s TO '$OUT/rights.avro' WITH (format avro)$$, s)) x;
SELECT q, x.* FROM unnest(ARRAY['SELECT id, name FROM secret', 'SELECT salary FROM secret']) q, pg_temp.as_role('spout_writer', format($$SELECT * FROM export_to_avro(%L, '$OUT/rights_f.avro')$$, q)) x;
SELECT q, x.* FROM unnest(ARRAY['SELECT salary FROM secret']) q, pg_temp.as_role('spout_writer', format('SELECT * FROM describe_export(%L)', q)) x;
-- A view's owner reads for its readers; a barrier view leaks nothing through a function that costs nothing.
CREATE VIEW names_only WITH (security_barrier) AS SELECT name FROM secret WHERE id = 1;
GRANT SELECT ON names_only TO spout_writer;
CREATE FUNCTION leak(text) RETURNS bool COST 0.0000001 LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'leaked %', $1; RETURN true; END $$;
SELECT * FROM pg_temp.as_role('spout_writer', $$COPY (SELECT * FROM names_only WHERE leak(name)) TO '$OUT/rights.avro' WITH (format avro)$$);
-- A schema that may not be entered.
CREATE SCHEMA closed;
CREATE TABLE closed.t (a int);
GRANT SELECT ON closed.t TO spout_writer;
SELECT * FROM pg_temp.as_role('spout_writer', $$COPY closed.t TO '$OUT/rights.avro' WITH (format avro)$$);

-- Row-level security: owner, forced, bypassing, switched off, and a policy that depends on the role.
CREATE TABLE tenants (id int, owner text);
INSERT INTO tenants SELECT n, CASE WHEN n % 2 = 0 THEN 'spout_writer' ELSE 'spout_owner' END FROM generate_series(1, 10) n;
ALTER TABLE tenants OWNER TO spout_owner;
ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON tenants USING (owner = current_user AND id < 8);
GRANT SELECT ON tenants TO spout_writer, spout_bypass, spout_plain;
CREATE FUNCTION pg_temp.rls() RETURNS TABLE (role name, form text, avro text, as_core bool) LANGUAGE sql AS $$
    SELECT r, s, pg_temp.as_role_first(r, format('COPY %s TO ''$OUT/rls.avro'' WITH (format avro)', s)),
        pg_temp.as_role_first(r, format('COPY %s TO ''$OUT/rls.avro'' WITH (format avro)', s)) = pg_temp.as_role_first(r, format('COPY %s TO ''$OUT/rls.csv'' WITH (format csv)', s))
    FROM unnest('{spout_owner,spout_writer,spout_bypass}'::name[]) r, unnest('{tenants,tenants (id),(SELECT * FROM tenants)}'::text[]) s
$$;
SELECT * FROM pg_temp.rls();
ALTER TABLE tenants FORCE ROW LEVEL SECURITY;
SELECT * FROM pg_temp.rls() WHERE form = 'tenants';
SET row_security = off;
SELECT * FROM pg_temp.rls() WHERE form = 'tenants';
RESET row_security;
SELECT role, x.* FROM unnest('{spout_owner,spout_writer,spout_bypass}'::name[]) role, pg_temp.as_role(role, $$SELECT generate_series(1, rows) FROM export_to_avro('TABLE tenants', '$OUT/rls_f.avro')$$) x;
SELECT count(*), sum(rows) FROM export_to_avro('TABLE tenants', pg_temp.out('rls_super.avro'));
SELECT count(*), sum(rows) FROM export_to_csv('TABLE tenants', pg_temp.out('rls_super.csv'));

-- Security definer: the current user's rights decide, in both directions.
CREATE FUNCTION as_owner(statement text) RETURNS SETOF text SECURITY DEFINER LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE statement;
    RETURN NEXT 'ok';
EXCEPTION WHEN OTHERS THEN RETURN NEXT SQLSTATE;
END
$$;
ALTER FUNCTION as_owner OWNER TO spout_plain;
SELECT DISTINCT x.* FROM unnest('{avro,csv,json,xml}'::text[]) f, as_owner(pg_temp.in_format(format($$COPY open_to_all TO %L WITH (format avro)$$, pg_temp.out('definer.avro')), f)) x;
SELECT DISTINCT x.* FROM unnest('{avro,csv,json,xml}'::text[]) f, as_owner(pg_temp.in_format(format($$SELECT * FROM export_to_avro('SELECT 1', %L)$$, pg_temp.out('definer.avro')), f)) x;
ALTER FUNCTION as_owner OWNER TO spout_writer;
SELECT DISTINCT x.* FROM unnest('{avro,csv,json,xml}'::text[]) f, as_owner(pg_temp.in_format(format($$COPY secret (salary) TO %L WITH (format avro)$$, pg_temp.out('definer.avro')), f)) x;
SELECT * FROM pg_temp.as_role('spout_plain', format($$SELECT * FROM as_owner(%L)$$, format($$COPY open_to_all TO %L WITH (format avro)$$, pg_temp.out('definer.avro'))));
SELECT rows FROM verify_export(pg_temp.out('definer.avro'));

-- What last_export() knows belongs to who exported: nobody else who gets the session sees it, not even a definer's caller.
CREATE FUNCTION whose(role name) RETURNS text LANGUAGE plpgsql AS $$
DECLARE seen text;
BEGIN
    EXECUTE format('SET LOCAL ROLE %I', role);
    seen := coalesce(last_export() ->> 'error', last_export() ->> 'rows');
    RESET ROLE;
    RETURN coalesce(seen, 'nothing');
END $$;
CREATE FUNCTION seen_by_all() RETURNS TABLE (role name, sees text) LANGUAGE sql AS $$
    SELECT CASE WHEN r = session_user THEN 'superuser' ELSE r END, whose(r) FROM unnest(ARRAY['spout_plain', 'spout_writer', 'spout_owner', 'spout_heir', session_user]) r $$;
CREATE ROLE spout_heir IN ROLE spout_writer;
\set definer `echo "$SPOUT_OUT/definer.csv"`
SET SESSION AUTHORIZATION spout_writer;
COPY (SELECT ('card ' || n)::int FROM generate_series(4711, 4711) n) TO :'definer' WITH (format csv, sync off);
SELECT last_export() ->> 'error' AS mine;
RESET SESSION AUTHORIZATION;
SELECT sees, array_agg(role ORDER BY role) AS roles FROM seen_by_all() GROUP BY sees ORDER BY sees COLLATE "C";
SET SESSION AUTHORIZATION spout_plain;
SELECT last_export();
RESET SESSION AUTHORIZATION;
-- as_owner is spout_writer's: the export was done with his rights, and its caller sees nothing of it.
SELECT * FROM pg_temp.as_role('spout_plain', format($$SELECT * FROM as_owner(%L)$$, format($$COPY (SELECT 1 FROM generate_series(1, 12)) TO %L WITH (format csv, sync off)$$, :'definer')));
SELECT sees, array_agg(role ORDER BY role) AS roles FROM seen_by_all() GROUP BY sees ORDER BY sees COLLATE "C";
SELECT role, pg_temp.as_role(role, 'SELECT * FROM export_files()') AS files FROM unnest('{spout_plain,spout_owner,spout_writer,spout_heir}'::name[]) role;
-- DISCARD ALL leaves nothing, to nobody; less than that leaves it.
SET SESSION AUTHORIZATION spout_writer;
DISCARD PLANS;
SELECT last_export() ->> 'rows' AS rows;
SET pg_spout.enable_copy_hook = off;
DISCARD ALL;
SELECT last_export(), (SELECT count(*) FROM export_files()) AS files;

SET client_min_messages = warning;
DROP SCHEMA closed CASCADE;
DROP TABLE open_to_all, secret, tenants CASCADE;
DROP FUNCTION as_owner, leak, seen_by_all, whose;
DROP OWNED BY spout_plain, spout_writer, spout_noinherit, spout_reader, spout_bypass, spout_owner;
DROP ROLE spout_heir, spout_plain, spout_writer, spout_noinherit, spout_reader, spout_bypass, spout_owner;
