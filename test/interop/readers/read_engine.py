"""read_engine.py - what an analytics engine reads: read_engine.py ENGINE FILE ...

A line of JSON per file: {"columns": [...], "rows": [[text or null, ...], ...]}, or {"error": "..."}. The format and the codec
are told by the file's name, as the engines do. Values become text in one way for all engines; in CSV all columns are text.
"""
import datetime
import decimal
import json
import os
import sys
import uuid

SUFFIXES = {".gz": "gzip", ".zst": "zstd", ".lz4": "lz4"}


def kind(path):
    """("csv", "gzip") of x.csv.gz."""
    stem, suffix = os.path.splitext(path)
    codec = SUFFIXES.get(suffix)
    return os.path.splitext(stem if codec else path)[1][1:], codec


def text(value):
    """One spelling for what engines give as Python values."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).hex()
    if isinstance(value, datetime.datetime):
        value = value.astimezone(datetime.timezone.utc).replace(tzinfo=None) if value.tzinfo else value
        return value.isoformat(" ", "microseconds")
    if isinstance(value, datetime.time):
        return value.isoformat("microseconds")
    if isinstance(value, dict):
        return "(%s)" % ",".join(map(str, map(text, value.values())))
    if isinstance(value, (list, tuple)):
        return "[%s]" % ",".join(map(str, map(text, value)))
    if isinstance(value, (int, float, decimal.Decimal, datetime.date, uuid.UUID)):
        return str(value)
    raise TypeError("unexpected %r" % type(value))


def arrow(table):
    return table.schema.names, [list(row.values()) for row in table.to_pylist()]


def duckdb(path, form, codec):
    import duckdb
    connection = duckdb.connect()
    how = {"csv": "read_csv(?, header = true, all_varchar = true, strict_mode = true)",
           "json": "read_json(?, format = 'newline_delimited')", "avro": "read_avro(?)"}[form]
    if form == "avro":
        import duckdb_extension_avro as package
        connection.execute("LOAD '%s/extensions/v%s/avro.duckdb_extension'" % (os.path.dirname(package.__file__), duckdb.__version__))
    return arrow(connection.execute("SELECT * FROM " + how, [path]).to_arrow_table())


def polars(path, form, codec):
    import polars
    if form == "csv":
        frame = polars.read_csv(path, infer_schema=False)
    else:
        frame = polars.read_ndjson(path) if form == "json" else polars.read_avro(path)
    return frame.columns, frame.rows()


def datafusion(path, form, codec):
    import datafusion
    import pyarrow as pa
    context = datafusion.SessionContext()
    packed = {"file_compression_type": codec or "", "file_extension": "." + path.rpartition("/")[2].partition(".")[2]}
    if form == "csv":
        names = pyarrow_csv(path).schema.names
        schema = pa.schema([(n, pa.string()) for n in names])
        return arrow(context.read_csv(path, schema=schema, has_header=True, **packed).to_arrow_table())
    frame = context.read_json(path, **packed) if form == "json" else context.read_avro(path)
    return arrow(frame.to_arrow_table())


def pyarrow_csv(path):
    from pyarrow import csv
    return csv.open_csv(path, parse_options=csv.ParseOptions(newlines_in_values=True))


def pyarrow(path, form, codec):
    import pyarrow as pa
    from pyarrow import csv
    from pyarrow import json as lines
    if form == "json":
        return arrow(lines.read_json(path))
    options = csv.ConvertOptions(column_types={n: pa.string() for n in pyarrow_csv(path).schema.names}, strings_can_be_null=True,
                                 quoted_strings_can_be_null=False, null_values=[""])
    return arrow(csv.read_csv(path, parse_options=csv.ParseOptions(newlines_in_values=True), convert_options=options))


def clickhouse(path, form, codec):
    import io

    import chdb
    from pyarrow import ipc
    name = {"csv": "CSVWithNames", "json": "JSONEachRow", "avro": "Avro"}[form]
    # Structures are guessed from the first rows; for text to stay text in CSV nothing is guessed.
    settings = {"output_format_arrow_string_as_string": 0, "session_timezone": "'UTC'"}
    if form == "csv":
        settings.update({"input_format_csv_use_best_effort_in_schema_inference": 0, "schema_inference_make_columns_nullable": 1})
    sql = "SELECT * FROM file('%s', '%s') SETTINGS %s" % (path, name, ", ".join("%s = %s" % s for s in settings.items()))
    names, rows = arrow(ipc.open_file(io.BytesIO(chdb.query(sql, "Arrow").bytes())).read_all())
    return names, [[decoded(v) for v in row] for row in rows]


def decoded(value):
    """ClickHouse's strings are bytes; only what is no text is left as such."""
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value
    if isinstance(value, list):
        return [decoded(v) for v in value]
    return {k: decoded(v) for k, v in value.items()} if isinstance(value, dict) else value


def pyiceberg(path, form, codec):
    from pyiceberg.avro.file import AvroFile
    from pyiceberg.io import InputFile

    class Local(InputFile):
        def __len__(self):
            return os.path.getsize(self.location)

        def exists(self):
            return os.path.exists(self.location)

        def open(self, seekable=True):
            return open(self.location, "rb")

    def plain(value):
        if isinstance(value, (list, tuple)):
            return [plain(v) for v in value]
        return {str(i): plain(v) for i, v in enumerate(value._data)} if hasattr(value, "_data") else value
    with AvroFile(Local(path)) as f:
        return [field.name for field in f.schema.fields], [[plain(v) for v in row._data] for row in f]


def main():
    engine = globals()[sys.argv[1]]
    for path in sys.argv[2:]:
        try:
            columns, rows = engine(path, *kind(path))
            told = {"columns": list(columns), "rows": [[text(v) for v in row] for row in rows]}
        except BaseException as e:  # polars panics
            told = {"error": "%s: %s" % (type(e).__name__, str(e)[:300])}
        print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
