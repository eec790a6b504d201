#!/bin/sh
# Runs every fuzz target over its corpus: what once broke a promise stays repaired.
set -u
failed=0
for source in "$top_srcdir"/tests/fuzz/fuzz_*.c; do
    target=$(basename "$source" .c)
    corpus=$top_srcdir/tests/fuzz/corpus/${target#fuzz_}
    # Files by name, never the folder: a libFuzzer program would go on and make up inputs.
    if [ ! -x "$top_builddir/tests/fuzz/$target" ]; then
        echo "$target: is not in fuzz_targets (tests/fuzz/local.mk)"
        failed=1
    elif "$top_builddir/tests/fuzz/$target" "$corpus"/*; then
        echo "$target: ok"
    else
        echo "$target: failed"
        failed=1
    fi
done
exit $failed
