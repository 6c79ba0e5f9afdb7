"""formats.py - the one table of formats: what they are called, their codecs, and how a reader that shares no code with
pg_spout gets the rows back. A test file that says

    VARIANTS = formats.chosen()
    use_variant = formats.use

runs every test once per format; named("/f") is then "/f.csv", and promise.copy() writes that format.
SPOUT_FORMATS="csv xml" chooses some. What is not the same in every format is said here and nowhere else.
"""
import csv
import io
import json
import os
import shutil
import subprocess
import xml.etree.ElementTree as etree

from . import avro_file
from .avro_file import Torn
from .harness import require

csv.field_size_limit(2**31 - 1)
MAGIC = {b"\x1f\x8b": ["gzip", "-dc"], b"\x28\xb5\x2f\xfd": ["zstd", "-dcq"], b"\x04\x22\x4d\x18": ["lz4", "-dcq"]}


def unpack(data):
    """What a compressed text file holds, by the codec's own program; other data as it is."""
    for magic, command in MAGIC.items():
        if data.startswith(magic):
            require(shutil.which(command[0]), "no program " + command[0])
            done = subprocess.run(command, input=data, capture_output=True)
            if done.returncode or done.stderr:
                raise Torn("%s: %s" % (command[0], done.stderr.decode()))
            return done.stdout
    return data


def csv_rows(data):
    """Lists of text; an unquoted empty value and an empty text are the same to this reader."""
    text = unpack(data).decode()
    if text and not text.endswith("\n"):
        raise Torn("the last line has no end")
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except csv.Error as e:
        raise Torn(str(e)) from None
    if len({len(r) for r in rows}) > 1:
        raise Torn("rows of several widths")
    return rows


def json_rows(data):
    lines = unpack(data).decode().split("\n")
    if lines.pop():
        raise Torn("the last line has no end")
    try:
        return [list(json.loads(line).values()) for line in lines]
    except json.JSONDecodeError as e:
        raise Torn(str(e)) from None


def xml_rows(data):
    rows = []
    try:
        for _, element in etree.iterparse(io.BytesIO(unpack(data))):
            if element.tag == "row":
                rows.append([column.text for column in element])
                element.clear()  # or a million of them stay
        return rows
    except etree.ParseError as e:
        raise Torn(str(e)) from None


class Format:
    """codecs: as COPY calls them, the one without compression first; rows: bytes of a file to lists, None where keys()
    is all there is; overall, zero: what a client is told of an uncompressed stream, and an export of no rows
    (None: a file of some bytes)."""

    def __init__(self, name, codecs, rows, overall, zero):
        self.name, self.codecs, self.rows, self.overall, self.zero = name, codecs, rows, overall, zero
        self.plain = codecs[0]
        self.extension = "." + name

    def __repr__(self):
        return self.name

    def keys(self, data):
        """(rows, first column of each as a number where it is one); raises Torn unless the file is whole."""
        if not self.rows:
            return avro_file.keys(data)
        rows = self.rows(data)
        return len(rows), [int(r[0]) if r and str(r[0]).lstrip("-").isdigit() else r[0] if r else None for r in rows]


TEXT = ("none", "gzip", "zstd", "lz4")
TABLE = [
    Format("avro", ("null", "snappy", "deflate", "zstandard", "bzip2", "xz"), None, 1, None),
    Format("csv", TEXT, csv_rows, 0, b""),
    Format("json", TEXT, json_rows, 0, b""),
    Format("xml", TEXT, xml_rows, 0, None),
]
BY_NAME = {f.name: f for f in TABLE}
current = TABLE[0]


def chosen():
    names = os.environ.get("SPOUT_FORMATS", "").replace(",", " ").split()
    return [BY_NAME[n] for n in names] or list(TABLE)


def use(form):
    global current
    current = form


def named(stem):
    return stem + current.extension


def rounds(knob, default, others):
    """How often to try: the knob (an environment variable) or its default for the first format, a part for the others."""
    n = int(os.environ.get(knob, default))
    return n if current is TABLE[0] else max(1, n * others // default)
