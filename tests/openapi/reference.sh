#!/usr/bin/env bash
# reference.sh - makes docs/api.html from docs/openapi.yaml.
#
#   tests/openapi/reference.sh          write docs/api.html (make docs-html)
#   tests/openapi/reference.sh --check  TAP: is docs/api.html what would be written?
set -euo pipefail

here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
docs=$here/../../docs
. "$here/tools.sh"

# widdershins writes Markdown by our templates, marked makes it HTML.
make_page() {
    local markdown=$1/api.md log=$1/log
    "$here/node_modules/.bin/widdershins" --code true --omitHeader true --summary true \
        --user_templates "$here/reference" --outfile "$markdown" "$docs/openapi.yaml" >"$log" 2>&1 || {
        cat "$log" >&2
        return 1
    }
    cat "$here/reference/head.html"
    "$here/node_modules/.bin/marked" --gfm --input "$markdown"
    cat "$here/reference/foot.html"
}

need_tools "$here"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
make_page "$work" >"$work/api.html"
if [[ ${1-} != --check ]]; then
    cp "$work/api.html" "$docs/api.html"
elif cmp -s "$work/api.html" "$docs/api.html"; then
    printf 'ok 1 - docs/api.html is made from docs/openapi.yaml\n1..1\n'
else
    printf 'not ok 1 - docs/api.html is made from docs/openapi.yaml\n# make docs-html writes it anew\n1..1\n'
    diff "$docs/api.html" "$work/api.html" | head -n 20 | sed 's/^/# /'
    exit 1
fi
