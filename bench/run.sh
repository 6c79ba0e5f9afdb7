#!/bin/bash
# run.sh - everything the project measures against its promises: speed, then memory. `make bench` calls it.
# Needs the extension installed (make install) and a quiet machine; arguments go to vs_copy and vs_text
# (--quick, --rows N).
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
"$here/vs_copy" "$@"
echo
"$here/vs_text" "$@"
echo
case " $* " in
*" --quick "*) "$here/memory" --rows 100000 200000 ;;
*) "$here/memory" ;;
esac
