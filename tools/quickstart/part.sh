# part.sh - what the run and finish scripts of every part begin with; sourced by sh.
#
# The caller has set source (the project's folder), dir (the quickstart's folder) and part (its
# name), and stands in DIR/sv/PART.  DIR/run/PART.pid holds the pid for people, `present` beside
# the run script is the record (process.sh) by which the part is found again.
# shellcheck shell=sh disable=SC2154

PATH=/usr/sbin:/usr/bin:/sbin:/bin
export PATH
. "$source/tools/quickstart/process.sh"

# The responders share one file: a pid a line.
list_responders() {
    (
        flock 9
        cat "$dir"/run/fcgi-*.pid >"$dir/run/.notify.fcgi.pid" 2>/dev/null
        mv "$dir/run/.notify.fcgi.pid" "$dir/run/notify.fcgi.pid"
    ) 9>"$dir/run/.responders"
}

# A predecessor lives on only when its supervisor was killed: it would hold our port.
end_predecessor() {
    while old=$(recorded_pid present) && [ "$old" != $$ ]; do
        echo "$part: ending the unsupervised process $old"
        kill -KILL "$old"
        sleep 0.1
    done
}

# After this the run script execs the program, which keeps pid and start time.
part_begins() {
    end_predecessor
    write_record present $$
    echo $$ >"$dir/run/$part.pid"
    case $part in fcgi-*) list_responders ;; esac
}

# part_ended CODE STATUS, from runsv: forgets a part that was told to stop; one that died keeps
# its pid file until its next start, a moment later.
part_ended() {
    case $(cat supervise/stat) in
    *want*)
        rm -f present "$dir/run/$part.pid"
        case $part in fcgi-*) list_responders ;; esac
        ;;
    *)
        echo "exit code $1, wait status $2" >>deaths
        echo "$part: ended by itself (exit code $1, wait status $2); starting it again"
        ;;
    esac
}
