#!/usr/bin/env python3
"""encoding_test.py - databases and clients of other encodings: what is text in a file is UTF-8, but CSV, which is in the
client's encoding as core's is; or there is an error that names row and column."""
import json
import os
import sys
import xml.etree.ElementTree as etree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import harness  # noqa: E402
from lib.cluster import Cluster  # noqa: E402
from lib.wire import Wire  # noqa: E402

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


def test_errors_name_what_was_written():
    """Also where its bytes would be another text in UTF-8: LATIN1's "Ã©" are those of "é"."""
    for encoding, word in [*NAMES.items(), ("LATIN1", "Ã©")]:
        db, path = "db_" + encoding.lower(), c.out("named")
        for sql, wanted in (("COPY (SELECT 1) TO '%s' (FORMAT avro, \"%s\" 1)", 'option "%s" is not recognized for format avro'),
                            ("COPY (SELECT 1) TO '%s' (FORMAT csv, SYNC off, \"%s\" 1)", 'option "%s" is not recognized for format csv'),
                            ("SELECT export_to_csv('SELECT 1', '%s', options => '{\"%s\": 1}')", 'option "%s" is not recognized for format csv'),
                            ("COPY (SELECT 1) TO '%s' (FORMAT avro, COMPRESSION '%s')", 'invalid value for option "compression": "%s"')):
            error = c.error(sql % (path, word), db=db)
            assert (error.sqlstate, error.message) == ("22023", wanted % word), (encoding, error)
        error = c.error("SELECT * FROM describe_export('SELECT 1', '%s')" % word, db=db)
        assert error.message == 'format "%s" is not recognized' % word, (encoding, error)


def test_a_path_is_bytes():
    c.psql("COPY (SELECT 1) TO '%s' WITH (format avro)" % c.out("größe.avro"), db="db_latin1")
    assert os.path.exists(os.fsencode(c.outdir) + "/größe.avro".encode("latin-1"))


def test_a_manifest_is_utf8():
    """And is read back in the database's encoding: by verify_export, and by the next export, which removes what it lists."""
    for encoding, word in NAMES.items():
        db, codec = "db_" + encoding.lower(), encoding.replace("WIN", "cp").replace("KOI8R", "koi8_r")
        bytes_of = os.path.join(os.fsencode(c.outdir), encoding.lower().encode())
        d = c.out(encoding.lower())
        c.run_as_server("mkdir", "-p", d)
        for form, codec_name in (("avro", "null"), ("csv", "none"), ("xml", "none")):
            for rows, files in ((5, 3), (3, 2)):
                c.psql("COPY (SELECT generate_series(1, %d) AS \"%s\") TO '%s/%s.%s' WITH (format '%s', compression '%s', "
                       "max_rows_per_file 2, manifest)" % (rows, word, d, word, form, form, codec_name), db=db)
                name = word.encode(codec) + b"." + form.encode() + b".manifest.json"
                with open(os.path.join(bytes_of, name), "rb") as f:
                    manifest = json.loads(f.read().decode("utf-8"))
                names = ["%s_%03d.%s" % (word, i, form) for i in range(files)]
                assert [e["name"] for e in manifest["files"]] == names, (encoding, manifest)
                assert form != "avro" or word in json.dumps(manifest["schema"], ensure_ascii=False)
                there = [n for n in os.listdir(bytes_of) if n.endswith(form.encode())]
                assert sorted(there) == [n.encode(codec) for n in names], (encoding, there)
                found = c.psql("SELECT ok, regexp_replace(path, '.*/', '') FROM verify_export('%s/%s.%s.manifest.json')"
                               % (d, word, form), db=db)
                assert found == [["t", n] for n in names], (encoding, found)


def test_a_name_that_a_manifest_cannot_hold():
    path = "E'%s/\\xff.avro'" % c.outdir
    fails = "SELECT 1 / (random() * 0)::int"  # so it is told before the first row
    for query in (fails, fails + " FROM pg_class"):
        e = c.error("SELECT * FROM export_to_avro('%s', %s, options => '{\"manifest\": true}')" % (query, path), db="db_sql_ascii")
        assert e.sqlstate == "22021" and "manifest" in e.message and "manifest" in (e.hint or ""), (e, e.detail, e.context)
    c.psql("SELECT rows FROM export_to_avro('SELECT 1', %s)" % path, db="db_sql_ascii")
    assert b"\xff.avro" in os.listdir(os.fsencode(c.outdir))
    # Bytes that happen to be UTF-8 are text.
    c.psql("SELECT * FROM export_to_avro('SELECT 1', E'%s/\\xc3\\xa9.avro', options => '{\"manifest\": true}')" % c.outdir, db="db_sql_ascii")
    with open(c.out("\u00e9.avro.manifest.json")) as f:
        assert json.load(f)["files"][0]["name"] == "\u00e9.avro"


