# Sourced by the project's scripts: runs named sections and sums them up.
# Every section runs, whatever became of those before it; the exit code of
# `finish` is that of the first one which failed.

results=()
first_failure=0
install=1

# options ARGUMENT...: those that every script takes; the caller defines `usage`.
options() {
    local argument
    for argument in "$@"; do
        case $argument in
            --no-install) install=0 ;;
            --help | -h) usage && exit 0 ;;
            *) usage >&2 && exit 2 ;;
        esac
    done
}

heading() {
    printf '\n== %s ==\n' "$1"
}

# section NAME COMMAND...
section() {
    local name=$1 status=0
    shift
    heading "$name"
    printf '$ %s\n' "$*"
    "$@" </dev/null || status=$?
    if ((status == 0)); then
        results+=("passed   $name")
    else
        results+=("FAILED   $name (exit code $status)")
        ((first_failure)) || first_failure=$status
    fi
}

# not_run NAME REASON: said aloud, and never counted as passed.
not_run() {
    heading "$1"
    printf 'not run: %s\n' "$2"
    results+=("NOT RUN  $1: $2")
}

finish() {
    heading "summary"
    printf '%s\n' "${results[@]}"
    exit "$first_failure"
}

# tool NAME: is `cargo NAME` there? It is installed if it is not, unless --no-install.
tool() {
    if cargo "$1" --version >/dev/null 2>&1; then
        return 0
    fi
    if [[ $install == 1 ]]; then
        section "install cargo-$1" cargo install --locked "cargo-$1"
    fi
    cargo "$1" --version >/dev/null 2>&1
}

# package NAME COMMAND...: does the command succeed? The package of Debian that it needs is installed
# if it does not, unless --no-install.
package() {
    local name=$1
    shift
    if "$@" >/dev/null 2>&1; then
        return 0
    fi
    if [[ $install == 1 && $EUID == 0 ]] && command -v apt-get >/dev/null; then
        section "install $name" sh -c \
            "apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends $name"
    fi
    "$@" >/dev/null 2>&1
}

# s3_server: is there a server for the tests of media in S3? It is installed if it is not, unless
# --no-install.
s3_server() {
    scripts/with-s3 --check || { ((install)) && scripts/with-s3 --install && scripts/with-s3 --check; }
}

# fuzz_each SECONDS: runs every fuzz target for that long.
fuzz_each() {
    local targets target
    if ! tool fuzz; then
        not_run "fuzz targets" "cargo-fuzz is not installed (cargo install --locked cargo-fuzz)"
        return
    fi
    if ! targets=$(cargo fuzz list); then
        section "list of fuzz targets" cargo fuzz list
        return
    fi
    # Without unsafe code a sanitizer has nothing to find, and without a
    # sanitizer the stable compiler is enough.
    for target in $targets; do
        section "fuzz $target" cargo fuzz run --sanitizer none "$target" -- -max_total_time="$1"
    done
}
