"""docs_test.py - every example in README.md and docs/ runs and gives what the page shows: lib/pages.py tells how they are
marked. A page has a database of its own, with the extension, its library in every session, and the sample table of
docs/index.md, unless it says that it begins from nothing. No page needs another to have been read before.
"""
import os
import re
import shutil
import socket
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import harness  # noqa: E402
from lib.cluster import Cluster  # noqa: E402
from lib.pages import PAGES, PREPARED, ROOT, blocks, read, run_blocks  # noqa: E402

PYTHON = os.path.join(ROOT, ".venv", "bin", "python")
BARE = "<!-- test: database without the sample table -->"


# Stands for a program on the server that uploads what it reads.
UPLOADER = '#!/bin/sh\n[ "$1 $2 $3" = "s3 cp -" ] && exec cat > %s/uploaded\n'
# Stands for Citus: tables named after the one that is distributed are its shards.
SHARDS = """CREATE TABLE orders_102008 AS SELECT * FROM orders WHERE id % 2 = 0; CREATE TABLE orders_102009 AS SELECT * FROM orders WHERE id % 2 = 1;
CREATE FUNCTION run_command_on_shards(distributed regclass, command text) RETURNS TABLE (shardid bigint, success bool, result text) LANGUAGE plpgsql AS $$
DECLARE shard regclass;
BEGIN
    FOR shard, shardid IN SELECT oid::regclass, split_part(relname, '_', 2) FROM pg_class WHERE relname LIKE distributed || '\\_%' AND relkind = 'r' ORDER BY 1 LOOP
        EXECUTE format(command, shard) INTO result;
        success := true;
        RETURN NEXT;
    END LOOP;
END $$;"""
DRIVER = os.environ.get("SPOUT_JDBC", "/usr/share/java/postgresql.jar")


def setup_module():
    global c
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    # JDBC knows no Unix sockets; everybody else comes by them.
    c = Cluster(conf={"listen_addresses": "127.0.0.1", "port": port}, start=False)
    c.port = port
    c.connection = lambda user="postgres", db="postgres": {"PGHOST": c.sockets, "PGPORT": str(port), "PGUSER": user, "PGDATABASE": db}
    programs = os.path.join(c.base, "bin")
    os.mkdir(programs)
    with open(programs + "/aws", "w") as f:
        f.write(UPLOADER % c.outdir)
    os.chmod(programs + "/aws", 0o755)
    c.env["PATH"] = programs + ":" + os.environ["PATH"]
    try:
        c.start()
    except BaseException:
        c.remove()
        raise


def teardown_module():
    c.remove()


def prepare(page):
    """The page's database; returns how to connect to it."""
    db = re.sub(r"\W", "_", page).lower()
    c.psql('CREATE DATABASE "%s"' % db)
    if BARE not in read(page):
        c.psql(PREPARED, db=db)
        if page != "docs/index.md":  # which shows it
            c.psql(blocks("docs/index.md", c.outdir)[0].body, db=db)
        if page == "docs/distributed.md":
            c.psql(SHARDS, db=db)
    return c.connection(db=db)


def check_page(page):
    found = blocks(page, c.outdir)
    sql = [b for b in found if b.kind == "sql"]
    connection = prepare(page) if sql else {}
    printed = dict(zip(map(id, sql), run_blocks(c, sql, connection)))
    last = None
    for b in found:
        if b.kind == "sql":
            last, messages = printed[id(b)]
            b.assert_as_promised(messages)
        elif b.kind == "text" and last is not None:
            b.assert_shows(last)
            last = None
        elif b.kind == "python":
            harness.require(os.path.exists(PYTHON), "no .venv with foreign readers: tools/setup.sh test")
            run_program(b, [PYTHON, "-c", b.body], connection)
        elif b.kind == "java":
            harness.require(os.path.exists(DRIVER) and shutil.which("javac"), "no JDBC driver or no Java compiler: tools/setup.sh test")
            url = "jdbc:postgresql://127.0.0.1:%d/%s?user=postgres" % (c.port, connection["PGDATABASE"])
            with open(os.path.join(c.base, "Export.java"), "w") as f:
                f.write(re.sub(r'"jdbc:[^"]*"', '"%s"' % url, b.body))
            run_program(b, ["java", "-cp", DRIVER, f.name], connection)
        elif b.kind == "sh" and b.more == "run":
            run_program(b, ["sh", "-ec", b.body], connection)


def run_program(block, command, connection):
    path = c.bindir + ":" + os.environ["PATH"]
    done = subprocess.run(command, cwd=c.outdir, env=dict(os.environ, PATH=path, **connection), capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, "%s: %s" % (block.place, done.stdout + done.stderr)


for _page in PAGES:
    globals()["test_" + re.sub(r"\W+", "_", _page)] = lambda page=_page: check_page(page)


def test_links_lead_somewhere():
    for page in PAGES + ["CONTRIBUTING.md", "test/README.md"]:
        for target, anchor in re.findall(r"\]\(([^)#\s]*)(?:#([^)]*))?\)", read(page)):
            if target.startswith("http"):
                continue
            path = os.path.relpath(os.path.normpath(os.path.join(ROOT, os.path.dirname(page), target)), ROOT) if target else page
            assert os.path.exists(os.path.join(ROOT, path)), "%s links to %s" % (page, target)
            assert not anchor or anchor in anchors(path), "%s links to %s#%s" % (page, target, anchor)


def anchors(page):
    """Names of the headings, as sites that render Markdown make them."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in re.findall(r"^#+ (.*)$", read(page), re.M)}


def test_every_page_is_linked():
    """From the README and from the index: nobody has to know a page's name."""
    for start in ("README.md", "docs/index.md"):
        linked = {os.path.normpath(os.path.join(os.path.dirname(start), t)) for t in re.findall(r"\]\(([^)#\s]+)", read(start))}
        missing = [p for p in PAGES if p.startswith("docs/") and p not in linked | {"docs/index.md"}]
        assert not missing, "%s does not link to %s" % (start, missing)


if __name__ == "__main__":
    harness.main()