def test_texts_of_xml_and_csv_in_a_latin1_database():
    data = exported("COPY (SELECT 1 AS \"größe\") TO '%s' WITH (format xml, compression 'none', root_name 'zähler', row_name 'maß')",
                    "db_latin1").decode("utf-8")
    assert etree.fromstring(data)[0].tag == "maß" and "<größe>" in data and "<zähler" in data, data
    c.psql("CREATE SCHEMA \"schön\"; CREATE TYPE \"schön\".\"größe\" AS ENUM ('klein', 'groß'); CREATE TABLE \"schön\".\"maß\" "
           "(g \"schön\".\"größe\", r \"schön\".\"größe\"[])", db="db_latin1")
    for form in ("avro", "json", "xml"):
        codec = "null" if form == "avro" else "none"
        exported("INSERT INTO \"schön\".\"maß\" VALUES ('groß', '{klein}'); COPY \"schön\".\"maß\" TO '%%s' WITH (format '%s', compression '%s')"
                 % (form, codec), "db_latin1").decode("utf-8" if form != "avro" else "latin-1")


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


# --- text formats and the client's encoding ----------------------------------------------------------------
# In Shift JIS the second byte of U+8868 is a backslash, of U+FF5C a vertical line.
JAPANESE = "\u8868, \uff5c \u65e5\u672c"
WORDS = {"UTF8": [("SQL_ASCII", "utf-8", JAPANESE), ("LATIN1", "latin-1", "größe, é"), ("EUC_JP", "euc_jp", JAPANESE),
                  ("SJIS", "cp932", JAPANESE), ("UTF8", "utf-8", JAPANESE + " größe")],
         "LATIN1": [("SQL_ASCII", "latin-1", "größe, é"), ("LATIN1", "latin-1", "größe, é"), ("UTF8", "utf-8", "größe, é")],
         "EUC_JP": [("SQL_ASCII", "euc_jp", JAPANESE), ("EUC_JP", "euc_jp", JAPANESE), ("SJIS", "cp932", JAPANESE),
                    ("UTF8", "utf-8", JAPANESE)]}


def read(name):
    with open(c.out(name), "rb") as f:
        return f.read()


def database(encoding):
    return "postgres" if encoding == "UTF8" else "db_" + encoding.lower()


def streamed(db, client, sql):
    with Wire(c, db=db, client_encoding=client) as w:
        out = w.copy(sql)
        assert out.done, (db, client, sql, out.error)
        return b"".join(out.messages)


def test_every_text_format_for_every_client():
    c.psql("CREATE EXTENSION IF NOT EXISTS pg_spout")
    for encoding, clients in WORDS.items():
        db = database(encoding)
        for client, codec, word in clients:
            c.psql("DROP TABLE IF EXISTS mixed; CREATE TABLE mixed (id int, \"%s\" text, a text[], jb jsonb)" % word[:1], db=db)
            c.psql("INSERT INTO mixed SELECT n, '{0}' || n, ARRAY['{0}', NULL], '{{\"{0}\": \"{0}\"}}' FROM generate_series(1, 2000) n"
                   .format(word), db=db)
            where = (encoding, client)
            c.psql("SET client_encoding = '%s'; " % client + "".join(
                "COPY mixed TO '%s' (FORMAT %s);" % (c.out(name), form)
                for name, form in (("core.csv", "csv, HEADER, FORCE_QUOTE *"), ("our.csv", "csv, HEADER, FORCE_QUOTE *, PARALLEL off"),
                                   ("our.json", "'json'"), ("our.xml", "xml"))), db=db)
            assert read("our.csv") == read("core.csv"), where
            assert read("our.csv").decode(codec).count(word) == 4 * 2000, where
            # As a stream it is what the file holds, for this client.
            assert streamed(db, client, "COPY mixed TO STDOUT (FORMAT csv, HEADER, FORCE_QUOTE *, PARALLEL off)") == read("our.csv"), where
            # JSON and XML are UTF-8 for every client.
            rows = [json.loads(line) for line in read("our.json").splitlines()]
            assert rows[6] == {"id": 7, word[:1]: word + "7", "a": [word, None], "jb": {word: word}} and len(rows) == 2000, (where, rows[6])
            root = etree.fromstring(read("our.xml"))
            assert len(root) == 2000 and root[6][1].tag == word[:1] and root[6][1].text == word + "7", where
            assert root[6][2][0].text == word, where
            for form in ("json", "xml"):
                assert streamed(db, client, "COPY mixed TO STDOUT (FORMAT '%s')" % form) == read("our." + form), where


