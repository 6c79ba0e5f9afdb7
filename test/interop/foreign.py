"""foreign.py - four Avro readers that share no code with us, each run as a process of its own.

A reader yields (path, rows) with rows in the form of readers/canonical.py. It raises when the process exits with an
error, prints anything to stderr, or a file is cut short: an exit code alone proves nothing. Knows no SQL.
"""
import atexit
import json
import os
import shutil
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PROGRAMS = os.path.join(HERE, "readers")
CODECS = ("null", "deflate", "snappy", "zstandard", "bzip2", "xz")


class ReaderError(Exception):
    pass


class Reader:
    """codecs: those it can read here. logical: it turns logical types into Python's own values, if asked."""

    def __init__(self, name, codecs, command, logical=False, env=None):
        self.name, self.codecs, self.command, self.logical = name, codecs, command, logical
        self.env = dict(os.environ, PYTHONDONTWRITEBYTECODE="1", LC_ALL="C.UTF-8", **(env or {}))

    def __repr__(self):
        return self.name

    def read(self, paths, mode="raw"):
        """Generator of (path, list of rows), in order."""
        command = self.command + ([mode] if self.logical else []) + list(paths)
        # Files, not pipes: what the process has to say about its end comes before any of its rows is believed.
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
            status = subprocess.run(command, stdout=out, stderr=errors, env=self.env).returncode
            errors.seek(0)
            said = errors.read().decode(errors="replace")
            if status or said:
                raise ReaderError("%s: exit status %d\n%s" % (self.name, status, said[-2000:]))
            out.seek(0)
            yield from self._files(out, paths)

    def _files(self, lines, paths):
        expected = list(paths)
        rows = None
        for line in lines:
            item = json.loads(line)
            if isinstance(item, list):
                rows.append(item)
            elif "file" in item:
                rows = []
                assert item["file"] == expected[0], (item, expected[0])
            else:
                assert item["rows"] == len(rows), item
                yield expected.pop(0), rows
                rows = None

    def read_all(self, paths, mode="raw"):
        """{path: rows}; raises unless every file was read to its end."""
        found = dict(self.read(paths, mode))
        if len(found) != len(paths):
            raise ReaderError("%s read only %d of %d files" % (self.name, len(found), len(paths)))
        return found


def works(command, env=None):
    try:
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              env=dict(os.environ, **(env or {}))).returncode == 0
    except OSError:
        return False


def program(name):
    return os.path.join(PROGRAMS, name)


def fastavro():
    python = os.path.join(ROOT, ".venv", "bin", "python")
    if not works([python, "-c", "import fastavro, cramjam, backports.zstd"]):
        return None
    return Reader("fastavro", CODECS, [python, program("read_fastavro.py")], logical=True)


def python_avro():
    python = "/usr/bin/python3"
    if not works([python, "-c", "import avro.datafile, snappy, zstandard"]):
        return None
    return Reader("python-avro", CODECS[:5], [python, program("read_python_avro.py")], logical=True)


def avro_c():
    """Compiled on the fly: avrocat cuts strings at NUL and calls a broken file a success."""
    directory = tempfile.mkdtemp(prefix="spout-reader-")
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    binary = os.path.join(directory, "read_avro_c")
    if not works([os.environ.get("CC", "cc"), "-O1", "-o", binary, program("read_avro_c.c"), "-lavro"]):
        return None
    return Reader("Avro C", CODECS[:3], [binary])


def avsc():
    env = {"NODE_PATH": os.path.join(ROOT, "node_modules")}
    if not works(["node", "-e", "require('avsc'), require('snappyjs'), require('fzstd')"], env):
        return None
    return Reader("avsc", CODECS[:4], ["node", program("read_avsc.js")], env=env)


def readers():
    """(readers that work here, names of those that do not)."""
    makers = {"fastavro": fastavro, "python-avro": python_avro, "Avro C": avro_c, "avsc": avsc}
    found = {name: make() for name, make in makers.items()}
    return [r for r in found.values() if r], [name for name, r in found.items() if not r]
