"""corpus.py - a cluster filled with test data, and the comparison every interoperability test makes:
export with pg_spout, export with core's COPY, read the former with foreign readers, compare.

Knows paths and SQL; what a value must be is truth.py's, how files are read foreign.py's.
"""
import os

import foreign
import truth
from lib import harness
from lib.cluster import Cluster

# Rows without columns make blocks of no bytes; Avro C 1.11 takes an allocation of 0 bytes for a failed one.
NO_EMPTY_BLOCK = ("Avro C", "snappy")
DATA = os.path.join(foreign.ROOT, "test", "data")


def script(name):
    with open(os.path.join(DATA, name), encoding="utf-8") as f:
        return f.read()


def start(*scripts):
    """A cluster with the extension and the scripts of test/data; all four readers, or the test is skipped."""
    readers, missing = foreign.readers()
    if missing:
        print("no " + ", ".join(missing), flush=True)
    harness.require(not missing, "readers are missing: " + ", ".join(missing))
    cluster = Cluster(preload=True, conf={"autovacuum": "off"})
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
