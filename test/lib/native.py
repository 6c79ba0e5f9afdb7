"""native.py - C sources of the tests, built where they are needed."""
import os
import shlex
import shutil
import subprocess

from .harness import require


def shared_library(source, directory, *flags):
    """Builds source into directory/<name>.so, readable by the server's account; returns its path."""
    require(shutil.which("cc") or shutil.which("gcc"), "no C compiler")
    compiler = shlex.split(os.environ.get("CC", "cc" if shutil.which("cc") else "gcc"))
    name = os.path.splitext(os.path.basename(source))[0]
    library = os.path.join(directory, name + ".so")
    subprocess.check_call(compiler + ["-shared", "-fPIC", "-O1", "-o", library, source, *flags])
    os.chmod(library, 0o755)
    return library


def server_module(source, directory):
    """The same for a library that the server loads by its path."""
    config = os.environ.get("PG_CONFIG", "pg_config")
    include = subprocess.check_output([config, "--includedir-server"], text=True).strip()
    require(os.path.exists(os.path.join(include, "postgres.h")), "no server headers")
    return shared_library(source, directory, "-I" + include)