def test_what_the_client_cannot_have():
    """A character without an equivalent: core's SQLSTATE for CSV, with row and column; JSON and XML do not mind."""
    c.psql("DROP TABLE IF EXISTS mixed; CREATE TABLE mixed AS SELECT n AS id, CASE n WHEN 700 THEN '\u65e5\u20ac' ELSE 'plain' END AS w "
           "FROM generate_series(1, 1000) n")
    for client in ("LATIN1", "EUC_JP", "SJIS"):
        for name in ("x.csv", "x.json", "x.xml"):
            with open(c.out(name), "w") as f:
                f.write("old")
            os.chmod(c.out(name), 0o644)
        ours, core = (c.error("SET client_encoding = '%s'; COPY mixed TO '%s' (FORMAT csv%s)" % (client, c.out(name), more))
                      for name, more in (("x.csv", ", PARALLEL off"), ("core.csv", "")))
        assert ours.sqlstate == core.sqlstate == "22P05" and ours.message == core.message, (client, ours, core)
        assert "row 700" in ours.context and '"w"' in ours.context, ours
        assert read("x.csv") == b"old"
        c.psql("SET client_encoding = '%s'; COPY mixed TO '%s' (FORMAT 'json'); COPY mixed TO '%s' (FORMAT xml)"
               % (client, c.out("x.json"), c.out("x.xml")))
        assert json.loads(read("x.json").splitlines()[699])["w"] == etree.fromstring(read("x.xml"))[699][1].text == "\u65e5\u20ac"


def test_a_quote_that_is_no_character_elsewhere():
    """One byte in LATIN1: core takes it as a quote, so do we, and a manifest can tell any database."""
    c.psql("CREATE EXTENSION IF NOT EXISTS pg_spout")
    query = "(SELECT E'a\nb' || chr(252) || n AS v FROM generate_series(1, 5) n)"
    for more in (", QUOTE 'ü', ESCAPE 'ü'", ", QUOTE 'ü', ESCAPE 'é', DELIMITER 'ß', HEADER"):
        c.psql("SET client_encoding = 'UTF8'; COPY %s TO '%s' (FORMAT csv, ENCODING 'LATIN1'%s); COPY %s TO '%s' (FORMAT csv, ENCODING 'LATIN1', "
               "MANIFEST on%s)" % (query, c.out("core.csv"), more, query, c.out("our.csv"), more), db="db_latin1")
        assert read("our.csv") == read("core.csv") and b"\xfc" in read("our.csv")
        for db in ("db_latin1", "postgres", "db_sql_ascii"):
            assert c.psql("SELECT ok, rows, problem FROM verify_export('%s')" % c.out("our.csv.manifest.json"), db=db) == [["t", "5", None]], (more, db)


