#!/usr/bin/env bash
# reproducible.sh - shows that a commit makes the same tarball wherever that is made, and a tarball the same
# programs wherever it is built.  Prints TAP; takes minutes and is run by hand and for each release:
#
#   tests/release/reproducible.sh [FOLDER]    what was made stays in FOLDER; without one nothing stays
#
# It takes the last commit, not what has been changed since.  Where diffoscope is installed, it tells what differs.
# Functions are given to step and result by name.
# shellcheck disable=SC2317
set -euo pipefail

top=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
commit=$(git -C "$top" rev-parse HEAD)
n=0 failed=0

# result NAME COMMAND...
result() {
    n=$((n + 1))
    if "${@:2}" >"$work/result.log" 2>&1; then
        echo "ok $n - $1"
    else
        echo "not ok $n - $1"
        head -n 40 "$work/result.log" | sed 's/^/# /'
        failed=1
    fi
}

# step NAME COMMAND...: without it there is nothing to compare.
step() {
    "${@:2}" >"$work/step.log" 2>&1 && return
    echo "Bail out! $1 failed"
    tail -n 40 "$work/step.log" | sed 's/^/# /'
    exit 1
}

# --- making ---

# One compiler's cache would give the second build what the first has made.
export CCACHE_DISABLE=1
unset SOURCE_DATE_EPOCH

make_tarball() (
    umask "$2"
    export TZ=$3
    git clone -q "$top" "$1" && cd "$1" && git checkout -q "$commit" && autoreconf -fi && ./configure && make dist
)

# build SOURCES BUILD JOBS INSTALLED
build() (
    mkdir -p "$2" && cd "$2" && "$1/configure" --prefix=/usr --sysconfdir=/etc && make -j"$3" &&
        make install DESTDIR="$4"
)

unpack() {
    mkdir -p "$2" && tar -C "$2" --strip-components=1 -xf "$1"
}

# --- comparing ---

# same A B: two files or trees; says what differs.
same() {
    diff -qr "$1" "$2" && return
    if command -v diffoscope >/dev/null; then diffoscope --text - "$1" "$2"; fi
    return 1
}

# What git keeps, but for what only it, the forge and an editor read, and the Debian package, which is built
# from the tarball and a debian/ of its own.
tracked_files_are_in() {
    git -C "$top" ls-tree -r --name-only "$commit" |
        grep -vE '(^|/)\.gitignore$|^\.(ci|github)/|^\.clang-format$|^m4/\.gitkeep$|^debian/|^tests/packages/debian\.sh$' |
        sort >"$work/tracked"
    tar -tf "$1" | sed -e 's,^[^/]*/,,' -e '/\/$/d' | sort >"$work/packed"
    comm -23 "$work/tracked" "$work/packed" >"$work/left-out"
    sed 's/^/not in the tarball: /' "$work/left-out"
    [[ ! -s $work/left-out ]]
}

names_no_folder() {
    ! grep -rlF "$work" "$1"
}

if [[ -n ${1-} ]]; then
    mkdir -p "$1"
    work=$(cd "$1" && pwd)
else
    work=$(mktemp -d "${TMPDIR:-/tmp}/reproducible.XXXXXX")
    trap 'rm -rf --one-file-system "$work"' EXIT
fi

step "the first tarball" make_tarball "$work/one" 022 UTC
step "the second tarball" make_tarball "$work/another/place" 077 Asia/Kathmandu
tarballs=("$work"/one/*.tar.xz "$work"/another/place/*.tar.xz)
result "two tarballs of a commit are the same" same "${tarballs[@]}"
result "a tarball has all that the repository has" tracked_files_are_in "${tarballs[0]}"

step "unpacking" unpack "${tarballs[0]}" "$work/a"
step "unpacking" unpack "${tarballs[0]}" "$work/b/deeper/sources"
step "the build in the sources" build "$work/a" "$work/a" 1 "$work/installed-a"
step "the build beside them" build "$work/b/deeper/sources" "$work/b/build" 3 "$work/installed-b"
result "two builds of a tarball are the same" same "$work/installed-a" "$work/installed-b"
result "no installed file names the folder it was made in" names_no_folder "$work/installed-a"

tarball=${tarballs[0]##*/}
step "the tarball of a tarball" make -C "$work/b/build" dist
result "a tarball makes itself again" same "${tarballs[0]}" "$work/b/build/$tarball"
echo "1..$n"
exit $failed
