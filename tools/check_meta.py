#!/usr/bin/env python3
"""check_meta - is META.json what PGXN's meta spec 1.0.0 asks for, and does it agree with the rest of the tree?

Prints what is wrong and ends with status 1. Standard library only: it runs in `make dist`.
"""
import json
import os
import re
import subprocess
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
TERM = re.compile(r"^[^\s/\\\x00-\x1f\x7f]{2,}$")
VERSION = re.compile(r"^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-[0-9A-Za-z.-]+)?$")
REQUIRED = ("name", "version", "abstract", "maintainer", "license", "provides", "meta-spec")
KNOWN = REQUIRED + ("description", "generated_by", "no_index", "prereqs", "release_status", "resources", "tags")
URL = re.compile(r"^(https?|git|mailto):\S+$")


def problems(meta):
    """Sentences about META.json alone."""
    yield from ("%s is missing" % key for key in REQUIRED if key not in meta)
    yield from ("%s is no key of the spec" % key for key in meta if key not in KNOWN and not re.match("x_", key, re.I))
    if not TERM.match(meta.get("name", "")):
        yield "name is no term"
    if not VERSION.match(meta.get("version", "")):
        yield "version is no semantic version"
    if meta.get("release_status", "stable") not in ("stable", "testing", "unstable"):
        yield "release_status is none of the spec's"
    if not meta.get("maintainer"):
        yield "nobody maintains it"
    if meta.get("meta-spec", {}).get("version") != "1.0.0":
        yield "meta-spec is not 1.0.0"
    if len(set(meta.get("tags", []))) != len(meta.get("tags", [])) or not all(0 < len(t) < 256 for t in meta.get("tags", [])):
        yield "tags are repeated, empty or too long"
    for phase, kinds in meta.get("prereqs", {}).items():
        if phase not in ("configure", "build", "test", "runtime", "develop"):
            yield "prereqs: no phase %s" % phase
        for kind, wanted in kinds.items():
            if kind not in ("requires", "recommends", "suggests", "conflicts"):
                yield "prereqs: no relationship %s" % kind
            yield from ("prereqs: %s is no version" % v for v in wanted.values() if not VERSION.match(str(v)))
    for key, value in meta.get("resources", {}).items():
        links = [value] if isinstance(value, str) else [v for k, v in value.items() if k in ("web", "url")]
        if key not in ("homepage", "bugtracker", "repository") or not links or not all(map(URL.match, links)):
            yield "resources: %s is not as the spec has it" % key


def disagreements(meta, text):
    """Sentences about META.json and the files beside it. text(path) is a file's content, or None."""
    for name, part in meta.get("provides", {}).items():
        for key in ("file", "version"):
            if key not in part:
                yield "provides: %s has no %s" % (name, key)
        for key in ("file", "docfile"):
            if key in part and text(part[key]) is None:
                yield "provides: %s, which %s names, is not in the tree" % (part[key], name)
        control = text(name + ".control") or ""
        default = re.search(r"^default_version = '([^']*)'", control, re.M)
        if not default or default.group(1) != part.get("version"):
            yield "%s.control has another version than META.json" % name
    changes = text("CHANGELOG.md") or ""
    if not re.search(r"^## %s\b" % re.escape(meta.get("version", "?")), changes, re.M):
        yield "CHANGELOG.md says nothing of version %s" % meta.get("version")
    debian = text("debian/changelog") or ""
    if not debian.startswith("pg-spout (%s)" % meta.get("version")):
        yield "debian/changelog begins with another version"


def committed(path):
    """A file of HEAD: what the archive will hold."""
    done = subprocess.run(["git", "show", "HEAD:" + path], cwd=ROOT, capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else None


def main():
    meta = json.loads(committed("META.json"))
    found = [*problems(meta), *disagreements(meta, committed)]
    for sentence in found:
        print("META.json: " + sentence)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
