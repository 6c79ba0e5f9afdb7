#!/usr/bin/env bash
# run.sh - builds the core as the extension does and prints what encoding a row costs. Needs no server.
set -euo pipefail
cd "$(dirname "$0")/../.."
libs=$(make -s -f - <<<'include Makefile
print-libs: ; @echo $(CODEC_DEFS) -- $(CODEC_LIBS)' print-libs)
sources=$(make -s -f - <<<'include Makefile
print-sources: ; @echo $(CORE_SRCS)' print-sources)
out=build/micro
mkdir -p "$out"
# shellcheck disable=SC2086  # flags and names are words
for source in $sources bench/micro/encode.cpp; do
    object=$out/$(tr / _ <<<"${source%.cpp}").o
    [[ $object -nt $source && -z $(find src -name '*.hpp' -newer "$object" -print -quit) ]] || echo "$source $object"
done | xargs -P "$(nproc)" -L1 sh -c '${CXX:-c++} -std=c++17 -O2 -g -fwrapv -fno-strict-aliasing -fPIC -fvisibility=hidden \
    -fstack-protector-strong -D_FORTIFY_SOURCE=2 -D_GNU_SOURCE -Isrc '"${libs%%--*}"' -c "$0" -o "$1"'
# shellcheck disable=SC2086
"${CXX:-c++}" -o "$out/encode" "$out"/*.o ${libs##*--}
"$out/encode"
