#!/bin/sh
# Holds every #include of the tree against tests/layers.txt.
cd "$top_srcdir" || exit 1
find common fcgi workerd ctl tests -name '*.[ch]' -exec \
    grep -En '^[[:space:]]*#[[:space:]]*include' /dev/null {} + |
awk '
    # FILE:LINE:#include "what/it.h" becomes where, file and target.
    function split_line() {
        file = $0; sub(/:.*/, "", file)
        where = $0; sub(/:[^:]*$/, "", where)
        target = $0; sub(/^[^"<]*["<]/, "", target); sub(/[">].*$/, "", target)
    }
    # Does a word of the list, in which * stands for anything, name the text?
    function listed(list, text,    words, n, i) {
        n = split(list, words, " ")
        for (i = 1; i <= n; i++) {
            gsub(/[.]/, "[.]", words[i])
            gsub(/[*]/, ".*", words[i])
            if (text ~ ("^" words[i] "$"))
                return 1
        }
        return 0
    }
    # The folder of a path: two parts below common, elsewhere the first alone.
    function layer_of(path,    parts, n) {
        n = split(path, parts, "/")
        return parts[1] == "common" && n > 2 ? parts[1] "/" parts[2] : parts[1]
    }
    function complain(words) {
        print where ": " words
        failed = 1
    }
    function check_own(    from, to) {
        from = layer_of(file); to = layer_of(target)
        if (target !~ /\//)
            complain("\"" target "\" does not name its folder")
        else if (!(from in may))
            complain(from " is in no layer")
        else if (from != to && !listed(may[from], to))
            complain(from " must not include from " to)
    }
    function check_foreign(    header) {
        for (header in door)
            if (listed(header, target) && !listed(door[header], file))
                complain("only " door[header] " may include <" target ">")
    }
    FILENAME == rules && /^layer / { name = $2; sub(/^[^:]*: */, ""); may[name] = $0 }
    FILENAME == rules && /^door / { name = $2; sub(/^[^:]*: */, ""); door[name] = $0 }
    FILENAME == rules { next }
    { split_line(); seen++ }
    /#[ \t]*include[ \t]*"/ { check_own() }
    /#[ \t]*include[ \t]*</ { check_foreign() }
    END {
        if (seen < 100)
            complain("found " seen + 0 " lines only: the search is broken")
        print seen " includes checked"
        exit failed
    }
' rules=tests/layers.txt tests/layers.txt -
