#!/usr/bin/env bash
# debian.sh - the Debian package from a bare system: builds it there, installs it, sends a message, upgrades,
# removes and purges it.  Prints TAP.
#
# As root, in the project's folder, on a Debian that has nothing to lose: a fresh chroot or container, in
# which systemd need not run.  It installs what it needs.  Where it may have a network of its own, the
# servers run in that, so that no port of this machine is taken; where not, Postgres, Redis and RabbitMQ
# take their usual ones.
#
#   tests/packages/debian.sh [FOLDER]     builds in FOLDER (/var/tmp/notification-package), where packages and
#                                         logs stay
#
# The version to upgrade from is this one with an older number and another configuration, built under the
# profiles nocheck and nodoc.
# shellcheck disable=SC2317  # all functions are called through check and needed
set -euo pipefail

((EUID == 0)) || { echo "debian.sh: needs root, on a system that has nothing to lose" >&2; exit 2; }
top=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
place=${1:-/var/tmp/notification-package}
logs=$place/logs
conf=/etc/notification-system/notification-system.conf
count=0 failed=0 status=0
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8
mkdir -p "$logs"

# result NAME LOG STATUS
result() {
    count=$((count + 1))
    if (($3 == 0)); then
        echo "ok $count - $1"
    else
        failed=$((failed + 1))
        echo "not ok $count - $1"
        tail -n 40 "$2" | sed 's/^/# /'
    fi
}

# check NAME COMMAND...: the command succeeds.
check() {
    local name=$1 log
    shift
    log=$logs/$((count + 1)).log
    # Not in a condition, in which a failure in the middle would pass.
    set +e
    (set -e; "$@") >"$log" 2>&1
    status=$?
    set -e
    result "$name" "$log" "$status"
}

# needed NAME COMMAND...: the same, and without it there is no going on.
needed() {
    check "$@"
    ((status == 0)) || finish
}

finish() {
    echo "1..$count"
    ((failed == 0)) || echo "# $failed failed; logs in $logs"
    exit $((failed > 0))
}

# --- building -------------------------------------------------------------------------------------

install_tools() {
    # A system that is thrown away need not outlive a power cut, and nobody answers questions.
    printf 'force-unsafe-io\nforce-confold\n' >/etc/dpkg/dpkg.cfg.d/debian-sh
    apt-get update -q
    apt-get -y -q install --no-install-recommends build-essential autoconf automake debhelper devscripts lintian \
        xz-utils iproute2
    cd "$top"
    apt-get -y -q build-dep --no-install-recommends ./
}

# What upstream would publish: the tarball of `make dist`.
make_tarball() {
    rm -rf "$place/tree" "$place/dist"
    mkdir -p "$place/tree" "$place/dist"
    tar -C "$top" --exclude=./.git --exclude=./debian --exclude='./build*' -cf - . | tar -C "$place/tree" -xf -
    cd "$place/tree"
    autoreconf -fi
    ./configure
    make dist
    version=$(sed -n 's/^VERSION = //p' Makefile)
    mv "notification-system-$version.tar.xz" "$place/dist/notification-system_$version.orig.tar.xz"
}

upstream_version() {
    local tarball
    tarball=$(echo "$place"/dist/*.orig.tar.xz)
    tarball=${tarball##*_}
    echo "${tarball%.orig.tar.xz}"
}

# unpack FOLDER: tarball and debian/, as a source package is unpacked.
unpack() {
    rm -rf "$1"
    mkdir -p "$1/source"
    cp "$place"/dist/*.orig.tar.xz "$1/"
    tar -C "$1/source" --strip-components=1 -xf "$1"/*.orig.tar.xz
    cp -a "$top/debian" "$1/source/"
}

build() {
    local folder=$1
    shift
    cd "$folder/source"
    env "$@" dpkg-buildpackage -us -uc
}

build_new() {
    unpack "$place/new"
    build "$place/new"
}

tests_ran() {
    local log=$1
    grep -E '^# (TOTAL|PASS|SKIP|FAIL|ERROR):' "$log"
    grep -qE '^# PASS: +[1-9][0-9]{2}' "$log" && grep -qE '^# FAIL: +0' "$log" && grep -qE '^# ERROR: +0' "$log"
}

build_old() {
    unpack "$place/old"
    cd "$place/old/source"
    sed -i '1s/(.*)/(0.0.9-1)/' debian/changelog
    mv ../*.orig.tar.xz ../notification-system_0.0.9.orig.tar.xz
    sed -i 's/^# This provider accepts .*/# A mock for a first try./' packaging/notification-system.conf
    cd "$place/old/source"
    env DEB_BUILD_PROFILES="nocheck nodoc" DEB_BUILD_OPTIONS="nocheck nodoc" dpkg-buildpackage -us -uc -b
}

# The same again in another folder, at another hour, for another user's home and language.
build_again() {
    unpack "$place/again/elsewhere"
    build "$place/again/elsewhere" DEB_BUILD_OPTIONS=nocheck HOME=/nonexistent LC_ALL=C TZ=Pacific/Chatham
    local deb
    for deb in "$place"/new/*.deb; do
        sha256sum "$deb" "$place/again/elsewhere/${deb##*/}"
        cmp "$deb" "$place/again/elsewhere/${deb##*/}"
    done
}

