#!/bin/sh
# Installs what the peers need below target/peers, makes the data, times all and writes the end of docs/performance.md.
# What cannot be installed is said in the table. PostgreSQL is asked for by apt-get, as root only.
set -eu
cd "$(dirname "$0")/../.."
place=target/peers
mkdir -p "$place"
[ -x "$place/venv/bin/python" ] || python3 -m venv "$place/venv"
"$place/venv/bin/pip" install --quiet --requirement benches/peers/requirements.txt
cp benches/peers/package.json "$place/"
(cd "$place" && npm install --no-audit --no-fund --silent) || echo "kdbush and flatbush could not be installed" >&2
if ! ls /usr/share/postgresql/*/extension/postgis.control >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
    apt-get -o DPkg::Lock::Timeout=600 install --yes --no-install-recommends postgresql-15 postgresql-15-postgis-3 ||
        echo "PostGIS could not be installed" >&2
fi
if ! Rscript -e 'library(dbscan); library(spdep)' >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
    apt-get -o DPkg::Lock::Timeout=600 install --yes --no-install-recommends r-base-core r-cran-dbscan r-cran-spdep ||
        echo "R could not be installed" >&2
fi
[ -f "$place/data/incidents.csv" ] || "$place/venv/bin/python" benches/peers/make_data.py "$place/data"
binary=$("${CARGO:-cargo}" bench --locked --no-run --bench peers --message-format=json |
    "$place/venv/bin/python" -c '
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if message.get("executable") and message.get("target", {}).get("name") == "peers":
        print(message["executable"])')
"$place/venv/bin/python" benches/peers/run.py "$place/data" "$binary" docs/performance.md
