"""pages.py - the examples of README.md and docs/, as the tests that run them see them.

```sql            runs without an error          ```sql error 42501   fails with that SQLSTATE
```text           right after it: what psql prints       ```python    runs, with the packages of .venv and a connection
```sh run         runs, with a connection, below the directory     ```java    runs as a program of one file
`<!-- run: ... -->` is SQL the reader does not see. /srv/exports stands for a directory of the test.
"""
import glob
import os
import re
import subprocess

from .psql import parse_messages, psql_env

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PAGES = ["README.md"] + sorted(os.path.relpath(p, ROOT) for p in glob.glob(ROOT + "/docs/**/*.md", recursive=True))
BLOCK = re.compile(r"^```(\w+)([^\n]*)\n(.*?)^```$|^<!-- run:(.*?)-->$", re.M | re.S)
# What a page that does not begin from nothing may count on, and what README.md and the tutorial tell everybody to do first.
PREPARED = "CREATE EXTENSION pg_spout; ALTER DATABASE :\"DBNAME\" SET session_preload_libraries = 'pg_spout'"


def read(page):
    with open(os.path.join(ROOT, page)) as f:
        return f.read()


class Block:
    """kind: sql, text, python, ...; state: the SQLSTATE an sql block must fail with, or ''."""

    def __init__(self, page, match, outdir):
        self.kind, self.body = match.group(1) or "sql", match.group(3) or match.group(4)
        self.more = (match.group(2) or "").strip()
        self.state = self.more.replace("error", "").strip() if self.kind == "sql" else ""
        self.place = "%s:%d" % (page, read(page)[:match.start()].count("\n") + 1)
        self.body = self.body.replace("/srv/exports", outdir)

    def assert_as_promised(self, messages):
        """An SQL block ended as the page says it does."""
        states = [m.sqlstate for m in messages if m.severity in ("ERROR", "FATAL", "PANIC")]
        assert states == ([self.state] if self.state else []), "%s: %s" % (self.place, messages)

    def assert_shows(self, printed):
        """Column widths depend on the directory the test writes to, so only what is in the columns counts."""
        assert plain(self.body) == plain(printed), "%s shows\n%s\nbut got\n%s" % (self.place, self.body, printed)


def blocks(page, outdir):
    return [Block(page, m, outdir) for m in BLOCK.finditer(read(page))]


def run_blocks(c, found, connection):
    """Runs SQL blocks in one psql session; returns what each printed: [(stdout, messages)]."""
    mark = "-- end of block --"
    script = "".join("%s\n\\echo '%s'\n\\warn '%s'\n" % (b.body, mark, mark) for b in found)
    done = subprocess.run([c.bindir + "/psql", "-X", "-q", "-v", "VERBOSITY=verbose", "-f", "-"], text=True,
                          input=script, capture_output=True, env=psql_env(connection))
    out, err = (t.split(mark + "\n") for t in (done.stdout, done.stderr))
    assert len(out) == len(err) == len(found) + 1, done.stderr[-2000:]
    return list(zip(out, map(parse_messages, err)))[:-1]  # behind the last mark stands nothing


def plain(text):
    text = re.sub(r"^[-+]+\n", "", text, flags=re.M)
    return [re.sub(r" *\| *", "|", re.sub(r" +", " ", line)).strip() for line in text.strip().split("\n")]
