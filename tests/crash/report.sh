#!/bin/sh
# Puts what `make crash` found, a row a fault, into docs/faults.md.
set -eu
cat <<'HEAD'
# Faults

What happens to the store when the process, the disk or the power ends at the wrong moment. Written by `make crash`; CI does the same with
50 kills and 300 cuts. A kill alone proves little, since what was written stays in the page cache: therefore the trace, and the cuts.

HEAD
printf 'Linux %s, %s cores; the files on %s.\n\n' "$(uname -r)" "$(nproc)" "$(stat -f -c %T "${TMPDIR:-/tmp}")"
printf '| fault | how often | what was found |\n|---|---|---|\n'
cat "$1"/*
cat <<'TAIL'

A byte that is flipped in the file is found by the checksum of its part, named, and nothing is answered from it (`tests/store.rs`). The tests
are `tests/crash/`; what needs strace, or may mount a small disk, says so where it is left out.
TAIL
