#!/usr/bin/env bash
# schemas.sh - TAP: do docker-compose.yml and what kustomize makes of k8s/example fit their schemas?
set -euo pipefail

here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
top=$here/../..
. "$here/../openapi/tools.sh"
command -v kubectl >/dev/null || skip "kubectl is missing, with which kustomize comes"
need_tools "$here"

if ! made=$(kubectl kustomize "$top/k8s/example" 2>&1); then
    echo "1..1"
    echo "not ok 1 - kustomize makes k8s/example"
    sed 's/^/# /' <<<"$made"
    exit 1
fi
node "$here/schemas.mjs" "$top/docker-compose.yml" <<<"$made"
