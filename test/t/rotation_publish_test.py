#!/usr/bin/env python3
"""rotation_publish_test.py - sets of files: published together, stale tails, manifests, concurrent exports."""
import fcntl
import json
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import formats, harness  # noqa: E402
from lib.formats import named  # noqa: E402
from lib.limits import prompt  # noqa: E402
from lib.promise import (Target, assert_clean_log, assert_keys, copy, fresh_dir, hidden, keys, read_back,  # noqa: E402
                         spout_cluster, wait_for_rows)

VARIANTS = formats.chosen()
use_variant = formats.use
c = None


def setup_module():
    global c
    c = spout_cluster()


def teardown_module():
    c.remove()


def export_set(d, rows, per_file=10, **options):
    """Runs the export; its Result."""
    result = c.run(copy(d + named("/s"), keys(rows), max_rows_per_file=per_file, **options))
    if result.error:
        raise result.error
    return result


def names(n, manifest=False):
    return [named("s") + ".manifest.json"] * manifest + [named("s_%03d") % i for i in range(n)]


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return "%08x" % (crc ^ 0xFFFFFFFF)


# --- sets ----------------------------------------------------------------------------------------------
def test_rows_are_split_exactly():
    for rows, per_file, files in [(0, 10, 1), (1, 10, 1), (10, 10, 1), (11, 10, 2), (97, 10, 10), (5, 1, 5)]:
        d = fresh_dir(c, "t")
        export_set(d, rows, per_file)
        assert sorted(os.listdir(d)) == names(files), (rows, per_file, os.listdir(d))
        at = 1
        for name in names(files):
            n = min(per_file, rows - at + 1)
            assert_keys(os.path.join(d, name), n, at)
            at += n


def test_every_codec_of_the_format():
    for codec in formats.current.codecs:
        d = fresh_dir(c, "t")
        export_set(d, 35, compression=codec, manifest="on")
        found = [read_back(os.path.join(d, n)) for n in names(4)]
        assert [rows for rows, _ in found] == [10, 10, 10, 5], (codec, found)
        if codec == formats.current.plain or formats.current.name != "avro":
            assert sum((k for _, k in found), []) == list(range(1, 36)), codec
        with open(d + named("/s") + ".manifest.json") as f:
            assert json.load(f)["compression"] == codec
        assert [r[0] for r in c.psql("SELECT ok FROM verify_export('%s.manifest.json')" % (d + named("/s")))] == ["t"] * 4, codec


def test_sets_by_size_cut_no_row():
    for codec in formats.current.codecs[:2]:
        d = fresh_dir(c, "t")
        limit = 200_000
        export_set(d, 100_000, per_file=0, max_bytes_per_file=limit, compression=codec, sync="off")
        found, at = sorted(os.listdir(d)), 1
        assert found == names(len(found)) and len(found) > 1, (codec, found)
        for name in found:
            rows, seen = read_back(os.path.join(d, name))
            assert not seen or seen == list(range(at, at + rows)), (codec, name)
            at += rows
            assert os.path.getsize(os.path.join(d, name)) < limit + (1 << 20), (codec, name)  # a block over
        assert at == 100_001, codec
    # Both limits: whichever comes first.
    d = fresh_dir(c, "t")
    export_set(d, 1000, per_file=300, max_bytes_per_file=1 << 30)
    assert [read_back(os.path.join(d, n))[0] for n in names(4)] == [300, 300, 300, 100]


def test_a_thousand_files():
    d = fresh_dir(c, "t")
    export_set(d, 1003, 1, sync="off")
    assert len(os.listdir(d)) == 1003 and not hidden(d)
    assert_keys(d + named("/s_999"), 1, 1000)
    assert_keys(d + named("/s_1000"), 1, 1001)


def test_nothing_is_visible_before_the_last_row():
    d = fresh_dir(c, "t")
    export_set(d, 30)
    before = [Target(os.path.join(d, n)) for n in names(3)]
    s = c.session()
    s.send(copy(d + named("/s"), keys(100_000_000), max_rows_per_file=1000))
    wait_for_rows(c, s, 20000)
    for t in before:
        t.assert_untouched(names=False)
    assert sorted(set(os.listdir(d)) - set(hidden(d))) == names(3)
    assert all(os.stat(os.path.join(d, n)).st_mode & 0o777 == 0o644 for n in hidden(d)[:3])
    c.psql("SELECT pg_cancel_backend(%d)" % s.backend_pid)
    assert s.result().error.sqlstate == "57014"
    for t in before:
        t.assert_untouched(names=False)
    assert sorted(os.listdir(d)) == names(3)
    s.close()


