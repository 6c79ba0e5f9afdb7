"""read_xml.py etree|lxml FILE... - XML documents, plain or gzip, through Python's expat or through libxml2.

Prints, per file, a line {"file": ..}, a line per row, a line {"rows": n}. A row is a list of [name, value]; a value is
null (xsi:nil), text, or the list of its parts: texts, and [name, value] or [name, value, attributes] of elements.
"""
import gzip
import json
import sys

NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
sys.setrecursionlimit(20000)  # documents of the tests are nested 500 deep


def value(element):
    if element.get(NIL) == "true":
        assert not len(element) and not element.text
        return None
    if not len(element):
        return element.text or ""
    parts = [element.text] if element.text else []
    for child in element:
        parts.append([child.tag, value(child)])
        attributes = {k: v for k, v in child.attrib.items() if k != NIL}
        if attributes:
            parts[-1].append(attributes)
        if child.tail:
            parts.append(child.tail)
    return parts


def root_of(parser, path):
    with open(path, "rb") as f:
        compressed = f.read(2) == b"\x1f\x8b"
    with gzip.open(path) if compressed else open(path, "rb") as f:
        if parser == "etree":
            import xml.etree.ElementTree as etree
            return etree.parse(f).getroot()
        import lxml.etree
        return lxml.etree.parse(f, lxml.etree.XMLParser(huge_tree=True, remove_comments=True, remove_pis=True,
                                                        resolve_entities=False, no_network=True)).getroot()


def rows(root):
    """Line ends stand between rows and nowhere else."""
    assert not root.attrib and root.text == "\n", root.attrib
    for row in root:
        assert row.tag == "row" and row.tail == "\n" and not row.attrib and not (len(row) and row.text)
        assert not any(column.tail for column in row)
        yield [[column.tag, value(column)] for column in row]


def main(parser, *paths):
    for path in paths:
        print(json.dumps({"file": path}))
        n = 0
        for row in rows(root_of(parser, path)):
            print(json.dumps(row))
            n += 1
        print(json.dumps({"rows": n}))


if __name__ == "__main__":
    main(*sys.argv[1:])
