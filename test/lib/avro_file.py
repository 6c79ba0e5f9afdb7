"""avro_file.py - just enough of Avro to tell a whole file from a torn one and to list the keys in it, with nothing but
the standard library.
"""
import json


class Torn(Exception):
    pass


def _long(data, at):
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise Torn("the file ends inside a number")
        byte = data[at]
        value |= (byte & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if not byte & 0x80:
            return (value >> 1) ^ -(value & 1), at


def _bytes(data, at):
    n, at = _long(data, at)
    if n < 0 or at + n > len(data):
        raise Torn("the file ends inside a value")
    return data[at:at + n], at + n


def _value(kind, data, at):
    if isinstance(kind, list):
        branch, at = _long(data, at)
        kind = kind[branch]
    if isinstance(kind, dict):
        kind = kind["type"]
    if kind == "null":
        return None, at
    if kind in ("long", "int"):
        return _long(data, at)
    if kind in ("string", "bytes"):
        return _bytes(data, at)
    raise AssertionError("this reader knows no %r" % kind)


def keys(data):
    """(rows, keys): the number of rows, and the first column of each if the file is not compressed."""
    if data[:4] != b"Obj\x01":
        raise Torn("this is no Avro file")
    meta, at = {}, 4
    while True:
        n, at = _long(data, at)
        if n == 0:
            break
        if n < 0:
            n, (_, at) = -n, _long(data, at)
        for _ in range(n):
            name, at = _bytes(data, at)
            meta[name.decode()], at = _bytes(data, at)
    sync, at = data[at:at + 16], at + 16
    fields = json.loads(meta["avro.schema"])["fields"]
    plain = meta.get("avro.codec", b"null") == b"null"
    rows, found = 0, []
    while at < len(data):
        n, at = _long(data, at)
        block, at = _bytes(data, at)
        if data[at:at + 16] != sync:
            raise Torn("no sync marker after row %d" % (rows + n))
        at, rows, here = at + 16, rows + n, 0
        for _ in range(n if plain else 0):
            for i, field in enumerate(fields):
                value, here = _value(field["type"], block, here)
                if i == 0:
                    found.append(value)
        if plain and here != len(block):
            raise Torn("a block of another size than its rows")
    return rows, found
