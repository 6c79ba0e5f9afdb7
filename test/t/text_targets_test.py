"""text_targets_test.py - where CSV and JSON go: the client, a program, compressed files, rotated sets; what a
strict client is told. What goes wrong is bad_input_test.py's.
"""
import csv
import gzip
import json
import os
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import harness  # noqa: E402
from lib.cluster import Cluster  # noqa: E402
from lib.wire import Wire  # noqa: E402

ROWS = 20000
READERS = {"none": ["cat"], "gzip": ["zcat"], "zstd": ["zstd", "-dc"], "lz4": ["lz4", "-dc"]}


def setup_module():
    global c
    c = Cluster(preload=True, conf={"synchronize_seqscans": "off", "max_parallel_workers_per_gather": "0"})
    try:
        c.psql("""CREATE EXTENSION pg_spout; CREATE ROLE plain LOGIN;
            CREATE TABLE t AS SELECT i AS id, 'text, ' || i || E' "q"\\nnext' AS txt, i * 1.5 AS num, NULL::text AS gone,
                jsonb_build_object('k', i) AS j FROM generate_series(1, %d) i;
            GRANT SELECT ON t TO plain""" % ROWS)
        c.psql("COPY t TO '%s' (FORMAT csv, HEADER)" % c.out("core.csv"))
    except Exception:
        c.remove()
        raise


def teardown_module():
    c.remove()


def read(path):
    with open(path, "rb") as f:
        return f.read()


def unpack(codec, data):
    harness.require(shutil.which(READERS[codec][0]), "no " + READERS[codec][0])
    return subprocess.run(READERS[codec], input=data, stdout=subprocess.PIPE, check=True).stdout


# --- the same bytes everywhere -----------------------------------------------------------------------------

def test_every_codec_to_every_target_gives_the_same_bytes():
    wanted = {"csv": read(c.out("core.csv")), "json": None}
    for form, more in (("csv", ", HEADER"), ("json", "")):
        for codec in READERS:
            options = "(FORMAT '%s', COMPRESSION %s%s)" % (form, codec, more)
            file, program, client = (c.out("%s.%s.%s" % (form, codec, x)) for x in ("file", "program", "client"))
            c.psql("COPY t TO '%s' WITH %s" % (file, options))
            c.psql("COPY t TO PROGRAM 'cat > %s' WITH %s" % (program, options))
            c.psql("\\copy t TO '%s' WITH %s\n" % (client, options), user="plain")
            text = unpack(codec, read(file))
            wanted[form] = wanted[form] or text
            assert text == wanted[form], codec
            assert read(program) == read(client) == read(file), codec
    rows = [json.loads(line) for line in wanted["json"].splitlines()]
    assert len(rows) == ROWS and rows[6] == {"id": 7, "txt": 'text, 7 "q"\nnext', "num": 10.5, "gone": None, "j": {"k": 7}}


