"""features_test.py - what options do to a file, as foreign readers see it: rotated sets, metadata, schemas of the user's
own, anonymous records, huge rows."""
import os
import sys

sys.path[:0] = [os.path.dirname(os.path.abspath(__file__)), os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")]
import corpus
from foreign import CODECS
from lib import harness


def setup_module():
    global c, readers
    c, readers = corpus.start()


def teardown_module():
    c.remove()


def exported(query, name, **options):
    """Paths of the files of one export."""
    given = ", ".join("%s => %s" % o for o in options.items())
    rows = c.psql("SELECT path, rows FROM export_to_avro($query$%s$query$, '%s'%s) ORDER BY file_index"
                  % (query, c.out(name), ", " + given if given else ""))
    return [r[0] for r in rows], [int(r[1]) for r in rows]


def same_for_all(paths, rows, codec="null"):
    for reader in readers:
        if codec in reader.codecs:
            found = reader.read_all(paths)
            assert [r for p in paths for r in found[p]] == rows, reader


def test_a_rotated_set_holds_every_key_once():
    for codec in CODECS:
        paths, counts = exported("SELECT n, md5(n::text) FROM generate_series(1, 10007) n", "keys_%s.avro" % codec,
                                 compression="'%s'" % codec, max_rows_per_file=1999, options="'{\"block_size\": \"1kB\"}'")
        assert counts == [1999] * 5 + [12], counts
        for reader in readers:
            if codec in reader.codecs:
                found = reader.read_all(paths)
                assert [len(found[p]) for p in paths] == counts
                assert sorted(r[0] for p in paths for r in found[p]) == list(range(1, 10008)), (reader, codec)


def test_sets_by_size():
    paths, counts = exported("SELECT n, repeat('x', n % 100) FROM generate_series(1, 20000) n", "sized.avro",
                             compression="'snappy'", max_bytes_per_file=30000, options="'{\"block_size\": \"4kB\"}'")
    assert len(paths) > 3 and sum(counts) == 20000
    for reader in readers:
        found = reader.read_all(paths)
        assert sorted(r[0] for p in paths for r in found[p]) == list(range(1, 20001)), reader


def test_nothing_at_all():
    """No rows with every codec; no columns; neither."""
    for codec in CODECS:
        paths, _ = exported("SELECT n, 'x' FROM generate_series(1, 0) n", "none.avro", compression="'%s'" % codec)
        same_for_all(paths, [], codec)
    same_for_all(exported("SELECT FROM generate_series(1, 3)", "empty.avro", compression="'null'")[0], [[], [], []])
    same_for_all(exported("SELECT WHERE false", "empty.avro", compression="'null'")[0], [])


def test_anonymous_records_are_json():
    paths, _ = exported("SELECT ROW(n, 'x\"y', NULL, ROW(1.50, ARRAY[1, NULL])) AS r, ARRAY[ROW(n)] AS a "
                        "FROM generate_series(1, 2) n", "records.avro", compression="'null'")
    same_for_all(paths, [['{"f1":%d,"f2":"x\\"y","f3":null,"f4":{"f1":1.50,"f2":[1,null]}}' % n, ['{"f1":%d}' % n]]
                         for n in (1, 2)])


def test_arrays_of_several_dimensions():
    """What nobody declared: serial, by workers, in composites, and with nothing but NULL and {} first."""
    c.psql("CREATE TYPE cell AS (n int, tags text[])")
    c.psql("CREATE TABLE matrices (id int, g int[], t cell[]) WITH (parallel_workers = 2)")
    c.psql("""INSERT INTO matrices SELECT n, CASE WHEN n % 3 = 0 THEN ARRAY[[n, NULL], [2, 3]] WHEN n % 3 = 1 THEN '{}' END,
        CASE WHEN n % 5 > 1 THEN ARRAY[[NULL, (n, ARRAY[[[n::text]]])::cell]] END FROM generate_series(1, 3000) n""")

    def row(n):
        return [n, [[n, None], [2, 3]] if n % 3 == 0 else [] if n % 3 == 1 else None,
                [[None, {"r": [n, [[[str(n)]]]]}]] if n % 5 > 1 else None]

    for parallel in ("off", "2"):
        paths, _ = exported("TABLE matrices", "matrices_%s.avro" % parallel, compression="'null'",
                            options="'{\"parallel\": \"%s\"}'" % parallel)
        for reader in readers:
            found = sorted(reader.read_all(paths)[paths[0]])
            assert found == [row(n) for n in range(1, 3001)], (reader, parallel)


def test_columns_that_cannot_be_null():
    c.psql("CREATE TABLE needed (id int PRIMARY KEY, t text NOT NULL, a int[] NOT NULL, u timestamp NOT NULL, n numeric(9,2) NOT NULL, b bool)")
    c.psql("INSERT INTO needed SELECT n, 't' || n, ARRAY[n, NULL], timestamp '1970-01-01' + n * interval '1 us', n, NULLIF(n % 2 = 0, true) "
           "FROM generate_series(1, 1000) n")
    for profile in ("spec", "iceberg"):
        paths, _ = exported("TABLE needed", "needed_%s.avro" % profile, compression="'null'",
                            options="'{\"required\": \"auto\", \"profile\": \"%s\"}'" % profile)
        same_for_all(paths, [[n, "t%d" % n, [n, None], n, {"b": "%08x" % (100 * n)}, None if n % 2 == 0 else False] for n in range(1, 1001)])


def test_a_schema_of_the_users_own():
    schema = """{"type": "record", "name": "order", "namespace": "shop", "fields": [
        {"name": "lines", "type": {"type": "array", "items": {"type": "record", "name": "line", "fields": [
            {"name": "price", "type": {"type": "bytes", "logicalType": "decimal", "precision": 6, "scale": 2}},
            {"name": "note", "type": ["string", "null"], "default": ""}]}}},
        {"name": "id", "type": "long"},
        {"name": "state", "type": {"type": "enum", "name": "state", "symbols": ["open", "closed"]}},
        {"name": "meta", "type": ["null", {"type": "record", "name": "meta", "fields": [
            {"name": "tags", "type": {"type": "array", "items": "string"}},
            {"name": "weight", "type": ["null", "double"]}]}]},
        {"name": "hash", "type": {"type": "fixed", "name": "md5", "size": 16}},
        {"name": "day", "type": {"type": "long", "logicalType": "timestamp-millis"}}]}"""
    c.psql("CREATE TYPE order_line AS (note text, price numeric)")
    query = """SELECT n::int2 AS id, ARRAY[(NULL, n)::order_line, ('x', -1.25)::order_line] AS lines, 'open'::text AS state,
        CASE WHEN n > 1 THEN '{"weight": 1.5, "tags": ["a", "b"]}'::jsonb END AS meta,
        decode(md5('x'), 'hex') AS hash, date '1969-12-31' AS day FROM generate_series(1, 2) n"""
    paths, _ = exported(query, "schema.avro", compression="'null'",
                        options="jsonb_build_object('schema', $schema$%s$schema$)" % schema)
    hashed = "9dd4e461268c8034f5c8564e155c67a6"
    expected = [[[{"r": [{"b": "%06x" % (100 * n)}, None]}, {"r": [{"b": "ffff83"}, "x"]}], n, {"e": "open"},
                 None if n == 1 else {"r": [["a", "b"], {"d": "3ff8000000000000"}]}, {"b": hashed}, -86400000]
                for n in (1, 2)]
    same_for_all(paths, expected)


def test_a_row_larger_than_any_block():
    paths, _ = exported("SELECT n, repeat(chr(96 + n), 3000000) FROM generate_series(1, 3) n", "huge.avro",
                        compression="'snappy'", options="'{\"block_size\": \"1kB\"}'")
    same_for_all(paths, [[n, chr(96 + n) * 3000000] for n in (1, 2, 3)], "snappy")


def test_many_columns():
    columns = ", ".join("n + %d AS c%d" % (i, i) for i in range(1600))
    paths, _ = exported("SELECT %s FROM generate_series(1, 20) n" % columns, "wide.avro", compression="'deflate'")
    same_for_all(paths, [[n + i for i in range(1600)] for n in range(1, 21)], "deflate")


if __name__ == "__main__":
    harness.main()
