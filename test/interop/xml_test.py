"""xml_test.py - XML documents through expat, libxml2 and xmllint: every type, every readable relation of the catalogs,
plain and gzip, each value as SELECT returns it; and always well-formed, whatever the data."""
import os
import random
import re
import subprocess
import sys

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")]
import corpus
import foreign
import truth
import xml_truth
from lib import harness
from lib.cluster import Cluster

PYTHON = os.path.join(foreign.ROOT, ".venv", "bin", "python")
# Rows of test/data with characters that XML cannot hold.
UNFIT = {"zoo.texts": (4, 5), "zoo.documents": (6,)}
ODD_SETTINGS = """SET datestyle = 'German, DMY'; SET intervalstyle = 'sql_standard'; SET timezone = 'Asia/Kathmandu';
    SET bytea_output = 'escape'; SET extra_float_digits = -15; SET client_encoding = 'LATIN1'; SET xmlbinary = 'hex';"""


def setup_module():
    global c, readers, zoo
    harness.require(foreign.works([PYTHON, "-c", "import lxml.etree"]), "no lxml: tools/setup.sh test")
    harness.require(foreign.works(["xmllint", "--version"]), "no xmllint: tools/setup.sh test")
    program = foreign.program("read_xml.py")
    readers = [foreign.Reader(parser, ("none", "gzip"), [PYTHON, program, parser]) for parser in ("etree", "lxml")]
    sys.setrecursionlimit(20000)
    c = Cluster(preload=True, conf={"autovacuum": "off", "max_parallel_workers_per_gather": "0"})
    c.psql("CREATE EXTENSION pg_spout")
    for name in ("all_types.sql", "extension_types.sql"):
        c.psql(corpus.script(name))
    zoo = ["zoo." + r[0] for r in c.psql("SELECT relation FROM zoo.everything_plain UNION ALL SELECT relation FROM "
                                         "zoo.everything_far UNION ALL SELECT relation FROM zoo.everything_outside")]
    zoo.append("zoo.extended")


def teardown_module():
    c.remove()


class Exported:
    def __init__(self, label, source, columns, options=""):
        self.source, self.columns = source, columns
        self.path, self.plain = c.out(label + ".xml"), c.out(label + ".txt")
        self.sql = ("COPY (%s) TO '%s';\nCOPY (%s) TO '%s' WITH (format xml, sync off%s);\n"
                    % (source, self.plain, source, self.path, options))


def query(relation):
    return "SELECT * FROM %s" % relation + (" WHERE id NOT IN (%s)" % ", ".join(map(str, UNFIT[relation]))
                                            if relation in UNFIT else "")