def test_set_replaces_a_set_of_the_same_length():
    d = fresh_dir(c, "t")
    export_set(d, 30, manifest="on")
    assert not export_set(d, 60, per_file=20, manifest="on").messages
    assert sorted(os.listdir(d)) == names(3, manifest=True)
    for i in range(3):
        assert_keys(named("%s/s_%03d") % (d, i), 20, 20 * i + 1)


# --- what is published is what was written ---------------------------------------------------------------
CHANGES = {"another file": "cp -p %s %s.copy && mv %s.copy %s", "a symbolic link": "ln -sf /etc/passwd %s", "no file": "rm %s", "a directory": "rm %s && mkdir %s",
           "a pipe": "rm %s && mkfifo %s", "more bytes": "echo x >> %s", "fewer bytes": "truncate -s -1 %s"}


def change(d, k, how):
    """A query of thirty rows that does this to the hidden name of file k when it is complete, at the last row."""
    c.psql("""CREATE OR REPLACE FUNCTION sh(command text) RETURNS bigint LANGUAGE plpgsql AS
        $$ BEGIN EXECUTE format('COPY (SELECT 1) TO PROGRAM %L', 'cat >/dev/null; ' || command); RETURN 30; END $$""")
    at = "$(echo %s/.*%d.*.spout-tmp)" % (d, k)
    command = ("f=%s; " % at + CHANGES[how].replace("%s", "$f")).replace("'", "''")
    return "SELECT CASE WHEN g < 30 THEN g ELSE sh('%s') END AS id, 'x' AS name FROM generate_series(1, 30) g" % command


def test_a_hidden_file_that_is_not_ours_any_more():
    for how in CHANGES:
        for old in (True, False):
            d = fresh_dir(c, "t")
            if old:
                export_set(d, 20, manifest="on")
            before = [Target(os.path.join(d, n)) for n in os.listdir(d)]
            e = c.error(copy(d + named("/s"), change(d, 1, how), max_rows_per_file=10, manifest="on"))
            assert e.sqlstate == "55000" and named("s_001") in e.message and d in e.hint, (how, e)
            for t in before:
                t.assert_untouched(names=False)
            left = set(os.listdir(d)) - {t.name for t in before}
            assert not left or how == "a directory", (how, left)  # what is no file is not removed


# --- manifest ------------------------------------------------------------------------------------------
def test_manifest_describes_the_files():
    d = fresh_dir(c, "t")
    export_set(d, 25, manifest="on")
    with open(d + named("/s") + ".manifest.json") as f:
        text = f.read()
    manifest = json.loads(text)
    assert manifest["pg_spout_manifest"] == 1 and manifest["format"] == formats.current.name
    assert len(manifest["run"]) == 16 and int(manifest["run"], 16) >= 0
    assert [e["name"] for e in manifest["files"]] == names(3)
    assert [e["rows"] for e in manifest["files"]] == [10, 10, 5] and manifest["rows"] == 25
    for e in manifest["files"]:
        with open(os.path.join(d, e["name"]), "rb") as f:
            data = f.read()
        assert e["bytes"] == len(data) and e["crc32c"] == crc32c(data), e
    assert "generate_series" not in text
    assert os.stat(d + named("/s") + ".manifest.json").st_mode & 0o777 == 0o644


def test_manifest_of_a_single_file():
    d = fresh_dir(c, "t")
    c.psql(copy(d + named("/f"), keys(5), manifest="on"))
    with open(d + named("/f") + ".manifest.json") as f:
        assert [e["name"] for e in json.load(f)["files"]] == [named("f")]


def test_result_rows_name_the_files():
    d = fresh_dir(c, "t")
    rows = c.psql("""SELECT file_index, path, rows, bytes, crc32c
        FROM export_to_%s('%s', '%s', max_rows_per_file => 10)""" % (formats.current, keys(25).replace("'", "''"), d + named("/s")))
    assert [r[1] for r in rows] == [os.path.join(d, n) for n in names(3)]
    for i, r in enumerate(rows):
        with open(r[1], "rb") as f:
            data = f.read()
        assert r[0] == str(i) and int(r[3]) == len(data) and r[4] == crc32c(data), r
    assert [int(r[2]) for r in rows] == [10, 10, 5]


