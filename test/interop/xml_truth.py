"""xml_truth.py - what an XML reader must see: rows of a query as core's COPY prints them, in the form of
readers/read_xml.py, by the mapping of docs/formats/xml.md. Names are judged by expat and by core's query_to_xmlschema.
"""
import base64
import functools
import json
import pyexpat
import re
import xml.etree.ElementTree as etree

import literals
import truth
from readers import read_xml


@functools.lru_cache(maxsize=None)
def can_stand(document):
    try:
        pyexpat.ParserCreate().Parse(document.encode(), True)
        return True
    except (pyexpat.ExpatError, UnicodeEncodeError):
        return False


@functools.lru_cache(maxsize=None)
def xml_name(name):
    """SQL/XML's fully escaped mapping, written from its definition."""
    out = []
    for i, c in enumerate(name):
        legal = c != ":" and can_stand("<%s/>" % c if i == 0 else "<a%s/>" % c) and not c.isspace() and c not in "/>"
        reserved = i == 0 and name[:3].lower() == "xml"
        escape = c == "_" and name[i + 1:i + 2] == "x"
        out.append(c if legal and not reserved and not escape else "_x%04X_" % ord(c))
    return "".join(out) or "_x_"


class Leaf:
    """An array's element, told from the list of a dimension."""

    def __init__(self, value):
        self.value = value


def elements(items):
    """Nested lists of an array; both an empty array and an empty text are an element without content."""
    return [["element", None if v is None else v.value if isinstance(v, Leaf) else elements(v)] for v in items] or ""


def json_value(v):
    if isinstance(v, Pairs):
        return [[xml_name(k), json_value(x)] for k, x in v.pairs] or ""
    if isinstance(v, list):
        return [["element", json_value(x)] for x in v] or ""
    return v if v is None or isinstance(v, str) else "true" if v else "false"


class Pairs:
    def __init__(self, pairs):
        self.pairs = pairs


def json_text(text):
    return json_value(json.loads(text, object_pairs_hook=Pairs, parse_int=str, parse_float=str))


def markup(text):
    text = re.sub(r"^<\?xml\s.*?\?>", "", text, flags=re.S)
    try:
        return read_xml.value(etree.fromstring("<x>%s</x>" % text))
    except etree.ParseError:
        return text


def stamp(text):
    return text.replace(" ", "T", 1) if "infinity" not in text else text


def stamptz(text):
    return stamp(text).replace("+00", "+00:00")


class XmlTruth(truth.Truth):
    """Columns are (type oid, typmod, name)."""

    def refresh(self):
        super().refresh()
        rows = self.cluster.psql("SELECT attrelid, atttypid, atttypmod, attname FROM pg_attribute "
                                 "WHERE attnum > 0 AND NOT attisdropped ORDER BY attrelid, attnum")
        self.attributes = {}
        for relid, typid, typmod, name in rows:
            self.attributes.setdefault(int(relid), []).append((int(typid), int(typmod), name))

    def expected(self, path, columns):
        """Rows of a file that core's COPY wrote under truth.SETTINGS."""
        convert = [(xml_name(name), self.converter(typid, typmod)) for typid, typmod, name in columns]
        return [[[name, None if v is None else f(v)] for (name, f), v in zip(convert, row, strict=True)]
                for row in literals.copy_rows(path, len(columns))]

    def converter(self, typid, typmod):
        t = self.types[typid]
        while t["kind"] == "d":
            t = self.types[t["base"]]
        if t["kind"] == "c":
            return self._composite(t)
        if t["name"] in ("int2vector", "oidvector"):
            return lambda text: [["element", v] for v in text.split()] or ""
        if t["category"] == "A" and t["kind"] == "b" and t["element"]:
            element = self.converter(t["element"], -1)
            delimiter = self.types[t["element"]]["delimiter"]
            return lambda text: elements(literals.array_items(text, delimiter, lambda v: Leaf(element(v))))
        return self._builtin(t["name"], typmod) if t["schema"] == "pg_catalog" else str

    def _composite(self, t):
        parts = [(xml_name(name), self.converter(typid, typmod))
                 for typid, typmod, name in self.attributes.get(t["relid"], [])]

        def convert(text):
            texts = literals.composite_fields(text) if parts else []
            return [[name, None if v is None else f(v)] for (name, f), v in zip(parts, texts, strict=True)] or ""
        return convert

    def _builtin(self, name, typmod):
        return {
            "bool": lambda v: "true" if v == "t" else "false",
            "bytea": lambda v: base64.b64encode(bytes.fromhex(v[2:])).decode(),
            "money": lambda v: v.replace("$", "").replace(",", ""),
            "timestamp": stamp, "timestamptz": stamptz,
            "json": json_text, "jsonb": json_text, "xml": markup,
        }.get(name, str)
