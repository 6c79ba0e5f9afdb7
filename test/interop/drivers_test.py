"""drivers_test.py - COPY TO STDOUT in the hands of client programs that may do nothing else: psql's \\copy, psycopg and JDBC's
CopyManager, as a role without any right on the server's files; every format, plain and compressed.
"""
import json
import os
import socket
import subprocess
import sys
import tempfile

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")]
import foreign
from lib import formats, harness
from lib.cluster import Cluster

PYTHON = os.path.join(foreign.ROOT, ".venv", "bin", "python")
DRIVER = os.environ.get("SPOUT_JDBC", "/usr/share/java/postgresql.jar")
ROWS = 20000  # some blocks
QUERY = "SELECT id, txt FROM t ORDER BY id"
# Of every format the plain form and each codec that unpack() or fastavro knows.
STREAMS = [(f, codec) for f in formats.TABLE for codec in f.codecs]


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def setup_module():
    global c, port
    port = free_port()
    # JDBC knows no Unix sockets.
    c = Cluster(preload=True, conf={"synchronize_seqscans": "off", "max_parallel_workers_per_gather": "0", "listen_addresses": "127.0.0.1", "port": port})
    # psql, too, comes by that port.
    c.connection = lambda user="postgres", db="postgres": {"PGHOST": c.sockets, "PGPORT": str(port), "PGUSER": user, "PGDATABASE": db}
    c.psql("""CREATE EXTENSION pg_spout; CREATE ROLE plain LOGIN;
        CREATE TABLE t AS SELECT i::bigint AS id, E'comma, "quote"\\nline <&> ü日 ' || i AS txt FROM generate_series(1, %d) i;
        GRANT SELECT ON t TO plain""" % ROWS)


def teardown_module():
    c.remove()


def statement(form, codec, query=QUERY):
    return "COPY (%s) TO STDOUT WITH (FORMAT '%s', COMPRESSION '%s', PARALLEL off%s)" % (
        query, form, codec, ", SYNC_MARKER '%s'" % ("2e" * 16) if form.name == "avro" else "")


def server_file(form, codec):
    """The same rows as a file of the server's, which other tests hold against SELECT."""
    path = c.out("server.%s.%s" % (form, codec))
    if not os.path.exists(path):
        c.psql(statement(form, codec).replace("STDOUT", "'%s'" % path))
    return path


def check(form, codec, data):
    with open(server_file(form, codec), "rb") as f:
        assert data == f.read(), (form, codec)
    rows, keys = form.keys(data)
    assert rows == ROWS and (not keys or keys == list(range(1, ROWS + 1))), (form, codec, rows)


def test_psql_copies_as_a_plain_role():
    for form, codec in STREAMS:
        path = c.out("client.%s.%s" % (form, codec))
        c.psql("\\copy (%s) TO '%s' %s\n" % (QUERY, path, statement(form, codec).partition("STDOUT ")[2]), user="plain")
        with open(path, "rb") as f:
            check(form, codec, f.read())
    # The same statement with a file is refused, and so are programs.
    for form in formats.TABLE:
        for target in ("'%s'" % c.out("x"), "PROGRAM 'cat > /dev/null'"):
            assert c.error(statement(form, form.plain).replace("STDOUT", target), user="plain").sqlstate == "42501"


PSYCOPG = """
import json, sys, psycopg
with psycopg.connect("") as connection, connection.cursor() as cursor:
    for line in sys.stdin:
        path, sql = json.loads(line)
        try:
            with cursor.copy(sql) as copy, open(path, "wb") as out:
                for part in copy:
                    out.write(part)
            print(cursor.rowcount)
        except psycopg.Error as e:
            print(e.sqlstate)
            connection.rollback()
"""


def failing(form):
    return statement(form, form.plain, "SELECT 1 / (9000 - i) AS x FROM generate_series(1, 10000) i")


def jobs(label):
    return [(form, codec, c.out("%s.%s.%s" % (label, form, codec)), statement(form, codec)) for form, codec in STREAMS]


def test_psycopg_reads_every_stream():
    harness.require(foreign.works([PYTHON, "-c", "import psycopg"]), "no psycopg: tools/setup.sh test")
    lines = [[path, sql] for _, _, path, sql in jobs("psycopg")] + [[c.out("bad"), failing(f)] for f in formats.TABLE]
    done = subprocess.run([PYTHON, "-c", PSYCOPG], input="\n".join(map(json.dumps, lines)), capture_output=True, text=True,
                          env=dict(os.environ, **c.connection("plain")))
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [str(ROWS)] * len(STREAMS) + ["22012"] * len(formats.TABLE), done.stdout
    for form, codec, path, _ in jobs("psycopg"):
        with open(path, "rb") as f:
            check(form, codec, f.read())


def test_jdbc_reads_every_stream():
    harness.require(os.path.exists(DRIVER), "no JDBC driver: tools/setup.sh test, or its jar in SPOUT_JDBC")
    harness.require(foreign.works(["javac", "-version"]), "no Java compiler: tools/setup.sh test")
    with tempfile.TemporaryDirectory(prefix="spout-java-") as classes:
        subprocess.check_call(["javac", "-cp", DRIVER, "-d", classes, foreign.program("ReadCopy.java")])
        url = "jdbc:postgresql://127.0.0.1:%d/postgres?user=plain&ssl=false" % port
        work = [(path, sql) for _, _, path, sql in jobs("jdbc")] + [(c.out("bad"), failing(f)) for f in formats.TABLE]
        done = subprocess.run(["java", "-cp", classes + ":" + DRIVER, "ReadCopy", url, *[x for w in work for x in w]],
                              capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    for form, codec, path, _ in jobs("jdbc"):
        with open(path, "rb") as f:
            data = f.read()
        check(form, codec, data)
        binary = form.overall or codec != form.plain
        columns = 2 if form.name == "csv" and not binary else 1
        assert said[:2] == [str(ROWS), "%d %d %d" % (binary, columns, len(data))], (form, codec, said[:2])
        del said[:2]
    assert said == ["22012"] * len(formats.TABLE), said


if __name__ == "__main__":
    harness.main()
