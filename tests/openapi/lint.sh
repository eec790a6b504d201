#!/usr/bin/env bash
# lint.sh - TAP: does docs/openapi.yaml pass the linter without a warning, and fit the code?
set -euo pipefail

here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
. "$here/tools.sh"
need_tools "$here"
n=0 failed=0

# check NAME COMMAND...: what the command says is shown only where it fails.
check() {
    local name=$1 said
    shift
    n=$((n + 1))
    if said=$("$@" 2>&1); then
        echo "ok $n - $name"
    else
        failed=1
        echo "not ok $n - $name"
        sed 's/^/# /' <<<"$said"
    fi
}

check "docs/openapi.yaml passes Spectral without a warning" \
    "$here/node_modules/.bin/spectral" lint --ruleset "$here/.spectral.yaml" --fail-severity=hint \
    "$here/../../docs/openapi.yaml"
check "the problems of docs/openapi.yaml are those of fcgi/problem.c" node "$here/problems.mjs"
echo "1..$n"
exit "$failed"
