#!/usr/bin/env python3
"""bench_memory_test.py - the memory meter against the operating system, and against leaks that we plant.

Leaks are planted in a copy of the sources, built beside and loaded in place of the installed library: nothing of them is in what ships.
"""
import json
import os
import re
import shutil
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import harness, variant  # noqa: E402
from lib.cluster import Cluster  # noqa: E402

MB = 1 << 20
AGREEMENT = 2 * MB
ROWS = 10000  # of a leaking export
# What an allocator of ours gives and nobody takes back, per row.
LEAK = ("src/engine/wall.cpp", "allocation_site = {__FILE__, __LINE__}, (void)w->spec.allocator->allocate(w->spec.allocator->arg, 100);",
        "Code writer_add(Writer *w, const Cell *cells, uint32_t n) noexcept\ntry {\n")
# The same where no meter is: in a context of the server that outlives the export.
CONTEXT_LEAK = ("src/pg/pump/pump.cpp", "MemoryContextAlloc(TopMemoryContext, 100);", "void pump_row(Pump *p, TupleTableSlot *slot)\n{\n")


def setup_module():
    global c
    c = Cluster(preload=True)
    c.psql("ALTER SYSTEM SET pg_spout.benchmark_config = '{\"directory\": \"%s\"}'; SELECT pg_reload_conf()" % c.outdir)
    c.psql("CREATE EXTENSION pg_spout_bench CASCADE")
    # Rows that no codec makes smaller: then all that is asked for is used.
    noise = c.out("noise")
    with open(noise, "w") as f:
        for _ in range(36000):
            f.write("\\\\x%s\n" % os.urandom(2000).hex())
    os.chmod(noise, 0o644)
    c.psql("CREATE TABLE noise (b bytea); ALTER TABLE noise ALTER b SET STORAGE PLAIN; COPY noise FROM '%s'; VACUUM noise" % noise)
    os.unlink(noise)


def teardown_module():
    c.remove()


def profile(query, form="avro", **options):
    """profile_memory() of an export."""
    made = c.value("SELECT profile_memory($q$SELECT * FROM export_to_%s('%s', '{out}', options => '%s')$q$, snapshot_at => '{start,step,end}', "
                   "config => '{\"memory_limit\": \"1GB\", \"max_time\": 300, \"autosave\": false}')" % (form, query, json.dumps(dict(options, sync=False))))
    made = json.loads(made)
    harness.require("os" in made, "no /proc to hold the meter against")
    return made


def check_agreement(p, what, slack=0):
    """The peak of the meter beside the growth of RssAnon, which lies in a bracket; slack: asked for and never touched."""
    low, high = p["os"]["peak_low"], p["os"]["peak_high"]
    print("        %-32s meter %7.2f MB, RssAnon grew by %7.2f to %7.2f MB" % (what, p["peak_memory"] / MB, low / MB, high / MB))
    assert p["memory_source"] == "meter" and p["net_memory"] == 0, p
    assert low - AGREEMENT <= p["peak_memory"] - slack <= high + AGREEMENT, (what, p)
    # Nothing hides in the width of the bracket: RssAnon itself was there at a block's boundary, or above.
    assert p["peak_memory"] - slack >= max(s["private_memory"] for s in p["snapshots"]) - p["os"]["private_start"] - AGREEMENT, (what, p)


def sites(p):
    return {a["site"].split(":")[0]: a for a in p["top_allocations"] if "site" in a}


def test_the_meter_agrees_with_the_operating_system_at_blocks_of_64_mb():
    five_blocks = " UNION ALL ".join(["SELECT b FROM noise"] * 5)
    for codec in ("null", "snappy", "deflate", "zstandard"):
        level = {"compression_level": 1} if codec in ("deflate", "zstandard") else {}
        for how in ("off", "auto")[codec == "deflate":]:  # off: one thread; auto: a thread of its own packs
            p = profile(five_blocks, block_size="64MB", compression=codec, parallel=how, **level)
            blocks = 2 if codec == "null" else 3 if how == "off" else 4  # raw ones, packed ones
            assert p["peak_memory"] > blocks * 64 * MB, (codec, how, p)
            # Snappy's bound for what it cannot compress is a sixth too high.
            slack = (blocks - 2) * 64 * MB // 6 if codec == "snappy" else 0
            check_agreement(p, "avro %s, parallel %s" % (codec, how), slack)


