# progress.sh - lines with elapsed times for quickstart and run-tests; sourced by bash.
#
# On a terminal a live status line stands below the lines that stay; elsewhere only lines that stay.
# One program at a time runs under run_logged or run_quietly; progress_end stops it when we are interrupted.
# shellcheck shell=bash

progress_begun=${EPOCHREALTIME/[.,]/}
progress_live=0
progress_job=
[[ -t 1 && ${TERM:-dumb} != dumb ]] && progress_live=1

# Seconds since the begin, with one decimal: 3.2
elapsed() {
    local tenths=$(((${EPOCHREALTIME/[.,]/} - progress_begun) / 100000))
    printf '%d.%d' $((tenths / 10)) $((tenths % 10))
}

clear_status() {
    if ((progress_live)); then printf '\r\033[K'; fi
}

say() {
    clear_status
    printf '[%6s s] %s\n' "$(elapsed)" "$*"
}

status() {
    local line
    ((progress_live)) || return 0
    printf -v line '[%6s s] %s' "$(elapsed)" "$*"
    printf '\r\033[K%s' "${line:0:$((${COLUMNS:-80} - 1))}"
}

# show_failure WHAT LOG: names what failed and its log, with the last lines of that log.
show_failure() {
    clear_status
    {
        printf '\nFAILED: %s\n' "$1"
        if [[ -s $2 ]]; then
            printf 'log: %s, whose last lines are\n\n' "$2"
            tail -n 20 "$2" | cut -c1-300 | sed 's/^/    /'
        else
            printf 'log: %s (empty)\n' "$2"
        fi
        printf '\n'
    } >&2
}

# run_quietly WHAT LOG COMMAND...: runs it with its output in LOG; its exit status is ours.
run_quietly() {
    local what=$1 log=$2 result=0 turns=0
    shift 2
    if ((!progress_live)); then say "$what ..."; fi
    # 7 to 9 are locks of the script, which must not live on in what it starts.
    "$@" >"$log" 2>&1 7>&- 8>&- 9>&- &
    progress_job=$!
    while kill -0 "$progress_job" 2>/dev/null; do
        status "$what ${progress_dots:0:$((turns++ / 2 % 4))}"
        sleep 0.1
    done
    wait "$progress_job" || result=$?
    progress_job=
    return "$result"
}

# run_logged, with the same arguments: tells how it went, too.
run_logged() {
    local result=0
    run_quietly "$@" || result=$?
    if ((result == 0)); then say "$1: done"; else show_failure "$1" "$2"; fi
    return "$result"
}
progress_dots=....

# descendants PID: it and all processes below it, parents first.
descendants() {
    local file line words pid
    local -A children=()
    for file in /proc/[0-9]*/stat; do
        read -r line 2>/dev/null <"$file" || continue
        # After the name, which stands in parentheses: state, parent.
        read -r -a words <<<"${line##*) }"
        children[${words[1]}]+=" ${line%% *}"
    done
    local queue=("$1")
    while ((${#queue[@]})); do
        pid=${queue[0]}
        echo "$pid"
        # shellcheck disable=SC2206
        queue=("${queue[@]:1}" ${children[$pid]-})
    done
}

# Stops what they have under way, with all that it started; for the EXIT trap.
progress_end() {
    local pids pid turns=0
    clear_status
    [[ -n $progress_job ]] || return 0
    mapfile -t pids < <(descendants "$progress_job")
    kill "${pids[@]}" 2>/dev/null
    wait "$progress_job" 2>/dev/null
    progress_job=
    # A descendant may clean up first, but not for ever.
    for pid in "${pids[@]}"; do
        while kill -0 "$pid" 2>/dev/null && ((turns++ < 100)); do sleep 0.1; done
        kill -KILL "$pid" 2>/dev/null
    done
    return 0
}
