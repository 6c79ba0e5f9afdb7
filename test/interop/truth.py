"""truth.py - what a reader must see: rows of a query as core's COPY prints them, in the form of
readers/canonical.py, by the mapping of docs/formats/avro.md (profile spec).

The type of every column comes from the catalogs, the value from its text. Knows nothing of Avro's bytes.
"""
import decimal
import json
import struct

import literals

# Under these the text of a value does not depend on the session.
SETTINGS = ("SET datestyle = 'ISO'; SET intervalstyle = 'iso_8601'; SET timezone = 'UTC'; SET bytea_output = 'hex';"
            "SET extra_float_digits = 1; SET lc_monetary = 'C'; SET client_encoding = 'UTF8';")
LAST_MICRO = 9223372036854775807
FIRST_DAY, LAST_DAY = literals.days(1, 1, 1), literals.days(9999, 12, 31)
DAY = 86400 * 1000000


def decimal_width(precision):
    """Bytes that hold any unscaled value of that many digits."""
    n = 1
    while 10 ** precision - 1 > (1 << (8 * n - 1)) - 1:
        n += 1
    return n


class Truth:
    """Catalogs of one database; on_infinity: None, 'null' or 'clamp'; on_nan: None or 'null';
    logical: decimals as a reader computes them, not as bytes; profile: as the option."""

    def __init__(self, cluster, on_infinity=None, on_nan=None, logical=False, profile="spec"):
        self.cluster, self.on_infinity, self.on_nan, self.logical = cluster, on_infinity, on_nan, logical
        self.profile = profile
        self.unit = 1000 if profile in ("hive", "kafka_connect") else 1  # microseconds
        self.types, self.attributes, self.known = {}, {}, {}
        self.refresh()

    def refresh(self):
        rows = self.cluster.psql(
            "SELECT t.oid, t.typname, n.nspname, t.typtype, t.typcategory, t.typelem, t.typbasetype, t.typtypmod, "
            "t.typrelid, t.typdelim FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace")
        for oid, name, schema, kind, category, element, base, typmod, relid, delimiter in rows:
            self.types[int(oid)] = dict(name=name, schema=schema, kind=kind, category=category, element=int(element),
                                        base=int(base), typmod=int(typmod), relid=int(relid), delimiter=delimiter)
        rows = self.cluster.psql(
            "SELECT attrelid, atttypid, atttypmod FROM pg_attribute WHERE attnum > 0 AND NOT attisdropped "
            "ORDER BY attrelid, attnum")
        self.attributes = {}
        for relid, typid, typmod in rows:
            self.attributes.setdefault(int(relid), []).append((int(typid), int(typmod)))

    def columns(self, relation):
        """(type oid, typmod) of the columns of a table or view that exists since the last refresh()."""
        return self.attributes.get(int(self.cluster.value("SELECT '%s'::regclass::oid" % relation)), [])

    def rows(self, source, path, columns):
        """Expected rows of a query, from a file that core's COPY wrote under SETTINGS; remembered by the query."""
        if source not in self.known:
            convert = [self.converter(*c) for c in columns]
            self.known[source] = [[None if v is None else f(v) for f, v in zip(convert, row, strict=True)]
                                  for row in literals.copy_rows(path, len(columns))]
        return self.known[source]

    # --- converters: text to canonical value --------------------------------------------------------
    def converter(self, typid, typmod):
        t = self.types[typid]
        while t["kind"] == "d":
            typmod = t["typmod"] if t["typmod"] >= 0 else typmod
            t = self.types[t["base"]]
        if t["kind"] == "c":
            return self._composite(t)
        if t["name"] in ("int2vector", "oidvector"):
            return lambda text: [int(v) for v in text.split()]
        if t["category"] == "A" and t["kind"] == "b" and t["element"]:
            element = self.converter(t["element"], typmod)
            delimiter = self.types[t["element"]]["delimiter"]
            return lambda text: literals.array_items(text, delimiter, element)
        if t["name"] == "hstore":
            return lambda text: {"m": literals.hstore_pairs(text)}
        if t["schema"] == "pg_catalog":
            return self._builtin(t["name"], typmod)
        return str

    def _composite(self, t):
        parts = [self.converter(*a) for a in self.attributes.get(t["relid"], [])]

        def convert(text):
            texts = literals.composite_fields(text) if parts else []
            return {"r": [None if v is None else f(v) for f, v in zip(parts, texts, strict=True)]}
        return convert

    def _builtin(self, name, typmod):
        simple = {
            "bool": lambda v: v == "t", "int2": int, "int4": int, "int8": int, "oid": int, "xid": int, "cid": int,
            "float4": lambda v: {"f": struct.pack(">f", float(v)).hex()},
            "float8": lambda v: {"d": struct.pack(">d", float(v)).hex()},
            "bytea": lambda v: {"b": v[2:]},
            "uuid": lambda v: {"b": v.replace("-", "")} if self.profile == "iceberg" else v,
            "money": lambda v: v.replace("$", "").replace(",", ""),
            "date": self._date, "time": self._time, "timestamp": self._timestamp, "timestamptz": self._timestamp,
        }
        if name == "numeric" and typmod >= 4:
            return self._numeric((typmod - 4) >> 16 & 0xffff, ((typmod - 4 & 0x7ff) ^ 1024) - 1024)
        return simple.get(name, str)

    def _numeric(self, precision, scale):
        if scale < 0:
            precision, scale = precision - scale, 0
        precision = max(precision, scale)
        if precision > 38:
            return str

        def convert(text):
            if text == "NaN":
                assert self.on_nan == "null"
                return None
            with decimal.localcontext() as exact:
                exact.prec = 100
                unscaled = int(decimal.Decimal(text).scaleb(scale))
            if self.logical:
                return {"D": unscaled, "scale": scale}
            return {"b": unscaled.to_bytes(decimal_width(precision), "big", signed=True).hex()}
        return convert

    def _outside(self, low, high, positive):
        if self.on_infinity == "null":
            return None
        assert self.on_infinity == "clamp", "a value outside the type's range, and no rule for it"
        return high if positive else low

    def _date(self, text):
        if "infinity" in text:
            return self._outside(FIRST_DAY, LAST_DAY, text == "infinity")
        return literals.date_days(text)

    def _time(self, text):
        value = literals.clock_micros(text)
        value = self._outside(0, DAY - 1, True) if value == DAY else value
        return None if value is None else value // self.unit  # floored

    def _timestamp(self, text):
        value = LAST_MICRO + 1 if text == "infinity" else None if text == "-infinity" else literals.stamp_micros(text)
        if value is None or value > LAST_MICRO:
            value = self._outside(FIRST_DAY * DAY, (LAST_DAY + 1) * DAY - 1, value is not None)
        return None if value is None else value // self.unit


def difference(expected, rows, limit=3):
    """What differs, for an assertion message; empty if nothing does."""
    found = []
    for number, (want, got) in enumerate(zip(expected, rows), 1):
        if want == got and str(want) == str(got):  # equal is not enough: 1 == True == 1.0
            continue
        for column, (w, g) in enumerate(zip(want, got), 1):
            if w != g or json.dumps(w, sort_keys=True) != json.dumps(g, sort_keys=True):
                found.append("row %d, column %d: expected %.300r, got %.300r" % (number, column, w, g))
                if len(found) == limit:
                    return "\n".join(found)
        if len(want) != len(got):
            found.append("row %d: expected %d columns, got %d" % (number, len(want), len(got)))
    if len(expected) != len(rows):
        found.append("expected %d rows, got %d" % (len(expected), len(rows)))
    return "\n".join(found)
