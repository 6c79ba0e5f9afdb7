"""package_test.py - what leaves this tree: `make install` and `make uninstall`, the archive for PGXN, Debian packages, and the
road from each release to this version.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), p) for p in ("..", "../../tools")]
import check_meta  # noqa: E402
from lib import harness  # noqa: E402
from lib.cluster import Cluster, bindir  # noqa: E402

ROOT = os.path.abspath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
CONFIG = os.environ.get("PG_CONFIG", "pg_config")


def run(*command, **kwargs):
    kwargs.setdefault("cwd", ROOT)
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **kwargs)
    assert done.returncode == 0, "%s\n%s" % (" ".join(command), done.stdout[-4000:])
    return done.stdout


def tree(directory):
    return {os.path.relpath(os.path.join(d, f), directory) for d, _, files in os.walk(directory) for f in files}


def text(path):
    try:
        with open(os.path.join(ROOT, path)) as f:
            return f.read()
    except OSError:
        return None


def committed():
    harness.require(subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True).returncode == 0, "not a git checkout")


def test_install_and_uninstall():
    """Everything comes, documentation with links that hold, and everything goes."""
    with tempfile.TemporaryDirectory(prefix="spout-install-") as d:
        run("make", "-s", "install", "PG_CONFIG=" + CONFIG, "DESTDIR=" + d)
        found = tree(d)
        names = {os.path.basename(f) for f in found}
        assert {"pg_spout.so", "pg_spout.control", "pg_spout_bench.control", "pg_spout--0.1.0.sql", "pg_spout_bench--0.1.0.sql", "README.md"} <= names, names
        pages = [f for f in found if f.endswith(".md")]
        assert len(pages) > 20
        for page in pages:
            with open(os.path.join(d, page)) as f:
                for target in re.findall(r"\]\(([^)#\s:]+)[)#]", f.read()):
                    path = os.path.normpath(os.path.join(d, os.path.dirname(page), target))
                    # Links into the source tree are for those who have it.
                    assert os.path.exists(path) or "test/" in target, "%s links to %s" % (page, target)
        run("make", "-s", "uninstall", "PG_CONFIG=" + CONFIG, "DESTDIR=" + d)
        assert not tree(d), tree(d)


# --- PGXN ------------------------------------------------------------------------------------------------------------
def test_meta_json():
    meta = json.loads(text("META.json"))
    assert [*check_meta.problems(meta), *check_meta.disagreements(meta, text)] == []
    wrong = [({"version": "0.1"}, "semantic"), ({"release_status": "beta"}, "release_status"), ({"licence": "x"}, "licence is no key"),
             ({"resources": {"homepage": "pgxn"}}, "homepage"), ({"version": "9.9.9"}, "CHANGELOG.md"), ({"version": "9.9.9"}, "debian/changelog"),
             ({"provides": {"pg_spout": {"file": "no.sql", "version": "0.1.0"}}}, "no.sql"), ({"prereqs": {"runtime": {"requires": {"PostgreSQL": 15}}}}, "15"),
             ({"provides": {"pg_spout": {"file": "Makefile", "version": "0.2.0"}}}, "pg_spout.control"), ({"tags": ["a", "a"]}, "tags")]
    for change, word in wrong:
        changed = dict(meta, **change)
        said = [*check_meta.problems(changed), *check_meta.disagreements(changed, text)]
        assert any(word in sentence for sentence in said), (change, said)
    del meta["license"]
    assert list(check_meta.problems(meta)) == ["license is missing"]


def test_the_archive_builds_without_git():
    committed()
    with tempfile.TemporaryDirectory(prefix="spout-dist-") as d:
        run("tools/dist")
        version = json.loads(run("git", "show", "HEAD:META.json"))["version"]
        with zipfile.ZipFile("%s/build/pg_spout-%s.zip" % (ROOT, version)) as z:
            assert sorted(n for n in z.namelist() if not n.endswith("/")) == sorted(
                "pg_spout-%s/%s" % (version, f) for f in run("git", "ls-tree", "-r", "--name-only", "HEAD").splitlines())
            z.extractall(d)
        top = "%s/pg_spout-%s" % (d, version)
        for name in ("extension/join",):
            os.chmod(os.path.join(top, name), 0o755)  # zipfile forgets modes; unzip does not
        run("make", "-s", "pg_spout--%s.sql" % version, "pg_spout_bench--%s.sql" % version, "PG_CONFIG=" + CONFIG, cwd=top)
        assert "FUNCTION" in open("%s/pg_spout--%s.sql" % (top, version)).read()
        assert "pg_spout.so" in run("make", "-n", "PG_CONFIG=" + CONFIG, cwd=top)


# --- Debian ----------------------------------------------------------------------------------------------------------
def test_debian_packages():
    """Built as Debian builds them, clean for lintian. Optimization is left out: the compiler is tested elsewhere."""
    committed()
    for program in ("dpkg-buildpackage", "dh", "pg_buildext", "lintian"):
        harness.require(shutil.which(program), "no " + program)
    harness.require(subprocess.run(["pg_buildext", "supported-versions"], cwd=ROOT, capture_output=True).returncode == 0, "no server of the suite")
    run("tools/deb", env=dict(os.environ, EXTRA_CXXFLAGS="-O1 -g0 -w"))
    versions = run("pg_buildext", "supported-versions").split()
    for version in versions:
        found, = [f for f in os.listdir(ROOT + "/build/deb") if f.startswith("postgresql-%s-pg-spout_" % version)]
        inside = run("dpkg-deb", "-c", "build/deb/" + found)
        for name in ("/usr/lib/postgresql/%s/lib/pg_spout.so", "/usr/share/postgresql/%s/extension/pg_spout.control",
                     "/usr/share/postgresql/%s/extension/pg_spout_bench--0.1.0.sql", "/usr/share/doc/postgresql-%s-pg-spout/docs/tutorial.md"):
            assert "." + name % version in inside, (name, inside)
        assert "postgresql-%s" % version in run("dpkg-deb", "-f", "build/deb/" + found, "Depends")


# --- releases --------------------------------------------------------------------------------------------------------
CONTENT = """SELECT pg_describe_object(classid, objid, objsubid) AS what,
    CASE classid WHEN 'pg_proc'::regclass THEN (SELECT prosrc || coalesce(pg_get_function_sqlbody(p.oid), '') || coalesce(proacl::text, '') || prorettype::regtype
        || pg_get_function_arguments(p.oid) FROM pg_proc p WHERE p.oid = objid AND p.prokind <> 'a')
    WHEN 'pg_class'::regclass THEN (SELECT string_agg(attname || ' ' || format_type(atttypid, atttypmod) || attnotnull, ',' ORDER BY attname)
        FROM pg_attribute a WHERE attrelid = objid AND attnum > 0 AND NOT attisdropped) END
    FROM pg_depend WHERE deptype = 'e' AND refclassid = 'pg_extension'::regclass
    AND refobjid = (SELECT oid FROM pg_extension WHERE extname = '%s') ORDER BY 1"""


def releases():
    """Versions that have a tag, such as v0.1.0."""
    committed()
    return [t[1:] for t in run("git", "tag", "--list", "v*", "--sort=v:refname").split() if check_meta.VERSION.match(t[1:])]


def old_script(name, version):
    """The install script as it was released."""
    with tempfile.TemporaryDirectory(prefix="spout-release-") as d:
        subprocess.run("git archive v%s | tar -x -C '%s'" % (version, d), shell=True, cwd=ROOT, check=True)
        script = "%s--%s.sql" % (name, version)
        if not os.path.exists(os.path.join(d, script)):
            run("make", "-s", script, "PG_CONFIG=" + CONFIG, cwd=d)
        with open(os.path.join(d, script)) as f:
            return f.read()


def content(c, name, db):
    return c.psql(CONTENT % name, db=db)


def test_from_every_release_to_this_version():
    """A release's script is never edited, and ALTER EXTENSION UPDATE ends where CREATE EXTENSION begins."""
    found = releases()
    if not found:
        raise harness.Skip("NO RELEASE HAS A TAG YET (v0.1.0 and so on): nothing to upgrade from; this test begins with the first")
    share = os.path.join(subprocess.check_output([CONFIG, "--sharedir"], text=True).strip(), "extension")
    with Cluster(preload=True) as c:
        for name in ("pg_spout", "pg_spout_bench"):
            current = re.search(r"default_version = '([^']*)'", text(name + ".control")).group(1)
            db = "fresh_" + name
            c.psql("CREATE DATABASE " + db)
            c.psql("CREATE EXTENSION %s CASCADE" % name, db=db)
            for version in found:
                script = old_script(name, version)
                path = os.path.join(share, "%s--%s.sql" % (name, version))
                if os.path.exists(path):
                    with open(path) as f:
                        assert f.read() == script, "%s is not as it was released" % path
                    planted = False
                else:
                    with open(path, "w") as f:
                        f.write(script)
                    planted = True
                try:
                    old = "from_%s_%s" % (name, version.replace(".", "_"))
                    c.psql("CREATE DATABASE " + old)
                    c.psql("CREATE EXTENSION %s VERSION '%s' CASCADE; ALTER EXTENSION %s UPDATE" % (name, version, name), db=old)
                    assert c.value("SELECT extversion FROM pg_extension WHERE extname = '%s'" % name, db=old) == current
                    here, there = content(c, name, old), content(c, name, db)
                    assert here == there, (version, [r for r in here + there if r not in here or r not in there])
                    assert c.psql("SELECT rows FROM export_to_avro('SELECT 1', '%s')" % c.out(old), db=old) == [["1"]]
                finally:
                    if planted:
                        os.unlink(path)


if __name__ == "__main__":
    harness.main()
