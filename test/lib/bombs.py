"""bombs.py - Avro files by hand, and data that unpacks to far more than it is, in every codec, made without making what it
unpacks to. Knows no database.
"""
import bz2
import json
import lzma
import zlib

CODECS = ("null", "deflate", "snappy", "zstandard", "bzip2", "xz")
SYNC = b"." * 16
MB = 1 << 20


def number(n):
    """A long of Avro."""
    n = n * 2 if n >= 0 else -n * 2 - 1
    out = bytearray()
    while n >= 128:
        out.append(n % 128 + 128)
        n //= 128
    return bytes(out) + bytes([n])


def sized(b):
    return number(len(b)) + b


def header(schema, codec="null", more=()):
    if not isinstance(schema, (bytes, str)):
        schema = json.dumps(schema, separators=(",", ":"))
    if isinstance(schema, str):
        schema = schema.encode()
    entries = [(b"avro.schema", schema), (b"avro.codec", codec.encode()), *more]
    return b"Obj\1" + number(len(entries)) + b"".join(sized(k) + sized(v) for k, v in entries) + b"\0" + SYNC


def block(rows, data):
    return number(rows) + sized(data) + SYNC


def field(kind):
    return {"type": "record", "name": "r", "fields": [{"name": "a", "type": kind}]}


# --- one byte, many times, in every codec, without making it first ------------------------------------------
def varint(n):
    out = bytearray()
    while n >= 128:
        out.append(n % 128 + 128)
        n //= 128
    return bytes(out) + bytes([n])


def deflate(start, unit, times):
    """start, then the unit so often: full flushes stand for themselves, so they can be repeated."""
    each = max(1, MB // len(unit))
    c = zlib.compressobj(9, zlib.DEFLATED, -15)
    head = c.compress(start) + c.flush(zlib.Z_FULL_FLUSH)
    piece = c.compress(unit * each) + c.flush(zlib.Z_FULL_FLUSH)
    return head + piece * (times // each) + c.compress(unit * (times % each)) + c.flush()


def gzip(start, unit, times):
    each = max(1, MB // len(unit))
    crc = zlib.crc32(start)
    for n in [each] * (times // each) + [times % each]:
        crc = zlib.crc32(unit * n, crc)
    size = len(start) + len(unit) * times
    return (b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + deflate(start, unit, times) + crc.to_bytes(4, "little") +
            (size & 0xFFFFFFFF).to_bytes(4, "little"))


def zstd(start, unit, times, window=None):
    """Raw and run-length blocks where the unit is a byte; else compressed by repeating raw blocks: no bomb, but true."""
    out = b"\x28\xb5\x2f\xfd\x00" + bytes([((window or 20) - 10) << 3])

    def blocks(kind, size, data, last=0):
        return (last | kind << 1 | size << 3).to_bytes(3, "little") + data

    if start:
        out += blocks(0, len(start), start)
    most = 128 * 1024
    if len(unit) == 1:
        out += blocks(1, most, unit) * (times // most)
        return out + blocks(1, times % most, unit, 1) if times % most else out + blocks(0, 0, b"", 1)
    each = most // len(unit)
    out += blocks(0, each * len(unit), unit * each) * (times // each)
    return out + blocks(0, times % each * len(unit), unit * (times % each), 1)


def lz4(start, unit, times):
    """Blocks of 4 MB: the unit as literals, then one match that goes on and on, then the last five bytes."""
    out, most = b"\x04\x22\x4d\x18\x60\x70\x73", 4 * MB // len(unit)

    def lengths(n):
        return b"\xff" * (n // 255) + bytes([n % 255])

    def stored(data):
        return (len(data) | 1 << 31).to_bytes(4, "little") + data

    if start:
        out += stored(start)
    tail = unit * 16
    match = len(unit) * most - len(unit) - len(tail) - 19
    token = bytes([min(len(unit), 15) << 4 | 15]) + (lengths(len(unit) - 15) if len(unit) >= 15 else b"")
    last = bytes([15 << 4]) + lengths(len(tail) - 15) if len(tail) >= 15 else bytes([len(tail) << 4])
    data = token + unit + len(unit).to_bytes(2, "little") + lengths(match) + last + tail
    each = len(unit) + match + 19 + len(tail)
    n = times * len(unit) // each
    out += (len(data).to_bytes(4, "little") + data) * n
    rest = times * len(unit) - n * each
    return out + (stored((unit * (rest // len(unit) + 1))[:rest]) if rest else b"") + b"\0\0\0\0"


def snappy(start, unit, times):
    """Copies of 64 bytes; with the checksum that Avro puts behind it."""
    size = len(start) + len(unit) * times
    first = (start + unit * (64 // len(unit) + 2))
    first = first[:min(len(first), size)]
    out = varint(size) + bytes([61 << 2]) + (len(first) - 1).to_bytes(2, "little") + first
    left = size - len(first)
    copy = b"\xfe" + len(unit).to_bytes(2, "little")
    out += copy * (left // 64)
    if left % 64:
        out += bytes([(left % 64 - 1) << 2 | 2]) + len(unit).to_bytes(2, "little")
    crc = zlib.crc32(start)
    each = max(1, MB // len(unit))
    for n in [each] * (times // each) + [times % each]:
        crc = zlib.crc32(unit * n, crc)
    return out + crc.to_bytes(4, "big")


def by_compressor(c, start, unit, times):
    each = max(1, MB // len(unit))
    out = [c.compress(start)]
    for n in [each] * (times // each) + [times % each]:
        out.append(c.compress(unit * n))
    return b"".join(out) + c.flush()


def packed(codec, start, unit, times):
    """start and so many units, as the data of a block or a text file."""
    if codec in ("null", "none"):
        return start + unit * times
    if codec == "bzip2":
        return by_compressor(bz2.BZ2Compressor(9), start, unit, times)
    if codec == "xz":
        return by_compressor(lzma.LZMACompressor(lzma.FORMAT_XZ, preset=1), start, unit, times)
    return {"deflate": deflate, "gzip": gzip, "snappy": snappy, "zstandard": zstd, "zstd": zstd, "lz4": lz4}[codec](start, unit, times)
