#!/bin/sh
# rpm/notification-system.spec: its versions are those of configure.ac, rpm understands it as Fedora, EL 9
# and EL 10 would, and rpmlint has nothing to say.  What is missing here is named and left out; 77 where
# that is rpm itself.
top=${top_srcdir:-.}
spec=${top_builddir:-.}/rpm/notification-system.spec
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
faults=0
fault() {
    echo "spec: $*"
    faults=1
}

version=$(sed -n 's/^AC_INIT(\[[^]]*\], \[\([^]]*\)\].*/\1/p' "$top/configure.ac")
[ "$version" = "$(sed -n 's/^Version: *//p' "$spec")" ] || fault "its version is not $version, that of configure.ac"
sed -n '/^%changelog/{n;p;}' "$spec" | grep -q -- " - $version-[0-9]*\$" ||
    fault "the first entry of %changelog is not about $version"

# The libraries that configure asks for, with their versions; FastCGI has no .pc everywhere.
sed -n 's/^PKG_CHECK_MODULES(\[[A-Z]*\], \[\([^]]*\)\].*/\1/p' "$top/configure.ac" | grep -v '^fcgi' | sort -u >"$work/configure"
sed -n 's/^BuildRequires: *pkgconfig(\([^)]*\))/\1/p' "$spec" | sort -u >"$work/spec"
diff "$work/configure" "$work/spec" >"$work/diff" ||
    fault "BuildRequires (>) and configure.ac (<) want different libraries:
$(cat "$work/diff")"

if command -v bash >/dev/null; then
    bash "$top/rpm/build" --packages >/dev/null || fault "rpm/build does not know each of its BuildRequires"
fi

if ! command -v rpmspec >/dev/null; then
    echo "spec: rpm has not been asked: rpmspec is missing (package rpm)"
    [ $faults -ne 0 ] || faults=77
    exit $faults
fi

# Debian's rpm lacks the macros of systemd-rpm-macros.
: >"$work/macros"
# shellcheck disable=SC2016
[ "$(rpm --eval '%{_unitdir}')" != '%{_unitdir}' ] || bash "$top/rpm/build" --macros >"$work/macros"
read_as() {
    rpmspec --load "$work/macros" --undefine fedora --undefine rhel --define "$1" -P "$spec" >"$work/parsed" 2>"$work/said" ||
        fault "as $1 it cannot be read"
    cat "$work/said"
    [ ! -s "$work/said" ] || faults=1
    # What rpm does not know stays as it stands.
    if grep -n '%[{?]\|%systemd\|%_[a-z]' "$work/parsed"; then fault "as $1 these macros are not known"; fi
}
account='^u notification - '
read_as 'fedora 43'
! grep -q "$account" "$work/parsed" || fault "on Fedora 43 it makes the account, which rpm does there"
for system in 'fedora 41' 'rhel 9' 'rhel 10'; do
    read_as "$system"
    grep -q "$account" "$work/parsed" || fault "as $system it does not make the account"
done

if command -v rpmlint >/dev/null; then
    # Filters that only the packages need are not used here.
    rpmlint -r "$top/rpm/notification-system.rpmlintrc" "$spec" >"$work/lint" 2>&1
    grep -q ' 1 specfiles checked' "$work/lint" || fault "rpmlint did not run: $(cat "$work/lint")"
    if grep ': [EW]: ' "$work/lint" | grep -v unused-rpmlintrc-filter; then fault "rpmlint complains"; fi
else
    echo "spec: rpmlint is missing (package rpmlint), so its style has not been looked at"
fi
exit $faults
