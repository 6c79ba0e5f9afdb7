#!/usr/bin/env bash
# setup.sh - installs, by package name, what is missing: `setup.sh build` for building and the demo,
# `setup.sh test` for everything tools/check does. Says nothing and asks no network when all is there.
# PG_CONFIG chooses a server that is installed already; else it is the default major of the system: Debian 12 has 15, Debian 13
# has 17, Ubuntu 24.04 has 16. On Ubuntu 22.04, which has 14, install a server of apt.postgresql.org first.
. "$(dirname "$0")/lib.sh"
mode=${1:-build}
case $mode in build | test) ;; *) die "usage: tools/setup.sh [build|test]" ;; esac

# The packages of each mode; `server`, `sanitizers` and Node are looked for by what they bring.
BUILD="g++ make libavro-dev libsnappy-dev libdeflate-dev libzstd-dev liblz4-dev zlib1g-dev libbz2-dev
    liblzma-dev nlohmann-json3-dev libpq-dev python3 python3-avro python3-snappy util-linux"
TEST="libgtest-dev clang clang-format clang-tidy python3-venv python3-zstandard avro-bin e2fsprogs
    procps git ca-certificates libxml2-utils jq gzip zstd lz4 pgbouncer
    libpostgresql-jdbc-java locales dpkg-dev debhelper lintian postgresql-server-dev-all"

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# Headers and server programs of one and the same major.
have_server() {
    command -v "$PG_CONFIG" >/dev/null && [ -f "$("$PG_CONFIG" --includedir-server)/postgres.h" ] &&
        [ -x "$("$PG_CONFIG" --bindir)/initdb" ] && [ -f "$("$PG_CONFIG" --pgxs)" ]
}
have_sanitizers() { # the compiler's run-time libraries are a package of their own
    local dir
    dir=$(clang -print-resource-dir 2>/dev/null)/lib && ls "$dir"/*/*fuzzer* >/dev/null 2>&1
}

# Whether the system's archives have a package of that name: not every suite has all of them. All of the answer is
# read, here and below: a program whose reader leaves early dies of SIGPIPE, and with pipefail that counts.
available() { [[ $(apt-cache policy "$1" 2>/dev/null) = *"Candidate: "[!\(]* ]]; }

# The major that Debian's unversioned package stands for: `major_of postgresql` is 15 on Debian 12.
major_of() { apt-cache depends "$1" | sed -n "s/.*Depends: $1-\([0-9]*\)$/\1/p" | sed -n 1p; }

missing_packages() {
    local name
    for name in $BUILD $([ "$mode" = test ] && echo "$TEST"); do
        installed "$name" || echo "$name"
    done
    have_server || echo server
    if [ "$mode" = test ]; then
        have_sanitizers || echo sanitizers
        # Some machines have npm within a node package of another origin; theirs is as good.
        command -v node >/dev/null || echo nodejs
        command -v npm >/dev/null || echo npm
        command -v javac >/dev/null || echo default-jdk-headless
    fi
}

install_packages() {
    local names=() name major
    say "installing: $*"
    quietly as_root env DEBIAN_FRONTEND=noninteractive apt-get update
    for name in "$@"; do
        case $name in
            server)
                major=$(major_of postgresql)
                [ "${major:-0}" -ge 15 ] || die "PostgreSQL ${major:-?} is what this system has; install 15 or newer with its headers, from apt.postgresql.org for example"
                names+=("postgresql-$major" "postgresql-server-dev-$major")
                ;;
            sanitizers)
                # With clang 14 some suites have them in the one package, some in the other.
                major=$(major_of clang)
                available "libclang-rt-$major-dev" && names+=("libclang-rt-$major-dev") || names+=("libclang-common-$major-dev")
                ;;
            *)
                if available "$name"; then
                    names+=("$name")
                elif [[ " $(echo $BUILD) " = *" $name "* ]]; then
                    die "this system has no package $name, which building needs"
                else
                    [ "${SPOUT_STRICT:-}" != 1 ] || die "this system has no package $name"
                    warn "this system has no package $name; tests that need it will be skipped"
                fi
                ;;
        esac
    done
    quietly as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "${names[@]}"
}

# Foreign readers that Debian does not carry. Debian's own python3 runs them: python3-avro lives there.
install_python_readers() {
    local stamp=.venv/installed
    cmp -s test/requirements.txt "$stamp" && return
    say "installing Python readers into .venv"
    /usr/bin/python3 -m venv --clear --system-site-packages .venv &&
        quietly .venv/bin/python -m pip install -q --no-deps -r test/requirements.txt && cp test/requirements.txt "$stamp"
}
install_node_readers() {
    [ -d node_modules/avsc ] && [ -d node_modules/snappyjs ] && [ -d node_modules/fzstd ] && return
    say "installing Node readers into node_modules"
    quietly npm install --prefix "$ROOT" --no-save --no-package-lock --no-audit --no-fund avsc@5 snappyjs@0.7 fzstd@0.1
}
reader_failed() {
    [ "${SPOUT_STRICT:-}" != 1 ] || die "$1 could not be installed"
    warn "$1 could not be installed; tests that need them will be skipped"
}

if command -v apt-get >/dev/null; then
    missing=$(missing_packages)
    # shellcheck disable=SC2086 # words are package names
    [ -z "$missing" ] || install_packages $missing || die "packages could not be installed"
else
    warn "not a Debian system; have these at hand: $BUILD $([ "$mode" = test ] && echo "$TEST")"
fi
have_server || die "no PostgreSQL server with headers found; set PG_CONFIG"
if [ "$mode" = test ]; then
    install_python_readers || reader_failed "the Python readers"
    install_node_readers || reader_failed "the Node readers"
fi
