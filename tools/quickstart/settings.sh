# settings.sh - ports, secrets and the configuration of one quickstart folder; sourced by bash.
#
# DIR/ports and DIR/keys keep what the first start chose.  The configuration is written anew at each
# start: our values, then every --set on top.
# shellcheck shell=bash disable=SC2154

declare -A port secret setting
port_names=(front postgres redis epmd rabbitmq rabbitmq_dist mail simulator workerd)
secret_names=(password twilio_account twilio_token whatsapp_token whatsapp_secret whatsapp_verify
    telegram_token telegram_secret sendgrid_key api_key admin_key)
setting_names=()
whatsapp_phone_id=100000000000001

# --- ports ----------------------------------------------------------------------------------------

# Prints every TCP port of this machine on which somebody listens (state 0A).
listening_ports() {
    local address state
    while read -r _ address _ state _; do
        [[ $state == 0A ]] && echo $((16#${address##*:}))
    done < <(cat /proc/net/tcp /proc/net/tcp6 2>/dev/null)
}

# choose_ports [FRONT]: keeps earlier choices that are still free.  New ones come from below the
# range from which the kernel takes the ports of outgoing connections, each process having ten of its
# own to begin with: two that start side by side would else choose the same before either listens.
choose_ports() {
    local name number next=$((12000 + $$ % 2000 * 10))
    local -A taken=()
    while read -r number; do taken[$number]=1; done < <(listening_ports)
    if [[ -f $dir/ports ]]; then
        while IFS='=' read -r name number; do port[$name]=$number; done <"$dir/ports"
    fi
    if [[ -n ${1-} ]]; then
        [[ -z ${taken[$1]-} ]] || die "port $1 is taken"
        port[front]=$1
    fi
    for name in "${port_names[@]}"; do
        number=${port[$name]-}
        while [[ -z $number || -n ${taken[$number]-} ]]; do number=$((next++)); done
        taken[$number]=1
        port[$name]=$number
    done
    for name in "${port_names[@]}"; do echo "$name=${port[$name]}"; done >"$dir/ports"
}

# --- secrets --------------------------------------------------------------------------------------

random_hex() {
    od -An -v -tx1 -N"$1" /dev/urandom | tr -d ' \n'
}

load_secrets() {
    local name value
    secret=([password]=$(random_hex 12) [twilio_account]=AC$(random_hex 16)
        [twilio_token]=$(random_hex 16) [whatsapp_token]=$(random_hex 16)
        [whatsapp_secret]=$(random_hex 16) [whatsapp_verify]=$(random_hex 16)
        [telegram_token]=123456789:$(random_hex 17) [telegram_secret]=$(random_hex 16)
        [sendgrid_key]=SG.$(random_hex 16) [api_key]='' [admin_key]='')
    if [[ -f $dir/keys ]]; then
        while IFS='=' read -r name value; do secret[$name]=$value; done <"$dir/keys"
    fi
    save_secrets
    make_sendgrid_key
}

# The pair of keys of SendGrid's signed events: the simulator has the one, our configuration the other.
make_sendgrid_key() {
    sendgrid_private=$dir/etc/sendgrid.pem
    [[ -s $sendgrid_private ]] ||
        (umask 077 && openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 >"$sendgrid_private")
    sendgrid_public=$(openssl pkey -in "$sendgrid_private" -pubout -outform DER | base64 -w 0)
}

save_secrets() {
    local name
    for name in "${secret_names[@]}"; do echo "$name=${secret[$name]}"; done >"$dir/keys.new"
    mv "$dir/keys.new" "$dir/keys"
}

# --- configuration --------------------------------------------------------------------------------

# put SECTION.KEY VALUE: the last dot parts them.
put() {
    [[ -n ${setting[$1]+set} ]] || setting_names+=("$1")
    setting[$1]=$2
}

our_settings() {
    put server.public_url "$notify_url"
    put database.host "$sockets/postgres"
    put database.port "${port[postgres]}"
    put database.name notification
    put database.user notify
    put database.password "${secret[password]}"
    put redis.socket "$sockets/redis.sock"
    put redis.password "${secret[password]}"
    put rabbitmq.url "$amqp_url"
    put worker.metrics_listen "127.0.0.1:${port[workerd]}"
    put platform.sms.providers twilio
    put platform.sms.from +15550001111
    put platform.email.providers smtp
    put platform.email.from 'Notices <notices@example.com>'
    put platform.whatsapp.providers whatsapp_cloud
    put platform.telegram.providers telegram
    put provider.twilio.base_url "$simulator_url"
    put provider.twilio.account_sid "${secret[twilio_account]}"
    put provider.twilio.auth_token "${secret[twilio_token]}"
    put provider.smtp.url "smtp://127.0.0.1:${port[mail]}"
    put provider.smtp.starttls off
    put provider.whatsapp_cloud.base_url "$simulator_url"
    put provider.whatsapp_cloud.access_token "${secret[whatsapp_token]}"
    put provider.whatsapp_cloud.phone_number_id "$whatsapp_phone_id"
    put provider.whatsapp_cloud.app_secret "${secret[whatsapp_secret]}"
    put provider.whatsapp_cloud.verify_token "${secret[whatsapp_verify]}"
    put provider.telegram.base_url "$simulator_url"
    put provider.telegram.bot_token "${secret[telegram_token]}"
    put provider.telegram.secret_token "${secret[telegram_secret]}"
    put provider.sendgrid.base_url "$simulator_url"
    put provider.sendgrid.api_key "${secret[sendgrid_key]}"
    put provider.sendgrid.webhook_public_key "$sendgrid_public"
    put provider.mock.kind mock
}

# Under mod_fcgid a responder runs as the web server's user, for whom our unix sockets are closed.
without_sockets() {
    put database.host 127.0.0.1
    unset 'setting[redis.socket]'
    put redis.host 127.0.0.1
    put redis.port "${port[redis]}"
}

# apply_sets SECTION.KEY=VALUE...
apply_sets() {
    local set name
    for set in "$@"; do
        name=${set%%=*}
        # Given by file, a key must not be given by value too.
        if [[ $name == *_file ]]; then unset "setting[${name%_file}]"; fi
        put "$name" "${set#*=}"
    done
}

print_config() {
    local name section
    local -A done_sections=()
    echo "# Written by quickstart at each start; change it with --set SECTION.KEY=VALUE."
    for name in "${setting_names[@]}"; do
        section=${name%.*}
        [[ -z ${done_sections[$section]-} ]] || continue
        done_sections[$section]=1
        printf '\n[%s]\n' "$section"
        print_section "$section"
    done
}

print_section() {
    local name
    for name in "${setting_names[@]}"; do
        [[ ${name%.*} == "$1" && -n ${setting[$name]+set} ]] || continue
        printf '%s = %s\n' "${name##*.}" "${setting[$name]}"
    done
}

# --- what scripts read ----------------------------------------------------------------------------

name_urls() {
    notify_url=http://127.0.0.1:${port[front]}
    simulator_url=http://127.0.0.1:${port[simulator]}
    workerd_url=http://${setting[worker.metrics_listen]-127.0.0.1:${port[workerd]}}
    amqp_url=amqp://notify:${secret[password]}@127.0.0.1:${port[rabbitmq]}/
    redis_url=redis://default:${secret[password]}@127.0.0.1:${port[redis]}/0
    database_url=postgresql://notify:${secret[password]}@127.0.0.1:${port[postgres]}/notification
}

print_env() {
    printf '%s=%q\n' NOTIFY_URL "$notify_url" \
        NOTIFY_API_KEY "${secret[api_key]}" NOTIFY_ADMIN_KEY "${secret[admin_key]}" \
        NOTIFY_CONFIG "$config" NOTIFY_BIN "$dir/bin" NOTIFY_SQL_DIR "$source/sql" \
        NOTIFY_MAILDIR "$dir/mail" DATABASE_URL "$database_url" REDIS_URL "$redis_url" \
        REDIS_CLI "$redis_cli" AMQP_URL "$amqp_url" SIMULATOR_URL "$simulator_url" \
        SIMULATOR_LOG "$dir/log/simulator-requests.jsonl" WORKERD_URL "$workerd_url"
}
