#!/bin/sh
# The manual page of the configuration file is what the table of options makes of it.  Prints what
# differs; `make man-options` writes the page anew.
page=${top_srcdir:-.}/man/notification-system.conf.5
made=$(mktemp)
trap 'rm -f "$made"' EXIT
"${top_builddir:-.}/man/conf-manual" "$page" >"$made" || exit 1
diff -u "$page" "$made"
