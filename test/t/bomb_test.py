"""bomb_test.py - files made to exhaust whoever reads them back, through verify_export: whatever they claim, unpack to or nest
into, the backend's own memory (RssAnon) hardly grows, the verdict is a row, and a cancel ends it within a second, also in
the midst of a block, a row or a value. SPOUT_BOMB_MB (40): what a bomb unpacks to.
"""
import json
import os
import sys
import threading
import time
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import bombs, harness  # noqa: E402
from lib.bombs import MB, block, field, header, number, packed  # noqa: E402
from lib.cluster import Cluster  # noqa: E402
from lib.promise import assert_clean_log  # noqa: E402

SIZE = int(os.environ.get("SPOUT_BOMB_MB", "40")) * MB
CANCELLED = "57014"
TEXT = {"none": "", "gzip": ".gz", "zstd": ".zst", "lz4": ".lz4"}
c = None


def setup_module():
    global c
    c = Cluster(preload=True)
    c.psql("CREATE EXTENSION pg_spout")


def teardown_module():
    c.remove()


def rss(pid):
    with open("/proc/%d/status" % pid) as f:
        return next(int(line.split()[1]) for line in f if line.startswith("RssAnon")) * 1024


class Watch:
    """The most that a process's own memory grew by, looked at every few milliseconds."""

    def __init__(self, pid):
        self.pid, self.base, self.growth, self.over = pid, rss(pid), 0, threading.Event()
        self.thread = threading.Thread(target=self._look)
        self.thread.start()

    def _look(self):
        while not self.over.wait(0.004):
            self.growth = max(self.growth, rss(self.pid) - self.base)

    def end(self):
        self.over.set()
        self.thread.join()
        return self.growth


def write(name, content):
    with open(c.out(name), "wb") as f:
        for piece in [content] if isinstance(content, bytes) else content:
            f.write(piece)
    return c.out(name)


def verify(name, content, timeout=0):
    """(row or error of verify_export, seconds, growth) in a session of its own; the file is gone afterwards."""
    path = write(name, content)
    s = c.session()
    s.run("SELECT count(*) FROM verify_export('%s')" % c.out("missing.avro"))
    s.run("SET statement_timeout = %d" % timeout)
    watch = Watch(s.backend_pid)
    start = time.monotonic()
    s.send("SELECT ok, rows, raw_bytes, problem FROM verify_export('%s')" % path)
    result = s.result()
    seconds = time.monotonic() - start
    growth = watch.end()
    assert s.run("SELECT 1") == [["1"]]
    s.close()
    print("        %-42s %9d bytes %6.2f s %7.1f MB  %s" % (name, os.path.getsize(path), seconds, growth / MB, result.error or result.rows[0][3]))
    os.remove(path)
    return result, seconds, growth


def prompt():
    """A second, but more where every process waits for its turn."""
    return max(1.0, os.getloadavg()[0] / os.cpu_count())


def judge(name, content, ok, problem=None, limit=16, raw=None, at_once=False):
    """limit: MB by which the backend may grow."""
    result, seconds, growth = verify(name, content)
    assert not at_once or seconds < prompt(), (name, seconds)
    assert not result.error, (name, result.error)
    row = result.rows[0]
    assert row[0] == ("t" if ok else "f"), (name, row)
    assert row[3] == problem if ok or problem is None else problem in row[3], (name, row)
    assert raw is None or row[2] == str(raw), (name, row)
    assert growth < limit * MB, (name, growth)


def test_a_block_unpacks_to_more_than_it_is():
    for codec in bombs.CODECS[1:]:
        h = header(field("bytes"), codec)
        # Snappy's copies may reach back by 32 MB, and the ring is copied when it grows.
        limit, size = (56, max(SIZE, 72 * MB)) if codec == "snappy" else (16, SIZE)
        # One row as large as it says: legal. One small row and zeros behind it. A length and nothing but that.
        one = number(size)
        judge("row.%s.avro" % codec, h + block(1, packed(codec, one, b"\0", size)), True, limit=limit, raw=size + len(one))
        judge("behind.%s.avro" % codec, h + block(1, packed(codec, b"", b"\0", size)), False, "has bytes after its last row", limit)
        judge("less.%s.avro" % codec, h + block(1, packed(codec, number(2**40), b"\0", size)), False, "data ends inside a value", limit)
        judge("rows.%s.avro" % codec, h + block(2**31 - 1, packed(codec, b"\1", b"\0", size)), False, "row 1, field \"a\": length is negative", limit)