def test_illegal_bytes_in_text_formats():
    """22021 with row and column, wherever the bytes sit; the target stays. Where core's CSV asks nothing, neither do we."""
    db = "db_sql_ascii"
    c.psql("DROP TABLE IF EXISTS bad; CREATE TABLE bad (id int, w text, a text[], j json, jb jsonb); "
           "INSERT INTO bad SELECT n, 'plain', ARRAY['x'], '\"y\"', '{}' FROM generate_series(1, 1000) n", db=db)
    forms = {"'json'": "", "'json', FORCE_ARRAY": "", "xml": "", "xml, COMPRESSION gzip": "", "csv, PARALLEL off": "UTF8",
             "csv, PARALLEL off, ENCODING 'UTF8'": "SQL_ASCII", "csv, PARALLEL off, HEADER, ENCODING 'EUC_JP'": "SQL_ASCII"}
    for column, value in (("w", r"E'a\xffb'"), ("a", r"ARRAY['ok', E'\xc3']"), ("w", r"E'\xed\xa0\x80'"), ("w", r"E'\xf4\x90\x80\x80'"),
                          ("w", r"E'\xc0\x80'"), ("j", """('"' || E'\\xe9' || '"')::json"""), ("w", r"E'cut at the end \xe6\x97'"),
                          ("jb", """('{"k' || E'\\xff' || '": 1}')::jsonb"""), ("jb", """('["' || E'\\xe6' || '"]')::jsonb""")):
        c.psql("UPDATE bad SET w = 'plain', a = ARRAY['x'], j = '\"y\"', jb = '{}' WHERE id = 700; UPDATE bad SET %s = %s WHERE id = 700"
               % (column, value), db=db)
        for form, client in forms.items():
            with open(c.out("bad.out"), "w") as f:
                f.write("old")
            os.chmod(c.out("bad.out"), 0o644)
            e = c.error("SET client_encoding = '%s'; COPY (SELECT * FROM bad ORDER BY id) TO '%s' (FORMAT %s)"
                        % (client or "SQL_ASCII", c.out("bad.out"), form), db=db)
            said = e.message + (e.context or "")
            assert e.sqlstate == "22021" and '"%s"' % column in said and "row 700" in said, (form, column, value, e)
            assert read("bad.out") == b"old", form
        c.psql("SET client_encoding = 'SQL_ASCII'; COPY (SELECT * FROM bad ORDER BY id) TO '%s' (FORMAT csv, PARALLEL off); "
               "COPY (SELECT * FROM bad ORDER BY id) TO '%s' (FORMAT csv)" % (c.out("our.csv"), c.out("core.csv")), db=db)
        assert read("our.csv") == read("core.csv"), value


def test_the_char_type_beyond_ascii():
    """One byte that is no UTF-8: an error, or the escape that newer servers print."""
    result = c.run("CREATE EXTENSION IF NOT EXISTS pg_spout; COPY (SELECT (-128)::\"char\" AS ch) TO '%s' "
                   "WITH (format avro, compression 'null')" % c.out("char.avro"))
    if result.error:
        assert result.error.sqlstate == "22021" and '"ch"' in result.error.message, result.error
    else:
        with open(c.out("char.avro"), "rb") as f:
            assert b"\\200" in f.read()


def attempts(db, sql, more="", formats=("csv", "json", "xml", "avro")):
    """What becomes of COPY in every format: the error, or None."""
    found = {}
    for form in formats:
        options = ", HEADER off, PARALLEL off" if form == "csv" else ""
        result = c.run("SET client_encoding = 'SQL_ASCII'; COPY %s TO '%s' WITH (FORMAT '%s'%s%s)" % (sql, c.out("names.out"), form, options, more), db=db)
        found[form] = result.error
    return found


def identifier(sql, **names):
    """Runs sql with names whose bytes no client could send: %s stands for what an E'' string says."""
    text = sql.replace("'", "''")
    for name, value in names.items():
        text = text.replace("{%s}" % name, "' || quote_ident(E'%s') || '" % value)
    return "DO $$ BEGIN EXECUTE '%s'; END $$" % text


