"""wire.py - the frontend/backend protocol, version 3, as far as COPY TO STDOUT needs it: what a client is told
message by message, which no driver shows. Simple queries over a Unix socket, trust authentication.
"""
import os
import socket
import struct


class CopyOut:
    """announced: (overall, [code per column]) or None; messages: the CopyData; tag; error: SQLSTATE; done: CopyDone."""

    def __init__(self):
        self.announced, self.messages, self.tag, self.error, self.done = None, [], None, None, False


class Wire:
    def __init__(self, cluster, user="postgres", db="postgres", **settings):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(60)
        self.socket.connect(os.path.join(cluster.sockets, ".s.PGSQL.5432"))
        pairs = dict(user=user, database=db, **settings)
        body = struct.pack("!i", 196608) + b"".join(
            k.encode() + b"\0" + v.encode() + b"\0" for k, v in pairs.items()) + b"\0"
        self.socket.sendall(struct.pack("!i", len(body) + 4) + body)
        while self._message()[0] != b"Z":
            pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def _exactly(self, n):
        data = bytearray()
        while len(data) < n:
            more = self.socket.recv(min(n - len(data), 1 << 20))
            if not more:
                raise ConnectionError("the server has closed the connection")
            data += more
        return bytes(data)

    def _message(self):
        kind, size = struct.unpack("!ci", self._exactly(5))
        return kind, self._exactly(size - 4)

    def send(self, sql):
        body = sql.encode() + b"\0"
        self.socket.sendall(b"Q" + struct.pack("!i", len(body) + 4) + body)

    def read_some(self):
        return self._exactly(1000)

    def copy(self, sql):
        self.send(sql)
        out = CopyOut()
        while True:
            kind, body = self._message()
            if kind == b"H":
                overall, n = struct.unpack("!bh", body[:3])
                out.announced = (overall, list(struct.unpack("!%dh" % n, body[3:])))
            elif kind == b"d":
                assert out.announced and not out.done
                out.messages.append(body)
            elif kind == b"c":
                out.done = True
            elif kind == b"C":
                out.tag = body.rstrip(b"\0").decode()
            elif kind == b"E":
                out.error = next(p[1:].decode() for p in body.split(b"\0") if p.startswith(b"C"))
            elif kind == b"Z":
                return out
