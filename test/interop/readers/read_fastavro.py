"""read_fastavro.py raw|logical FILE... - rows of Avro files as canonical JSON, through fastavro.

raw: logical types are switched off, so that values Python's types cannot hold (BC, year 10000) arrive as well.
"""
import json
import sys

import fastavro
import fastavro.read

from canonical import emit


def main(mode, paths):
    if mode == "raw":
        for name in list(fastavro.read.LOGICAL_READERS):
            fastavro.read.LOGICAL_READERS.pop(name)
    for path in paths:
        with open(path, "rb") as f:
            reader = fastavro.reader(f)
            # A fresh copy: fastavro's own has names expanded and private keys added.
            schema = json.loads(reader.metadata["avro.schema"])
            emit(sys.stdout, path, schema, reader)


main(sys.argv[1], sys.argv[2:])