def test_names_that_are_no_text():
    """Only what is written can be wrong, and the error says what and where: labels in the row that has one, names of columns, of
    attributes, of composites and tables. CSV writes none of them without a header, and labels as they are."""
    db = "db_sql_ascii"

    def assert_refused(error, state, message, hint, context=""):
        assert error, message
        assert error.sqlstate == state and error.message == message and hint in error.hint and context in error.context, error

    # An enum that nobody can write has labels that everybody can.
    c.psql(r"""CREATE TYPE odd_label AS ENUM ('fine', E'b\xff'); CREATE TABLE labels (id int, e odd_label, es odd_label[]);
        INSERT INTO labels VALUES (1, 'fine', '{fine}'), (2, NULL, NULL)""", db=db)
    assert attempts(db, "labels") == dict.fromkeys(("csv", "json", "xml", "avro"))
    message = r'label of enum public.odd_label cannot be written in encoding "UTF8": "b\xff"'
    for change, column in ((r"e = E'b\xff'", "e"), (r"e = 'fine', es = ARRAY['fine', E'b\xff']::odd_label[]", "es")):
        c.psql("UPDATE labels SET %s WHERE id = 2" % change, db=db)
        found = attempts(db, "(SELECT * FROM labels ORDER BY id)")
        assert found.pop("csv") is None
        for form, error in found.items():
            if (form, column) == ("json", "es"):  # row_to_json's text
                assert error.sqlstate == "22021" and 'row 2, column "es"' in error.context, error
            else:
                assert_refused(error, "22021", message, "ALTER TYPE ... RENAME VALUE", 'pg_spout, row 2, column "%s"' % column)

    # Names of types: a comment in Avro's schema but for composites, nothing elsewhere.
    c.psql(identifier("CREATE TYPE {t} AS ENUM (''x''); CREATE TYPE {p} AS (x int); CREATE TABLE typed (e {t}, es {t}[]); CREATE TABLE composed (id int, p {p}); "
                      "INSERT INTO typed VALUES (''x'', ''{x}''); INSERT INTO composed VALUES (1, ''(1)'')".replace("''", "'"),
                      t=r"t\xe9", p=r"p\xe9"), db=db)
    assert attempts(db, "typed") == dict.fromkeys(("csv", "json", "xml", "avro"))
    found = attempts(db, "composed")
    assert_refused(found.pop("avro"), "22021", r'name of a type cannot be written in encoding "UTF8": "p\xe9"', "to_jsonb", 'column "p"')
    assert found == dict.fromkeys(("csv", "json", "xml"))

    # Names of columns and attributes are written but in CSV without a header.
    c.psql(identifier("CREATE TYPE pair AS (a int, {c} int); CREATE TABLE columns_of (id int, {c} int); CREATE TABLE attributes_of (id int, p pair); "
                      "INSERT INTO attributes_of VALUES (1, '(1,2)')", c=r"c\xff"), db=db)
    for sql, message, hint in (("columns_of", r'name of column 2 cannot be written in encoding "UTF8": "c\xff"', "AS"),
                               ("attributes_of", r'name of an attribute of public.pair cannot be written in encoding "UTF8": "c\xff"', "RENAME ATTRIBUTE")):
        found = attempts(db, sql)
        assert found.pop("csv") is None
        for error in found.values():
            assert_refused(error, "22021", message, hint, "column ")
    # The column's name in an error is text for every client.
    error = c.error("COPY columns_of TO '/dev/null' WITH (FORMAT 'json')", db=db)
    assert error.sqlstate == "22021" and error.context == r'pg_spout, column "c\xff"', error
    assert attempts(db, "columns_of", ", ENCODING 'UTF8'", ["csv"]) == {"csv": None}

    # The table's name is the record's.
    c.psql(identifier("CREATE TABLE {t} (id int)", t=r"r\xff"), db=db)
    ascii_client = "SET client_encoding = 'SQL_ASCII'; "  # the statement itself is in the error's context
    copied = identifier("COPY {t} TO 'FILE' WITH (FORMAT avro MORE)", t=r"r\xff").replace("FILE", c.out("names.out"))
    assert_refused(c.run(ascii_client + copied.replace("MORE", ""), db=db).error, "22021", r'name of the table cannot be written in encoding "UTF8": "r\xff"', "record_name")
    c.psql(copied.replace("MORE", ", RECORD_NAME r"), db=db)
    c.psql(copied.replace("avro MORE", "xml"), db=db)

    # A character that UTF-8 has no code for.
    db = "db_win1252"
    c.psql(identifier("CREATE TYPE odd_label AS ENUM ('fine', {l}); CREATE TABLE labels (e odd_label)".replace("{l}", "E'l\\x81'"), l=""), db=db)
    assert attempts(db, "labels") == dict.fromkeys(("csv", "json", "xml", "avro"))
    c.psql(r"INSERT INTO labels VALUES (E'l\x81')", db=db)
    for form, error in attempts(db, "labels", formats=("json", "xml", "avro")).items():
        assert_refused(error, "22P05", r'label of enum public.odd_label cannot be written in encoding "UTF8": "l\x81"', "RENAME VALUE", 'row 1, column "e"')


def test_option_values_that_are_no_text():
    error = c.error(r"SET client_encoding = 'SQL_ASCII'; DO $$ BEGIN EXECUTE E'COPY (SELECT 1) TO ''/dev/null'' WITH (FORMAT xml, root_name ''r\xff'')'; END $$", db="db_sql_ascii")
    assert (error.sqlstate, error.message) == ("22021", r'value of option "root_name" cannot be written in encoding "UTF8": "r\xff"'), error
    # What core checks is core's: here the bytes of CSV's null string.
    path = c.out("null.csv")
    c.psql(r"DO $$ BEGIN EXECUTE E'SET LOCAL client_encoding = SQL_ASCII; COPY (SELECT NULL) TO ''%s'' WITH (FORMAT csv, PARALLEL off, NULL ''n\xff'')'; END $$" % path, db="db_sql_ascii")
    assert read("null.csv") == b"n\xff\n"


if __name__ == "__main__":
    harness.main()
