"""demo_test.py - what tools/demo shows is true: the session it runs, on a server of its own."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import harness  # noqa: E402
from lib.cluster import bindir  # noqa: E402

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def test_demo_exports_reads_back_and_verifies():
    done = subprocess.run([sys.executable, "tools/with_cluster", bindir() + "/psql", "-X", "-q", "-v", "ON_ERROR_STOP=1",
                           "-f", "tools/demo.sql"], cwd=ROOT, text=True, capture_output=True)
    assert done.returncode == 0 and not done.stderr, done.stderr
    assert "COPY 25000" in done.stdout and "orders.avro: 25000 rows" in done.stdout, done.stdout
    verified = [line.split()[:3] for line in done.stdout.split("against the manifest:")[1].split("\n")
                if line.startswith("big_")]
    assert verified == [["big_000.avro", "t", "10000"], ["big_001.avro", "t", "10000"],
                        ["big_002.avro", "t", "4928"]], done.stdout


if __name__ == "__main__":
    harness.main()