# --- a shorter set after a longer one --------------------------------------------------------------------
def test_stale_tail_of_a_manifest_is_removed():
    d = fresh_dir(c, "t")
    export_set(d, 50, manifest="on")
    assert not export_set(d, 30, manifest="on").messages
    assert sorted(os.listdir(d)) == names(3, manifest=True)


def test_stale_tail_without_manifest_is_reported():
    d = fresh_dir(c, "t")
    export_set(d, 50)
    tail = [Target(d + named("/s_003")), Target(d + named("/s_004"))]
    for options in ({}, {"manifest": "on"}):
        messages = export_set(d, 30, **options).messages
        assert [m.severity for m in messages] == ["WARNING"], messages
        assert "2 files" in messages[0].message and d + named("/s_003") in messages[0].message, messages
        for t in tail:
            t.assert_untouched(names=False)


def single(d, rows, **options):
    result = c.run(copy(d + named("/s"), keys(rows), **options))
    if result.error:
        raise result.error
    return result


def test_a_single_file_replaces_a_set_and_a_set_a_single_file():
    d = fresh_dir(c, "t")
    export_set(d, 30, manifest="on")
    assert not single(d, 5, manifest="on").messages
    assert sorted(os.listdir(d)) == [named("s"), named("s") + ".manifest.json"]
    assert not export_set(d, 30, manifest="on").messages
    assert sorted(os.listdir(d)) == names(3, manifest=True)
    # Without a manifest of their own, they remove what the old one lists, and say that it is old.
    messages = single(d, 5).messages
    assert len(messages) == 1 and "describes an earlier export" in messages[0].message, messages
    assert sorted(os.listdir(d)) == [named("s"), named("s") + ".manifest.json"]
    # Unlisted: kept and told.
    for make, others in ((lambda: export_set(d, 30), [named("s")]), (lambda: single(d, 5), names(3))):
        d = fresh_dir(c, "t")
        single(d, 5) if others == [named("s")] else export_set(d, 30)
        before = [Target(os.path.join(d, n)) for n in others]
        for _ in range(2):
            messages = make().messages
            assert len(messages) == 1 and before[0].path in messages[0].message, messages
            assert messages[0].message.startswith("%d file" % len(others)), messages
            for t in before:
                t.assert_untouched(names=False)


def test_files_of_another_shape_that_changed_or_must_not_be_touched():
    d = fresh_dir(c, "t")
    export_set(d, 30, manifest="on")
    with open(d + named("/s_001"), "ab") as f:
        f.write(b"x")
    messages = single(d, 5, manifest="on").messages
    assert len(messages) == 1 and "1 file of" in messages[0].message and named("s_001") in messages[0].message, messages
    assert sorted(os.listdir(d)) == [named("s"), named("s") + ".manifest.json", named("s_001")]
    d = fresh_dir(c, "t")
    export_set(d, 30, manifest="on")
    messages = single(d, 5, if_exists="error").messages
    assert "if_exists" in messages[-1].detail and len(os.listdir(d)) == 5, messages
    # What only looks like files of a set.
    d = fresh_dir(c, "t")
    for name in ("s_2024", "s_2025"):
        open(d + named("/" + name), "w").close()
    for options in ({}, {"manifest": "on"}, {"manifest": "on"}):
        assert not single(d, 5, **options).messages
    assert len(os.listdir(d)) == 4


def test_manifest_under_the_name_that_earlier_versions_used():
    d = fresh_dir(c, "t")
    old = d + "/s.manifest.json"
    export_set(d, 50, manifest="on")
    os.rename(d + named("/s") + ".manifest.json", old)
    assert [r[0] for r in c.psql("SELECT ok FROM verify_export('%s')" % old)] == ["t"] * 5
    messages = export_set(d, 30, manifest="on").messages
    assert len(messages) == 1 and old in messages[0].message and named("s") + ".manifest.json" in messages[0].hint, messages
    assert sorted(os.listdir(d)) == sorted(names(3, manifest=True) + ["s.manifest.json"])
    # One of another format's set of the same stem says nothing about ours.
    d = fresh_dir(c, "t")
    c.psql(copy(d + "/s.other", keys(30), max_rows_per_file=10, manifest="on"))
    os.rename(d + "/s.other.manifest.json", old)
    for run in (lambda: export_set(d, 30), lambda: export_set(d, 20, manifest="on")):
        messages = [m for m in run().messages if "describes" in m.message]
        assert not messages, messages
    assert [r[0] for r in c.psql("SELECT ok FROM verify_export('%s')" % old)] == ["t"] * 3


def stale(result):
    """What it says of earlier exports, not of names."""
    return [m for m in result.messages if "earlier export" in m.message]


