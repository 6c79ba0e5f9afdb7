"""canonical.py - what a reader saw, as JSON that can be compared with any other reader's, line by line.

An int is a number; a float {"f": 8 hex digits}, a double {"d": 16 hex digits}: the raw bits, so that NaN and -0
count; bytes and fixed {"b": hex}; a decimal a reader computed {"D": unscaled}; a record {"r": [values]}; a map
{"m": {...}}; an enum {"e": symbol}; null, booleans, strings and arrays are themselves.
Shared by the Python readers; knows the Avro schema as parsed JSON, not the reader.
"""
import datetime
import decimal
import json
import struct
import uuid

EPOCH = datetime.datetime(1970, 1, 1)
PRIMITIVES = ("null", "boolean", "int", "long", "float", "double", "bytes", "string")


class Names:
    """Named types of a schema, by full name, filled in definition order."""

    def __init__(self):
        self.types = {}

    def resolve(self, schema, namespace):
        """The schema behind a reference, and the namespace that holds inside it."""
        if isinstance(schema, str):
            if schema in PRIMITIVES:
                return schema, namespace
            full = schema if "." in schema or not namespace else namespace + "." + schema
            return self.types[full]
        if isinstance(schema, dict) and schema["type"] in ("record", "enum", "fixed"):
            name = schema["name"]
            inner = schema.get("namespace", namespace)
            if "." in name:
                inner = name.rpartition(".")[0]
            else:
                name = inner + "." + name if inner else name
            self.types[name] = (schema, inner)
            return schema, inner
        return schema, namespace


def micros(delta):
    return (delta.days * 86400 + delta.seconds) * 1000000 + delta.microseconds


def logical_value(value):
    """The raw value behind what a reader made of a logical type, or None if it made nothing."""
    if isinstance(value, decimal.Decimal):
        sign, digits, exponent = value.as_tuple()
        return {"D": (-1 if sign else 1) * int("".join(map(str, digits))), "scale": -exponent}
    if isinstance(value, uuid.UUID):
        return str(value)
    if isinstance(value, datetime.datetime):
        return micros(value.replace(tzinfo=None) - EPOCH - (value.utcoffset() or datetime.timedelta()))
    if isinstance(value, datetime.date):
        return (value - EPOCH.date()).days
    if isinstance(value, datetime.time):
        return ((value.hour * 60 + value.minute) * 60 + value.second) * 1000000 + value.microsecond
    return None


def canonical(schema, value, names, namespace=""):
    schema, namespace = names.resolve(schema, namespace)
    kind = schema
    if isinstance(schema, list):
        if value is None and "null" in schema:
            for branch in schema:
                names.resolve(branch, namespace)
            return None
        branches = [s for s in schema if s != "null"]
        if len(branches) != 1:
            raise ValueError("only unions of null and one type have one canonical form")
        return canonical(branches[0], value, names, namespace)
    if isinstance(schema, dict):
        kind = schema["type"]
        if isinstance(kind, (dict, list)):
            return canonical(kind, value, names, namespace)
    if kind in ("record", "error"):
        return {"r": [canonical(f["type"], value[f["name"]], names, namespace) for f in schema["fields"]]}
    if kind == "array":
        return [canonical(schema["items"], v, names, namespace) for v in value]
    if kind == "map":
        return {"m": {k: canonical(schema["values"], v, names, namespace) for k, v in value.items()}}
    known = logical_value(value)
    if known is not None:
        return known
    if kind in ("bytes", "fixed"):
        return {"b": bytes(value).hex()}
    if kind == "float":
        return {"f": struct.pack(">f", value).hex()}
    if kind == "double":
        return {"d": struct.pack(">d", value).hex()}
    return {"e": value} if kind == "enum" else value


def predeclare(schema, names, namespace=""):
    """Registers every named type before the first row: a NULL on top of a definition hides what is below it."""
    schema, inner = names.resolve(schema, namespace) if not isinstance(schema, str) else (schema, namespace)
    if isinstance(schema, list):
        for branch in schema:
            predeclare(branch, names, inner)
    elif isinstance(schema, dict):
        for field in schema.get("fields", []):
            predeclare(field["type"], names, inner)
        for key in ("items", "values", "type"):
            if isinstance(schema.get(key), (dict, list)):
                predeclare(schema[key], names, inner)


def emit(out, path, schema, rows):
    """One file: a line {"file": path}, a line per row, a line {"rows": n}."""
    names = Names()
    predeclare(schema, names)
    out.write(json.dumps({"file": path}) + "\n")
    n = 0
    for row in rows:
        line = canonical(schema, row, names)["r"]
        out.write(json.dumps(line, separators=(",", ":")) + "\n")
        n += 1
    out.write(json.dumps({"rows": n}) + "\n")


def strip_logical(schema):
    """The same schema without logical types: what a reader decodes then is exactly what the file holds."""
    if isinstance(schema, list):
        return [strip_logical(s) for s in schema]
    if not isinstance(schema, dict):
        return schema
    inside = ("type", "items", "values", "fields")
    kept = {k: strip_logical(v) if k in inside else v for k, v in schema.items() if k != "logicalType"}
    return kept
