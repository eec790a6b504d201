#!/usr/bin/env bash
# lint.sh - TAP: does docs/openapi.yaml pass the linter without a warning?
set -euo pipefail

here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
. "$here/tools.sh"
need_tools "$here"

# What the linter says is shown only where it fails.
name="docs/openapi.yaml passes Spectral without a warning"
if said=$("$here/node_modules/.bin/spectral" lint --ruleset "$here/.spectral.yaml" --fail-severity=hint \
    "$here/../../docs/openapi.yaml" 2>&1); then
    printf 'ok 1 - %s\n1..1\n' "$name"
else
    printf 'not ok 1 - %s\n1..1\n' "$name"
    sed 's/^/# /' <<<"$said"
    exit 1
fi
