"""docs_test.py - every example in README.md and docs/ runs and gives what the page shows.

```sql            runs without an error          ```sql error 42501   fails with that SQLSTATE
```text           right after it: what psql prints       ```python    runs, with fastavro at hand
`<!-- run: ... -->` is SQL the reader does not see. /srv/exports stands for a directory of the test. A page has a database of
its own, with the extension and the sample table of docs/index.md, unless it says otherwise.
"""
import glob
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import harness  # noqa: E402
from lib.cluster import Cluster  # noqa: E402
from lib.psql import parse_messages, psql_env  # noqa: E402

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
PAGES = ["README.md"] + sorted(os.path.relpath(p, ROOT) for p in glob.glob(ROOT + "/docs/**/*.md", recursive=True))
BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$|^<!-- run:(.*?)-->$", re.M | re.S)
PYTHON = os.path.join(ROOT, ".venv", "bin", "python")
BARE = "<!-- test: database without the sample table -->"


def setup_module():
    global c
    c = Cluster(preload=True)


def teardown_module():
    c.remove()


def read(page):
    with open(os.path.join(ROOT, page)) as f:
        return f.read()


class Block:
    """kind: sql, text, python, ...; state: the SQLSTATE an sql block must fail with, or ''."""

    def __init__(self, page, match):
        self.kind, self.body = match.group(1) or "sql", match.group(3) or match.group(4)
        self.state = (match.group(2) or "").replace("error", "").strip()
        self.place = "%s:%d" % (page, read(page)[:match.start()].count("\n") + 1)
        self.body = self.body.replace("/srv/exports", c.outdir)


def blocks(page):
    return [Block(page, m) for m in BLOCK.finditer(read(page))]


def run_sql(page, found):
    """Runs the page's SQL in one session; returns what each block printed: [(stdout, messages)]."""
    db = re.sub(r"\W", "_", page).lower()
    c.psql('CREATE DATABASE "%s"' % db)
    if BARE not in read(page):
        # Every page but the index, which shows it, is given the sample table.
        c.psql("CREATE EXTENSION pg_spout", db=db)
        if page != "docs/index.md":
            c.psql(blocks("docs/index.md")[0].body, db=db)
    mark = "-- end of block --"
    script = "".join("%s\n\\echo '%s'\n\\warn '%s'\n" % (b.body, mark, mark) for b in found)
    done = subprocess.run([c.bindir + "/psql", "-X", "-q", "-v", "VERBOSITY=verbose", "-f", "-"], text=True,
                          input=script, capture_output=True, env=psql_env(c.connection(db=db)))
    out, err = (t.split(mark + "\n") for t in (done.stdout, done.stderr))
    assert len(out) == len(err) == len(found) + 1, done.stderr[-2000:]
    return list(zip(out, map(parse_messages, err)))


def same_output(wanted, got):
    """Column widths depend on the directory the test writes to, so only what is in the columns counts."""
    def plain(text):
        text = re.sub(r"^[-+]+\n", "", text, flags=re.M)
        return [re.sub(r" *\| *", "|", re.sub(r" +", " ", line)).strip() for line in text.strip().split("\n")]
    return plain(wanted) == plain(got)


def check_page(page):
    found = blocks(page)
    sql = [b for b in found if b.kind == "sql"]
    printed = dict(zip(map(id, sql), run_sql(page, sql))) if sql else {}
    last = None
    for b in found:
        if b.kind == "sql":
            last, messages = printed[id(b)]
            states = [m.sqlstate for m in messages if m.severity in ("ERROR", "FATAL", "PANIC")]
            assert states == ([b.state] if b.state else []), "%s: %s" % (b.place, messages)
        elif b.kind == "text" and last is not None:
            assert same_output(b.body, last), "%s shows\n%s\nbut got\n%s" % (b.place, b.body, last)
            last = None
        elif b.kind == "python":
            harness.require(os.path.exists(PYTHON), "no .venv with foreign readers: tools/setup.sh test")
            subprocess.run([PYTHON, "-c", b.body], check=True)


for _page in PAGES:
    globals()["test_" + re.sub(r"\W+", "_", _page)] = lambda page=_page: check_page(page)


def test_links_lead_somewhere():
    for page in PAGES + ["CONTRIBUTING.md", "test/README.md"]:
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", read(page)):
            path = os.path.normpath(os.path.join(ROOT, os.path.dirname(page), target))
            assert os.path.exists(path), "%s links to %s" % (page, target)


if __name__ == "__main__":
    harness.main()
