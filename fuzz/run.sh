#!/usr/bin/env bash
# Any bytes at the readers: fuzz/run.sh SECONDS [TARGET ...]. Replays the seeds of every target, then looks for more in those that
# are named, or in all; with 0 it only replays. With FUZZ_TOGETHER=1 it looks in several at the same time.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=$1
shift
all=(csv geojson shapefile flatgeobuf geopackage parquet)
targets=("$@")
if [ "${#targets[@]}" = 0 ]; then targets=("${all[@]}"); fi

# Without it nothing is tested, so a failure to install it is a failure.
command -v cargo-fuzz >/dev/null 2>&1 || cargo install cargo-fuzz --locked
cargo fetch --locked --manifest-path fuzz/Cargo.toml
export RAYON_NUM_THREADS=1
mkdir -p fuzz/target/logs

# Stable has no address sanitizer; a bound on memory is built in, see fuzz/src/memory.rs.
fuzz() {
    local target=$1
    shift
    cargo fuzz run -s none "$target" "$@" \
        -rss_limit_mb=512 -timeout=30 -print_final_stats=1 "-dict=fuzz/dictionaries/$target.dict" ${FUZZ_FLAGS:-}
}

# What it said goes to a log; it is shown where something was found.
logged() {
    local log=fuzz/target/logs/$1.log
    fuzz "$@" >"$log" 2>&1 || { tail -40 "$log" >&2; return 1; }
}

look() {
    logged "$1" "fuzz/corpus/$1" "fuzz/seeds/$1" -- "-max_total_time=$seconds" || return 1
    echo "== $1: $seconds s"
    grep -E '^stat::|Done' "fuzz/target/logs/$1.log"
}

for target in "${all[@]}"; do
    mkdir -p "fuzz/corpus/$target"
    echo "== $target: replay"
    logged "$target" "fuzz/seeds/$target" -- -runs=0
done
[ "$seconds" != 0 ] || exit 0

looking=()
for target in "${targets[@]}"; do
    look "$target" &
    looking+=("$!")
    if [ -z "${FUZZ_TOGETHER:-}" ]; then wait "$!"; fi
done
for one in "${looking[@]}"; do wait "$one"; done
