#!/usr/bin/env bash
# rpm.sh - the RPM is installed, delivers a message, keeps its configuration, and leaves nothing else.
#
#   tests/packages/rpm.sh [RPM]     as root, in a Debian that is thrown away afterwards
#
# Without an RPM it makes one from this tree (rpm/build).  Debian has no rpm database to ask for
# dependencies, so these are installed by apt-get and rpm is told --nodeps; what systemd's file
# triggers do on Fedora is done here by name.
set -euo pipefail
top=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
etc=/etc/notification-system
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say() { echo "rpm: $*"; }
fail() {
    say "$*" >&2
    exit 1
}

install_debian_packages() {
    export DEBIAN_FRONTEND=noninteractive
    [[ -e /usr/sbin/policy-rc.d ]] || fail "/usr/sbin/policy-rc.d does not forbid service starts: is this a system to throw away?"
    apt-get -q -y update >"$work/apt" 2>&1
    # shellcheck disable=SC2046
    apt-get -q -y install --no-install-recommends autoconf automake iproute2 spawn-fcgi lighttpd curl jq \
        postgresql redis-server rabbitmq-server $("$top/rpm/build" --packages) >>"$work/apt" 2>&1 ||
        { tail -n 20 "$work/apt" >&2; fail "apt-get failed"; }
}

build() {
    (cd "$top" && autoreconf -fi && mkdir -p "$work/b" && cd "$work/b" && "$top/configure" && make dist) >"$work/dist" 2>&1 ||
        { tail -n 20 "$work/dist" >&2; fail "make dist failed"; }
    "$top/rpm/build" "$work"/b/notification-system-*.tar.xz "$work/rpmbuild" >"$work/build" 2>&1 ||
        { tail -n 40 "$work/build" >&2; fail "rpm/build failed"; }
    find "$work/rpmbuild/RPMS" -name 'notification-system-[0-9]*.rpm'
}

# is PATH "MODE OWNER:GROUP"
is() { [[ $(stat -c '%a %U:%G' "$1") == "$2" ]] || fail "$1 is $(stat -c '%a %U:%G' "$1"), not $2"; }

is_installed() {
    getent passwd notification >/dev/null || fail "there is no account"
    is "$etc" "750 root:notification"
    is "$etc/notification-system.conf" "640 root:notification"
    is "$etc/credentials" "700 root:root"
    is /run/notification-system "755 root:root"
    rpm -V --nodeps notification-system || fail "rpm -V finds differences"
    local program
    for program in /usr/bin/notifyctl /usr/sbin/workerd /usr/libexec/notification-system/notify.fcgi; do
        ldd "$program" | grep 'not found' && fail "$program lacks a library"
    done
    [[ $(notifyctl --version) == *" $(rpm -q --qf '%{VERSION}' notification-system)"* ]] || fail "notifyctl is of another version"
    setpriv --reuid=notification --regid=notification --clear-groups cat "$etc/notification-system.conf" >/dev/null ||
        fail "the account cannot read its configuration"
}

enabled() { find /etc/systemd/system -name 'notify-fcgi*' -o -name 'workerd*'; }

(($# <= 1)) || { sed -n '2,/^set /s/^# \{0,1\}//p' "$0" >&2; exit 2; }
((EUID == 0)) || fail "needs root"
install_debian_packages
package=${1-}
[[ -n $package ]] || package=$(build)
say "package $(basename "$package")"

# Fedora's preset; without one systemd takes it that everything is wanted.
mkdir -p /etc/systemd/system-preset
echo 'disable *' >/etc/systemd/system-preset/99-default-disable.preset
rpm -ivh --nodeps "$package"
systemd-tmpfiles --create notification-system.conf
is_installed
[[ -z $(enabled) ]] || fail "it enabled $(enabled)"
rpm -ql notification-system | sort >"$work/files"
say "installed $(wc -l <"$work/files") files; no unit is enabled"

# In a network of its own: the servers listen on their usual ports.
unshare --net bash -c 'ip link set lo up && exec "$1"' smoke "${SMOKE:-$top/debian/tests/smoke}"
# spawn-fcgi, which stood in for systemd, leaves its socket.
rm -f /run/notification-system/notify.sock

echo '# changed' >>"$etc/notification-system.conf"
systemctl --quiet enable notify-fcgi.socket notify-fcgi@1 notify-fcgi@2 workerd
rpm -Uvh --nodeps --replacepkgs "$package"
tail -n 1 "$etc/notification-system.conf" | grep -q '^# changed$' || fail "the configuration was replaced"
[[ $(enabled | wc -l) == 4 ]] || fail "after an upgrade these are enabled: $(enabled)"
say "upgraded; the configuration and the enabled units are as they were"

rpm -e --nodeps notification-system
[[ -z $(enabled) ]] || fail "these are left enabled: $(enabled)"
# What belongs to others as well may stay: its folders.
left=$(while read -r path; do [[ -e $path && ! -d $path ]] && echo "$path"; done <"$work/files" || true)
[[ -z $left ]] || fail "left behind: $left"
left=$(find / -xdev \( -path /proc -o -path /sys -o -path /tmp -o -path /root -o -path "$top" -o -path /var/lib/postgresql \
    -o -path /var/lib/rabbitmq -o -path "$etc" \) -prune -o \( -name 'notification-system*' -o -name '*notifyctl*' \
    -o -name 'notify[.-]fcgi*' -o -name 'workerd*' \) -print; ls -d /run/notification-system 2>/dev/null || true)
[[ -z $left ]] || fail "left behind: $left"
say "left behind in $etc: $(ls -m "$etc")"
[[ $(ls "$etc") == $'notification-system.conf.rpmsave\nrabbitmq.url' ]] || fail "of the configuration is left: $(ls "$etc")"
say "passed"
