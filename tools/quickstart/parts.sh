# parts.sh - writes the runit service of each part (DIR/sv/PART) and the files it reads; sourced
# by bash.
#
# Every run script ends in an exec, so the pid that runsv signals is the program's own.
# shellcheck shell=bash disable=SC2154

# In the order in which --status lists them.
# shellcheck disable=SC2034
parts=(postgres epmd redis mail simulator rabbitmq workerd fcgi-1 fcgi-2 front)

# write_part NAME, the commands after the common beginning on standard input.
write_part() {
    local service=$dir/sv/$1
    mkdir -p "$service/control"
    rm -f "$service/deaths" "$service/down"
    {
        part_head "$1"
        case $1 in fcgi-*) ;; *) echo 'exec 6<&-' ;; esac
        echo 'part_begins'
        cat
    } >"$service/run"
    {
        part_head "$1"
        # shellcheck disable=SC2016
        echo 'part_ended "$1" "$2"'
    } >"$service/finish"
    chmod 755 "$service/run" "$service/finish"
}

part_head() {
    cat <<END
#!/bin/sh
# $1 of $dir; written by quickstart at each start.
exec >>$dir/log/$1.log 2>&1
source=$source dir=$dir part=$1
. $source/tools/quickstart/part.sh
END
}

write_parts() {
    write_postgres
    write_redis
    write_rabbitmq
    write_providers
    write_programs
    write_front
}

# --- postgres -------------------------------------------------------------------------------------

# as_database_user COMMAND...: Postgres refuses to run as root.
as_database_user() {
    if ((EUID)); then "$@"; else (cd / && chpst -u postgres "$@"); fi
}

# The newest Postgres, or the one that made the cluster.
find_postgres() {
    local version
    version=$(cat "$dir/postgres/PG_VERSION" 2>/dev/null) ||
        version=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | sed -n '$s,.*/\([^/]*\)/bin,\1,p')
    postgres_bin=/usr/lib/postgresql/$version/bin
    [[ -x $postgres_bin/postgres ]] || die "no Postgres (version $version) in $postgres_bin"
}

# Where the postgres user can't reach DIR (it may lie in /root), the cluster lives below /var/lib
# and DIR/postgres points there.  What an earlier folder of the same name left there is removed.
make_cluster_folder() {
    mkdir "$dir/postgres"
    ((EUID)) && return
    chown postgres: "$dir/postgres"
    as_database_user test -x "$dir/postgres" && return
    local away
    away=/var/lib/notification-system-quickstart/$(sha256sum <<<"$dir" | cut -c1-16)
    rmdir "$dir/postgres"
    [[ -z $(cluster_processes "$away") ]] || die "a Postgres still runs in $away"
    rm -rf --one-file-system "$away"
    (umask 022 && mkdir -p "$away")
    chown postgres: "$away"
    chmod 700 "$away"
    ln -s "$away" "$dir/postgres"
}

# cluster_processes FOLDER: every process of a Postgres stands in its cluster's folder; somebody's
# shell may stand there too.
cluster_processes() {
    local cwd name
    while read -r cwd; do
        read -r name 2>/dev/null <"${cwd%/cwd}/comm" || continue
        if [[ $name == postgres ]]; then cut -d/ -f3 <<<"$cwd"; fi
    done < <(find /proc -maxdepth 2 -name cwd -lname "$1" 2>/dev/null)
}

make_cluster() {
    [[ -f $dir/postgres/PG_VERSION ]] && return
    # An initdb that was interrupted leaves a folder that the next one would refuse.
    if [[ -e $dir/postgres ]]; then rm -rf --one-file-system "$dir/postgres"; fi
    make_cluster_folder
    local password_file=$sockets/postgres/password
    echo "${secret[password]}" >"$password_file"
    if ((!EUID)); then chown postgres: "$password_file"; fi
    run_logged "creating the database cluster" "$dir/log/initdb.log" \
        as_database_user "$postgres_bin/initdb" -D "$(readlink -f "$dir/postgres")" -U notify \
        --auth=scram-sha-256 --pwfile="$password_file" --encoding=UTF8 --locale=C.UTF-8
    rm -f "$password_file"
}

write_postgres() {
    local data user=
    data=$(readlink -f "$dir/postgres")
    ((EUID)) || user="chpst -u postgres"
    write_part postgres <<END
# After a crash of the machine the pid in postmaster.pid may be a stranger's.
if read -r old <$data/postmaster.pid && [ "\$(readlink /proc/\$old/cwd)" != $data ]; then
    rm -f $data/postmaster.pid
fi 2>/dev/null
exec $user $postgres_bin/postgres -D $data \\
    -c listen_addresses=127.0.0.1 -c port=${port[postgres]} \\
    -c unix_socket_directories=$sockets/postgres \\
    -c fsync=on -c synchronous_commit=on -c max_connections=100 \\
    -c shared_buffers=256MB -c max_wal_size=4GB -c jit=off
END
    # TERM would wait for every client to leave; INT ends their sessions, as cleanly.
    cat >"$dir/sv/postgres/control/t" <<END
#!/bin/sh
. $source/tools/quickstart/process.sh
pid=\$(recorded_pid $dir/sv/postgres/present) && kill -INT "\$pid"
END
    chmod 755 "$dir/sv/postgres/control/t"
}

# --- redis ----------------------------------------------------------------------------------------

# Valkey where Redis is not: it takes the same configuration and the same commands.
find_redis() {
    local name
    for name in redis valkey; do
        redis_server=$name-server redis_cli=$name-cli
        command -v "$redis_server" >/dev/null && command -v "$redis_cli" >/dev/null && return
    done
    die "neither Redis (redis-server, redis-cli) nor Valkey (valkey-server, valkey-cli) is there"
}

