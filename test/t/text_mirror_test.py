"""text_mirror_test.py - CSV equals core's COPY byte for byte, JSON equals row_to_json: random tables, random
values, random options and settings, judged by the same server in the same session.

SPOUT_CASES tables (300), SPOUT_SEED to repeat a run; a failure prints the seed and the statements of its case.
"""
import json
import os
import random
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import harness  # noqa: E402
from lib.cluster import Cluster  # noqa: E402

CASES = int(os.environ.get("SPOUT_CASES", "300"))
SEED = int(os.environ.get("SPOUT_SEED", "0")) or random.SystemRandom().randrange(1, 10**9)
ROWS = 12

TEXTS = ["", "a", "plain", "a,b", 'say "hi"', "two\nlines", "cr\rhere", "crlf\r\n", "\\.", "\\", "\\N", "NULL", "null",
         "n/a", " lead", "trail ", "\t", "a;b|c", "it's", "ünï", "日本語", "😀 emoji", "\x01\x1f\x7f", "x" * 17, "'", '""',
         '"', ",", "|", "e^", "long " * 900, "quoted \" inside " * 40, "0123456789abcdef,", "0123456789abcde\"", "a\\b"]
JSONS = ['{"a": [1,\n 2],\r\n "b": "x\\ny"}', "[]", "{}", '"s"', "1.50", "null", "true", '{"k":1,"k":2}',
         '{"q": "a\\"b,c", "deep": {"x": [[], {}, [null, false]]}, "n": 1e10, "u": "\\u20ac"}', "  7  "]
ZONES = ["UTC", "Europe/Amsterdam", "Asia/Kathmandu", "America/St_Johns", "Africa/Monrovia", "Australia/Lord_Howe",
         "Asia/Kolkata", "America/New_York", "Pacific/Apia", "<+0543>-05:43"]
STAMPS = ["2024-02-29 12:34:56.789012", "1999-12-31 23:59:59.999999", "1970-01-01 00:00:00", "1890-03-04 05:06:07.1",
          "0044-03-15 10:00:00 BC", "0001-01-01 00:00:00", "infinity", "-infinity", "294276-12-31 23:59:59.999999",
          "4714-11-24 00:00:00 BC", "2024-03-31 01:00:00", "2024-10-27 00:59:59.5", "1937-07-01 00:00:00", "99999-01-01 01:02:03"]
FLOATS = ["0", "-0", "1", "0.1", "-1.5e-7", "1e300", "3.4e38", "NaN", "Infinity", "-Infinity", "123456789.123456789",
          "1e-300", "100000000000000000000"]
NUMERICS = ["0", "0.00", "-1.50", "NaN", "12345678901234567890.123456789", "1e-20", "1e50", "-0.0001", "9999", "10000",
            "Infinity", "-Infinity", "1e131071" if os.environ.get("SPOUT_HUGE") else "1e300"]


def quote(s):
    return "NULL" if s is None else "'" + s.replace("'", "''") + "'"


def picks(values):
    return lambda r: r.choice(values)


def text_value(r):
    if r.random() < 0.6:
        return r.choice(TEXTS)
    return "".join(r.choice('ab,"\n\r\\;| é日\t') for _ in range(r.randrange(40)))


def integer(bits):
    edge = [0, 1, -1, 9, 10, 99, 100, 2**(bits - 1) - 1, -2**(bits - 1)]
    return lambda r: str(r.choice(edge) if r.random() < 0.5 else r.randrange(-2**(bits - 1), 2**(bits - 1)))


def array_of(f, null=True):
    def make(r):
        items = [None if null and r.random() < 0.2 else f(r) for _ in range(r.randrange(4))]
        body = ",".join("NULL" if i is None else '"%s"' % i.replace("\\", "\\\\").replace('"', '\\"') for i in items)
        return "{%s}" % body
    return make


def nested_array(r):
    return r.choice(["{}", "{{1,2},{3,NULL}}", "[0:1]={5,6}", "{{{1}},{{2}}}", "{NULL}"])


