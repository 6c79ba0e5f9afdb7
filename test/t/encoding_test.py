#!/usr/bin/env python3
"""encoding_test.py - databases of other encodings: what is text in a file is UTF-8, or an error that names row and column."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import harness  # noqa: E402
from lib.cluster import Cluster  # noqa: E402

NAMES = {"LATIN1": "größe", "WIN1252": "größe €", "EUC_JP": "日本語", "LATIN2": "žluťoučký", "KOI8R": "привет"}
c = None


def setup_module():
    global c
    c = Cluster(preload=True)
    for encoding in [*NAMES, "SQL_ASCII"]:
        c.psql("CREATE DATABASE db_%s TEMPLATE template0 ENCODING '%s' LC_COLLATE 'C' LC_CTYPE 'C'"
               % (encoding.lower(), encoding))
        c.psql("CREATE EXTENSION pg_spout", db="db_" + encoding.lower())


def teardown_module():
    c.remove()


def exported(sql, db, name="encoding.avro"):
    path = c.out(name)
    c.psql(sql % path, db=db)
    with open(path, "rb") as f:
        return f.read()


def test_text_becomes_utf8():
    for encoding, word in NAMES.items():
        db = "db_" + encoding.lower()
        c.psql("CREATE TYPE kind AS ENUM ('%s'); CREATE TABLE words (id int, w text, v varchar(20), n name, b char(12), e kind, "
               "a text[], j json, jb jsonb)" % word, db=db)
        c.psql("INSERT INTO words VALUES (1, '{0}', '{0}', '{0}', '{0}', '{0}', ARRAY['{0}', NULL], '\"{0}\"', '{{\"{0}\": \"{0}\"}}')"
               .format(word), db=db)
        for client in ("UTF8", encoding):
            data = exported("SET client_encoding = '%s'; COPY words TO '%%s' WITH (format avro, compression 'null')"
                            % client, db)
            # Text, name, padded, enum, element, json, key and value of jsonb.
            assert data.count(word.encode()) == 9, (encoding, data)
            assert word.encode(encoding.replace("WIN", "cp").replace("KOI8R", "koi8_r")) not in data


def test_names_and_options_become_utf8():
    db = "db_latin1"
    data = exported("COPY (SELECT 1 AS \"größe\") TO '%s' WITH (format avro, compression 'null', "
                    "metadata '{\"grün\": \"ä\"}')", db)
    assert '"name":"gr__e"'.encode() in data and '"pg.name":"größe"'.encode() in data, data
    assert "grün".encode() + b"\x04" + "ä".encode() in data, data
    schema = '{"type":"record","name":"r","doc":"größe","fields":[{"name":"a","type":"int"}]}'
    assert schema.encode() in exported("COPY (SELECT 1 AS a) TO '%%s' WITH (format avro, compression 'null', schema '%s')"
                                       % schema, db)
    # Messages come back in the client's encoding.
    error = c.error("COPY (SELECT date 'infinity' AS \"größe\") TO '%s' WITH (format avro)" % c.out("x.avro"), db=db)
    assert 'column "größe", row 1' in error.message, error


def test_a_path_is_bytes():
    c.psql("COPY (SELECT 1) TO '%s' WITH (format avro)" % c.out("größe.avro"), db="db_latin1")
    assert os.path.exists(os.fsencode(c.outdir) + "/größe.avro".encode("latin-1"))


def test_illegal_bytes_of_sql_ascii():
    db = "db_sql_ascii"
    c.psql("CREATE TABLE t (id int, w text, a text[], j json); "
           "INSERT INTO t SELECT n, 'plain', ARRAY['x'], '\"y\"' FROM generate_series(1, 1000) n", db=db)
    path = c.out("ascii.avro")
    c.psql("COPY t TO '%s' WITH (format avro)" % path, db=db)
    with open(path, "rb") as f:
        old = f.read()
    for column, value in (("w", r"E'a\xffb'"), ("a", r"ARRAY['ok', E'\xc3']"), ("j", """('"' || E'\\xe9' || '"')::json"""),
                          ("w", r"E'\xed\xa0\x80'"), ("w", r"E'\xf4\x90\x80\x80'"), ("w", r"E'\xc0\x80'")):
        c.psql("UPDATE t SET w = 'plain', a = ARRAY['x'], j = '\"y\"' WHERE id = 700; UPDATE t SET %s = %s WHERE id = 700"
               % (column, value), db=db)
        error = c.error("COPY (SELECT * FROM t ORDER BY id) TO '%s' WITH (format avro)" % path, db=db)
        assert error.sqlstate == "22021", error
        said = error.message + (error.context or "")
        assert '"%s"' % column in said and "row 700" in said, error
        with open(path, "rb") as f:
            assert f.read() == old, "the target was touched"
    # Bytes that happen to be UTF-8 are text.
    c.psql(r"UPDATE t SET w = E'gr\xc3\xb6\xc3\x9fe', a = ARRAY['x'], j = '1' WHERE id = 700", db=db)
    assert "größe".encode() in exported("COPY t TO '%s' WITH (format avro, compression 'null')", db)


def test_the_char_type_beyond_ascii():
    """One byte that is no UTF-8: an error, or the escape that newer servers print."""
    result = c.run("CREATE EXTENSION IF NOT EXISTS pg_spout; COPY (SELECT (-128)::\"char\" AS ch) TO '%s' "
                   "WITH (format avro, compression 'null')" % c.out("char.avro"))
    if result.error:
        assert result.error.sqlstate == "22021" and '"ch"' in result.error.message, result.error
    else:
        with open(c.out("char.avro"), "rb") as f:
            assert b"\\200" in f.read()


if __name__ == "__main__":
    harness.main()
