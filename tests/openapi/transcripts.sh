#!/usr/bin/env bash
# transcripts.sh - runs the commands of docs/api.md against a running system and holds what they print
# against what is written there.  Prints TAP.
#
#   tests/openapi/transcripts.sh ENV [FILE]    ENV: a quickstart's env file.  FILE: docs/api.md
#
# A block of ```sh is run as it stands, in one shell for all of them and an empty folder.  The block after it tells
# what is printed, with … for what differs from call to call:
#
#   ```json     a JSON value: the same members and values
#   ```console  a status line, headers, an empty line and a body, as from curl -i; headers that are not
#               written down are free.  A body that is JSON is compared as above, another line by line.
#               Without a status line: lines.  A last line of … is any number of lines.
#
# A block that only reads is tried again for a while where it does not fit, since deliveries take time.
set -euo pipefail

here=$(cd "$(dirname "$(readlink -f "$0")")" && pwd)
patience=20 # seconds

(($# >= 1)) || { sed -n '2,/^set /s/^# \{0,1\}//p' "$0"; exit 2; }
environment=$(readlink -f "$1")
guide=$(readlink -f "${2:-$here/../../docs/api.md}")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/blocks" "$work/run"

# Each pair becomes N.sh, N.json or N.console, and N.name, the heading above it with the first line.
split_guide() {
    awk -v folder="$work/blocks" '
        function complain(words) { print FILENAME ":" FNR ": " words >"/dev/stderr"; failed = 1 }
        /^```/ && kind != "" { close(file); kind = ""; next }
        /^```sh$/ {
            if (asked) complain("the commands before have no answer")
            n++; kind = "sh"; asked = 1; first = ""; file = sprintf("%s/%03d.sh", folder, n); next
        }
        /^```(json|console)$/ {
            if (!asked) complain("an answer without commands")
            kind = substr($0, 4); asked = 0; file = sprintf("%s/%03d.%s", folder, n, kind); next
        }
        /^```/ { complain("a block of another kind"); kind = "other"; file = "/dev/null"; next }
        kind == "sh" && first == "" { first = $0; printf "%s, line %d\n", heading, FNR >sprintf("%s/%03d.name", folder, n) }
        kind != "" { print >file; next }
        /^#/ { heading = $0; sub(/^#+ */, "", heading) }
        END { if (asked) complain("the last commands have no answer"); exit failed }
    ' "$guide"
}

# --- comparing: each prints the differences, nothing where it fits --------------------------------

differ_json() {
    local words
    words=$(jq -n -r -f "$here/transcript.jq" --slurpfile e "$1" --slurpfile a "$2" \
        --argjson expected "$(cat "$1")" --argjson actual "$(cat "$2")" 2>&1) || {
        echo "one of the two is not JSON: $(head -c 300 "$2")"
        return
    }
    [[ -z $words ]] || echo "$words"
}

# line_fits PATTERN LINE: each … of the pattern stands for any text, part by part.
line_fits() {
    local pattern=$1 line=$2 part=${1%%…*}
    if [[ $pattern != *…* ]]; then
        [[ $line == "$pattern" ]]
        return
    fi
    [[ $line == "$part"* ]] || return
    line=${line#"$part"} pattern=${pattern#*…}
    while [[ $pattern == *…* ]]; do
        part=${pattern%%…*}
        [[ $line == *"$part"* ]] || return
        line=${line#*"$part"} pattern=${pattern#*…}
    done
    [[ $line == *"$pattern" ]]
}

differ_lines() {
    local wanted got i
    mapfile -t wanted <"$1"
    mapfile -t got <"$2"
    if ((${#wanted[@]})) && [[ ${wanted[-1]} == … ]]; then
        unset 'wanted[-1]'
        got=("${got[@]:0:${#wanted[@]}}")
    fi
    ((${#wanted[@]} == ${#got[@]})) || echo "${#got[@]} lines, not ${#wanted[@]}"
    for i in "${!wanted[@]}"; do
        line_fits "${wanted[i]}" "${got[i]-}" || echo "line $((i + 1)) is \"${got[i]-}\", not \"${wanted[i]}\""
    done
}

differ_headers() {
    local line name got
    while IFS= read -r line; do
        [[ $line == *:* ]] || continue
        name=${line%%:*}
        got=$(grep -i -m 1 "^$name:" "$2" || true)
        if [[ -z $got ]]; then
            echo "the header $name is missing"
        elif ! line_fits "${line#*: }" "${got#*: }"; then
            echo "$got, where \"$line\" is written down"
        fi
    done <"$1"
}

# The part before, or after, the first empty line.
head_of() { sed '/^$/,$d' "$1"; }
body_of() { sed '1,/^$/d' "$1"; }

differ_console() {
    local wanted=$1 got=$2 wanted_status got_status
    read -r _ wanted_status _ <"$wanted" || true
    if [[ $(head -n 1 "$wanted") != HTTP/* ]]; then
        differ_lines "$wanted" "$got"
        return
    fi
    read -r _ got_status _ <"$got" || true
    [[ ${got_status-} == "$wanted_status" ]] || echo "the status is ${got_status:-none}, not $wanted_status"
    head_of "$wanted" >"$work/wanted-head"
    head_of "$got" >"$work/got-head"
    differ_headers "$work/wanted-head" "$work/got-head"
    body_of "$wanted" >"$work/wanted-body"
    body_of "$got" >"$work/got-body"
    if jq -e . "$work/wanted-body" >"$work/ignored" 2>&1 && [[ -s $work/wanted-body ]]; then
        differ_json "$work/wanted-body" "$work/got-body"
    else
        differ_lines "$work/wanted-body" "$work/got-body"
    fi
}

# --- running --------------------------------------------------------------------------------------

only_reads() {
    ! grep -Eq -- '(^| )(-d|--data|--data-raw|-X|-F)( |$)' "$1"
}

# The commands are evaluated here, not in a shell of their own: later ones use the variables of earlier ones.
run_block() {
    local base=$1 answer
    answer=$(ls "$base".json "$base".console 2>/dev/null)
    set +e
    eval "$(cat "$base.sh")" >"$work/raw" 2>&1 </dev/null
    set -e
    tr -d '\r' <"$work/raw" >"$work/got"
    if [[ $answer == *.json ]]; then differ_json "$answer" "$work/got"; else differ_console "$answer" "$work/got"; fi >"$work/faults"
    [[ ! -s $work/faults ]]
}

try_block() {
    local until=$((SECONDS + patience))
    while ! run_block "$1"; do
        only_reads "$1.sh" && ((SECONDS < until)) || return 1
        sleep 0.2
    done
}

split_guide
set -a
# shellcheck disable=SC1090
. "$environment"
set +a
cd "$work/run"
count=0 failed=0
for commands in "$work"/blocks/*.sh; do
    base=${commands%.sh} count=$((count + 1))
    if try_block "$base"; then
        echo "ok $count - $(cat "$base.name")"
    else
        failed=1
        echo "not ok $count - $(cat "$base.name")"
        sed 's/^/# /' "$work/faults" "$work/got"
    fi
done
echo "1..$count"
exit "$failed"