# type -> a random literal of it
TYPES = {
    "bool": picks(["t", "f"]), "int2": integer(16), "int4": integer(32), "int8": integer(64),
    "oid": lambda r: str(r.randrange(2**32)), "xid": lambda r: str(r.randrange(2**32)), "cid": lambda r: str(r.randrange(2**32)),
    "float4": picks([f for f in FLOATS if "300" not in f]), "float8": picks(FLOATS), "numeric": picks(NUMERICS),
    "numeric(12,3)": lambda r: "%d.%03d" % (r.randrange(-10**8, 10**8), r.randrange(1000)), "money": picks(["0", "-1234567.89", "12.3"]),
    "text": text_value, "varchar": text_value, "char(7)": lambda r: text_value(r)[:7], "name": lambda r: text_value(r)[:20],
    '"char"': picks(["", "x", ",", '"', "\n"]), "bytea": lambda r: "\\x" + r.randbytes(r.choice([0, 1, 7, 40])).hex(),
    "uuid": lambda r: "%032x" % r.getrandbits(128),
    "date": picks([s if "inf" in s else s.split()[0] + (" BC" if "BC" in s else "") for s in STAMPS]),
    "time": picks(["00:00", "24:00:00", "23:59:59.999999", "01:02:03.4"]), "timetz": picks(["01:02:03.4+05:30", "24:00-12", "12:00+00:00:01"]),
    "timestamp": picks(STAMPS), "timestamptz": lambda r: (s := r.choice(STAMPS)) + ("" if "inf" in s else "+00"),
    "interval": picks(["0", "1 year 2 mons -3 days", "-1 mon 04:05:06.7", "178000000 years", "-00:00:00.000001", "36 hours"]),
    "json": picks(JSONS), "jsonb": picks(JSONS), "xml": picks(["<a>1</a>", "text, \"quoted\"", "<b x='1'>\n</b>"]),
    "mood": picks(["ok", 'so "so"', "bad, very", "ünï"]), "pair": picks(["(1,a)", '(,"x,""y")', "()".replace("()", "(,)"), '(7,"two\nlines")']),
    "outer_pair": picks(['("(1,a)",2024-02-29,)', '(,,"{1,2}")']), "posint": lambda r: str(r.randrange(1, 10**6)),
    "words": text_value, "int4[]": nested_array, "text[]": array_of(text_value), "timestamptz[]": array_of(picks(["2024-01-01 00:00+00", "infinity"])),
    "json[]": array_of(picks(JSONS)), "pair[]": array_of(picks(["(1,a)", '(,"q""q")'])), "jsonb[]": array_of(picks(JSONS)), "mood[]": array_of(picks(["ok", 'so "so"'])),
    "hstore": picks(["", '"a"=>"1", "b"=>NULL', '"k,\\"q"=>"v\n"']), "citext": text_value, "ltree": picks(["a.b.c", ""]),
    "inet": picks(["10.0.0.1/8", "::1"]), "cidr": picks(["10.0.0.0/8"]), "macaddr": picks(["08:00:2b:01:02:03"]),
    "bit(5)": picks(["10101"]), "varbit": picks(["", "1"]), "int4range": picks(["empty", "[1,5)", "(,)"]),
    "tstzrange": picks(['["2024-01-01 00:00+00",infinity)', "empty"]), "datemultirange": picks(["{[2024-01-01,2024-02-01)}", "{}"]),
    "point": picks(["(1.5,-2e10)"]), "polygon": picks(["((0,0),(1,1),(2,0))"]), "tsvector": picks(["'a':1 'it''s,\"':2B"]), "tsquery": picks(["'a' & !'b'"]),
    "jsonpath": picks(['$."a"[*] ? (@ > 1)']), "pg_lsn": picks(["16/B374D848"]), "xid8": lambda r: str(r.getrandbits(63)),
    "tid": picks(["(1,2)"]), "regclass": picks(["pg_class", "-"]), "regproc": picks(["now"]), "int2vector": picks(["1 2 3"]), "oidvector": picks(["1 2"]),
}
SETUP = """
CREATE EXTENSION pg_spout; CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE EXTENSION ltree;
CREATE TYPE mood AS ENUM ('ok', 'so "so"', 'bad, very', 'ünï');
CREATE TYPE pair AS (n int, "t x" text);
CREATE TYPE outer_pair AS (p pair, d timestamp, a int[]);
CREATE DOMAIN posint AS int CHECK (value > 0);
CREATE DOMAIN words AS text;
CREATE DOMAIN raw AS bytea;
-- Each call leaves other settings behind: the next of SETTINGS, in a circle.
CREATE FUNCTION turn() RETURNS bool LANGUAGE plpgsql VOLATILE AS $$
DECLARE n int := current_setting('spout.turn')::int; s text[] := current_setting('spout.settings')::text[];
BEGIN
    PERFORM set_config('spout.turn', (n + 1)::text, false);
    PERFORM set_config(split_part(o, '=', 1), split_part(o, '=', 2), false) FROM unnest(s[1 + n % cardinality(s):1 + n % cardinality(s)]) t, unnest(string_to_array(t, ';')) o;
    RETURN true;
END $$;
"""


