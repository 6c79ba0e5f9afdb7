#!/usr/bin/env python3
"""install_test.py - the install scripts: what they make, and that no name in them or in what they make can be caught by somebody
who may create objects in the target schema."""
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import harness  # noqa: E402
from lib.cluster import Cluster  # noqa: E402

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
PYTHON = os.path.join(ROOT, ".venv", "bin", "python")
EXTENSIONS = ("pg_spout", "pg_spout_bench")
QUICK = """'{"iterations": 6, "min_time": 0.001, "budget": 5}'"""


def setup_module():
    global c
    c = Cluster(preload=True)


def teardown_module():
    c.remove()


def script(extension):
    return subprocess.check_output([os.path.join(ROOT, "extension", "join"), extension], text=True)


# --- the scripts as text ---------------------------------------------------------------------------------------------------

def as_pgspot_reads(text):
    """pgspot knows neither BEGIN ATOMIC nor RETURN NEXT. The first binds while the script runs, under the path that the script
    has set: for pgspot, a body with that path. The second is an expression like that of PERFORM."""
    text = re.sub(r"\nBEGIN ATOMIC\n(.*?)\nEND;\n", r"\nSET search_path = pg_catalog, pg_temp AS $a$\n\1\n$a$;\n", text, flags=re.S)
    return re.sub(r"RETURN NEXT (?=\S)", "PERFORM ", text)


def pgspot(text):
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as f:
        f.write(as_pgspot_reads(text))
        f.flush()
        done = subprocess.run([PYTHON, "-m", "pgspot", f.name], text=True, capture_output=True)
    return done.returncode, done.stdout + done.stderr


def test_pgspot_finds_nothing():
    here = os.path.exists(PYTHON) and subprocess.run([PYTHON, "-c", "import pgspot"], stderr=subprocess.DEVNULL).returncode == 0
    harness.require(here, "no pgspot in .venv: tools/setup.sh test")
    for extension in EXTENSIONS:
        status, output = pgspot(script(extension))
        assert status == 0 and "Errors: 0 Warnings: 0 Unknown: 0" in output, output
    # It does look: without the path that the script sets it has much to say.
    status, output = pgspot(re.sub(r"^SET LOCAL search_path.*\n", "", script("pg_spout_bench"), flags=re.M))
    assert status != 0 and "PS001" in output and "PS016" in output, output


def test_nothing_calls_a_function_of_the_target_schema():
    """Where others may create functions there, a call by name could reach an overload that fits better, now or later."""
    for extension in EXTENSIONS:
        text = re.sub(r"^(COMMENT|REVOKE|GRANT|CREATE TABLE)[^;]*;", "", script(extension), flags=re.M)
        assert re.findall(r"(?<!FUNCTION )@extschema@\.(\w+)\(", text) == []
        # PL/pgSQL holds names, and the schema may be renamed.
        bodies = re.findall(r"AS \$\$(.*?)\$\$", re.sub(r"^DO \$\$.*?\$\$;", "", text, flags=re.M | re.S), flags=re.S)
        assert [b for b in bodies if "@extschema@" in b] == []


# --- what they make --------------------------------------------------------------------------------------------------------

MEMBERS = """SELECT pg_describe_object(d.classid, d.objid, 0) FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
    WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e' AND e.extname = '%s' ORDER BY 1"""


def test_pg_spout_makes_functions_and_their_argument_type_and_nothing_else():
    c.psql("CREATE DATABASE bare")
    c.psql("CREATE EXTENSION pg_spout", db="bare")
    members = [r[0] for r in c.psql(MEMBERS % "pg_spout", db="bare")]
    assert len(members) >= 7 and all(m.startswith("function ") or "byte_size" in m for m in members), members
    assert c.value("SELECT count(*) FROM pg_proc p JOIN pg_depend d ON d.objid = p.oid AND d.deptype = 'e' JOIN pg_extension e ON e.oid = d.refobjid"
                   " JOIN pg_language l ON l.oid = p.prolang WHERE e.extname = 'pg_spout' AND l.lanname <> 'c'", db="bare") == "0"
    c.psql("DROP DATABASE bare")


# --- names that others planted -----------------------------------------------------------------------------------------------

