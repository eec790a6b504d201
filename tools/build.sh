# build.sh - installs packages and builds out of tree for quickstart and run-tests; sourced by bash.
#
# The caller has set source (the project's folder) and sourced progress.sh.  A step that fails is
# shown, and its status is ours.
# shellcheck shell=bash disable=SC2154

# install_missing LOG [OPTION...]: with the options of tools/install-packages that add to its list.
install_missing() {
    local missing log=$1
    shift
    missing=$("$source/tools/install-packages" "$@" --missing) && return
    say "packages to install: ${missing//$'\n'/ }"
    # A password is asked for here, where the live status line does not write over it.
    if ((EUID)) && command -v sudo >/dev/null; then sudo -n true 2>/dev/null || sudo -v; fi
    run_logged "installing packages" "$log" "$source/tools/install-packages" "$@"
}

in_folder() (
    cd "$1" && shift && "$@"
)

# build_tree FOLDER LOGS [OPTION...]: autoreconf, configure (with the options) and make, as far as
# each is due.  One build at a time, since all share the files that autoreconf makes.
build_tree() {
    local folder=$1 logs=$2 name=${1##*/} result=0
    shift 2
    mkdir -p "$folder" "$source/build-aux" || return
    exec 7>"$source/build-aux/.lock"
    flock -n 7 || { say "waiting for another build"; flock 7; }
    build_steps "$@" || result=$?
    exec 7>&-
    return "$result"
}

build_steps() {
    if [[ ! -x $source/configure ]]; then
        run_logged "preparing the build" "$logs/$name-autoreconf.log" autoreconf -fi "$source" || return
    fi
    if [[ ! -f $folder/Makefile ]]; then
        run_logged "configuring $name" "$logs/$name-configure.log" \
            in_folder "$folder" "$source/configure" "$@" || return
    fi
    run_logged "compiling $name" "$logs/$name-make.log" make -C "$folder" -j"$(nproc)"
}
