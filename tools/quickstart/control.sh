# control.sh - starts, awaits, shows and stops the parts of one quickstart folder; sourced by bash.
#
# One runsvdir supervises DIR/sv, one runsv each part.  They and all their children carry
# NOTIFY_QUICKSTART_DIR in their environment: by it the last ones are found, whatever crashed.
# shellcheck shell=bash disable=SC2154

# --- is it there? ---------------------------------------------------------------------------------

part_pid() {
    recorded_pid "$dir/sv/$1/present"
}

anything_runs() {
    [[ -n $(our_processes) ]]
}

# The processes that carry our mark; those of Postgres overwrite it but stand in the cluster.
our_processes() {
    {
        grep -lzxF "NOTIFY_QUICKSTART_DIR=$dir" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3
        if [[ -d $dir/postgres ]]; then cluster_processes "$(readlink -f "$dir/postgres")"; fi
    } | sort -u
}

# --- start ----------------------------------------------------------------------------------------

start_supervisor() {
    local files holder=()
    if has_shared_socket; then
        holder=(/usr/bin/python3 "$source/tools/quickstart/hold.py" "$sockets/notify.sock" "$(front_group)")
    fi
    files=$(ulimit -H -n)
    [[ $files != unlimited ]] && ((files < 65536)) || files=65536
    ulimit -S -n "$files"
    # 7 and 8 are our own locks, which must not live on in the parts.
    NOTIFY_QUICKSTART_DIR=$dir setsid "${holder[@]}" runsvdir -P "$dir/sv" \
        </dev/null >>"$dir/log/supervisor.log" 2>&1 7>&- 8>&- &
    supervisor=$!
    write_record "$dir/run/supervisor" "$supervisor"
}

tcp_open() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

part_ready() {
    case $1 in
        postgres) "$postgres_bin/pg_isready" -q -h 127.0.0.1 -p "${port[postgres]}" ;;
        redis) [[ $(REDISCLI_AUTH=${secret[password]} "$redis_cli" -s "$sockets/redis.sock" ping 2>&1) == PONG ]] ;;
        fcgi-*) [[ -S $sockets/$1.sock ]] && part_pid "$1" >/dev/null ;;
        workerd) curl -s -f -m 2 -o /dev/null "$workerd_url/ready" ;;
        front) front_ready ;;
        *) tcp_open "${port[$1]}" ;;
    esac
}

# Through the front, all the way to Postgres, Redis and RabbitMQ.
front_ready() {
    local answer
    answer=$(curl -s -f -m 2 "$notify_url/ready") && [[ $answer != *'"degraded"'* && $answer != *'"down"'* ]]
}

# await_parts SECONDS PART...: false, with the failure shown, when one dies thrice or time is up.
await_parts() {
    local deadline=$((SECONDS + $1)) part still
    shift
    while (($#)); do
        still=()
        for part in "$@"; do
            if part_ready "$part"; then say "$part is ready"; else still+=("$part"); fi
        done
        set -- "${still[@]}"
        for part in "$@"; do
            if (($(count_deaths "$part") >= 3)); then
                show_failure "$part does not stay up" "$dir/log/$part.log"
                return 1
            fi
        done
        (($#)) || return 0
        if ((SECONDS >= deadline)); then
            show_failure "$1 did not become ready in time" "$dir/log/$1.log"
            return 1
        fi
        status "waiting for ${*}"
        sleep 0.2
    done
}

count_deaths() {
    local lines=()
    if [[ -f $dir/sv/$1/deaths ]]; then mapfile -t lines <"$dir/sv/$1/deaths"; fi
    echo ${#lines[@]}
}

# --- stop -----------------------------------------------------------------------------------------

# stop_everything: the front first, so that nothing new comes in; then the programs, with time to
# finish what is in flight; then what they stand on.
stop_everything() {
    local supervisor_pid left
    if supervisor_pid=$(recorded_pid "$dir/run/supervisor"); then kill -TERM "$supervisor_pid" || true; fi
    stop_parts 5 front
    stop_parts 35 fcgi-1 fcgi-2
    stop_parts 35 workerd
    stop_parts 10 postgres redis rabbitmq mail simulator
    stop_parts 5 epmd
    sweep TERM 5 || sweep KILL 5 || {
        left=$(our_processes | xargs)
        clear_status
        echo "quickstart: processes that can't be stopped: $left" >&2
        return 1
    }
    remove_socket_folder
    rm -f "$dir"/run/*.pid "$dir/run/supervisor" "$dir"/sv/*/present
}

remove_socket_folder() {
    [[ -L $dir/run/sockets ]] || return 0
    rm -rf --one-file-system "$(readlink "$dir/run/sockets")" "$dir/run/sockets"
}

# stop_parts SECONDS PART...: together; who is not gone in time is killed.
stop_parts() {
    local deadline=$((SECONDS + $1)) part pid
    shift
    for part in "$@"; do ask_to_stop "$part"; done
    while still_running "$@"; do
        if ((SECONDS >= deadline)); then
            for part in "$@"; do
                if pid=$(part_pid "$part"); then
                    say "$part does not stop: killing it"
                    kill -KILL "$pid" 2>/dev/null || true
                fi
            done
            return
        fi
        status "stopping $*"
        sleep 0.1
    done
}

# Without its runsv a part is signalled directly.
ask_to_stop() {
    local pid signal=TERM
    if [[ $1 == postgres ]]; then signal=INT; fi
    sv down "$dir/sv/$1" >/dev/null 2>&1 && return
    if pid=$(part_pid "$1"); then kill -$signal "$pid" 2>/dev/null || true; fi
}

still_running() {
    local part
    for part in "$@"; do
        part_pid "$part" >/dev/null && return 0
    done
    return 1
}

# sweep SIGNAL SECONDS: whatever is left (the runsv, helpers of a part); true when all are gone.
sweep() {
    local deadline=$((SECONDS + $2)) pids
    while mapfile -t pids < <(our_processes) && ((${#pids[@]})); do
        ((SECONDS < deadline)) || return 1
        kill "-$1" "${pids[@]}" 2>/dev/null || true
        status "waiting for the last processes"
        sleep 0.1
    done
}

# --- status ---------------------------------------------------------------------------------------

# show_status: a line for each part; true when all of them run.
show_status() {
    local part pid all=0
    printf '%-12s %-9s %-8s %s\n' PART STATE PID LOG
    for part in "${parts[@]}"; do
        if pid=$(part_pid "$part"); then
            printf '%-12s %-9s %-8s %s\n' "$part" running "$pid" "$dir/log/$part.log"
        else
            printf '%-12s %-9s %-8s %s\n' "$part" down - "$dir/log/$part.log"
            all=1
        fi
    done
    return $all
}
