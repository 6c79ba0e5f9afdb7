"""literals.py - PostgreSQL's text forms, taken apart: COPY text lines, arrays, composites, hstore, dates.

Written from the documented syntax and never from pg_spout's own code: the oracle of the interoperability tests.
Expects DateStyle ISO and TimeZone UTC. Knows no types but through the functions passed in.
"""
import re

_COPY_ESCAPE = re.compile(r"\\(.)", re.S)
_COPY_CHARS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_STAMP = re.compile(r"(\d{4,})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?(?:\+00)?( BC)?$")
_CLOCK = re.compile(r"(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?$")
_HSTORE = re.compile(r'"((?:[^"\\]|\\.)*)"=>(?:NULL|"((?:[^"\\]|\\.)*)")(?:, )?', re.S)


def copy_rows(path, columns):
    """Rows of a file made by core's COPY TO (text format), None for NULL."""
    with open(path, encoding="utf-8", newline="\n") as f:
        for line in f:
            fields = line[:-1].split("\t") if columns else []
            if "\\" not in line:
                yield fields
                continue
            yield [None if v == "\\N" else _COPY_ESCAPE.sub(lambda m: _COPY_CHARS.get(m.group(1), m.group(1)), v)
                   for v in fields]


def array_items(text, delimiter, element):
    """Nested lists of an array literal; element() turns an item's text into its value."""
    position = text.index("{")  # lower bounds may stand before it

    def list_at(i):
        items, i = [], i + 1
        while text[i] != "}":
            if text[i] == "{":
                value, i = list_at(i)
            elif text[i] == '"':
                raw, i = quoted(text, i)
                value = element(raw)
            else:
                raw, i = bare(i)
                value = None if raw.upper() == "NULL" else element(raw.replace("\\", ""))
            items.append(value)
            if text[i] == delimiter:
                i += 1
        return items, i + 1

    def bare(i):
        start = i
        while text[i] not in (delimiter, "}"):
            i += 2 if text[i] == "\\" else 1
        return text[start:i], i

    return list_at(position)[0]


def quoted(text, i):
    """The string whose opening quote is at i, and the position behind it; doubled quotes and backslashes escape."""
    out = []
    i += 1
    while True:
        c = text[i]
        if c == "\\":
            i += 1
            c = text[i]
        elif c == '"':
            if text[i + 1:i + 2] != '"':
                return "".join(out), i + 1
            i += 1
        out.append(c)
        i += 1


def composite_fields(text):
    """Attribute texts of a composite literal, None for NULL."""
    if text == "()":
        return [None]
    fields, i = [], 1
    while True:
        out, null = [], True
        while text[i] not in ",)":
            null = False
            if text[i] == '"':
                part, i = quoted(text, i)
                out.append(part)
            else:
                i += text[i] == "\\"
                out.append(text[i])
                i += 1
        fields.append(None if null else "".join(out))
        if text[i] == ")":
            return fields
        i += 1


def hstore_pairs(text):
    def plain(s):
        return re.sub(r"\\(.)", r"\1", s, flags=re.S)
    return {plain(m.group(1)): None if m.group(2) is None else plain(m.group(2)) for m in _HSTORE.finditer(text)}


def days(year, month, day):
    """Days since 1970-01-01 in the proleptic Gregorian calendar; year 0 is 1 BC."""
    year -= month <= 2
    era, of_era = divmod(year, 400)
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719468


def fraction(digits):
    return int((digits or "").ljust(6, "0"))


def date_days(text):
    year, month, day, _, _, _, _, bc = _STAMP.match(text).groups()
    return days(1 - int(year) if bc else int(year), int(month), int(day))


def clock_micros(text):
    h, m, s, us = _CLOCK.match(text).groups()
    return ((int(h) * 60 + int(m)) * 60 + int(s)) * 1000000 + fraction(us)


def stamp_micros(text):
    year, month, day, h, m, s, us, bc = _STAMP.match(text).groups()
    date = days(1 - int(year) if bc else int(year), int(month), int(day))
    return ((date * 24 + int(h)) * 60 + int(m)) * 60000000 + int(s) * 1000000 + fraction(us)
