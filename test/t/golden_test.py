#!/usr/bin/env python3
"""golden_test.py - files that must stay the same, byte for byte: test/golden/*.avro, of all types and every profile.

A change of these bytes is a change for everyone who compares exports: make it on purpose, run this file with
SPOUT_GOLDEN=write, look at the difference, and say so in CHANGELOG.md. Compressed bytes belong to the codec's library
and are not kept; the block format around them is format_avro.sql's.
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
from lib import harness  # noqa: E402
from lib.cluster import Cluster  # noqa: E402

GOLDEN = os.path.join(HERE, "..", "golden")
MARKER = bytes(range(16)).hex()
PROFILES = ["iceberg", "hive", "kafka_connect"]  # bigquery takes no NULL elements: see profiles.sql
c = None


def setup_module():
    global c
    c = Cluster(preload=True)
    c.psql("CREATE EXTENSION pg_spout")
    with open(os.path.join(HERE, "..", "data", "all_types.sql"), encoding="utf-8") as f:
        c.psql(f.read())


def teardown_module():
    c.remove()


def compare(name, query, options=""):
    path = c.out(name)
    c.psql("SET search_path = zoo, public; COPY (%s) TO '%s' WITH (format avro, compression 'null', sync off, parallel off, "
           "sync_marker '%s'%s)" % (query, path, MARKER, options))
    with open(path, "rb") as f:
        now = f.read()
    kept = os.path.join(GOLDEN, name)
    if os.environ.get("SPOUT_GOLDEN") == "write":
        with open(kept, "wb") as f:
            f.write(now)
    with open(kept, "rb") as f:
        golden = f.read()
    if now != golden:
        at = next((i for i, (a, b) in enumerate(zip(now, golden)) if a != b), min(len(now), len(golden)))
        window = slice(max(0, at - 40), at + 40)
        raise AssertionError("%s differs from byte %d: was ...%r..., is ...%r..." % (name, at, golden[window], now[window]))


def rows_of(relation):
    return "SELECT * FROM zoo.%s WHERE id <= 4 ORDER BY id" % relation


def test_all_types():
    relations = [r[0] for r in c.psql("SELECT relation FROM zoo.everything_plain WHERE relation NOT LIKE 'no_columns'")]
    for relation in relations:
        compare("".join(ch if ch.isalnum() else "_" for ch in relation) + ".avro", rows_of(relation))


def test_other_profiles():
    for profile in PROFILES:
        for relation in ("numerics", "times", "texts", "nested", "arrays"):
            compare("%s_%s.avro" % (relation, profile), rows_of(relation), ", profile '%s'" % profile)


def test_rules_for_values_outside():
    for rule in ("null", "clamp"):
        compare("outside_%s.avro" % rule, rows_of("times_outside"), ", on_infinity '%s', on_nan 'null'" % rule)
    compare("nan_string.avro", rows_of("numerics"), ", on_nan 'string'")


def test_a_golden_file_verifies():
    for name in sorted(os.listdir(GOLDEN)):
        if name.endswith(".avro"):
            path = c.share(os.path.join(GOLDEN, name))
            verdict = c.psql("SELECT ok, problem FROM verify_export('%s')" % path)
            assert verdict == [["t", None]], (name, verdict)


if __name__ == "__main__":
    harness.main()
