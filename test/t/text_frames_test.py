"""text_frames_test.py - what a decoder gets that stops at the end of the first frame: all of a small file, and never a
header without rows. Judged by such decoders: lz4.frame, zstandard and zlib for Python.
"""
import gzip
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import harness, parallel  # noqa: E402
from lib.promise import fresh_dir  # noqa: E402

CODECS = ("gzip", "zstd", "lz4")
# FORMAT and options -> header, footer; a row ends with a line.
FORMATS = {"csv, HEADER": ("id,kind,name\n", ""), "csv": ("", ""), "'json'": ("", ""), "'json', FORCE_ARRAY": ("[\n ", "]\n"),
           "xml": ('<?xml version="1.0" encoding="UTF-8"?>\n<rows xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">\n', "</rows>\n")}
# Reads paths; prints, for each, the text that the one-shot call gives and how many bytes it has not looked at.
DECODE = r"""
import json, sys, zlib
import lz4.frame, zstandard
def one_shot(codec, data):
    if codec == "gzip":
        d = zlib.decompressobj(31)
        text = d.decompress(data)
        assert d.eof and text == zlib.decompress(data, 31)
        return text, len(d.unused_data)
    if codec == "zstd":
        d = zstandard.ZstdDecompressor().decompressobj()
        text = d.decompress(data)
        assert text == zstandard.ZstdDecompressor().decompress(data)
        return text, len(d.unused_data)
    text, used = lz4.frame.decompress(data, return_bytes_read=True)
    assert text == lz4.frame.decompress(data)
    return text, len(data) - used
for line in sys.stdin:
    codec, path = json.loads(line)
    data, frames = open(path, "rb").read(), []
    while data:
        text, rest = one_shot(codec, data)
        frames.append(text.decode())
        data = data[len(data) - rest:]
    print(json.dumps(frames), flush=True)
"""


