"""read_python_avro.py raw|logical FILE... - rows of Avro files as canonical JSON, through Apache's python-avro.

raw: the reader gets the writer's schema without logical types.
"""
import json
import sys
import warnings

import avro.errors
import avro.io
import avro.schema
from avro.datafile import DataFileReader

from canonical import emit, strip_logical


# It knows no local timestamps and says so: they stay integers.
warnings.simplefilter("ignore", avro.errors.IgnoredLogicalType)


def main(mode, paths):
    for path in paths:
        with open(path, "rb") as f, DataFileReader(f, avro.io.DatumReader()) as reader:
            text = reader.get_meta("avro.schema").decode()
            schema = json.loads(text)
            if mode == "raw":
                plain = avro.schema.parse(json.dumps(strip_logical(schema)))
                reader.datum_reader.writers_schema = plain
                reader.datum_reader.readers_schema = plain
            emit(sys.stdout, path, schema, reader)


main(sys.argv[1], sys.argv[2:])