def check(oracle, exports):
    """Raises unless both parsers return what SELECT does and xmllint has nothing to say."""
    total, problems = 0, []
    for reader in readers:
        found = reader.read_all([x.path for x in exports])
        for x in exports:
            total += len(found[x.path])
            wrong = truth.difference(oracle.expected(x.plain, x.columns), found[x.path])
            if wrong:
                problems.append("%s, %s:\n%s" % (reader, x.source, wrong))
    assert not problems, "\n".join(problems)
    print("        %d files, %d rows equal" % (len(exports), total // len(readers)), flush=True)


def xmllint(paths):
    done = subprocess.run(["xmllint", "--huge", "--noout", *paths], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0 and not done.stdout, done.stdout[:2000]


def test_every_type():
    oracle = xml_truth.XmlTruth(c)
    exports = [Exported("zoo_%d%s" % (i, codec), query(r), oracle.columns(r), ", compression '%s'" % codec)
               for codec in ("none", "gzip") for i, r in enumerate(zoo)]
    c.psql(truth.SETTINGS + "".join(x.sql for x in exports))
    check(oracle, exports)
    xmllint([x.path for x in exports if "none" in x.path])


def test_every_relation_of_the_catalogs():
    """In one transaction with frozen statistics; what still moves between two looks is compared through a snapshot of it."""
    relations = [r[0] for r in c.psql(
        "SELECT c.oid::regclass::text FROM pg_class c WHERE relkind IN ('r', 'v') AND relnamespace IN "
        "('pg_catalog'::regnamespace, 'information_schema'::regnamespace) ORDER BY 1")]
    oracle = xml_truth.XmlTruth(c)
    exports = {r: Exported("catalog_%d" % i, query(r), oracle.columns(r), ", compression '%s'" % ("none", "gzip")[i % 2])
               for i, r in enumerate(relations)}
    again = {r: x.plain + ".again" for r, x in exports.items()}
    c.psql(truth.SETTINGS + "BEGIN ISOLATION LEVEL REPEATABLE READ; SET LOCAL stats_fetch_consistency = snapshot;"
           + "".join("%s COPY (%s) TO '%s';\n" % (x.sql, x.source, again[r]) for r, x in exports.items()))
    moving = [r for r, x in exports.items() if open(x.plain, "rb").read() != open(again[r], "rb").read()]
    assert len(moving) < 12, moving
    for i, relation in enumerate(moving):
        c.psql("CREATE TABLE still_%d AS SELECT * FROM %s" % (i, relation))
        oracle.refresh()
        exports[relation] = Exported("still_%d" % i, "TABLE still_%d" % i, oracle.columns("still_%d" % i))
        c.psql(truth.SETTINGS + exports[relation].sql)
    assert len(exports) > 150
    check(oracle, list(exports.values()))
    print("        seen through a snapshot: " + ", ".join(moving), flush=True)


def test_names_are_those_of_core():
    """Every column of the database, and what is hard: core's query_to_xmlschema says the same name."""
    hard = ["?column?", "my col", "a.b:c", "1a", "größe", "_x", "xmlid", "XML", "😀", "x_x", "_", ":", "-a", "a\u00b7", "\u00b7a",
            "\u0e01\u0e31", "\u4e00", "\u9fa6", "\ud7a4", "\u0660", "a\u0660", "a\u20dd", "\u2160", "\u212b", "\u3007", "ﬀ"]
    rows = c.psql("SELECT DISTINCT attname::text FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped AND attname <> ''")
    names = hard + [r[0] for r in rows]
    quoted = ", ".join("'%s'" % n.replace("'", "''") for n in names)
    core = c.psql("SELECT name, substring(query_to_xmlschema(format('SELECT 1 AS %%I', name), true, false, '')::text FROM "
                  "'<xsd:element name=\"([^\"]*)\" type=\"INTEGER\"') FROM unnest(ARRAY[%s]::text[]) AS name" % quoted)
    assert dict(core) == {n: xml_truth.xml_name(n) for n in names}
    c.psql("COPY (SELECT %s) TO '%s' WITH (format xml, sync off)"
           % (", ".join('%d AS "%s"' % (i, n.replace('"', '""')) for i, n in enumerate(names[:1500])), c.out("names.xml")))
    for reader in readers:
        (row,) = reader.read_all([c.out("names.xml")])[c.out("names.xml")]
        assert row == [[xml_truth.xml_name(n), str(i)] for i, n in enumerate(names[:1500])]


def test_characters_xml_cannot_hold():
    for relation, ids in UNFIT.items():
        for number in ids:
            state, message, _, hint = c.error("COPY (SELECT * FROM %s WHERE id = %d) TO '%s' WITH (format xml)"
                                              % (relation, number, c.out("bad.xml")))
            assert state == "22021" and re.match(r'column "\w+", row 1: character U\+[0-9A-F]{4} cannot', message), message
            assert "translate()" in hint and not os.path.exists(c.out("bad.xml"))
    # Every other character arrives; those that cannot are named, one by one.
    path = c.out("characters.xml")
    fit = [n for n in range(1, 0x10FFFF, 97) if not 0xD800 <= n < 0xE000 and n not in (0xFFFE, 0xFFFF) and n > 31] + [9, 10, 13]
    c.psql("COPY (SELECT chr(n) AS v FROM unnest(ARRAY%s) AS n) TO '%s' WITH (format xml, sync off)" % (fit, path))
    for reader in readers:
        assert [r[0][1] for r in reader.read_all([path])[path]] == [chr(n) for n in fit]
    for n in [*range(1, 9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF]:
        message = c.error("COPY (SELECT chr(%d) AS v) TO '%s' WITH (format xml)" % (n, c.out("bad.xml"))).message
        assert message == 'column "v", row 1: character U+%04X cannot be stored in XML' % n


def test_xml_values_never_break_the_document():
    """Markup where every parser takes it, else escaped text; elements that core itself makes badly."""
    values = ["'<a><b/>t</a>'", "'<?xml version=\"1.0\" standalone=\"yes\"?><a/>'", "'t&amp;t'", "'<p:a xmlns:p=\"u\"><p:b/></p:a>'",
              "'<a xml:lang=\"en\"><!-- c --><?p i?><![CDATA[<]]></a>'", "xmlelement(name \"p:a\")", "xmlelement(name a, xmlattributes(1 AS \"p:b\"))",
              "xmlparse(DOCUMENT '<!DOCTYPE a [<!ENTITY e \"v\">]><a>&e;</a>')", "xmlconcat('<a/>', '<b/>')", "xmlroot('<a/>', version '1.1')",
              "xmlelement(name \"größe\", 'é')", "''"]
    path, plain = c.out("markup.xml"), c.out("markup.txt")
    source = "SELECT * FROM (VALUES %s) AS v (x)" % ", ".join("(%s::xml)" % v for v in values)
    c.psql("COPY (%s) TO '%s'; COPY (%s) TO '%s' WITH (format xml, sync off)" % (source, plain, source, path))
    for reader in readers:
        found = [r[0][1] for r in reader.read_all([path])[path]]
        assert found == [xml_truth.markup(r[0]) for r in xml_truth.literals.copy_rows(plain, 1)], found
    assert sum(isinstance(v, list) for v in found) == 7, found
    xmllint([path])
    error = c.error("COPY (SELECT xmlelement(name a, E'\\x05') AS x) TO '%s' WITH (format xml)" % c.out("bad.xml"))
    assert error.sqlstate == "22021" and "U+0005" in error.message


def run(command):
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


# Parsers as most programs use them: with namespaces, without options for hostile documents.
PARSERS = r"""
import sys, xml.sax, xml.sax.handler, xml.dom.minidom, xml.etree.ElementTree as ET
from lxml import etree
path = sys.argv[1]
sax = xml.sax.make_parser()
sax.setFeature(xml.sax.handler.feature_namespaces, 1)
for name, parse in (("lxml", etree.parse), ("iterparse", lambda p: list(etree.iterparse(p))), ("etree", ET.parse), ("sax", sax.parse), ("minidom", xml.dom.minidom.parse)):
    try:
        parse(path)
    except Exception as e:
        print(name, repr(e))
for v in ET.parse(path).iter("v"):
    print(len(v), repr(v.text))
"""


def test_what_only_some_parsers_take_is_text():
    """The server takes all of these as xml. Each stands in the document twice; the other way round, markup stays markup."""
    as_text = ["<p xml:id='a'/>", "<p xml:id='1 2'/>", "<p xmlns='a b'/>", "<q:p xmlns:q='a}b'/>", "<p xmlns='{'/>", "<p xmlns='http://ä/'/>", "<p xmlns='%zz'/>", "<p xmlns='a%'/>",
               "<p xmlns=':'/>", "<p xmlns='http://[x/'/>", "<p xmlns='a&lt;b'/>", "<p xmlns:q=' http://www.w3.org/XML/1998/namespace '/>", "<p xmlns='a\tb'/>", "<p xmlns='a&#32;b'/>",
               "<a>" * 254 + "</a>" * 254, "<p xmlns:xml='http://www.w3.org/XML/1998/namespace'/>", "<q:p xmlns:q=''/>", "<a:b:c xmlns:a='u'/>"]
    as_markup = ["<p id='a'/>", "<p xml:lang='no such' xml:space='other' xml:base=':'/>", "<p xmlns='a&amp;b'><q xmlns=''/></p>", "<p xmlns:xsi='urn:x' xsi:nil='no'/>", "<?xml-stylesheet href='a'?><p/>",
                 "<a>" * 200 + "</a>" * 200, "<p xmlns:a='u' xmlns:b='u' a:x='' b:y=''/>", "<p xmlns='http://example.org:8080/%7Ea;b?c=(d)'/>", "<xmlp/>", "<p><![CDATA[<]]></p>"]
    r = random.Random(7)  # what passes for a URI here must pass for one there
    uris = ["".join(r.choice("ab1:/?#%2F[]@!$()*+,;=-._~ }{|&") for _ in range(r.randrange(1, 9))) for _ in range(400)]
    uris += [r.choice(["http:", "a:", "", "/"]) + u for u in uris]
    values = 2 * as_text + 2 * as_markup + ["<p xmlns=\"%s\"/>" % u.replace("&", "&amp;") for u in uris]
    path = c.out("some.xml")
    c.psql("COPY (SELECT v::xml FROM unnest(ARRAY[%s]) v) TO '%s' WITH (format xml, sync off)" % (", ".join("$v$%s$v$" % v for v in values), path))
    lines = run([PYTHON, "-c", PARSERS, path]).splitlines()
    assert len(lines) == len(values), [line for line in lines if not line[0].isdigit()]
    got = [(int(n), eval(text)) for n, text in (line.split(" ", 1) for line in lines)]
    for value, (children, text) in zip(values[:2 * len(as_text)], got):
        assert (children, text) == (0, value), (value, children, text)
    for value, (children, text) in zip(2 * as_markup, got[2 * len(as_text):]):
        assert children == 1 and text is None, (value, children, text)
    assert sum(children for children, _ in got[-len(uris):]) > 100
    done = subprocess.run(["xmllint", "--noout", path], capture_output=True, text=True)
    assert done.returncode == 0 and " error :" not in done.stderr, done.stderr[:2000]


def test_the_session_does_not_matter():
    files = []
    for label, settings in (("pinned", truth.SETTINGS), ("odd", ODD_SETTINGS)):
        copies = ["COPY (%s) TO '%s' WITH (format xml, sync off);" % (query(r), c.out("%s_%d.xml" % (label, i)))
                  for i, r in enumerate(zoo)]
        c.psql(settings + "\n".join(copies))
        files.append([open(c.out("%s_%d.xml" % (label, i)), "rb").read() for i in range(len(zoo))])
    for relation, one, other in zip(zoo, *files):
        assert one == other, "%s depends on the session's settings" % relation


def test_documents_of_a_set():
    """Each file a document, also when there is no row; names and nulls as asked; through the function, too."""
    rows = c.psql("SELECT path, rows FROM export_to_xml('SELECT n, NULLIF(n, 2) AS m FROM generate_series(1, 5) AS n', '%s', "
                  "compression => 'gzip', max_rows_per_file => 2)" % c.out("set.xml"))
    assert rows == [[c.out("set_%03d.xml" % i), n] for i, n in enumerate("221")]
    found = readers[0].read_all([r[0] for r in rows])
    assert found[rows[0][0]] == [[["n", "1"], ["m", "1"]], [["n", "2"], ["m", None]]]
    c.psql("COPY (SELECT 1 AS n WHERE false) TO '%s' WITH (format xml, compression gzip)" % c.out("none.xml"))
    assert readers[1].read_all([c.out("none.xml")]) == {c.out("none.xml"): []}
    c.psql("COPY (SELECT 1 AS n, NULL AS gone) TO '%s' WITH (format xml, root_name 'my rows', row_name '1', nulls omit)"
           % c.out("named.xml"))
    with open(c.out("named.xml")) as f:
        assert f.read() == ('<?xml version="1.0" encoding="UTF-8"?>\n<my_x0020_rows xmlns:xsi="http://www.w3.org/2001/'
                            'XMLSchema-instance">\n<_x0031_><n>1</n></_x0031_>\n</my_x0020_rows>\n')


def test_other_encodings():
    """Names and values of a LATIN1 database are UTF-8 in the file, jsonb too."""
    c.psql("CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0 LOCALE 'C'")
    c.psql("CREATE EXTENSION pg_spout; COPY (SELECT 'é' AS \"größe\", '{\"ü\": [\"ß\"]}'::jsonb AS j, '<ä/>'::xml AS x) TO '%s' "
           "WITH (format xml, root_name 'rows')" % c.out("latin.xml"), db="latin")
    for reader in readers:
        (row,) = reader.read_all([c.out("latin.xml")])[c.out("latin.xml")]
        assert row == [["größe", "é"], ["j", [["ü", [["element", "ß"]]]]], ["x", [["ä", ""]]]], row


if __name__ == "__main__":
    harness.main()
