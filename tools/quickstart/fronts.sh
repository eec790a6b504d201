# fronts.sh - the web servers that notify.fcgi can stand behind; sourced by bash.
#
# Each runs its file of httpd-examples/ with only these changes: where it listens, no TLS, and our
# sockets instead of the one of systemd.
# shellcheck shell=bash disable=SC2154

# The name of each one's program.
declare -A front_program=([lighttpd]=lighttpd [nginx]=nginx [apache]=apache2 [apache-fcgid]=apache2
    [caddy]=caddy)

write_front() {
    command -v "${front_program[$front]}" >/dev/null ||
        die "no ${front_program[$front]}; install it with tools/install-packages --with-front $front"
    (umask 022 && mkdir -p "$dir/front")
    "write_${front//-/_}"
}

# Apache forgets the body of a request that it gives to a second socket because the first refuses, and
# Caddy gives none to a second.  They have one for both responders instead, which stays while these are
# started anew, as under systemd.  The others have it where it is asked for.
has_shared_socket() {
    [[ $one_socket == 1 || $front == apache || $front == caddy ]]
}

# Apache never serves as root: the socket is then for the group of the user that it becomes.
front_group() {
    if ((!EUID)); then echo www-data; fi
}

# adapt EXAMPLE FILE SED-EXPRESSION...: the example as FILE; what is left of the example's own places
# means that an expression did not fit.
adapt() {
    local expression words=(-e '')
    for expression in "${@:3}"; do words+=(-e "$expression"); done
    sed "${words[@]}" "$source/httpd-examples/$1" >"$dir/front/$2"
    if grep -E '^[^#]*(/run/notification-system|/usr/libexec|example\.com|443)' "$dir/front/$2" >&2; then
        die "httpd-examples/$1 has changed: tools/quickstart/fronts.sh does not know these lines"
    fi
    chmod 644 "$dir/front/$2"
}

write_lighttpd() {
    local changes=()
    # The entry of one socket and its second line, for each of ours.
    has_shared_socket ||
        changes=('/\/notify\.sock"/{N;h;s|/notify\.sock|/fcgi-1.sock|;s|$|,|;p;g;s|/notify\.sock|/fcgi-2.sock|}')
    adapt lighttpd/fastcgi.conf fastcgi.conf "${changes[@]}"
    install -m 644 "$source/httpd-examples/lighttpd/lighttpd.conf" "$dir/front/lighttpd.conf"
    write_part front <<END
export FRONT_ADDRESS=127.0.0.1 FRONT_PORT=${port[front]} FRONT_SOCKETS=$sockets
export FRONT_ROOT=$dir/front FRONT_LOG=$dir/log/front-access.log
exec lighttpd -D -f $dir/front/lighttpd.conf
END
}

write_nginx() {
    local one="    server unix:$sockets/fcgi-1.sock max_fails=0;" ours user=
    ((EUID)) || user='user root;'
    ours=$one'\n'${one/fcgi-1/fcgi-2}
    if has_shared_socket; then ours=${one/fcgi-1/notify}; fi
    adapt nginx/notification-system.conf site.conf \
        "s|listen 443 ssl http2;|listen 127.0.0.1:${port[front]};|" '/listen \[::\]:443/d' \
        '/ssl_/d' '/server_name/d' "s|^ *server unix:.*|$ours|"
    cat >"$dir/front/nginx.conf" <<END
daemon off;
$user
pid $dir/front/nginx.pid;
error_log stderr;
worker_processes 2;
events { worker_connections 4096; }
http {
    access_log $dir/log/front-access.log;
    client_body_temp_path $dir/front/body;
    fastcgi_temp_path $dir/front/fastcgi;
    proxy_temp_path $dir/front/proxy;
    uwsgi_temp_path $dir/front/uwsgi;
    scgi_temp_path $dir/front/scgi;
    include $dir/front/site.conf;
}
END
    write_part front <<<"exec nginx -e stderr -c $dir/front/nginx.conf"
}

# write_apache_main MODULE...: what /etc/apache2/apache2.conf is elsewhere; further lines of it on
# standard input.
write_apache_main() {
    local module
    {
        cat <<END
ServerRoot $dir/front
DefaultRuntimeDir $dir/front
PidFile $dir/front/apache.pid
ServerName 127.0.0.1
Listen 127.0.0.1:${port[front]}
ErrorLog $dir/log/front-error.log
LogFormat "%h %t \"%r\" %>s %b %D" short
CustomLog $dir/log/front-access.log short
ThreadLimit 200
ThreadsPerChild 200
StartServers 2
ServerLimit 2
MaxSpareThreads 400
MaxRequestWorkers 400
END
        for module in mpm_event authz_core authz_host env setenvif reqtimeout "$@"; do
            echo "LoadModule ${module}_module /usr/lib/apache2/modules/mod_$module.so"
        done
        if ((!EUID)); then printf '%s www-data\n' User Group; fi
        cat
        echo "Include $dir/front/site.conf"
    } >"$dir/front/apache.conf"
    write_part front <<<"exec apache2 -DFOREGROUND -f $dir/front/apache.conf"
}

apache_changes() {
    echo "s|<VirtualHost .*>|<VirtualHost 127.0.0.1:${port[front]}>|; /^ *SSL/d; /^ *ServerName/d"
}

write_apache() {
    adapt apache-proxy-fcgi/notification-system.conf site.conf "$(apache_changes)" \
        "s|/run/notification-system/notify.sock|$sockets/notify.sock|"
    write_apache_main proxy proxy_fcgi </dev/null
}

# mod_fcgid starts processes of its own: the parts fcgi-1 and fcgi-2 run beside them without a call.
# All that they need lies with the sockets: their user may reach neither DIR nor the build, as where these lie in /root.
write_apache_fcgid() {
    local place=$sockets/fcgid
    (umask 022 && mkdir -p "$place/bin")
    cp "$config" "$place/notify.conf"
    cp -L "$dir/bin/notify.fcgi" "$place/bin/responder"
    printf '#!/bin/sh\nexec %s/bin/responder -c %s/notify.conf\n' "$place" "$place" >"$place/bin/notify.fcgi"
    chmod 755 "$place/bin/responder" "$place/bin/notify.fcgi"
    if ((!EUID)); then chown www-data:www-data "$place/notify.conf" "$place"; fi
    adapt apache-fcgid/notification-system.conf site.conf "$(apache_changes)" \
        "s|/usr/libexec/notification-system|$place/bin|"
    write_apache_main alias fcgid <<END
FcgidIPCDir $place
FcgidProcessTableFile $place/table
END
}

write_caddy() {
    adapt caddy/Caddyfile Caddyfile "s|^notify\.example\.com {|http://127.0.0.1:${port[front]} {|" \
        "s|^{\$|{\n\tadmin unix/$sockets/caddy.sock|" \
        "s|unix//run/notification-system/notify.sock|unix/$sockets/notify.sock|"
    write_part front <<END
export HOME=$dir/front XDG_DATA_HOME=$dir/front XDG_CONFIG_HOME=$dir/front
exec caddy run --config $dir/front/Caddyfile --adapter caddyfile
END
}