def test_the_meter_sees_the_memory_of_slow_codecs():
    for codec, level, least in (("bzip2", 1, 1.0), ("bzip2", 9, 7.0), ("xz", 0, 2.5)):
        p = profile("SELECT b FROM noise LIMIT 8000", block_size="4MB", compression=codec, compression_level=level)
        check_agreement(p, "avro %s %d" % (codec, level))
        assert sites(p)[codec + ".cpp"]["peak"] > least * MB, p["top_allocations"]


def test_the_meter_sees_every_codec_of_text():
    query = "SELECT id, repeat(md5(id::text), 20) FROM generate_series(1, 20000) id"
    for form in ("csv", "json", "xml"):
        check_agreement(profile(query, form, compression="none"), form)
    for codec, level, where, least in (("gzip", 6, "deflate.cpp", 100_000), ("zstd", 3, "zstd.cpp", 500_000), ("lz4", 9, "lz4.cpp", 260_000)):
        p = profile(query, "csv", compression=codec, compression_level=level)
        check_agreement(p, "csv " + codec)
        assert sites(p)[where]["peak"] > least, p["top_allocations"]
        assert sites(p)[where]["size_diff"] == 0 and sites(p)[where]["file"] == "src/codec/" + where


def test_memory_that_ends_in_the_packing_thread_is_an_error_like_any_other():
    query = "SELECT profile_memory($q$SELECT * FROM export_to_avro('%s', '{out}', options => '{\"block_size\": \"64MB\", \"compression\": \"%s\", \"sync\": false}')$q$, config => '{\"memory_limit\": \"%dMB\"}')"
    three_blocks = " UNION ALL ".join(["SELECT b FROM noise"] * 3)
    for codec in ("snappy", "zstandard"):
        for limit in (90, 150, 220):  # the second raw block, the first packed one, the thread's second
            error = c.error(query % (three_blocks, codec, limit))
            assert error.sqlstate == "53200" or "out of memory" in error.message, (codec, limit, error)
    assert os.listdir(c.outdir) == [], os.listdir(c.outdir)


def test_workers_of_a_parallel_export_are_counted():
    options = {"block_size": "4MB", "compression": "null"}
    alone = profile("SELECT b FROM noise", parallel="off", **options)
    several = profile("SELECT b FROM noise", parallel=2, **options)
    assert alone["net_memory"] == several["net_memory"] == 0
    # Two raw blocks in each process; a worker that came late or never is none of ours.
    print("        peak %.1f MB in one process, %.1f MB in all of several" % (alone["peak_memory"] / MB, several["peak_memory"] / MB))
    assert alone["peak_memory"] < 9 * MB and several["peak_memory"] > 12 * MB, (alone, several)
    assert sites(several)["avro.cpp"]["peak"] > 12 * MB and sites(several)["avro.cpp"]["size_diff"] == 0


class Planted:
    """A cluster whose library is built from our sources with one line more."""

    def __init__(self, leak):
        harness.require(shutil.which("make") and (shutil.which("g++") or shutil.which("clang++")), "no compiler to plant a leak with")
        self.c = Cluster()
        tree = os.path.join(self.c.base, "tree")
        self.file, statement, after = leak
        variant.build(tree, [(self.file, after, after + "    " + statement + "\n")])
        self.line = variant.line_of(tree, self.file, statement)
        self.c.psql("CREATE EXTENSION pg_spout_bench CASCADE")
        # Functions and workers load the library with the leak, in this cluster alone.
        self.c.psql("ALTER SYSTEM SET dynamic_library_path = '%s:$libdir'; SELECT pg_reload_conf();"
                    "UPDATE pg_proc SET probin = '%s/pg_spout' WHERE probin = '$libdir/pg_spout'" % (tree, tree))

    def run(self, names, more="", large=ROWS):
        """The dictionary of a run for memory."""
        return json.loads(self.c.value("SELECT * FROM run_benchmarks('memory', names => '%s', output_format => 'json', "
                                       "config => '{\"large_dataset_size\": %d, \"directory\": \"%s\"}'%s)" % (names, large, self.c.outdir, more)))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.c.remove()


