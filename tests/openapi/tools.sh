# tools.sh - the npm packages of package-lock.json, installed here when that is due; sourced by bash.
# shellcheck shell=bash

skip() {
    echo "1..0 # SKIP $1"
    exit 0
}

# need_tools FOLDER: where they cannot be had there is nothing to do, and TAP says so.  With NO_INSTALL=1
# nothing is installed.  Where CI is set, a registry that does not answer is a failure.
need_tools() {
    local lock=$1/package-lock.json installed=$1/node_modules/.installed-lock
    if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
        skip "node or npm is missing: tools/install-packages --with-node installs them"
    fi
    exec 8<"$1"
    flock 8
    if ! cmp -s "$lock" "$installed"; then
        ((!${NO_INSTALL:-0})) || skip "the packages of $1/package.json are not installed"
        install_tools "$1"
        cp "$lock" "$installed"
    fi
    exec 8>&-
}

install_tools() {
    npm ci --prefix "$1" --fetch-retries=1 --fetch-timeout=60000 >&2 && return
    [[ -n ${CI-} ]] || skip "npm ci failed in $1"
    echo "Bail out! npm ci failed in $1"
    exit 1
}
