"""all_types_test.py - every type with edge values: four foreign readers return what SELECT does, for every codec they
support."""
import os
import sys

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")]
import corpus
import truth
from foreign import CODECS
from lib import harness


def setup_module():
    global c, readers, plain
    c, readers = corpus.start("all_types.sql", "extension_types.sql")
    plain = ["zoo." + r[0] for r in c.psql("SELECT relation FROM zoo.everything_plain")] + ["zoo.extended"]


def teardown_module():
    c.remove()


def export(oracle, label, relations, codecs, options=""):
    exports = [corpus.Exported(c, "%s_%d_%s" % (label, i, codec), "SELECT * FROM %s" % r, oracle.columns(r), codec, options)
               for codec in codecs for i, r in enumerate(relations)]
    c.psql(truth.SETTINGS + "\n".join(x.sql for x in exports))
    return exports


def check_all(oracle, exports, mode="raw"):
    for reader in readers:
        files, rows = corpus.check(oracle, exports, reader, mode)
        print("        %s: %d files, %d rows equal" % (reader, files, rows), flush=True)


def test_every_type_with_every_codec():
    oracle = truth.Truth(c)
    check_all(oracle, export(oracle, "plain", plain, CODECS))


def test_logical_values_of_the_python_readers():
    """Dates, times, decimals and uuids as the reader's own types say, not as raw integers and bytes."""
    oracle = truth.Truth(c, logical=True)
    exports = export(oracle, "logical", plain, ["null"])
    for reader in readers:
        if reader.logical:
            corpus.check(oracle, exports, reader, "logical")


def test_dates_beyond_python():
    oracle = truth.Truth(c)
    far = ["zoo." + r[0] for r in c.psql("SELECT relation FROM zoo.everything_far")]
    check_all(oracle, export(oracle, "far", far, ["null", "snappy"]))


def test_values_outside_their_type():
    outside = ["zoo." + r[0] for r in c.psql("SELECT relation FROM zoo.everything_outside")]
    for rule in ("null", "clamp"):
        oracle = truth.Truth(c, on_infinity=rule, on_nan="null")
        check_all(oracle, export(oracle, "outside_" + rule, outside, ["null"], ", on_infinity '%s', on_nan 'null'" % rule))
        clamped = truth.Truth(c, on_infinity=rule, on_nan="null", logical=True)
        for reader in readers:
            if reader.logical:
                corpus.check(clamped, export(clamped, "outside_" + rule, outside, ["null"],
                                             ", on_infinity '%s', on_nan 'null'" % rule), reader, "logical")


def test_blocks_cut_anywhere():
    """The smallest blocks, so that rows of every table cross block borders."""
    oracle = truth.Truth(c)
    check_all(oracle, export(oracle, "small", plain, ["null", "snappy", "deflate"], ", block_size '1kB'"))


def test_every_profile():
    for profile in ("iceberg", "hive", "kafka_connect", "bigquery"):
        oracle = truth.Truth(c, profile=profile)
        # BigQuery's arrays hold no NULL.
        relations = [r for r in plain if profile != "bigquery" or r.split(".")[1] in ("numbers", "numerics", "texts", "times")]
        check_all(oracle, export(oracle, profile, relations, ["null"], ", profile '%s'" % profile))


def test_the_session_does_not_matter():
    """Same bytes under settings that change every text form, and they are the caller's again afterwards."""
    files = []
    for label, settings in (("pinned", truth.SETTINGS), ("odd", """
            SET datestyle = 'German, DMY'; SET intervalstyle = 'sql_standard'; SET timezone = 'Asia/Kathmandu';
            SET bytea_output = 'escape'; SET extra_float_digits = -15; SET client_encoding = 'LATIN1';
            SET xmlbinary = 'hex';""")):
        copies = ["COPY %s TO '%s' WITH (format avro, compression 'null', sync off, sync_marker '%s');"
                  % (r, c.out("%s_%d.avro" % (label, i)), "00" * 16) for i, r in enumerate(plain)]
        shown = c.psql(settings + "\n".join(copies)
                       + "SHOW datestyle; SHOW intervalstyle; SHOW timezone; SHOW bytea_output;")
        files.append([open(c.out("%s_%d.avro" % (label, i)), "rb").read() for i in range(len(plain))])
    assert shown == [["German, DMY"], ["sql_standard"], ["Asia/Kathmandu"], ["escape"]], shown
    for relation, one, other in zip(plain, *files):
        assert one == other, "%s depends on the session's settings" % relation


if __name__ == "__main__":
    harness.main()
