#!/usr/bin/env bash
# check_layers.sh - the walls of the house: who may include, throw and ereport (docs/architecture.md).
# Prints every breach with its place; comments and string literals are not looked at.
. "$(dirname "$0")/lib.sh"
CORE=$(ls -d src/base src/codec src/format src/engine)
GLUE=$(ls -d src/pg src/entry src/bench)

# code DIR...: "file:line:text" of every line of code.
code() {
    grep -rn --include='*.cpp' --include='*.hpp' --include='*.def' --include='*.c' '' "$@" |
        sed -E 's,//.*$,,; s,"([^"\\]|\\.)*","",g'
}
# includes DIR...: "file:line:#include ..." as written.
includes() { grep -rnE '^[[:space:]]*#[[:space:]]*include' "$@" | grep -v '\.def"$' || true; }

# rule TEXT: stdin holds the breaches, one a line.
rule() {
    local found
    found=$(grep -v '^$' || true)
    [ -z "$found" ] || printf '%s:\n%s\n' "$1" "$(sed 's/^/    /' <<<"$found")"
}
match() { grep -E "$@" || true; }

# Who may look into whom: arrows go one way, from a room to those named behind it.
arrows='
base:
codec: base
format: base codec
engine: base codec format
pg: base engine
bench: base engine pg
entry: base engine pg bench
'
against_arrows() {
    local room below
    while IFS=: read -r room below; do
        [ -z "$room" ] || includes "src/$room" | match '"[a-z]+/[a-z_0-9/]+\.hpp"' |
            match -v "\"($room${below// /|})/"
    done <<<"$arrows"
}

# shellcheck disable=SC2086 # lists of directories
rules() {
    against_arrows | match '"(base|codec|format|engine|pg|bench|entry)/' | rule "an arrow goes upward"
    includes $CORE | match '"(postgres|c|fmgr|miscadmin|varatt)\.h|[<"](utils|catalog|access|nodes|executor|storage|libpq)/' |
        rule "core includes PostgreSQL"
    code $CORE | match '\b(ereport|elog|palloc0?|pfree|CHECK_FOR_INTERRUPTS|PG_TRY)\b' | rule "core calls PostgreSQL"
    includes $CORE | match '<(iostream|sstream|fstream|locale|regex)>' | rule "core uses streams, locales or regex"
    code $CORE | match '\b(isalpha|isdigit|isalnum|isspace|toupper|tolower|strtod|abort)[[:space:]]*\(' |
        rule "core uses locale-dependent or aborting functions"
    for f in $(find $CORE -name '*.cpp'); do
        [ "$(includes "$f" | tail -n 1 | sed 's/^[0-9]*://')" = '#include "base/no_postgres.hpp"' ] || echo "$f"
    done | rule 'base/no_postgres.hpp is not the last include'
    includes $GLUE | match '"(format|codec|base|engine)/' |
        match -v '"(engine/(wall|bench_stats|bench_judge|bench_settings|manifest_scan)|base/(cell|code|crc32|options|read|schema|spec|stored|allocator))\.hpp"' | rule "glue looks behind the wall"
    includes $GLUE | match '"postgres\.h"' | match -v '^src/(pg/server/pg\.hpp|entry/magic\.c):' |
        rule "postgres.h comes in through pg/server/pg.hpp only"
    code $GLUE | match '\b(try|catch|throw|dynamic_cast|typeid)\b' | rule "glue uses exceptions or RTTI"
    code $GLUE | match '\bstd::(basic_)?(string|string_view|vector|array|deque|list|map|set|unordered_[a-z]+|optional|variant|function|(unique|shared)_ptr|mutex|lock_guard|thread)\b' |
        rule "glue uses std containers or owners"
    code $GLUE | match '\b(new|delete)\b[[:space:]]+[A-Za-z(]' | rule "glue uses new or delete"
    code $GLUE | match '\b(fopen|fwrite|fprintf|fsync_fname|pg_flush_data|FileWriteback|data_sync_elevel|PathNameOpenFile|durable_rename|START_CRIT_SECTION|OpenPipeStream)[[:space:]]*\(' |
        rule "glue uses calls that hide errors or PANIC"
    code $GLUE $CORE | match 'PG_VERSION_NUM' | match -v '^src/(pg/server/compat|base/no_postgres)\.hpp:' |
        rule "server versions are told apart in pg/server/compat.hpp only"
    for f in $(git ls-files 'src/*.cpp' 'src/*.hpp'); do
        [ ! -f "$f" ] || head -n 1 "$f" | grep -q "^// $(basename "$f") - " || echo "$f"
    done | rule "the first line does not say what the file is for"
    git ls-files 'src/*.cpp' 'src/*.hpp' | xargs wc -l | awk '$2 != "total" && $1 > 500 {print $2 ": " $1 " lines"}' |
        rule "files over 500 lines"
}

found=$(rules)
[ -z "$found" ] || die "$found"