def test_compressed_files_are_frames_that_their_tools_check():
    for codec, check in (("gzip", ["gzip", "-t"]), ("zstd", ["zstd", "-qt"]), ("lz4", ["lz4", "-qt"])):
        harness.require(shutil.which(check[0]), "no " + check[0])
        path = c.out("check." + codec)
        c.psql("COPY t TO '%s' (FORMAT csv, COMPRESSION %s)" % (path, codec))
        with open(path, "rb") as f:
            assert subprocess.run(check, stdin=f, stdout=subprocess.DEVNULL).returncode == 0, codec
        damaged = bytearray(read(path))
        damaged[len(damaged) // 2] ^= 1
        assert subprocess.run(check, input=bytes(damaged), capture_output=True).returncode != 0, codec


def test_zero_rows_and_zero_columns():
    c.psql("CREATE TABLE IF NOT EXISTS none (); INSERT INTO none SELECT; INSERT INTO none SELECT")
    for codec in READERS:
        for what, form, wanted in (("(SELECT 1 AS a, 2 AS \"b,c\" WHERE false)", "csv, HEADER", b'a,"b,c"\n'),
                                   ("(SELECT 1 WHERE false)", "csv", b""), ("(SELECT 1 WHERE false)", "'json'", b""),
                                   ("(SELECT 1 WHERE false)", "'json', FORCE_ARRAY", b"[\n]\n"), ("none", "csv", b"\n\n"),
                                   ("none", "'json'", b"{}\n{}\n"), ("none", "'json', FORCE_ARRAY", b"[\n {}\n,{}\n]\n")):
            path, client = c.out("zero"), c.out("zero.client")
            c.psql("COPY %s TO '%s' (FORMAT %s, COMPRESSION %s)" % (what, path, form, codec))
            assert unpack(codec, read(path)) == wanted, (what, form, codec)
            assert codec == "none" or read(path), "an empty file is no valid frame"
            c.psql("\\copy %s TO '%s' (FORMAT %s, COMPRESSION %s)\n" % (what, client, form, codec))
            assert read(client) == read(path), (what, form, codec)


# --- the wire ----------------------------------------------------------------------------------------------

def test_the_client_is_told_what_comes_and_rows_stay_whole():
    with Wire(c) as w:
        for options, announced in (("csv, PARALLEL off", (0, [0] * 5)), ("'json'", (0, [0])), ("'json', FORCE_ARRAY", (0, [0])),
                                   ("csv, COMPRESSION gzip", (1, [1])), ("'json', COMPRESSION zstd", (1, [1])),
                                   ("avro", (1, [1]))):
            out = w.copy("COPY t TO STDOUT (FORMAT %s)" % options)
            assert out.announced == announced, (options, out.announced)
            assert out.tag == "COPY %d" % ROWS
            if not announced[0]:
                assert all(m.endswith(b"\n") for m in out.messages), options
                assert len(out.messages) < 50, "large messages"
        for m in w.copy("COPY t TO STDOUT (FORMAT 'json')").messages:
            for line in m.splitlines():
                json.loads(line)
        array = w.copy("COPY t TO STDOUT (FORMAT 'json', FORCE_ARRAY)")
        assert len(json.loads(b"".join(array.messages))) == ROWS
        quoted = w.copy("COPY t TO STDOUT (FORMAT csv, PARALLEL off)").messages
        assert sum(len(list(csv.reader(m.decode().splitlines(True)))) for m in quoted) == ROWS
        assert all(len(row) == 5 for m in quoted for row in csv.reader(m.decode().splitlines(True)))


def test_a_value_larger_than_any_block_is_one_message():
    with Wire(c) as w:
        out = w.copy("COPY (SELECT repeat('x,', 4000000) AS big FROM generate_series(1, 2)) TO STDOUT (FORMAT csv, PARALLEL off)")
        assert len(b"".join(out.messages)) == 2 * 8000003 and all(m.endswith(b"\n") for m in out.messages)


# --- wrong options -----------------------------------------------------------------------------------------

def test_wrong_options_are_named():
    file = "'%s'" % c.out("wrong")
    for target, options, state, part in (
            ("STDOUT", "csv, MAX_ROWS_PER_FILE 5", "22023", '"max_rows_per_file" needs a file target'),
            ("PROGRAM 'cat'", "'json', SYNC off", "22023", '"sync" needs a file target'),
            ("STDOUT", "'json', IF_EXISTS replace", "22023", '"if_exists" needs a file target'),
            ("STDOUT", "csv, MANIFEST", "22023", '"manifest" needs a file target'),
            (file, "csv, SYNC off, NULLS omit", "22023", '"nulls" is not recognized for format csv'),
            (file, "'json', HEADER", "22023", '"header" is not recognized for format json'),
            (file, "'json', DELIMITER ';'", "22023", '"delimiter" is not recognized for format json'),
            (file, "'json', FORCE_ARRAY maybe", "22023", '"force_array"'),
            (file, "'json', NULLS drop", "22023", '"nulls"'),
            (file, "csv, COMPRESSION snappy", "22023", '"compression"'),
            (file, "csv, COMPRESSION gzip, COMPRESSION_LEVEL 10", "22023", "out of range"),
            (file, "'json', COMPRESSION_LEVEL 3", "22023", "is given without compression"),
            (file, "csv, SYNC off, SYNC on", "42601", "conflicting or redundant")):
        e = c.error("COPY t TO %s WITH (FORMAT %s)" % (target, options))
        assert e.sqlstate == state and part in e.message, (options, e)
    assert not os.path.exists(c.out("wrong"))


def test_options_of_core_fail_as_in_core():
    for options in ("HEADER match", "DELIMITER 'ab'", "QUOTE ''", "DELIMITER '\"'", "ESCAPE 'xy'", "NULL E'a\\nb'",
                    "ENCODING 'nope'", "FORCE_QUOTE (nope)", "NULL ','",
                    "HEADER maybe", "DELIMITER E'\\n'", "FORCE_NULL (txt)", "FORCE_NOT_NULL (txt)", "FORCE_NULL *", "FORCE_NULL",
                    "FORCE_NULL (txt), FORCE_NULL (id)", "FORCE_NOT_NULL (id), FORCE_QUOTE *", "FREEZE nope", "DEFAULT 'x'",
                    "ON_ERROR ignore", "FORCE_QUOTE", "FORCE_QUOTE 5", "ESCAPE", "FORMAT xml", "NULL E'a\\rb'", "DELIMITER 'a', DELIMITER 'b'"):
        core = c.error("COPY t (id, txt) TO '%s' WITH (FORMAT csv, %s)" % (c.out("wrong"), options))
        ours = c.error("COPY t (id, txt) TO '%s' WITH (FORMAT csv, %s, PARALLEL off)" % (c.out("wrong"), options))
        assert tuple(ours) == tuple(core), (options, core, ours)
    core = c.error("COPY t (id) TO '%s' WITH (FORMAT csv, FORCE_QUOTE (txt))" % c.out("wrong"))
    ours = c.error("COPY t (id) TO '%s' WITH (FORMAT csv, FORCE_QUOTE (txt), PARALLEL off)" % c.out("wrong"))
    assert tuple(ours) == tuple(core), (core, ours)


def test_equal_keys_are_warned_of():
    warned = c.run("COPY (SELECT 1 AS a, 2 AS a) TO '%s' (FORMAT 'json')" % c.out("twice")).notices("WARNING")
    assert len(warned) == 1 and '"a"' in warned[0], warned
    assert read(c.out("twice")) == b'{"a":1,"a":2}\n'
    assert not c.run("COPY (SELECT 1 AS a, 2 AS a) TO '%s' (FORMAT csv, SYNC off)" % c.out("twice")).notices("WARNING")


# --- sets of files -----------------------------------------------------------------------------------------

def test_rotated_sets_hold_every_row_once():
    for form, codec in (("csv", "none"), ("csv", "gzip"), ("json", "none"), ("json", "zstd")):
        path = c.out("set.%s.%s" % (codec, form))
        files = c.psql("""SELECT file_index, path, rows, bytes FROM export_to_%s('SELECT * FROM t ORDER BY id', '%s',
            compression => '%s', max_rows_per_file => 3000, options => '{"manifest": true%s}')"""
                       % (form, path, codec, ', "header": true' if form == "csv" else ""))
        assert [f[2] for f in files] == ["3000"] * 6 + ["2000"] and len(files) == 7
        ids = []
        for index, name, rows, size in files:
            assert os.path.getsize(name) == int(size) and ("_%03d." % int(index)) in name
            text = unpack(codec, read(name)).decode()
            if form == "csv":
                table = list(csv.reader(text.splitlines(True)))
                assert table[0] == ["id", "txt", "num", "gone", "j"], "each file has the header"
                found = [int(row[0]) for row in table[1:]]
            else:
                found = [json.loads(line)["id"] for line in text.splitlines()]
            assert len(found) == int(rows)
            ids += found
        assert ids == list(range(1, ROWS + 1))
        manifest = path + ".manifest.json"
        checked = c.psql("SELECT ok, rows, bytes, problem FROM verify_export('%s')" % manifest)
        assert checked == [["t", f[2], f[3], None] for f in files], checked
        with open(files[2][1], "r+b") as f:
            f.seek(100)
            f.write(b"\0")
        assert [row[0] for row in c.psql("SELECT ok FROM verify_export('%s')" % manifest)] == ["t", "t", "f"] + ["t"] * 4


def test_an_array_in_each_file():
    files = c.psql("""SELECT path FROM export_to_json('SELECT id FROM t ORDER BY id', '%s', max_rows_per_file => 7000,
        compression => 'gzip', options => '{"force_array": true}')""" % c.out("arrays.json"))
    parts = [json.loads(gzip.decompress(read(f[0]))) for f in files]
    assert [len(p) for p in parts] == [7000, 7000, 6000] and parts[2][-1] == {"id": ROWS}


def test_files_by_size_cut_no_row():
    files = c.psql("SELECT path, rows, bytes FROM export_to_csv('SELECT * FROM t', '%s', max_bytes_per_file => 200000)"
                   % c.out("sized.csv"))
    assert sum(int(f[1]) for f in files) == ROWS and len(files) > 3
    assert all(int(f[2]) < 200000 + 300 * 1024 for f in files)
    for f in files:
        assert len(list(csv.reader(read(f[0]).decode().splitlines(True)))) == int(f[1])


if __name__ == "__main__":
    harness.main()