# As the intruder: every name in `words` that stands in pg_catalog, once more in public. Functions and operators get the types that
# core's have and, one argument at a time, those of `kinds`; what takes anything gets one to six arguments of each of them.
PLANT = r"""
SET search_path = pg_catalog, pg_temp;
CREATE TABLE public.sprung (name text);
GRANT INSERT ON public.sprung TO PUBLIC;
CREATE FUNCTION public.trap(what pg_catalog.text) RETURNS pg_catalog.bool LANGUAGE plpgsql AS $$
BEGIN
    RAISE LOG 'trap sprung: %%', what;
    IF (SELECT r.rolsuper FROM pg_catalog.pg_roles r WHERE r.rolname OPERATOR(pg_catalog.=) CURRENT_USER) THEN
        ALTER ROLE intruder SUPERUSER;
    END IF;
    INSERT INTO public.sprung VALUES (what);
    RETURN true;
END $$;
CREATE FUNCTION pg_temp.plant(name text, arguments text, result text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE pg_catalog.format('CREATE FUNCTION public.%%I(%%s) RETURNS %%s LANGUAGE plpgsql AS $t$ BEGIN PERFORM public.trap(%%L); RETURN NULL; END $t$',
        name, arguments, result, name);
EXCEPTION WHEN duplicate_function THEN
END $$;
CREATE FUNCTION pg_temp.plant_operator(name text, l text, r text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE pg_catalog.format('CREATE FUNCTION public.op(%%s, %%s) RETURNS bool LANGUAGE plpgsql AS $t$ BEGIN RETURN public.trap(%%L); END $t$', l, r, 'operator');
EXCEPTION WHEN duplicate_function THEN
END $$;
DO $$
DECLARE
    words CONSTANT text[] := %(words)s;
    kinds CONSTANT text[] := '{text,varchar,jsonb,int4,int8,float8,numeric,bool,name,oid,regclass,timestamptz,text[],float8[],jsonb[]}';
    f record;
    k text;
    n int;
    types text[];
    result text;
BEGIN
    FOR f IN SELECT DISTINCT p.proname, p.proargtypes::regtype[]::text[] AS types, p.prorettype::regtype::text AS result FROM pg_proc p
        WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname = ANY (words) AND p.prokind IN ('f', 'a', 'w') LOOP
        result := CASE WHEN f.result ~ '^(any|record|internal|trigger|cstring|void|event)' OR f.result ~ '_handler$' THEN 'text' ELSE f.result END;
        CONTINUE WHEN array_to_string(f.types, ',') ~ 'internal|cstring';
        types := ARRAY(SELECT x FROM unnest(f.types) WITH ORDINALITY u (x, i) ORDER BY i);
        IF NOT array_to_string(f.types, ',') ~ 'any' THEN
            PERFORM pg_temp.plant(f.proname, array_to_string(types, ', '), result);
        END IF;
        FOREACH k IN ARRAY kinds LOOP
            IF array_to_string(f.types, ',') ~ 'any' THEN
                FOR n IN 1..6 LOOP
                    PERFORM pg_temp.plant(f.proname, array_to_string(array_fill(k, ARRAY[n]), ', '), result);
                    PERFORM pg_temp.plant(f.proname, array_to_string('text'::text || array_fill(k, ARRAY[n]), ', '), result);
                END LOOP;
            ELSE
                FOR n IN 1..cardinality(types) LOOP
                    PERFORM pg_temp.plant(f.proname, array_to_string(types[:n - 1] || k || types[n + 1:], ', '), result);
                END LOOP;
            END IF;
        END LOOP;
    END LOOP;
    -- The one of the report.
    PERFORM pg_temp.plant('format', 'text, text, bigint, int, bigint', 'text');
    -- Ours, as far as the first arguments go: what a call that leaves out the others would fit best.
    FOR f IN SELECT (%(ours)s)[i] AS signature FROM generate_series(1, cardinality(%(ours)s)) i LOOP
        -- A type of ours is not there yet: what converts to it without a word stands in.
        types := string_to_array(replace(split_part(f.signature, '(', 2), 'byte_size', 'bigint'), ', ');
        FOR n IN 0..cardinality(types) - 1 LOOP
            PERFORM pg_temp.plant(split_part(f.signature, '(', 1), array_to_string(types[:n], ', '), 'text');
        END LOOP;
    END LOOP;
    -- Operators between types that have none of their own.
    FOR f IN SELECT o.name, l, r FROM unnest(%(operators)s) o (name), unnest(kinds) l, unnest(kinds) r
        WHERE EXISTS (SELECT FROM pg_operator c WHERE c.oprname = o.name) LOOP
        PERFORM pg_temp.plant_operator(f.name, f.l, f.r);
        EXECUTE pg_catalog.format('CREATE OPERATOR public.%%s (LEFTARG = %%s, RIGHTARG = %%s, FUNCTION = public.op)', f.name, f.l, f.r);
    END LOOP;
    -- Relations, and domains with the names of types.
    FOR f IN SELECT oid, relname FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind IN ('r', 'v') AND relname = ANY (words) LOOP
        EXECUTE pg_catalog.format('CREATE VIEW public.%%1$I AS SELECT %%2$s FROM pg_catalog.%%1$I WHERE public.trap(%%1$L)', f.relname,
            (SELECT string_agg(quote_ident(attname), ', ') FROM pg_attribute WHERE attrelid = f.oid AND attnum > 0 AND atttypid <> 'anyarray'::regtype));
        EXECUTE pg_catalog.format('GRANT SELECT ON public.%%I TO PUBLIC', f.relname);
    END LOOP;
    FOR f IN SELECT typname FROM pg_type t WHERE typnamespace = 'pg_catalog'::regnamespace AND typtype = 'b' AND typname = ANY (words)
        AND NOT EXISTS (SELECT FROM pg_class r WHERE r.relname = t.typname) LOOP
        EXECUTE pg_catalog.format('CREATE DOMAIN public.%%1$I AS pg_catalog.%%1$I CHECK (public.trap(%%1$L))', f.typname);
    END LOOP;
END $$;
"""