def setup_module():
    global c, decoder
    c = parallel.parallel_cluster()
    decoder = subprocess.Popen([parallel.PYTHON, "-c", DECODE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    c.psql("CREATE TABLE few AS SELECT id, kind, name FROM t WHERE id <= 100; ANALYZE few")


def teardown_module():
    decoder.stdin.close()
    decoder.wait()
    c.remove()


def frames(codec, path):
    decoder.stdin.write(json.dumps([codec, path]) + "\n")
    decoder.stdin.flush()
    line = decoder.stdout.readline()
    harness.require(line, "no lz4 and zstandard for Python: tools/setup.sh test")
    return json.loads(line)


def rows_of(form, text):
    """The rows of a whole file, or of a part of it."""
    header, footer = FORMATS[form]
    text = text.removeprefix(header).removesuffix(footer)
    lines = text.splitlines(keepends=True)
    return sorted(line.lstrip(" ,") for line in lines) if "ARRAY" in form else sorted(lines)


def whole(form, parts):
    """Rows of all frames; every one has some, the header comes with the first and the footer with the last."""
    header, footer = FORMATS[form]
    assert parts[0].startswith(header) and parts[-1].endswith(footer), (form, parts[0][:200], parts[-1][-200:])
    assert all(rows_of(form, part) for part in parts), (form, [p[:100] for p in parts])
    return rows_of(form, "".join(parts))


def export(query, path, form, codec, more="", target=None):
    target = target or "'%s'" % path
    return "COPY (%s) TO %s (FORMAT %s, COMPRESSION %s%s%s)" % (query, target, form, codec, more, ", SYNC off" if path else "")


def variants():
    return [(form, codec) for form in FORMATS for codec in CODECS]


def plain(query, form):
    path = c.out("plain")
    c.psql("COPY (%s) TO '%s' (FORMAT %s, COMPRESSION none, PARALLEL off)" % (query, path, form))
    with open(path) as f:
        return f.read()


def test_a_small_file_is_one_frame():
    session = c.session()
    for form, codec in variants():
        query = "SELECT * FROM few"
        text = plain(query, form)
        for more in (", PARALLEL off", ", PARALLEL 2"):
            path = c.out("small")
            session.run(export(query, path, form, codec, more))
            got = frames(codec, path)
            assert len(got) == 1, (form, codec, more, [len(g) for g in got])
            assert rows_of(form, got[0]) == rows_of(form, text) and (more == ", PARALLEL 2" or got[0] == text), (form, codec, more)
            program = "PROGRAM 'cat > %s'" % c.out("program")
            session.run(export(query, None, form, codec, more, program))
            assert len(frames(codec, c.out("program"))) == 1
            data, tag = parallel.stdout_of(c, export(query, None, form, codec, more, "STDOUT"))
            with open(c.out("stdout"), "wb") as f:
                f.write(data)
            assert tag == "COPY 100" and rows_of(form, *frames(codec, c.out("stdout"))) == rows_of(form, text)
            if codec == "gzip":
                assert gzip.decompress(data).decode().endswith(FORMATS[form][1])


def test_it_is_one_frame_whoever_encoded_its_rows():
    for form, codec in variants()[::2]:
        query = "SELECT id, kind, name FROM t WHERE id % 60 = 0 AND pg_sleep(0.002)::text = ''"
        session = c.session()
        session.run(export(query, c.out("shared"), form, codec, ", PARALLEL 2"))
        (processes,), = session.run("SELECT count(*) FROM last_export() l, jsonb_array_elements(l->'processes') p WHERE (p->>'rows')::int > 0")
        got = frames(codec, c.out("shared"))
        assert int(processes) > 1 and len(got) == 1, (form, codec, processes, len(got))
        assert rows_of(form, got[0]) == rows_of(form, plain(query.partition(" AND")[0], form))


def test_every_frame_of_a_large_file_has_rows():
    session = c.session()
    query = "SELECT t.id, t.kind, t.name FROM t JOIN kinds k ON k.kind < 4"
    wanted = {form: rows_of(form, plain(query, form)) for form in FORMATS}
    for form, codec in variants()[::2]:
        for more in (", PARALLEL off", ", PARALLEL 2"):
            path = c.out("large")
            session.run(export(query, path, form, codec, more))
            got = frames(codec, path)
            assert len(got) > 1, (form, codec, more)
            assert whole(form, got) == wanted[form], (form, codec, more)
            data, _ = parallel.stdout_of(c, export(query, None, form, codec, more, "STDOUT"))
            with open(path, "wb") as f:
                f.write(data)
            got = frames(codec, path)
            assert whole(form, got) == wanted[form], (form, codec, more)


def test_rotated_files_likewise():
    session = c.session()
    query = "SELECT id, kind, name FROM t"
    wanted = {form: rows_of(form, plain(query, form)) for form in FORMATS}
    for form, codec in variants()[::2]:
        for limit in ("MAX_ROWS_PER_FILE 500", "MAX_ROWS_PER_FILE 5999", "MAX_BYTES_PER_FILE 20000", "MAX_BYTES_PER_FILE 70000",
                      "MAX_BYTES_PER_FILE 40000, MAX_ROWS_PER_FILE 900"):
            for more in (", PARALLEL off", ", PARALLEL 2"):
                name = "r_" + re.sub(r"\W", "", form + codec + limit + more)
                session.run(export(query, c.out(name), form, codec, ", %s%s, MANIFEST" % (limit, more)))
                with open([os.path.join(c.outdir, f) for f in os.listdir(c.outdir) if f.startswith(name) and "manifest" in f][0]) as f:
                    files = json.load(f)["files"]
                rows = []
                for entry in files:
                    path = os.path.join(c.outdir, os.path.basename(entry.get("path") or entry["name"]))
                    got = frames(codec, path)
                    mine = whole(form, got)
                    assert len(mine) == entry["rows"] and os.path.getsize(path) == entry["bytes"], (name, entry)
                    if "ROWS_PER_FILE 500" in limit:
                        assert len(got) == 1 or more == ", PARALLEL 2", (name, len(got))
                    rows += mine
                assert sorted(rows) == wanted[form], name
                assert len(files) > 1, name


def test_raw_bytes_are_those_that_unpacking_gives():
    """Header and footer of every file included: what verify_export counts, and, where nothing is packed, the size."""
    session = c.session()
    form_of = {form: form.partition(",")[0].strip("'") for form in FORMATS}
    for form in FORMATS:
        for codec in ("none", "zstd"):
            for query, more in (("TABLE few", ", MAX_ROWS_PER_FILE 30"), ("TABLE t", ", MAX_BYTES_PER_FILE 40000"),
                                ("SELECT * FROM few WHERE id < 0", ""), ("SELECT * FROM few WHERE id < 0", ", MAX_ROWS_PER_FILE 30")):
                for parallel_option in (", PARALLEL off", ", PARALLEL 2"):
                    d = fresh_dir(c, "raw")
                    path = d + "/raw." + form_of[form]
                    session.run(export(query, path, form, codec, more + parallel_option + ", MANIFEST on"))
                    (told, sizes), = session.run("SELECT l->>'raw_bytes', l->>'bytes' FROM last_export() l")
                    with open(path + ".manifest.json") as f:
                        files = json.load(f)["files"]
                    found = c.psql("SELECT raw_bytes, ok FROM verify_export('%s.manifest.json')" % path)
                    what = (form, codec, query, more, parallel_option)
                    assert [[str(e["raw_bytes"]), "t"] for e in files] == found, (what, files, found)
                    assert sum(e["raw_bytes"] for e in files) == int(told), (what, told)
                    if codec == "none":
                        assert all(e["raw_bytes"] == os.path.getsize(os.path.join(d, e["name"])) for e in files), (what, files)
                        assert told == sizes, (what, told, sizes)
    for form in FORMATS:  # of a stream, too
        for codec, size in (("none", None), ("gzip", len(plain("TABLE few", form)))):
            session.run(export("TABLE few", None, form, codec, "", "PROGRAM 'cat > /dev/null'"))
            (told, sizes), = session.run("SELECT l->>'raw_bytes', l->>'bytes' FROM last_export() l")
            assert told == (sizes if size is None else str(size)), (form, codec, told, sizes)


if __name__ == "__main__":
    harness.main()