run_lintian() {
    lintian --allow-root -i -I --pedantic --fail-on error,warning "$place"/new/*.changes
}

# --- what is in it --------------------------------------------------------------------------------

contents() {
    local file missing=0
    dpkg-deb -c "$deb" >"$logs/contents"
    for file in ./usr/sbin/workerd ./usr/bin/notifyctl ./usr/libexec/notification-system/notify.fcgi \
        ./etc/notification-system/notification-system.conf ./usr/lib/sysusers.d/notification-system.conf \
        ./usr/lib/tmpfiles.d/notification-system.conf ./usr/share/notification-system/sql/0001_users.up.sql \
        ./usr/share/man/man8/notify.fcgi.8.gz ./usr/share/man/man8/workerd.8.gz ./usr/share/man/man1/notifyctl.1.gz \
        ./usr/share/man/man5/notification-system.conf.5.gz ./usr/share/bash-completion/completions/notifyctl \
        ./usr/share/zsh/site-functions/_notifyctl ./usr/share/doc/notification-system/README.Debian \
        ./usr/share/doc/notification-system/openapi.yaml \
        ./usr/share/doc/notification-system/examples/{lighttpd/fastcgi.conf,nginx/notification-system.conf,caddy/Caddyfile} \
        systemd/system/{notify-fcgi.socket,notify-fcgi@.service,workerd.service,notification-system-migrate.service}; do
        grep -qF -- "$file" "$logs/contents" || { echo "$file is missing"; missing=1; }
    done
    ls "$place"/new/notification-system-dbgsym_*.deb || missing=1
    dpkg-deb -I "$deb" conffiles | grep -x "$conf" || missing=1
    return "$missing"
}

# What hardening=+all asks for; more is said of what the two releases and their processors differ in.
hardening() {
    local quality
    hardening-check /usr/sbin/workerd /usr/bin/notifyctl /usr/libexec/notification-system/notify.fcgi >"$logs/hardening" || true
    for quality in 'Position Independent Executable' 'Stack protected' 'Fortify Source functions' 'Read-only relocations' \
        'Immediate binding'; do
        [[ $(grep -c "^ $quality: yes" "$logs/hardening") == 3 ]] || { cat "$logs/hardening"; return 1; }
    done
}

verify_units() {
    systemd-analyze verify --man=no notify-fcgi.socket notify-fcgi@1.service workerd.service \
        notification-system-migrate.service 2>&1 | tee "$logs/verify"
    ! grep -E 'notify-fcgi|workerd|notification-system' "$logs/verify"
}

not_enabled() {
    local unit
    for unit in notify-fcgi.socket notify-fcgi@1.service workerd.service; do
        [[ $(systemctl is-enabled "$unit" 2>&1) == disabled ]] || { echo "$unit is not disabled"; return 1; }
    done
}

rights() {
    local wanted got
    while read -r wanted; do
        got=$(stat -c '%a %U:%G %n' "${wanted##* }")
        if [[ $got != "$wanted" ]]; then echo "$got, not $wanted"; return 1; fi
    done <<END
750 root:notification /etc/notification-system
640 root:notification $conf
700 root:root /etc/notification-system/credentials
755 root:root /run/notification-system
END
    getent passwd notification | grep -E ':/nonexistent:/usr/sbin/nologin$'
}

# --- its life -------------------------------------------------------------------------------------

apt_install() { apt-get -y -q install --no-install-recommends "$@"; }

# What a package of ours brings along of others, and the servers of the smoke test, so that afterwards
# only our own files come and go.
install_others() {
    apt-get -y -q satisfy --no-install-recommends "$(dpkg-deb -f "$deb" Depends)"
    local servers
    mapfile -t servers < <(sed -n 's/^ \+\([a-z][a-z0-9.+-]*\),\?$/\1/p' "$top/debian/tests/control")
    apt_install "${servers[@]}"
}

# Everything below these folders, but for what the servers, apt, systemctl, mount and the logs write themselves.
list_files() {
    find /etc /usr /var /run /opt /srv /home /root \
        '(' -path /var/lib/dpkg -o -path /var/lib/apt -o -path /var/cache -o -path /var/log -o -path "$place" \
        -o -path "$top" -o -path /var/lib/postgresql -o -path /var/lib/rabbitmq -o -path /var/lib/redis \
        -o -path /run/postgresql -o -path /run/systemd -o -path /run/mount -o -name __pycache__ ')' -prune -o -printf '%p\n' |
        grep -vxE '/etc/(passwd|group|shadow|gshadow)-|/etc/\.pwd\.lock' | sort
}

nothing_left() {
    list_files >"$logs/after"
    diff "$logs/before" "$logs/after"
    ! dpkg-query -W notification-system 2>/dev/null
}

# In a network, with processes and shared memory of its own, where that is possible.
smoke() {
    local own=(unshare --mount --net --pid --fork --kill-child --mount-proc)
    if ! "${own[@]}" true 2>/dev/null; then "$top/debian/tests/smoke"; return; fi
    # shellcheck disable=SC2016
    "${own[@]}" bash -euc '
        ip link set lo up
        mount -t tmpfs tmpfs /dev/shm
        "$1"
        ! ls /dev/shm/notification-system-* 2>/dev/null' bash "$top/debian/tests/smoke"
}

smoke_without_documents() { SMOKE_EXAMPLES=$top/httpd-examples smoke; }

change_configuration() { sed -i 's/^from = .*/from = +15550009999/' "$conf"; }

kept_configuration() {
    grep -x 'from = +15550009999' "$conf" && [[ -s $conf.dpkg-dist ]] && rm "$conf.dpkg-dist"
    [[ $(dpkg-query -W -f '${Version}' notification-system) == "$(upstream_version)-"* ]]
}

removed() {
    [[ ! -e /usr/sbin/workerd && ! -e /usr/bin/notifyctl && -e $conf && -e /etc/notification-system/rabbitmq.url ]]
}

new_configuration() { cmp "$conf" "$top/packaging/notification-system.conf"; }

echo "# Debian $(cat /etc/debian_version), $(dpkg --print-architecture)"
needed "build tools and build dependencies install" install_tools
needed "make dist makes the upstream tarball" make_tarball
started=$SECONDS
needed "dpkg-buildpackage makes source and binary packages" build_new
echo "# built in $((SECONDS - started)) s"
check "make check ran in it, and nothing failed" tests_ran "$logs/3.log"
deb=$(echo "$place"/new/notification-system_*.deb)
check "the package holds what it should" contents
check "lintian has neither errors nor warnings" run_lintian
needed "the older version builds without checks and documents" build_old
old=$(echo "$place"/old/notification-system_*.deb)
check "a second build elsewhere is the same, byte by byte" build_again

[[ -e /usr/sbin/policy-rc.d ]] || { printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d; chmod 755 /usr/sbin/policy-rc.d; }
needed "dependencies and servers install" install_others
list_files >"$logs/before"
needed "the older version installs" apt_install "$old"
check "account and rights are there" rights
check "nothing is enabled or started" not_enabled
check "the installed package delivers a message" smoke_without_documents
change_configuration
needed "it is upgraded" apt_install "$deb"
check "a changed configuration is kept" kept_configuration
check "rights are kept" rights
check "the programs are hardened" hardening
check "systemd-analyze verify takes the installed units" verify_units
check "the upgraded package delivers a message, from the same database" smoke
check "it is removed" apt-get -y -q remove notification-system
check "configuration and secrets outlive the removal" removed
check "it is installed again" apt_install "$deb"
check "it is purged" apt-get -y -q purge notification-system
check "nothing is left" nothing_left
check "it is installed afresh" apt_install "$deb"
check "the configuration is the package's" new_configuration
check "it is purged without having run" apt-get -y -q purge notification-system
check "nothing is left of that either" nothing_left
finish
