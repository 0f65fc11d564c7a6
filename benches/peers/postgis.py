"""PostGIS on the data of make_data.py: postgis.py FOLDER prints one line of JSON a job.

Starts a cluster of its own on a socket in a temporary folder and stops it again. CPU seconds of the server's process
for the session, from /proc; no parallel workers. Each job is done once.
"""
import json
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

FOLDER = Path(sys.argv[1])
SETTINGS = {
    "listen_addresses": "''", "max_parallel_workers_per_gather": 0, "max_parallel_maintenance_workers": 0, "jit": "off",
    "shared_buffers": "1GB", "work_mem": "256MB", "maintenance_work_mem": "512MB", "fsync": "off", "autovacuum": "off",
    "wal_level": "minimal", "max_wal_senders": 0, "max_wal_size": "4GB",
}
JOBS = [
    ("postgis-copy", "COPY raw FROM '{csv}' CSV HEADER", "SELECT count(*) FROM raw"),
    ("postgis-geometry",
     "CREATE TABLE incidents AS SELECT id, ts, category, "
     "ST_Transform(ST_SetSRID(ST_MakePoint(lon, lat), 4326), 32615) AS g FROM raw", "SELECT count(*) FROM incidents"),
    ("postgis-build", "CREATE INDEX ON incidents USING gist (g)", "SELECT count(*) FROM incidents"),
    ("postgis-blocks",
     "CREATE TABLE blocks AS SELECT (f->'properties'->>'block_id')::int AS block_id, "
     "ST_Transform(ST_SetSRID(ST_GeomFromGeoJSON(f->'geometry'), 4326), 32615) AS g "
     "FROM jsonb_array_elements(pg_read_file('{blocks}')::jsonb->'features') AS f; ANALYZE blocks; ANALYZE incidents",
     "SELECT count(*) FROM blocks"),
    ("postgis-join",
     "CREATE TABLE assigned AS SELECT i.id, b.block_id FROM blocks b JOIN incidents i ON ST_Intersects(b.g, i.g)",
     "SELECT count(DISTINCT id) FROM assigned"),
    ("postgis-count",
     "CREATE TABLE counts AS SELECT a.id, (SELECT count(*) FROM incidents i WHERE ST_DWithin(i.g, a.g, 100)) AS n "
     "FROM incidents a WHERE a.id % 100 = 0", "SELECT sum(n) FROM counts"),
    ("postgis-mvt-ready",
     "CREATE TABLE mercator AS SELECT id, category, ST_Transform(ST_SetSRID(ST_MakePoint(lon, lat), 4326), 3857) AS g FROM raw; "
     "CREATE INDEX ON mercator USING gist (g); "
     "CREATE TABLE shapes AS SELECT block_id, block_id AS rank, ST_Transform(g, 3857) AS g FROM blocks; "
     "CREATE INDEX ON shapes USING gist (g); "
     "CREATE TABLE tiles AS SELECT DISTINCT z, floor((lon + 180) / 360 * 2 ^ z)::int AS x, "
     "floor((1 - asinh(tan(radians(lat))) / pi()) / 2 * 2 ^ z)::int AS y FROM raw, generate_series(14, 16) AS z; "
     "ANALYZE mercator; ANALYZE shapes", "SELECT count(*) FROM tiles"),
]


def tiles_of(name, zoom, table, columns):
    """All tiles of a zoom, each by ST_AsMVT; their lengths are added up so that no tile has to be stored."""
    return (f"postgis-mvt-{name}-{zoom}",
            f"CREATE TABLE {name}{zoom} AS SELECT count(*) AS n, sum(length(tile)) AS bytes FROM (SELECT (SELECT ST_AsMVT(q, '{name}', 4096, 'shape') "
            f"FROM (SELECT {columns}, ST_AsMVTGeom(t.g, e.b, 4096, 64) AS shape FROM {table} t WHERE t.g && e.b) AS q) AS tile "
            f"FROM (SELECT ST_TileEnvelope(z, x, y) AS b FROM tiles WHERE z = {zoom}) AS e) AS drawn",
            f"SELECT n FROM {name}{zoom}")


JOBS += [tiles_of("incidents", zoom, "mercator", "t.id, t.category") for zoom in (14, 15, 16)]
JOBS.append(tiles_of("blocks", 14, "shapes", "t.block_id, t.rank"))
CPU = ("SELECT (s[14]::float8 + s[15]::float8) / {ticks} FROM "
       "(SELECT string_to_array(pg_read_file('/proc/self/stat'), ' ') AS s) AS stat")


def main():
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not programs:
        sys.exit("no PostgreSQL is installed")
    programs = programs[-1].parent
    folder = Path(tempfile.mkdtemp(prefix="peers-"))
    # The server refuses to run as root.
    other = os.geteuid() == 0
    as_user = ["runuser", "-u", "postgres", "--"] if other else []
    run = lambda *args, **more: subprocess.run([*as_user, *map(str, args)], check=True, text=True, cwd=folder,
                                               capture_output=True, **more)
    for name in ("incidents.csv", "blocks.geojson"):
        shutil.copy(FOLDER / name, folder / name)
    if other:
        user = pwd.getpwnam("postgres")
        for path in (folder, *folder.iterdir()):
            os.chown(path, user.pw_uid, user.pw_gid)
    try:
        run(programs / "initdb", "-D", folder / "data", "-A", "trust", "-U", "peers", "--no-sync")
        with open(folder / "data/postgresql.conf", "a") as settings:
            settings.writelines(f"{name} = {value}\n" for name, value in SETTINGS.items())
            settings.write(f"unix_socket_directories = '{folder}'\n")
        run(programs / "pg_ctl", "-D", folder / "data", "-l", folder / "log", "-w", "start")
        try:
            ask(run, folder)
        finally:
            run(programs / "pg_ctl", "-D", folder / "data", "-m", "immediate", "stop")
    except subprocess.CalledProcessError as failed:
        sys.exit(failed.stderr)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def ask(run, folder):
    cpu = CPU.format(ticks=os.sysconf("SC_CLK_TCK"))
    script = ["CREATE EXTENSION postgis", "CREATE TABLE raw (id int, ts timestamptz, category text, x float8, y float8, "
              "lon float8, lat float8)", "SELECT 'version', postgis_lib_version()"]
    for name, job, found in JOBS:
        job = job.format(csv=folder / "incidents.csv", blocks=folder / "blocks.geojson")
        script += [f"SELECT '{name}', 'before', ({cpu})", job, f"SELECT '{name}', 'after', ({cpu})",
                   f"SELECT '{name}', 'found', ({found})"]
    answer = run("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", folder, "-U", "peers", "-d", "postgres",
                 input=";\n".join(script) + ";\n").stdout
    rows = [line.split("|") for line in answer.splitlines() if "|" in line]
    values = {(row[0], row[1]): float(row[2]) for row in rows if len(row) == 3}
    for name, _, _ in JOBS:
        used = values[name, "after"] - values[name, "before"]
        print(json.dumps({"name": name, "cpu": used, "found": values[name, "found"]}), flush=True)


main()
