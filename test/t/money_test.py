#!/usr/bin/env python3
"""money_test.py - money under lc_monetary: signs, groups and decimals as core prints them in CSV and JSON; in Avro and XML the
number itself, with as many decimals as the locale has.
"""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as etree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from lib import harness  # noqa: E402
from lib.cluster import Cluster  # noqa: E402

# Symbol before and behind, comma as decimal point, groups of two, no decimals, three decimals, an apostrophe.
LOCALES = {"en_US": 2, "de_DE": 2, "en_IN": 2, "ja_JP": 0, "ar_TN": 3, "de_CH": 2}
AMOUNTS = ["0", "1", "-1", "12345678", "-12345678", "9", "100", "99999999999999", "NULL"]
c = work = None


def setup_module():
    global c, work
    harness.require(shutil.which("localedef") and os.path.isdir("/usr/share/i18n/locales"), "no package locales: tools/setup.sh test")
    work = tempfile.mkdtemp(prefix="spout-locales-")
    os.chmod(work, 0o755)
    for name in LOCALES:
        subprocess.run(["localedef", "-i", name, "-f", "UTF-8", os.path.join(work, name + ".UTF-8")], capture_output=True)
        harness.require(os.path.exists(os.path.join(work, name + ".UTF-8")), "cannot make the locale " + name)
    c = Cluster(preload=True, env={"LOCPATH": work})
    c.psql("CREATE EXTENSION pg_spout; CREATE TABLE amounts (id int, m money, a money[])")
    # Stored as a number of the smallest unit: the same bytes under every locale.
    values = ", ".join("(%d, %s)" % (i, "NULL" if a == "NULL" else "'%s'::bigint" % a) for i, a in enumerate(AMOUNTS))
    c.psql("SET lc_monetary = 'C'; INSERT INTO amounts SELECT id, cents * '0.01'::money, ARRAY[cents * '0.01'::money, NULL] FROM (VALUES %s) v (id, cents)"
           % values)


def teardown_module():
    if c:
        c.remove()
    shutil.rmtree(work, ignore_errors=True)


def read(name):
    with open(c.out(name), "rb") as f:
        return f.read()


def test_money_under_every_locale():
    texts = set()
    for name, decimals in LOCALES.items():
        c.psql("SET lc_monetary = '%s.UTF-8'; " % name + "".join("COPY %s TO '%s' (%s);" % (what, c.out(file), how) for what, file, how in (
            ("amounts", "core.csv", "FORMAT csv"), ("amounts", "our.csv", "FORMAT csv, PARALLEL off"), ("amounts", "our.json", "FORMAT 'json'"),
            ("(SELECT row_to_json(amounts) FROM amounts)", "core.json", "FORMAT text"), ("amounts", "our.xml", "FORMAT xml"),
            ("amounts", "our.avro", "FORMAT avro, COMPRESSION 'null'"))))
        core = read("core.csv")
        assert read("our.csv") == core, (name, core, read("our.csv"))
        assert read("our.json").decode() == read("core.json").decode().replace("\\\\", "\\"), name
        texts.add(json.loads(read("our.json").splitlines()[3])["m"])
        for row, amount in zip(etree.fromstring(read("our.xml")), AMOUNTS, strict=True):
            if amount == "NULL":
                assert row[1].text is None
                continue
            sign, digits = ("-" if amount[0] == "-" else ""), amount.lstrip("-").zfill(decimals + 1)
            wanted = sign + (digits[:-decimals] + "." + digits[-decimals:] if decimals else digits)
            assert row[1].text == wanted == row[2][0].text, (name, row[1].text, wanted)
            assert bytes([2, 2 * len(wanted)]) + wanted.encode() in read("our.avro"), (name, wanted)  # a string of that length
    assert len(texts) > 4, texts


if __name__ == "__main__":
    harness.main()