def setup_module():
    global c
    print("SPOUT_SEED=%d SPOUT_CASES=%d" % (SEED, CASES), flush=True)
    c = Cluster(preload=True, conf={"synchronize_seqscans": "off", "max_parallel_workers_per_gather": "0"})
    try:
        c.psql(SETUP)
    except Exception:
        c.remove()
        raise


def teardown_module():
    c.remove()


def name_of(r, i):
    return r.choice(['c%d', 'c %d', 'c"q%d', 'c,%d', 'ü%d', 'C\n%d', "\\%d"]) % i


def ident(name):
    return '"' + name.replace('"', '""') + '"'


def random_table(r, table):
    """SQL that makes it, and the column names."""
    types = r.sample(sorted(TYPES), r.choice([1, 1, 2, 5, 9, len(TYPES) // 2]))
    names = [name_of(r, i) for i in range(len(types))]
    if len(types) == 1 and r.random() < 0.5:
        types = ["text"]
    rows = [", ".join(quote(None if r.random() < 0.15 else TYPES[t](r)) + "::" + t for t in types) for _ in range(r.choice([0, 1, ROWS, ROWS]))]
    make = "CREATE TEMP TABLE %s (%s);" % (table, ", ".join("%s %s" % (ident(n), t) for n, t in zip(names, types)))
    return make + (" INSERT INTO %s VALUES %s;" % (table, ", ".join("(%s)" % row for row in rows)) if rows else ""), names


def random_settings(r):
    # MDY and friends change how literals are read, so tables are filled before.
    return {"DateStyle": r.choice(["ISO, MDY", "ISO, DMY", "ISO, YMD", "SQL, DMY", "SQL, MDY", "German", "Postgres, DMY", "ISO, MDY"]),
            "IntervalStyle": r.choice(["postgres", "iso_8601", "sql_standard", "postgres_verbose"]),
            "bytea_output": r.choice(["hex", "hex", "escape"]), "extra_float_digits": r.choice(["1", "3", "0", "-15"]),
            "TimeZone": r.choice(ZONES), "lc_monetary": r.choice(["C", "C.UTF-8"]), "client_encoding": "UTF8"}


def random_csv_options(r, names):
    options, quote_char = [], r.choice(['"', '"', "'", "^", "|", "1"])
    delimiter = r.choice([",", ",", ";", "|", "\t", "e", "-", "^", ":", "0"])
    if delimiter == quote_char:
        delimiter = ","
    null = r.choice([None, "", "NULL", "n/a", "\\N", "7", "t"])
    if null is not None and (delimiter in null or quote_char in null):
        null = "\\N" if "\\N" != null else None
    if r.random() < 0.8:
        options += ["delimiter " + quote(delimiter), "quote " + quote(quote_char)]
        if null is not None:
            options.append("null " + quote(null))
        if r.random() < 0.5:
            options.append("escape " + quote(r.choice(['"', "\\", quote_char, "^"])))
    if r.random() < 0.5:
        options.append(r.choice(["header", "header on", "header off"]))
    if r.random() < 0.4:
        options.append("force_quote " + r.choice(["*", "(%s)" % ", ".join(map(ident, r.sample(names, (len(names) + 1) // 2)))]))
    if r.random() < 0.15:
        options.append("encoding 'UTF8'")
    return options


def read(path):
    with open(path, "rb") as f:
        return f.read()


def copy(what, path, *options):
    return "COPY %s TO %s WITH (%s);" % (what, quote(path), ", ".join(options))


def one_case(session, number):
    r = random.Random(SEED * 100003 + number)
    table = "t%d" % number
    make, names = random_table(r, table)
    session.run(make)
    settings = random_settings(r)
    options = random_csv_options(r, names)
    core, ours, lines, array, truth = (c.out(n) for n in ("core.csv", "ours.csv", "l.json", "a.json", "truth.csv"))
    ours_only = r.choice([["parallel off"], ["sync off"], ["compression none"]])
    script = "".join("SET %s = %s;" % (k, quote(v)) for k, v in settings.items())
    script += copy(table, core, "format csv", *options) + copy(table, ours, "format csv", *options, *ours_only, "sync off" if ours_only != ["sync off"] else "parallel off")
    script += copy(table, lines, "format 'json'", "sync off") + copy(table, array, "format 'json'", "force_array", "sync off")
    script += copy("(SELECT row_to_json(x)::text FROM %s x)" % table, truth, "format csv", "encoding 'UTF8'", "delimiter E'\\x01'", "quote E'\\x02'")
    script += "RESET ALL; DROP TABLE %s;" % table
    try:
        session.run(script)
        assert read(ours) == read(core), "CSV: core wrote\n%r\nbut we\n%r" % (read(core), read(ours))
        # With a delimiter and quote that JSON cannot hold raw, the first is the text and nothing else.
        wanted = [row for row in re.findall(rb"\x02([^\x02]*)\x02\n|([^\x02\n]*)\n", read(truth))]
        wanted = [a or b for a, b in wanted]
        assert read(lines) == b"".join(re.sub(rb"[\r\n]", b" ", w) + b"\n" for w in wanted), "JSON: row_to_json says\n%r\nbut we wrote\n%r" % (wanted, read(lines))
        body = b"".join((b"," if i else b" ") + w + b"\n" for i, w in enumerate(wanted))
        assert read(array) == b"[\n" + body + b"]\n", read(array)
        pairs = {"object_pairs_hook": list}
        assert json.loads(read(array), **pairs) == [json.loads(w, **pairs) for w in wanted]
    except Exception:
        print("case %d, SPOUT_SEED=%d:\n%s\n%s" % (number, SEED, make[:3000], script), flush=True)
        raise


def test_csv_equals_core_and_json_equals_row_to_json():
    session = c.session()
    for number in range(CASES):
        one_case(session, number)


def turns(r):
    """Settings for turn(): a few, so that every one comes before and after every other."""
    return "{%s}" % ",".join('"%s"' % ";".join("%s=%s" % (k, v) for k, v in random_settings(r).items() if k != "client_encoding") for _ in range(4))


def whole_files(session, query, settings, name):
    """What core and we write of the same query, which turns from the same setting on: CSV, and JSON lines."""
    begin = "RESET ALL; SET spout.turn = 0; SET spout.settings = %s;" % quote(settings)
    core, ours, truth, lines, xml, avro = (c.out(name + n) for n in (".core", ".csv", ".truth", ".json", ".xml", ".avro"))
    session.run(begin + copy("(%s)" % query, core, "format csv", "header") + begin + copy("(%s)" % query, ours, "format csv", "header", "sync off"))
    assert read(ours) == read(core), "CSV of %s under %s: core wrote\n%r\nbut we\n%r" % (query, settings, read(core), read(ours))
    session.run(begin + copy("(SELECT row_to_json(x)::text FROM (%s) x)" % query, truth, "format csv", "delimiter E'\\x01'", "quote E'\\x02'")
                + begin + copy("(%s)" % query, lines, "format 'json'", "sync off"))
    wanted = b"".join(re.sub(rb"[\r\n]", b" ", a or b) + b"\n" for a, b in re.findall(rb"\x02([^\x02]*)\x02\n|([^\x02\n]*)\n", read(truth)))
    assert read(lines) == wanted, "JSON of %s under %s: row_to_json says\n%r\nbut we wrote\n%r" % (query, settings, wanted, read(lines))
    # XML and Avro follow no setting.
    session.run(begin + copy("(%s)" % query, xml, "format xml", "sync off") + begin + copy("(%s)" % query, avro, "format avro", "sync off", "sync_marker '%032d'" % 7))
    quiet = query.replace("turn()", "true")
    session.run("RESET ALL;" + copy("(%s)" % quiet, xml + "2", "format xml", "sync off") + copy("(%s)" % quiet, avro + "2", "format avro", "sync off", "sync_marker '%032d'" % 7))
    assert read(xml) == read(xml + "2") and read(avro) == read(avro + "2"), (query, settings)


def test_each_row_is_printed_under_the_settings_of_its_moment():
    session = c.session()
    session.run(r"""
        CREATE TYPE blob AS (b raw, f real, at timestamptz);
        CREATE TABLE every (day date, ts timestamp, tz timestamptz, tt timetz, f8 float8, f4 real, b bytea, raw raw, i interval, m money, o blob, r tstzrange);
        INSERT INTO every SELECT '2024-02-03'::date + i, '2024-02-03 04:05:06.7', '2024-07-01 00:00+00', '01:02+03', i / 7.0, 0.1 * i, '\x00ff41', '\x5c',
            '1 mon -2 days 3:04', i, '("\\x0a",0.33333334,2024-01-01 00:00+00)', '[2024-01-01 00:00+00,)' FROM generate_series(1, 24) i""")
    query = "SELECT d.*, d AS again, array[d] AS list, array[d.tz] AS times FROM every d WHERE turn()"
    for number in range(max(CASES // 15, 4)):
        whole_files(session, query, turns(random.Random(SEED * 7919 + number)), "turn%d" % number)


def test_pseudo_types_that_can_be_columns():
    session = c.session()
    session.run("CREATE TABLE sampled AS SELECT i % 3 AS n, ARRAY[i % 2, NULL] AS a, 'x\"' || i % 2 AS t, (i % 2)::float8 / 3 AS f, timestamptz '2024-01-01 00:00+00' + i % 2 * interval '1 d' AS at "
                "FROM generate_series(1, 400) i; ANALYZE sampled; ALTER TABLE sampled ADD b int DEFAULT 1")
    queries = ["SELECT attname, most_common_vals, histogram_bounds, most_common_elems FROM pg_stats WHERE tablename = 'sampled'",
               "SELECT s.stavalues1, s FROM pg_statistic s WHERE starelid = 'sampled'::regclass",  # inside a composite as well
               "SELECT 'it''s'::cstring AS c, pg_notify('a', 'b') AS v, 'u' AS unknown, ARRAY['a,b', NULL]::cstring[] AS cs",
               "SELECT ROW(1, 'a', NULL) AS r, ARRAY[ROW(1, 'q\"'), ROW(2, NULL)] AS rs"]
    names = [t for t, in session.run("SELECT typname FROM pg_type WHERE typtype = 'p' AND typname <> 'any' ORDER BY 1")] + ['"any"']
    assert len(names) > 20
    for i, query in enumerate(queries + ["SELECT NULL::%s AS nothing, 1 AS n" % n for n in names]):
        try:
            session.run(copy("(%s)" % query, c.out("p.core"), "format csv"))
        except Exception as refused:  # what cannot be a column of core's COPY is none of ours
            assert i >= len(queries), (query, refused)
            continue
        whole_files(session, query, "{}", "pseudo%d" % i)


# A value -> its JSON and its XML under `nulls omit`: attributes that are NULL are gone wherever the composite stands,
# elements of arrays and what is inside a json value stay.
OMITTED = {
    "'(1,)'::pair": ('{"n":1}', "<n>1</n>"),
    "NULL::pair": None,
    "'(,)'::pair": ("{}", ""),
    "ARRAY['(1,)', NULL, '(,x)']::pair[]": ('[{"n":1},null,{"t x":"x"}]', '<element><n>1</n></element><element xsi:nil="true"/><element><t_x0020_x>x</t_x0020_x></element>'),
    "ARRAY[ARRAY['(1,)'::pair], ARRAY['(,)'::pair]]": ('[[{"n":1}],[{}]]', "<element><element><n>1</n></element></element><element><element></element></element>"),
    "'[3:3]={\"(4,)\"}'::pair[]": ('[{"n":4}]', "<element><n>4</n></element>"),
    "'{}'::pair[]": ("[]", ""),
    "'(,)'::pair_domain": ("{}", ""),
    "ARRAY['(1,)']::pair_domain[]": ('[{"n":1}]', "<element><n>1</n></element>"),
    "ARRAY['(1,)', '(,)']::pairs_domain": ('[{"n":1},{}]', "<element><n>1</n></element><element></element>"),
    "ROW(1, NULL, ARRAY[1, NULL], ROW(NULL, 2))": ('{"f1":1,"f3":[1,null],"f4":{"f2":2}}', '<f1>1</f1><f3><element>1</element><element xsi:nil="true"/></f3><f4><f2>2</f2></f4>'),
    "ARRAY[ROW(1, NULL), ROW(NULL, 'q\"')]": ('[{"f1":1},{"f2":"q\\""}]', "<element><f1>1</f1></element><element><f2>q\"</f2></element>"),
    "ROW(ARRAY['(,y)']::pair[], '{\"k\": null}'::jsonb, NULL)": ('{"f1":[{"t x":"y"}],"f2":{"k": null}}', '<f1><element><t_x0020_x>y</t_x0020_x></element></f1><f2><k xsi:nil="true"/></f2>'),
    "'(\"(1,)\",,)'::outer_pair": ('{"p":{"n":1}}', "<p><n>1</n></p>"),
    "ARRAY['(\"(1,)\",,\"{1,NULL}\")']::outer_pair[]": ('[{"p":{"n":1},"a":[1,null]}]', '<element><p><n>1</n></p><a><element>1</element><element xsi:nil="true"/></a></element>'),
    "'[{\"a\": null}]'::json": ('[{"a": null}]', '<element><a xsi:nil="true"/></element>'),
    "'[\"(1,)\",)'::pair_range": ('"[\\"(1,)\\",)"', '["(1,)",)'),
    "ARRAY[NULL, 1]": ("[null,1]", '<element xsi:nil="true"/><element>1</element>'),
}


def test_nulls_omit_reaches_composites_wherever_they_stand():
    session = c.session()
    session.run("CREATE DOMAIN pair_domain AS pair; CREATE DOMAIN pairs_domain AS pair[]; CREATE TYPE pair_range AS RANGE (subtype = pair); SET TimeZone = 'UTC'")
    for value, wanted in OMITTED.items():
        for form, at in ("'json'", 0), ("xml", 1):
            session.run("COPY (SELECT %s AS v, NULL AS gone) TO '%s' (FORMAT %s, NULLS omit)" % (value, c.out("omit"), form))
            got = read(c.out("omit")).decode()
            want = '{"v":%s}\n' % wanted[0] if wanted and at == 0 else "{}\n" if at == 0 else "<row>%s</row>\n" % ("<v>%s</v>" % wanted[1] if wanted else "")
            assert got == want if at == 0 else want in got, (value, form, got)


def test_the_reported_zone_of_each_row():
    query = "SELECT set_config('timezone', z, true) AS zone, t FROM (VALUES ('UTC'), ('Asia/Tokyo'), ('America/New_York')) v(z), (VALUES (timestamptz '2024-07-01 00:00+00')) w(t)"
    session = c.session()
    for f, text in ("csv", "UTC,2024-07-01 00:00:00+00\nAsia/Tokyo,2024-07-01 09:00:00+09\nAmerica/New_York,2024-06-30 20:00:00-04\n"), \
                   ("'json'", '{"zone":"UTC","t":"2024-07-01T00:00:00+00:00"}\n{"zone":"Asia/Tokyo","t":"2024-07-01T09:00:00+09:00"}\n'
                              '{"zone":"America/New_York","t":"2024-06-30T20:00:00-04:00"}\n'):
        session.run("RESET ALL;" + copy("(%s)" % query, c.out("zone"), "format " + f, "sync off"))
        assert read(c.out("zone")).decode() == text, read(c.out("zone"))


if __name__ == "__main__":
    harness.main()
