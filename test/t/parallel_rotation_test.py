#!/usr/bin/env python3
"""parallel_rotation_test.py - files of a parallel export are cut exactly: by rows, by bytes, by both, whatever the number
of workers. Every file is valid for a foreign reader; sizes, checksums and the manifest are those of the disk.
"""
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import harness, parallel  # noqa: E402
from lib.parallel import CODECS, ROWS, read  # noqa: E402
from lib.promise import assert_clean_log, fresh_dir  # noqa: E402

SMALL = 300  # rows of the table for files of a row each
c = None


def setup_module():
    global c
    c = parallel.parallel_cluster()
    c.psql("CREATE TABLE small AS SELECT * FROM t WHERE id <= %d; ANALYZE small" % SMALL)


def teardown_module():
    c.remove()


TABLE = [0] * 256
for _n in range(256):
    _c = _n
    for _ in range(8):
        _c = _c >> 1 ^ (0x82F63B78 if _c & 1 else 0)
    TABLE[_n] = _c


def crc32c(data):
    """Castagnoli's, a byte at a time: slow, and nobody else's code."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    return "%08x" % (crc ^ 0xFFFFFFFF)


class Export:
    """One export through the function: its result rows, checked against the disk."""

    def __init__(self, table, form, workers, max_rows=0, max_bytes=0, checksums=True, **options):
        self.dir = fresh_dir(c, "turn")
        self.path = "%s/f.%s" % (self.dir, form)
        options.setdefault("compression", CODECS[form][0])
        options.update(parallel=workers, manifest=True, sync=False)
        rows = c.psql("""SELECT file_index, path, rows, bytes, crc32c FROM export_to_%s('TABLE %s', '%s/f.%s',
                max_rows_per_file => %d, max_bytes_per_file => %d, options => '%s');
            SELECT l->>'shape', l->>'workers', l->>'rows' FROM last_export() l"""
                      % (form, table, self.dir, form, max_rows, max_bytes, json.dumps(options)))
        shape, self.launched, told = rows.pop()
        assert shape == "files", shape
        self.paths = [r[1] for r in rows]
        self.counts = [int(r[2]) for r in rows]
        self.sizes = [int(r[3]) for r in rows]
        assert [int(r[0]) for r in rows] == list(range(len(rows)))
        assert self.paths == ["%s/f_%03d.%s" % (self.dir, i, form) for i in range(len(rows))]
        assert sorted(os.listdir(self.dir)) == sorted([os.path.basename(p) for p in self.paths] + ["f.%s.manifest.json" % form])
        assert self.sizes == [os.path.getsize(p) for p in self.paths]
        assert sum(self.counts) == int(told)
        if checksums:
            for path, row in zip(self.paths, rows):
                with open(path, "rb") as f:
                    assert crc32c(f.read()) == row[4], path
        with open(self.dir + "/f.%s.manifest.json" % form) as f:
            manifest = json.load(f)
        assert [(e["name"], e["rows"], e["bytes"], e["crc32c"]) for e in manifest["files"]] == \
            [(os.path.basename(r[1]), int(r[2]), int(r[3]), r[4]) for r in rows]

    def check_rows(self, n):
        """Every file by itself has the rows it was said to have; together every key once."""
        done = subprocess.run([parallel.PYTHON, parallel.READER, *self.paths], capture_output=True, text=True)
        assert done.returncode == 0 and not done.stderr, done.stderr[-2000:]
        files = [json.loads(line) for line in done.stdout.splitlines()]
        assert [len(f) for f in files] == self.counts
        assert sorted(int(key) for f in files for key, _ in f) == list(range(1, n + 1))
        return self

    def verified(self):
        found = c.psql("SELECT ok, rows FROM verify_export('%s.manifest.json')" % self.path)
        assert found == [["t", str(n)] for n in self.counts], found
        return self


def exact(limit, n):
    """Rows per file: full ones, and what is left."""
    return [limit] * (n // limit) + ([n % limit] if n % limit else [])


def test_rows_are_cut_exactly():
    n = ROWS
    for workers in (1, 2, 4):
        for limit in (1000, n - 1, n, n + 1, 997):
            e = Export("t", "avro", workers, max_rows=limit, block_size=4096, checksums=False)
            assert e.counts == exact(limit, n), (workers, limit, e.counts)
            e.check_rows(n).verified()
        for limit in (1, 7):
            e = Export("small", "avro", workers, max_rows=limit, checksums=False)
            assert e.counts == exact(limit, SMALL), (workers, limit, e.counts)
            e.check_rows(SMALL).verified()


def test_every_format_and_codec():
    for form in CODECS:
        for codec in CODECS[form]:
            e = Export("t", form, 2, max_rows=1700, compression=codec, checksums=codec in ("null", "none", "gzip"))
            assert e.counts == exact(1700, ROWS), (form, codec, e.counts)
            e.check_rows(ROWS)
            assert form != "avro" or e.verified()
    for workers in (1, 2, 4):
        for more in ({"force_array": True}, {"force_array": True, "compression": "gzip"}):
            e = Export("t", "json", workers, max_rows=1000, checksums=False, **more)
            assert e.counts == exact(1000, ROWS)
            e.check_rows(ROWS)
        e = Export("small", "csv", workers, max_rows=7, header=True, checksums=False)
        assert e.counts == exact(7, SMALL) and e.dir
        for path in e.paths:
            with open(path) as f:
                assert next(f).startswith("id,kind,"), path


def test_bytes_are_exceeded_by_one_block_at_most():
    text = 256 * 1024
    for form, block_size in (("avro", 4096), ("csv", text), ("json", text), ("xml", text)):
        for workers in ((1, 2, 4) if form == "avro" else (2,)):
            for limit in (50000, 300000, 100_000_000):
                more = {"block_size": block_size} if form == "avro" else {}
                block = min(block_size, limit)  # no block is larger than a file
                e = Export("t", form, workers, max_bytes=limit, checksums=False, **more)
                e.check_rows(ROWS)
                assert all(limit <= size <= limit + block + 2000 for size in e.sizes[:-1]), (form, limit, e.sizes)
                assert e.sizes[-1] <= limit + block + 2000 and e.counts[-1] > 0
                assert limit < 1000000 or len(e.paths) == 1


def test_rows_and_bytes_together():
    """A file ends with whichever comes first; neither is ever passed by more than it may."""
    for workers in (1, 2, 4):
        for codec in ("null", "zstandard"):
            for limit_rows, limit_bytes in ((400, 60000), (300, 60000), (ROWS, 100000), (7, 900)):
                table, n = ("small", SMALL) if limit_rows == 7 else ("t", ROWS)
                e = Export(table, "avro", workers, limit_rows, limit_bytes, block_size=2048, compression=codec,
                           checksums=False)
                e.check_rows(n)
                assert max(e.counts) <= limit_rows
                for rows, size in list(zip(e.counts, e.sizes))[:-1]:
                    assert rows == limit_rows or size >= limit_bytes, (workers, codec, e.counts, e.sizes)
                    assert size <= limit_bytes + 2048 + 2000
                e.verified()


def test_checksums_are_the_files():
    for workers in (1, 4):
        Export("t", "avro", workers, max_rows=2500, compression="snappy")
        Export("t", "json", workers, max_bytes=100000)
    d = fresh_dir(c, "turn")
    for form in CODECS:
        row = c.psql("SELECT bytes, crc32c FROM export_to_%s('TABLE t', '%s/one.%s', options => '{\"parallel\": 3}')"
                     % (form, d, form))[0]
        with open("%s/one.%s" % (d, form), "rb") as f:
            data = f.read()
        assert row == [str(len(data)), crc32c(data)]


def test_no_rows_give_one_valid_file():
    c.psql("CREATE TABLE nothing (LIKE t)")
    for form in CODECS:
        d = fresh_dir(c, "turn")
        for more in ({}, {"max_rows_per_file": 10}, {"max_bytes_per_file": 10}):
            c.psql(parallel.copy("SELECT * FROM t WHERE id < 0", d + "/f." + form, parallel=2, **more))
        assert sorted(os.listdir(d)) == ["f." + form, "f_000." + form]
        assert read(d + "/f." + form, d + "/f_000." + form) == []


def test_a_rotated_set_replaces_an_older_one():
    d = fresh_dir(c, "turn")
    path = d + "/s.csv"
    c.psql(parallel.copy("TABLE t", path, parallel=2, max_rows_per_file=500, manifest="on"))
    assert len(os.listdir(d)) == 13
    c.psql(parallel.copy("TABLE t", path, parallel=4, max_rows_per_file=2000, manifest="on"))
    assert sorted(os.listdir(d)) == ["s.csv.manifest.json", "s_000.csv", "s_001.csv", "s_002.csv"]
    e = c.error(parallel.copy("TABLE t", path, parallel=4, max_rows_per_file=2000, if_exists="error"))
    assert e.sqlstate == "58P02" and re.search("s_00[012].csv", e.message), e


def test_more_files_than_a_process_may_open():
    """One descriptor per process and file at a time: a set of 300 under a limit of 60."""
    s = c.session()
    s.run("SELECT 1")
    c.run_as_server("prlimit", "--pid", str(s.backend_pid), "--nofile=60:")
    d = fresh_dir(c, "turn")
    s.run(parallel.copy("TABLE small", d + "/f.csv", parallel=4, max_rows_per_file=1, sync="off"))
    assert len(os.listdir(d)) == SMALL
    s.close()


def test_zz_log_is_clean():
    assert_clean_log(c)


if __name__ == "__main__":
    harness.main()