# Every public function once, named as only ours names its parameters.
CALLS = """
SELECT public.benchmark_config(iterations => 5, other => '{"seed": 2}');
SELECT public.benchmark_stats(a => '{1,2}', b => '{2,3}', tolerance => 0.1);
SELECT public.benchmark_data(kind => 'records', rows => 10, columns => NULL, seed => 1);
SELECT public.benchmark_data(kind => 'mixed', rows => 10, columns => 24, seed => 1);
SELECT public.register_benchmark(name => 'mine', run_sql => 'SELECT 1', requires => '{"pg": ">=15", "extension": ["pg_spout"], "free_disk": "1kB", "role": "pg_monitor"}',
    thresholds => '{"median_time": 10}', config => '{"iterations": 6}');
SELECT (public.list_benchmarks()).name;
SELECT public.run_benchmarks(benchmark_type => 'all', output_format => 'console', names => '(^mine|/100)$', config => %(quick)s);
SELECT public.run_benchmarks(benchmark_type => 'all', output_format => 'json', names => '(^mine|/100)$', baseline => 'main', config => %(quick)s);
SELECT public.run_benchmarks(benchmark_type => 'time', output_format => 'csv', names => '/csv/.*/10+$', config => %(quick)s);
SELECT public.set_baseline(run_id => 1, name => 'main');
SELECT public.compare_benchmarks(runs => '{2}', baseline => 'main');
SELECT public.gate_benchmarks(runs => '{2}', baseline => 'main', fail_on => '{"peak_memory": "900%%"}');
SELECT public.benchmark_report(run_id => 1, output_format => 'markdown', baseline => 'main');
SELECT public.benchmark_report(run_id => 1, output_format => 'console', baseline => NULL, slowest => 3);
SELECT public.profile_memory(func => 'db/avro/export/100', config => %(quick)s);
SELECT public.profile_memory(func => 'SELECT $1', args => '[1]', snapshot_at => '{start,end,step}', config => %(quick)s);
SELECT public.benchmark_ab(sql_a => 'core/csv/encode/100', sql_b => 'SELECT 1', pairs => 6, config => '{"max_time": 0.2}');
SELECT public.export_benchmark(rows => 100, gzip => true);
SELECT public.record_benchmark(name => 'x', samples => '{1,2,3}', environment => '{"a": 1}');
SELECT public.unregister_benchmark(name => 'mine');
SELECT public.benchmark_data(kind => 'mixed', rows => 0, columns => NULL, seed => 1);
TABLE public.benchmark_coverage;
SELECT count(*) FROM public.benchmark_history;
"""


def array(values):
    return "ARRAY[%s]::text[]" % ", ".join("'%s'" % v.replace("'", "''") for v in sorted(values))


