#!/usr/bin/env bash
# lint.sh - layout and the mistakes a compiler does not see. `lint.sh format` rewrites, `lint.sh layout` and
# `lint.sh tidy` judge. tidy looks at the core, which builds without a server.
. "$(dirname "$0")/lib.sh"
sources() { git ls-files --cached --others --exclude-standard 'src/*.cpp' 'src/*.hpp' 'test/*.cpp' 'test/*.hpp' 'bench/*.cpp'; }
case ${1:-layout} in
    format) sources | xargs clang-format -i ;;
    layout)
        sources | xargs clang-format --dry-run -Werror
        wide=$(grep -rnE '^.{141,}' extension || true)
        [ -z "$wide" ] || die "lines over 140 columns: $wide"
        ;;
    tidy)
        git ls-files src/base src/codec src/format src/engine | grep '\.cpp$' |
            xargs -P "$(nproc)" -n 4 sh -c 'clang-tidy --quiet "$@" -- -x c++ -std=c++17 -Isrc -D_GNU_SOURCE -DHAVE_LIBDEFLATE' tidy 2>&1 |
            sed '/^[0-9]* warnings\? generated/d'
        ;;
    *) die "usage: tools/lint.sh [format|layout|tidy]" ;;
esac