def test_two_formats_of_one_stem_have_a_manifest_each():
    d = fresh_dir(c, "t")
    for suffix in (".one", ".two", ".csv.gz"):
        assert not stale(c.run(copy(d + "/s" + suffix, keys(20), max_rows_per_file=10, manifest="on")))
    for suffix in (".one", ".two", ".csv.gz"):
        assert not stale(c.run(copy(d + "/s" + suffix, keys(10), max_rows_per_file=10, manifest="on")))
        assert len(c.psql("SELECT ok FROM verify_export('%s')" % (d + "/s" + suffix + ".manifest.json"))) == 1
    assert len(os.listdir(d)) == 6


def test_stale_files_that_changed_are_kept():
    d = fresh_dir(c, "t")
    export_set(d, 60, manifest="on")
    with open(d + named("/s_003"), "ab") as f:
        f.write(b"x")
    with open(d + named("/s_004"), "r+b") as f:  # same size, other bytes
        f.seek(-1, 2)
        last = f.read(1)[0]
        f.seek(-1, 2)
        f.write(bytes([last ^ 1]))
    messages = export_set(d, 30, manifest="on").messages
    assert len(messages) == 1 and "2 files" in messages[0].message and "s_003" in messages[0].message, messages
    assert sorted(os.listdir(d)) == names(5, manifest=True)


def test_hostile_manifests_remove_nothing():
    d = fresh_dir(c, "t")
    export_set(d, 50, manifest="on")
    with open(d + named("/s") + ".manifest.json") as f:
        good = f.read()
    texts = ["", "{", "[]", "null", "{}", '{"pg_spout_manifest": 2, "files": []}', "\0" * 100, good[:-400],
             '{"pg_spout_manifest": 1, "files": [' + '{"name": "s_003.avro"}' + "]}",
             '{"pg_spout_manifest": 1, "files": [{"name": "../s_003.avro", "bytes": 1, "crc32c": "00000000"}]}',
             '{"pg_spout_manifest": 1, "a": ' + "[" * 100000, '{"pg_spout_manifest": 1, "a": "' + "x" * 100000,
             '{"pg_spout_manifest": 1, "files": [{"name": "s_003.avro", "bytes": 99999999999999999999999999, '
             '"crc32c": "00000000"}]}', good.replace("s_00", "s_000"), good.replace("crc32c", "crc"), '"' * 5000]
    for text in texts:
        with open(d + named("/s") + ".manifest.json", "w") as f:
            f.write(text.replace(".avro", named("")))
        os.chmod(d + named("/s") + ".manifest.json", 0o644)
        export_set(d, 30)
        left = set(os.listdir(d))
        # A cut-off list still tells the truth about the entries before the cut: size and checksum decide.
        assert {named("s_003"), named("s_004")} <= left or text == good[:-400], (text[:80], left)
        export_set(fresh_dir(c, "t"), 50)


def test_manifest_that_no_longer_fits_is_reported():
    d = fresh_dir(c, "t")
    export_set(d, 30, manifest="on")
    messages = export_set(d, 40).messages
    assert len(messages) == 1 and named("s") + ".manifest.json" in messages[0].message, messages
    assert "earlier export" in messages[0].message


def test_foreign_files_beside_a_set_stay():
    d = fresh_dir(c, "t")
    others = [named("s_00"), named("s_0003"), "s_003.other", named("s_003") + ".bak", named("xs_003"), named("s003"),
              named("s_a03")]
    for name in others:
        open(os.path.join(d, name), "w").close()
    assert not export_set(d, 10, manifest="on").messages
    export_set(d, 10, if_exists="replace")
    assert set(others) <= set(os.listdir(d))


# --- if_exists -----------------------------------------------------------------------------------------
def test_error_if_any_name_of_the_set_exists():
    for name in [named("s_000"), named("s_007"), named("s_1000"), named("s") + ".manifest.json"]:
        d = fresh_dir(c, "t")
        t = Target(os.path.join(d, name))
        open(t.path, "w").close()
        t.look()
        e = c.error(copy(d + named("/s"), "SELECT 1 / (random() * 0)::int", max_rows_per_file=1, manifest="on", if_exists="error"))
        assert e.sqlstate == "58P02" and name in e.message, e
        t.assert_untouched()
    d = fresh_dir(c, "t")
    open(d + named("/s") + ".manifest.json", "w").close()
    export_set(d, 10, if_exists="error")  # no manifest asked for, none in the way