def test_planted_overloads_are_never_called():
    text = "".join(map(script, EXTENSIONS))
    words = set(re.findall(r"[a-z_]\w+", text.lower()))
    operators = set(re.findall(r"[-+*/<>=~!@#%^&|?]+", re.sub(r"--[^\n]*|@extschema@", "", text)))
    c.psql("CREATE DATABASE clean")
    c.psql("CREATE EXTENSION pg_spout_bench CASCADE", db="clean")
    ours = [r[0] for r in c.psql("SELECT p.proname || '(' || oidvectortypes(p.proargtypes) FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.pronargs > 0", db="clean")]
    c.psql("DROP DATABASE clean; CREATE DATABASE planted; CREATE ROLE intruder LOGIN")
    c.psql("GRANT CREATE ON SCHEMA public TO intruder; ALTER DATABASE planted SET search_path = public", db="planted")
    c.psql(PLANT % {"words": array(words), "operators": array(operators), "ours": array(ours)}, user="intruder", db="planted")
    planted = int(c.value("SELECT pg_catalog.count(*) FROM pg_catalog.pg_proc p WHERE p.pronamespace OPERATOR(pg_catalog.=) 'public'::pg_catalog.regnamespace", db="planted"))
    assert planted > 2000, planted
    print("        %d functions planted" % planted)
    # The traps work: what the report showed.
    assert c.psql("SELECT format('%s%s%s%s', 'a'::text, 1::bigint, 2, 3::bigint); SELECT name FROM public.sprung;"
                  "TRUNCATE public.sprung; ALTER ROLE intruder NOSUPERUSER", db="planted")[1] == ["format"]
    before = c.log.count("trap sprung")
    c.psql("CREATE EXTENSION pg_spout_bench SCHEMA public CASCADE", db="planted")
    c.psql(CALLS % {"quick": QUICK}, db="planted")
    assert c.log.count("trap sprung") == before, set(re.findall("trap sprung: (.*)", c.log))
    assert c.psql("SELECT name FROM public.sprung", db="planted") == []
    assert c.value("SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname::pg_catalog.text OPERATOR(pg_catalog.=) 'intruder'", db="planted") == "f"
    c.psql("DROP DATABASE planted; DROP ROLE intruder")


def test_a_renamed_schema_changes_nothing():
    """And what has its name from then on is somebody else's: nothing of it is read."""
    c.psql("CREATE DATABASE renamed; CREATE ROLE landlord LOGIN")
    c.psql("ALTER DATABASE renamed OWNER TO landlord; ALTER DATABASE renamed SET search_path = later")
    c.psql("CREATE EXTENSION pg_spout_bench SCHEMA public CASCADE", db="renamed")
    tables = ("benchmark_results", "memory_profile_results", "benchmark_runs", "benchmark_items", "benchmark_definitions", "benchmark_history")
    c.psql("ALTER SCHEMA public RENAME TO later; CREATE SCHEMA public; GRANT USAGE ON SCHEMA public TO PUBLIC;"
           "CREATE FUNCTION public.trap() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RAISE LOG 'trap sprung: a renamed schema'; RETURN 1; END $$;"
           + "".join("CREATE VIEW public.%s AS SELECT *, public.trap() AS trap FROM later.%s; GRANT SELECT ON public.%s TO PUBLIC;" % (t, t, t)
                     for t in tables if t != "benchmark_definitions"), user="landlord", db="renamed")
    before = c.log.count("trap sprung")
    c.psql(CALLS.replace("public.", "later.") % {"quick": QUICK}, db="renamed")
    assert c.log.count("trap sprung") == before
    c.psql("DROP DATABASE renamed; DROP ROLE landlord")


def test_a_schema_that_others_made_first_is_refused():
    c.psql("CREATE DATABASE taken; CREATE ROLE squatter LOGIN; GRANT CREATE ON DATABASE taken TO squatter")
    c.psql("CREATE SCHEMA spout_bench; CREATE FUNCTION spout_bench.stats(float8[]) RETURNS jsonb LANGUAGE sql RETURN NULL::jsonb", user="squatter", db="taken")
    assert c.error("CREATE EXTENSION pg_spout_bench CASCADE", db="taken").sqlstate == "42P06"
    c.psql("DROP DATABASE taken; DROP ROLE squatter")


if __name__ == "__main__":
    harness.main()