write_redis() {
    cat >"$dir/etc/redis.conf" <<END
bind 127.0.0.1
port ${port[redis]}
unixsocket $sockets/redis.sock
unixsocketperm 600
requirepass ${secret[password]}
dir $dir/run
save ""
appendonly no
maxmemory 256mb
maxmemory-policy allkeys-lru
END
    write_part redis <<<"exec $redis_server $dir/etc/redis.conf"
}

# --- rabbitmq -------------------------------------------------------------------------------------

write_rabbitmq() {
    local base=$dir/rabbitmq schedulers
    # One for each two cores, since other parts want theirs: two on two cores wake each other, which costs
    # a sixth more for an event.  A machine of many cores would start the node slower with all of them.
    schedulers=$((($(nproc) + 1) / 2))
    if ((schedulers > 4)); then schedulers=4; fi
    mkdir -p "$base/mnesia" "$base/log"
    echo '[].' >"$dir/etc/rabbitmq-plugins"
    cat >"$dir/etc/rabbitmq.conf" <<END
listeners.tcp.1 = 127.0.0.1:${port[rabbitmq]}
default_user = notify
default_pass = ${secret[password]}
vm_memory_high_watermark.absolute = 1GB
disk_free_limit.absolute = 100MB
log.console.level = warning
END
    # For the node, and for whoever wants to ask it something:
    #   (. DIR/etc/rabbitmq.env; /usr/lib/rabbitmq/bin/rabbitmqctl status)
    # RUNNING_UNDER_SYSTEMD makes the start script become the Erlang machine instead of waiting
    # beside it.  Nobody may start an epmd but its own part: that one would stay for ever.
    cat >"$dir/etc/rabbitmq.env" <<END
unset NOTIFY_SOCKET
export HOME=$base LANG=C.UTF-8 RUNNING_UNDER_SYSTEMD=true
export RABBITMQ_NODENAME=notify@localhost RABBITMQ_DIST_PORT=${port[rabbitmq_dist]}
export RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_NODE_PORT=${port[rabbitmq]}
export RABBITMQ_MNESIA_BASE=$base/mnesia RABBITMQ_LOG_BASE=$base/log RABBITMQ_LOGS=-
export RABBITMQ_CONFIG_FILE=$dir/etc/rabbitmq.conf RABBITMQ_CONF_ENV_FILE=/dev/null
export RABBITMQ_ADVANCED_CONFIG_FILE=$dir/etc/rabbitmq-advanced.config
export RABBITMQ_ENABLED_PLUGINS_FILE=$dir/etc/rabbitmq-plugins
export RABBITMQ_PID_FILE=$base/node.pid
export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+S $schedulers:$schedulers -kernel inet_dist_use_interface {127,0,0,1}"
export ERL_EPMD_PORT=${port[epmd]} ERL_EPMD_ADDRESS=127.0.0.1 ERL_CRASH_DUMP_SECONDS=0
export ERL_ZFLAGS="-start_epmd false"
END
    write_part epmd <<<"exec epmd -address 127.0.0.1 -port ${port[epmd]}"
    write_part rabbitmq <<END
. $dir/etc/rabbitmq.env
tries=0
until epmd -port ${port[epmd]} -names >/dev/null 2>&1; do
    tries=\$((tries + 1))
    [ \$tries -lt 100 ] || exit 1
    sleep 0.1
done
exec /usr/lib/rabbitmq/bin/rabbitmq-server
END
}

# --- the outside world: provider simulator and mail server ----------------------------------------

write_providers() {
    write_part simulator <<END
exec $dir/bin/simulator --listen 127.0.0.1:${port[simulator]} \\
    --log $dir/log/simulator-requests.jsonl \\
    --twilio-account ${secret[twilio_account]} --twilio-token ${secret[twilio_token]} \\
    --whatsapp-token ${secret[whatsapp_token]} --whatsapp-app-secret ${secret[whatsapp_secret]} \\
    --whatsapp-phone-id $whatsapp_phone_id --whatsapp-webhook $notify_url/webhooks/whatsapp \\
    --telegram-token ${secret[telegram_token]} --sendgrid-key ${secret[sendgrid_key]} \\
    --sendgrid-private-key $sendgrid_private --sendgrid-webhook $notify_url/webhooks/sendgrid \\
    ${simulator_options[*]}
END
    write_part mail <<END
unset PYTHONPATH PYTHONHOME
exec /usr/bin/python3 -m aiosmtpd --nosetuid --smtputf8 \\
    --listen 127.0.0.1:${port[mail]} --class aiosmtpd.handlers.Mailbox $dir/mail
END
}

# --- our programs and their front -----------------------------------------------------------------

# They would wait for their services by themselves, but in growing steps of their own: they are
# kept down until RabbitMQ, which takes longest, is there.
programs=(fcgi-1 fcgi-2 workerd)

write_programs() {
    local name
    for name in fcgi-1 fcgi-2; do
        if has_shared_socket; then
            ln -sfn notify.sock "$sockets/$name.sock"
            write_part "$name" <<<"LISTEN_FDS=1 LISTEN_PID=\$\$ exec $dir/bin/notify.fcgi -c $config 3<&6 6<&-"
        else
            write_part "$name" <<END
exec spawn-fcgi -n -s $sockets/$name.sock -M 0660 -b 1024 -- \\
    $dir/bin/notify.fcgi -c $config
END
        fi
    done
    write_part workerd <<<"exec $dir/bin/workerd -c $config"
    for name in "${programs[@]}"; do touch "$dir/sv/$name/down"; done
}

start_programs() {
    local name
    for name in "${programs[@]}"; do
        rm -f "$dir/sv/$name/down"
        sv up "$dir/sv/$name" >/dev/null
    done
}
