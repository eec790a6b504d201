#!/bin/sh
# Runs a script of this folder, which prints TAP; a skip where Python or a package of it is missing.
case $1 in
*/*) script=$1 ;;
*) script=$(dirname "$0")/$1 ;;
esac
shift
if ! /usr/bin/python3 -c 'import jsonschema, yaml' 2>/dev/null; then
    echo "1..0 # SKIP python3, python3-jsonschema or python3-yaml is missing"
    exit 0
fi
# Scripts of other folders use the modules of this one, too.
PYTHONPATH=$(dirname "$0")
export PYTHONPATH
# -B: nothing is written beside the sources.
exec /usr/bin/python3 -B "$script" "$@"