# --- concurrent exports ----------------------------------------------------------------------------------
def together(statements):
    """Runs each in its own session at the same time; their errors or None."""
    sessions = [c.session() for _ in statements]
    for s, statement in zip(sessions, statements):
        s.send("SELECT pg_sleep(%f - extract(epoch FROM clock_timestamp()))" % (time.time() + 0.3))
        s.send(statement)
    results = [s.result() for s in sessions]
    for s in sessions:
        s.close()
    return [r.error for r in results]


def test_one_winner_under_error():
    for options in ({}, {"max_rows_per_file": 1000, "manifest": "on"}):
        d = fresh_dir(c, "t")
        runs = [copy(d + named("/s"), keys(20000 + 1000 * i), if_exists="error", **options) for i in range(6)]
        errors = together(runs)
        winners = [i for i, e in enumerate(errors) if e is None]
        assert len(winners) == 1, errors
        assert {e.sqlstate for e in errors if e} == {"58P02"}, errors
        rows = sum(read_back(os.path.join(d, n))[0] for n in os.listdir(d) if n != named("s") + ".manifest.json")
        assert rows == 20000 + 1000 * winners[0]
        assert not hidden(d)


def test_last_publisher_wins_whole():
    d = fresh_dir(c, "t")
    errors = together([copy(d + named("/f"), keys(20000 + i)) for i in range(6)])
    assert errors == [None] * 6, errors
    rows = read_back(d + named("/f"))[0]
    assert rows in range(20000, 20006)
    assert_keys(d + named("/f"), rows)
    assert os.listdir(d) == [named("f")]


def test_sets_do_not_mix():
    d = fresh_dir(c, "t")
    errors = together([copy(d + named("/s"), keys(10000, start=1 + 100000 * i), max_rows_per_file=1000, manifest="on")
                       for i in range(6)])
    assert errors == [None] * 6, errors
    assert sorted(os.listdir(d)) == names(10, manifest=True)
    first = read_back(d + named("/s_000"))[1][0]
    for i in range(10):
        assert_keys(named("%s/s_%03d") % (d, i), 1000, first + 1000 * i)
    with open(d + named("/s") + ".manifest.json") as f:
        for e in json.load(f)["files"]:
            with open(os.path.join(d, e["name"]), "rb") as data:
                assert crc32c(data.read()) == e["crc32c"], e


def test_readers_see_whole_files_while_they_are_replaced():
    d = fresh_dir(c, "t")
    path = d + named("/f")
    c.psql(copy(path, keys(1000)))
    s = c.session()
    for n in range(40):
        s.send(copy(path, keys(1000 + n), sync="off"))
    seen = 0
    while seen < 200:
        rows = read_back(path)[0]
        assert 1000 <= rows < 1040
        seen += 1
    assert s.result().error is None
    s.close()


@harness.once  # ten seconds
def test_directory_locked_by_another():
    """A publisher that hangs does not hang the others for ever."""
    d = fresh_dir(c, "t")
    c.psql(copy(d + named("/f"), keys(5)))
    t = Target(d + named("/f"))
    holder = os.open(d, os.O_RDONLY)
    fcntl.flock(holder, fcntl.LOCK_EX)
    try:
        start = time.monotonic()
        e = c.error(copy(t.path, keys(6)))
        assert e.sqlstate == "55P03" and 9 < time.monotonic() - start < prompt(13), e
        t.assert_untouched()
        start = time.monotonic()
        assert c.error("SET statement_timeout = 300; " + copy(t.path, keys(6))).sqlstate == "57014"
        assert time.monotonic() - start < prompt(1.5)
        t.assert_untouched()
    finally:
        os.close(holder)
    c.psql(copy(t.path, keys(6)))


def test_nested_exports():
    """A function of the query exports too, into the same directory."""
    d = fresh_dir(c, "t")
    c.psql("""CREATE OR REPLACE FUNCTION inner_export(path text) RETURNS bigint LANGUAGE sql AS
        $$ SELECT rows FROM export_to_%s('SELECT 1::bigint AS id', path) $$""" % formats.current)
    c.psql(copy(d + named("/outer"), "SELECT inner_export('%s') AS id" % (d + named("/inner"))))
    assert_keys(d + named("/outer"), 1)
    assert read_back(d + named("/inner"))[0] == 1
    assert sorted(os.listdir(d)) == [named("inner"), named("outer")]


def test_zz_log_is_clean():
    assert_clean_log(c)


if __name__ == "__main__":
    harness.main()