def test_a_block_without_codec_is_as_large_as_the_file():
    for kind, unit in (("bytes", b"\0"), ("string", "\u00fc".encode())):
        row = number(SIZE) + unit * (SIZE // len(unit))
        judge("row.%s.avro" % kind, header(field(kind)) + block(1, row), True, raw=len(row))
    items = number(SIZE // 4) + b"\2" * (SIZE // 4) + b"\0"
    judge("items.avro", header(field({"type": "array", "items": "int"})) + block(1, items), True, raw=len(items))


def test_text_unpacks_to_more_than_it_is():
    deep, cut = "is nested deeper than 1048576 levels", "the file ends inside"
    for codec in TEXT:
        for name, start, unit, problem in (
                ("a.xml", b"", b"<a>", deep), ("text.xml", b"<a>", b"x", "the document ends too early"), ("name.xml", b"<", b"n", "the document ends too early"),
                ("comment.xml", b"<a><!--", b"-", "the document ends too early"), ("a.json", b'{"a":', b"[", deep), ("o.json", b"", b'{"a":', deep),
                ("string.json", b'{"a":"', b"x", cut), ("a.csv", b'"', b"x", cut), ("lines.csv", b"1", b"\n", None)):
            judge(name + TEXT[codec], packed(codec, start, unit, SIZE // len(unit)), problem is None, problem,
                  raw=len(start) + SIZE // len(unit) * len(unit) if problem is None else None)


def test_claims_get_no_memory():
    h = header(field("bytes"))
    judge("size.avro", h + number(1) + number(2**31 - 1) + number(2**30) + b"x" * 1000, False, "file ends too early")
    judge("size.snappy.avro", header(field("bytes"), "snappy") + block(1, b"\xff\xff\xff\xff\x07" + b"\0" * 6), False, "snappy data is damaged")
    judge("window.csv.zst", bombs.zstd(b"", b"x", SIZE, window=31), False, "a window of more than 64 MB")
    judge("windows.avro", h.replace(b"\x08null", b"\x12zstandard") + block(1, bombs.zstd(b"", b"x", SIZE, window=27)), False, "a window of more than 64 MB")
    judge("most_of_a_window.csv.zst", bombs.zstd(b"", b"\n", 100 * MB, window=26), True, limit=80, raw=100 * MB)
    x = bytearray(packed("xz", b"", b"\0", MB))
    end = 12 + (x[12] + 1) * 4 - 4
    x[16] = 40  # a dictionary of 4 GB
    x[end:end + 4] = zlib.crc32(bytes(x[12:end])).to_bytes(4, "little")
    judge("dictionary.xz.avro", header(field("bytes"), "xz") + block(1, bytes(x)), False, "xz data need more than 96 MB")


def test_values_without_bytes():
    nothing = {"type": "record", "name": "r", "fields": []}
    judge("rows.avro", header(nothing) + block(2**31 - 1, b""), False, "block holds too many values for its size")
    judge("nulls.avro", header('"null"') + block(2**31 - 1, b""), False, "block holds too many values for its size")
    judge("items.avro", header(field({"type": "array", "items": "null"})) + block(1, number(2**62) + b"\0"), False, "number of items is out of range")
    judge("records.avro", header(field({"type": "array", "items": dict(nothing, name="n")})) + block(1, number(4 * 10**6) + b"\0"), False, "too much memory")
    judge("blocks.avro", header(nothing) + block(1000, b"") * 2000, True)
    # A type that doubles and doubles: a row of one byte has 2^19 places.
    kind = "null"
    for i in range(18):
        kind = {"type": "record", "name": "t%d" % i, "fields": [{"name": "a", "type": kind}, {"name": "b", "type": "t%d" % (i - 1) if i else "null"}]}
    schema = {"type": "record", "name": "r", "fields": [{"name": "n", "type": "int"}, {"name": "t", "type": kind}]}
    # Just about what Avro C is given.
    texts = number(200000) + b"\2x" * 200000 + b"\0"
    judge("texts.avro", header(field({"type": "array", "items": "string"})) + block(20, texts * 20), True, limit=96)
    judge("nulls_of_a_row.avro", header(field({"type": "array", "items": "null"})) + block(10, (number(390000) + b"\0") * 10), True, limit=96)
    entries = number(120000) + b"".join(b"\x0c%06d" % i for i in range(120000)) + b"\0"
    judge("entries_of_a_row.avro", header(field({"type": "map", "values": "null"})) + block(4, entries * 4), True, limit=96)
    judge("places.avro", header(schema) + block(1, b"\0"), True, limit=96)
    judge("more_places.avro", header(schema) + block(1000, b"\0" * 1000), False, "block holds too many values for its size", limit=96)


def test_headers():
    most = MB - 100
    def record(name, fields, **more):
        return dict({"type": "record", "name": name, "fields": [dict({"name": n, "type": t}, **more) for n, t in fields]})

    zeros = record("z", [("z%d" % i, "int") for i in range(1600)], default=0)
    defaults = record("r", [("a", {"type": "array", "items": zeros})], default=[{}] * 250000)
    colours = {"type": "enum", "name": "e", "symbols": ["s%05d" % i for i in range(50000)]}
    symbols = record("r", [("a", {"type": "array", "items": colours})], default=["s49999"] * 40000)
    decimal = {"type": "bytes", "logicalType": "decimal", "precision": 1000}
    decimals = record("r", [("r%d" % j, record("r%d" % j, [("a%d" % i, decimal) for i in range(1000)])) for j in range(8)])
    fixed = [{"type": "fixed", "name": "f%d" % i, "size": 1} for i in range(1600)]
    unions = record("r", [("u", fixed)] + [("u%d" % i, [f["name"] for f in fixed]) for i in range(60)])
    wide = {"type": "record", "name": "r", "fields": [{"name": "f%d" % i, "type": ["null", "string", {"type": "array", "items": "long"}]} for i in range(1600)]}
    for name, schema, problem in (
            ("depth", '{"type":"array","items":' * (most // 24), "nested too deeply"), ("unions", "[" * most, "nested too deeply"),
            ("values", '{"type":"int","x":[%s0]}' % ("0," * (most // 2)), None), ("lists", '{"type":"int","x":[%s[]]}' % ("[]," * (most // 3)), None),
            ("text", '{"type":"int","doc":"%s"}' % ("x" * most), None), ("key", '{"type":"int","%s":1}' % ("x" * most), None),
            ("number", '{"type":"int","x":%s}' % ("9" * most), "not valid JSON"), ("keys", '{"type":"int",%s}' % ",".join('"%x":0' % i for i in range(most // 11)), None),
            ("symbols", json.dumps({"type": "enum", "name": "e", "symbols": ["s%d" % i for i in range(most // 11)]}), None),
            ("wide", wide, None), ("defaults", defaults, None), ("symbols_by_default", symbols, None), ("decimals", decimals, None), ("unions_of_names", unions, None),
            ("branches", ["null"] * 100000, "more than 1664 branches"),
            ("name", '{"type":"record","name":"%s","fields":[]}' % ("\u65e5" * (most // 3)), 'schema: "\u65e5\u65e5\u65e5')):
        judge("%s.avro" % name, header(schema), problem is None, problem, limit=128, at_once=True)
    entries = [(b"%d" % i, b"") for i in range(300000)]
    judge("entries.avro", header('"int"', more=entries), False, "there are more than 10000 entries")
    judge("entry.avro", header('"int"', more=[(b"x", b"y" * 3 * MB)]), False, "an entry is too long")


def test_manifests():
    start = b'{"pg_spout_manifest": 1, "format": "avro", '
    file = b'{"name": "gone.avro", "rows": 1, "bytes": 1, "crc32c": "00000000"}'
    n = SIZE // 4
    for name, content, problem in (
            ("depth", b"[" * n, "not one of pg_spout"), ("inside", start + b'"x": ' + b"[" * n, "nested too deeply"), ("objects", start + b'"x": ' + b'{"a":' * n, "nested too deeply"),
            ("numbers", start + b'"x": [' + b"0," * (n // 2) + b'0], "files": []', "ends too early"), ("number", start + b'"x": ' + b"9" * n, "ends too early"),
            ("name", start + b'"files": [{"name": "' + b"n" * n + b'"', "file name that is too long"), ("key", start + b'"' + b"k" * n + b'": 1', "ends too early"),
            ("format", b'{"format": "' + b"f" * n + b'"', "text that is too long"), ("blanks", b" " * n, "ends too early"),
            ("files", start + b'"files": [' + (file + b",") * (MB // 10) + file + b"]}", "file is missing")):
        judge("%s.manifest.json" % name, content, False, problem)
    path = write("sparse.manifest.json", b"")
    os.truncate(path, 1 << 42)
    assert c.psql("SELECT problem FROM verify_export('%s')" % path) == [["manifest is not valid JSON (byte 1)"]]
    os.remove(path)


def endless():
    """Files that take long, whatever the machine: name and content."""
    rows, many = 1500000000, 1 << 31
    yield "rows.deflate.avro", header(field("bytes"), "deflate") + block(rows, packed("deflate", b"", b"\0", rows))
    yield "items.deflate.avro", header(field({"type": "array", "items": "int"}), "deflate") + block(1, packed("deflate", number(rows), b"\0", rows))
    yield "keys.zstandard.avro", header(field({"type": "map", "values": "null"}), "zstandard") + block(1, packed("zstandard", number(rows), b"\0", rows))
    yield "row.deflate.avro", header(field("string"), "deflate") + block(1, packed("deflate", number(many - 10), b"x", many - 10))
    yield "row.snappy.avro", header(field("bytes"), "snappy") + block(1, packed("snappy", number(many // 8), b"x", many // 8))
    for codec in ("bzip2", "xz"):
        yield "row.%s.avro" % codec, header(field("string"), codec) + block(1, packed(codec, number(80 * MB), b"x", 80 * MB))
    yield "nulls.avro", header(field({"type": "array", "items": "null"})) + block(1, b"\2" * MB + b"\0") * 50
    yield "blocks.avro", header(field("int")) + block(1, b"\2") * (2 * MB)
    deep = b"".join(b"<a>" for _ in range(1000))
    for codec in ("gzip", "zstd", "lz4"):
        n = {"gzip": 1 << 30, "zstd": 60 << 30, "lz4": 1 << 30}[codec]
        yield "text.xml" + TEXT[codec], packed(codec, deep, b"x", n)
        yield "value.csv" + TEXT[codec], packed(codec, b'"', b"x", n)
        yield "string.json" + TEXT[codec], packed(codec, b'{"a": "', b"x", n)


def test_a_cancel_ends_it_within_a_second():
    ended = 0
    for name, content in endless():
        result, seconds, growth = verify(name, content, timeout=150)
        ended += bool(result.error)
        assert not result.error or result.error.sqlstate == CANCELLED, (name, result.error)
        assert seconds < 0.15 + prompt(), (name, seconds)
        assert growth < 64 * MB, (name, growth)
    assert ended >= 10, ended  # the rest was done before


def test_an_old_manifest_does_no_harm_to_an_export():
    entry = b'{"name": "o_005.csv", "rows": 1, "bytes": %d, "crc32c": "00000000"}'
    start, sparse = b'{"pg_spout_manifest": 1, "format": "csv", ', 1 << 34
    path = c.out("o.csv.manifest.json")
    export = "COPY (SELECT generate_series(1, 2)) TO '%s' WITH (FORMAT csv, MAX_ROWS_PER_FILE 1)" % c.out("o.csv")
    with open(c.out("o_005.csv"), "wb") as f:
        f.truncate(sparse)
    for content in (b"[" * 20 * MB, start + b'"x": ' + b"[" * 20 * MB, start + b'"x": [' + b"0," * 10 * MB, start + b'"files": [{"name": "' + b"n" * 20 * MB,
                    start + b'"files": [' + b",".join([entry % 7] * 100000) + b"]}", start + b'"files": [{"name": "o_\xff.csv", "rows": 1e400}]}'):
        with open(path, "wb") as f:
            f.write(content)
        s = c.session()
        s.run(export)
        watch = Watch(s.backend_pid)
        s.send(export)
        result = s.result()
        growth = watch.end()
        s.close()
        assert not result.error and growth < 16 * MB, (content[:50], result.error, growth)
        assert os.path.exists(c.out("o_005.csv"))
    # Its checksum has to be asked for, and that takes long.
    with open(path, "wb") as f:
        f.write(start + b'"files": [' + entry % sparse + b"]}")
    start = time.monotonic()
    error = c.error("SET statement_timeout = 150; " + export)
    assert error.sqlstate == CANCELLED and time.monotonic() - start < 0.5 + prompt(), error
    for name in os.listdir(c.outdir):
        if name.startswith("o"):
            os.remove(c.out(name))


def test_a_terminated_session_ends():
    name, content = next(endless())
    path = write(name, content)
    s = c.session()
    s.send("SELECT * FROM verify_export('%s')" % path)
    time.sleep(0.3)
    start = time.monotonic()
    c.psql("SELECT pg_terminate_backend(%d)" % s.backend_pid)
    assert s.result().error and time.monotonic() - start < prompt()
    os.remove(path)


def test_bytes_of_files_become_text_of_the_database():
    entry = b'{"name": "%s", "rows": 1, "bytes": 2, "crc32c": "00000000"}'
    names = (b"a\xff\xfe.avro", "gr\u00f6\u00dfe.avro".encode(), "\u65e5\u672c.avro".encode())
    write("names.manifest.json", b'{"pg_spout_manifest": 1, "format": "avro", "files": [%s]}' % b",".join(entry % n for n in names))
    write("format.manifest.json", b'{"pg_spout_manifest": 1, "format": "\xff\xe6\x97\xa5", "files": []}')
    write("schema.avro", header('{"type":"record","name":"\u65e5 \u00fc","fields":[]}'))
    gone, no = "file is missing", 'the name in the manifest is not valid in encoding "%s"'
    expected = {
        "UTF8": [[r"a\xff\xfe.avro", no % "UTF8"], ["gr\u00f6\u00dfe.avro", gone], ["\u65e5\u672c.avro", gone]],
        "LATIN1": [["a\u00ff\u00fe.avro", gone], ["gr\u00f6\u00dfe.avro", gone], [r"\u{65e5}\u{672c}.avro", no % "LATIN1"]],
    }
    for encoding in ("UTF8", "LATIN1", "SQL_ASCII"):
        db = encoding.lower()
        c.psql("CREATE DATABASE %s ENCODING '%s' TEMPLATE template0 LOCALE 'C'" % (db, encoding))
        c.psql("CREATE EXTENSION pg_spout", db=db)

        def ask(what, name):
            # What went through can be stored and verified: the encoding's own functions take it.
            checked = "convert_from(convert_to(%s, getdatabaseencoding()), getdatabaseencoding())"
            return c.psql("SELECT %s FROM verify_export('%s')" % (", ".join(checked % w for w in what), c.out(name)), db=db)

        if encoding != "SQL_ASCII":  # there every byte is text
            assert ask(["regexp_replace(path, '.*/', '')", "problem"], "names.manifest.json") == expected[encoding], encoding
        assert c.psql("SELECT count(*) FROM verify_export('%s')" % c.out("names.manifest.json"), db=db) == [["3"]]
        if encoding != "SQL_ASCII":
            form = {"UTF8": r"\xff\u65e5".encode().decode("unicode_escape"), "LATIN1": "\u00ff\u00e6\u0097\u00a5"}[encoding].replace("\u00ff", r"\xff" if encoding == "UTF8" else "\u00ff")
            assert ask(["problem"], "format.manifest.json") == [['manifest names the format "%s", which is unknown' % form]], encoding
        quoted = {"UTF8": '"\u65e5 \u00fc"', "LATIN1": '"\\u{65e5} \u00fc"', "SQL_ASCII": '"\u65e5 \u00fc"'}[encoding]
        assert ask(["problem"], "schema.avro") == [["header: schema: %s is not an Avro name" % quoted]], encoding


def test_zz_log_is_clean():
    assert_clean_log(c)


if __name__ == "__main__":
    harness.main()
