# process.sh - tells a process that we started from a stranger with the same pid; sourced by sh
# and bash.
#
# A record is a file with one line "PID START", START being when that process began in clock ticks
# after boot.  A pid alone may have been given to somebody else since.
# shellcheck shell=sh

# started_at PID: prints START; nothing for a process that is gone or a zombie.
started_at() {
    read -r process_stat 2>/dev/null <"/proc/$1/stat" || return 0
    # The name, in parentheses, may hold blanks: count from its end.  State is the first word then.
    # shellcheck disable=SC2086
    set -- ${process_stat##*") "}
    [ "$1" != Z ] || return 0
    shift 19
    echo "$1"
}

# write_record FILE PID
write_record() {
    echo "$2 $(started_at "$2")" >"$1"
}

# recorded_pid FILE: prints the pid when that very process still lives; false otherwise.
recorded_pid() {
    process_pid='' process_start=''
    read -r process_pid process_start 2>/dev/null <"$1" || return 1
    [ -n "$process_start" ] && [ "$(started_at "$process_pid")" = "$process_start" ] || return 1
    echo "$process_pid"
}
