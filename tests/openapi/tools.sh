# tools.sh - the npm packages of package-lock.json, installed here when that is due; sourced by bash.
# shellcheck shell=bash

# need_tools FOLDER: without node there is nothing to do, and TAP says so.
need_tools() {
    local lock=$1/package-lock.json installed=$1/node_modules/.installed-lock
    if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
        echo "1..0 # SKIP node or npm is missing: tools/install-packages --with-node installs them"
        exit 0
    fi
    exec 8<"$1"
    flock 8
    if ! cmp -s "$lock" "$installed"; then
        npm ci --prefix "$1" --fetch-retries=1 --fetch-timeout=60000 >&2 || {
            echo "Bail out! npm ci failed in $1"
            exit 1
        }
        cp "$lock" "$installed"
    fi
    exec 8>&-
}
