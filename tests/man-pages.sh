#!/bin/sh
# Every manual page is understood without a warning, by mandoc and by man; one that is missing is not asked.
# 77: neither is here, so nothing was checked.
cd "${top_srcdir:-.}" || exit 1
complaints=$(mktemp)
trap 'rm -f "$complaints"' EXIT
checked=77
for page in man/*.[1-9]; do
    # Only what is no matter of style: our pages are written for man(7), and lines may be long.
    if command -v mandoc >/dev/null; then
        mandoc -T lint -W warning "$page" >>"$complaints" 2>&1
        checked=0
    fi
    if command -v man >/dev/null && command -v groff >/dev/null; then
        LC_ALL=C.UTF-8 MANROFFSEQ='' MANWIDTH=80 man --warnings -E UTF-8 -l -Tutf8 -Z "$page" 2>>"$complaints" >/dev/null
        checked=0
    fi
done
cat "$complaints"
[ ! -s "$complaints" ] || exit 1
exit $checked
