#!/usr/bin/env bash
# Any bytes at the readers: fuzz/run.sh SECONDS [TARGET ...]. Replays the seeds of each target, then looks for more;
# with 0 it only replays.
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=$1
shift
targets=("$@")
if [ "${#targets[@]}" = 0 ]; then targets=(csv geojson shapefile flatgeobuf geopackage parquet); fi

# Without it nothing is tested, so a failure to install it is a failure.
command -v cargo-fuzz >/dev/null 2>&1 || cargo install cargo-fuzz --locked
cargo fetch --locked --manifest-path fuzz/Cargo.toml
export RAYON_NUM_THREADS=1
mkdir -p fuzz/target/logs

for target in "${targets[@]}"; do
    log=fuzz/target/logs/$target.log
    found=fuzz/corpus/$target
    mkdir -p "$found"
    # Stable has no address sanitizer; a bound on memory is built in, see fuzz/src/memory.rs.
    fuzz() {
        cargo fuzz run -s none "$target" "$@" \
            -rss_limit_mb=512 -timeout=30 -print_final_stats=1 "-dict=fuzz/dictionaries/$target.dict" ${FUZZ_FLAGS:-}
    }
    echo "== $target: replay"
    fuzz "fuzz/seeds/$target" -- -runs=0 >"$log" 2>&1 || { tail -40 "$log" >&2; exit 1; }
    [ "$seconds" != 0 ] || continue
    echo "== $target: $seconds s"
    fuzz "$found" "fuzz/seeds/$target" -- "-max_total_time=$seconds" >"$log" 2>&1 || { tail -40 "$log" >&2; exit 1; }
    grep -E '^stat::|Done' "$log"
done