def test_a_leak_of_100_bytes_per_row_is_found_where_it_is():
    with Planted(LEAK) as planted:
        report = planted.run("^db/csv/export/(100|10000)$")
        small, large = (next(m for m in report["memory"] if m["rows"] == n) for n in (100, ROWS))
        assert (small["net_memory"], large["net_memory"]) == (100 * 100, 100 * ROWS), report
        # 10 kB are doubtful, a megabyte fails.
        assert (small["status"], small["grade"]) == ("ok", "yellow"), small
        assert (large["status"], large["grade"]) == ("failed", "red"), large
        assert large["message"] == "Memory leak detected: %d bytes were not given back at %s:%d" % (100 * ROWS, planted.file, planted.line), large
        top = large["top_allocations"][0]
        assert (top["file"], top["line"], top["site"]) == (planted.file, planted.line, "wall.cpp:%d" % planted.line), top
        assert (top["size_diff"], top["count_diff"], top["freed"], top["peak"]) == (100 * ROWS, ROWS, 0, 100 * ROWS), top
        # In parallel workers, too.
        query = "SELECT * FROM export_to_csv('SELECT * FROM big', '{out}', options => '{\"parallel\": 2, \"sync\": false}')"
        planted.c.psql("CREATE TABLE big AS SELECT i, md5(i::text) FROM generate_series(1, 200000) i; ANALYZE big")
        p = json.loads(planted.c.value("SELECT profile_memory($q$%s$q$, config => '{\"directory\": \"%s\"}')" % (query, planted.c.outdir)))
        assert (p["net_memory"], p["top_allocations"][0]["line"], p["top_allocations"][0]["count_diff"]) == (20_000_000, planted.line, 200_000), p
        # The verdict beside a baseline, and the gate's.
        run = planted.c.value("SELECT max(run_id) FROM benchmark_runs")
        planted.c.psql("INSERT INTO benchmark_runs (run_id, status, started, requested_by, arguments, fingerprint, environment) SELECT run_id + 1000, 'done', started, 'me', '{}', fingerprint, environment FROM benchmark_runs;"
                       "INSERT INTO memory_profile_results SELECT id + 1000, name, peak_memory, allocated_memory, allocated_memory, 0, '[]' FROM memory_profile_results;"
                       "INSERT INTO benchmark_items (run_id, ord, name, benchmark_type, adapter_type, format, rows, definition_hash, status, memory_result_id)"
                       " SELECT run_id + 1000, ord, name, benchmark_type, adapter_type, format, rows, definition_hash, 'ok', memory_result_id + 1000 FROM benchmark_items;"
                       "SELECT set_baseline(%s + 1000, 'before')" % run)
        verdicts = dict(planted.c.psql("SELECT name, verdict FROM compare_benchmarks('{%s}', 'before') WHERE metric = 'net_memory'" % run))
        assert verdicts == {"db/csv/export/100": "inconclusive", "db/csv/export/10000": "regression"}, verdicts
        error = planted.c.error("SELECT gate_benchmarks('{%s}', 'before')" % run)
        assert error.sqlstate == "P0004" and "db/csv/export/10000: net_memory %d bytes were not given back, more with more rows" % (100 * ROWS) in error.message, error


def test_memory_that_grows_with_the_rows_is_red_though_no_allocator_of_ours_gave_it():
    with Planted(CONTEXT_LEAK) as planted:
        report = planted.run("^db/csv/export/(100|10000)$")
        assert all(m["net_memory"] == 0 for m in report["memory"]), report
        grades = sorted((m["status"], m["grade"]) for m in report["memory"])
        assert grades == [("failed", "red"), ("ok", "green")], report
        message = next(m["message"] for m in report["memory"] if m["status"] == "failed")
        assert re.fullmatch(r"Memory grows with rows: memory contexts keep \d+ bytes after 100 rows, \d+ after 10000", message), message
        # A chunk of 100 bytes takes 128 and a head.
        large = next(m for m in report["memory"] if m["rows"] == ROWS)
        grown = next(a for a in large["top_allocations"] if a.get("context") == "TopMemoryContext")
        assert 128 * ROWS <= grown["size_diff"] < 2 * 160 * ROWS, grown


def test_exports_of_more_rows_take_no_more_memory():
    report = json.loads(c.value("SELECT * FROM run_benchmarks('memory', 'db', names => '0000$', output_format => 'json', config => "
                                "'{\"small_dataset_size\": 10000, \"medium_dataset_size\": 40000, \"large_dataset_size\": 80000}')"))
    assert report["failed"] == [] and len(report["memory"]) == 3 * len({m["format"] for m in report["memory"]}) >= 12, report["failed"]


if __name__ == "__main__":
    harness.main()
