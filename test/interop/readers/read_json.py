"""read_json.py FILE... - files of one JSON object per line, through Python's json: every row a list of [name, value], an
object in it {"{}": [[name, value], ...]}, numbers as they are written. Prints, per file, a line {"file": ..}, a line per row, a line {"rows": n}.
"""
import json
import sys

sys.setrecursionlimit(20000)  # documents of the tests are nested 500 deep


def pairs_of(pairs):
    return {"{}": pairs}


def not_json(token):
    raise ValueError("%s is no JSON" % token)


def main(*paths):
    for path in paths:
        print(json.dumps({"file": path}))
        n = 0
        with open(path, encoding="utf-8", newline="\n") as f:
            for line in f:
                assert line.endswith("\n")
                row = json.loads(line, object_pairs_hook=pairs_of, parse_int=str, parse_float=str, parse_constant=not_json)
                print(json.dumps(row["{}"]))
                n += 1
        print(json.dumps({"rows": n}))


if __name__ == "__main__":
    main(*sys.argv[1:])
