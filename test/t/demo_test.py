"""demo_test.py - what tools/demo shows is true, and what tools/demo --shell suggests works: the sessions it runs, on servers
of their own.
"""
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import harness  # noqa: E402
from lib.cluster import bindir  # noqa: E402

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
PSQL = bindir() + "/psql"


def with_cluster(*command, **kwargs):
    done = subprocess.run([sys.executable, "tools/with_cluster", *command], cwd=ROOT, text=True, capture_output=True, **kwargs)
    assert done.returncode == 0, done.stderr
    return done


def test_demo_exports_reads_back_and_verifies():
    done = with_cluster(PSQL, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "tools/demo.sql")
    assert not done.stderr, done.stderr
    parts = re.split(r"^\d\. ", done.stdout, flags=re.M)[1:]
    assert len(parts) == 6, done.stdout
    assert parts[0].count("COPY 25000") == 4 and "orders.avro: 25000 rows" in parts[0], parts[0]
    # The first row, as avro, gzip, zstd and sed give it.
    for piece in ("amount=1.37, tags=['web', 'paid']", '  1,2026-01-01 00:17:00+00,customer 1,1.37,"{web,paid}"', '{"id":1,"placed_at":"2026-01-01T00:17:00',
                  "<order><id>1</id><placed_at>2026-01-01T00:17:00+00:00</placed_at>"):
        assert piece in parts[0], (piece, parts[0])
    verified = [line.split()[:3] for line in parts[2].split("\n") if line.startswith("big_")]
    assert verified == [["big_000.avro", "t", "10000"], ["big_001.avro", "t", "10000"], ["big_002.avro", "t", "4928"]], parts[2]
    timed = re.findall(r"^(core: csv|csv, zstd|csv|avro, snappy) +(\d+) +(\d+) +\d+ [kM]B +#+$", parts[4], flags=re.M)
    assert [what for what, _, _ in timed] == ["core: csv", "csv", "csv, zstd", "avro, snappy"], parts[4]
    assert all(int(workers) > 0 for _, _, workers in timed[1:]), parts[4]
    assert re.findall(r"^   db/(\w+)/export/10000 ", parts[5], flags=re.M), parts[5]


def test_what_the_shell_suggests_works():
    script = ["bash", "-c", '"$0" -X -q -v ON_ERROR_STOP=1 -f tools/demo_tables.sql && PSQLRC=tools/demo_shell.sql exec "$0"', PSQL]
    with open(os.path.join(ROOT, "tools", "demo_shell.sql")) as f:
        lines = [re.sub(r"\\(.)", r"\1", line) for line in re.findall(r"^\\echo '  (\S.*)'$", f.read(), flags=re.M)]
    assert len(lines) == 11, lines
    done = with_cluster(*script, input="\n".join(lines[:-1]) + "\n")  # the last one measures, for five seconds
    errors = re.findall(r"ERROR: .*", done.stderr)
    assert len(errors) == 1 and '"day"' in errors[0] and "HINT" in done.stderr, done.stderr
    assert all("  " + line in done.stdout for line in lines), done.stdout
    assert "COPY 25000" in done.stdout and "orders.avro: 25000 rows" in done.stdout, done.stdout


if __name__ == "__main__":
    harness.main()
