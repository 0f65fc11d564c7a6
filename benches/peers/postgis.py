"""PostGIS on the data of make_data.py: postgis.py FOLDER prints one line of JSON a job.

Starts a cluster of its own on a socket in a temporary folder and stops it again. CPU seconds of the server's process
for the session, in nanoseconds from /proc; no parallel workers. What makes something is done once; what only asks is
asked for LAPS times and a second at least, and the median told, as on our side. Inserts are timed by the clock, with
`fsync` on.
"""
import csv
import json
import os
import pwd
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FOLDER = Path(sys.argv[1])
SETTINGS = {
    "listen_addresses": "''", "max_parallel_workers_per_gather": 0, "max_parallel_maintenance_workers": 0, "jit": "off",
    "shared_buffers": "1GB", "work_mem": "256MB", "maintenance_work_mem": "512MB", "fsync": "off", "autovacuum": "off",
    "wal_level": "minimal", "max_wal_senders": 0, "max_wal_size": "4GB",
}
# What is only asked for is asked this often at least, and for so many seconds, as by benches/peers/main.rs.
LAPS, SHORTEST = 5, 1.0
# Name, what is to be done, and a question of what was found; without one the job is a question that tells it.
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
            f"SELECT count(*), sum(length(tile)) FROM (SELECT (SELECT ST_AsMVT(q, '{name}', 4096, 'shape') "
            f"FROM (SELECT {columns}, ST_AsMVTGeom(t.g, e.b, 4096, 64) AS shape FROM {table} t WHERE t.g && e.b) AS q) AS tile "
            f"FROM (SELECT ST_TileEnvelope(z, x, y) AS b FROM tiles WHERE z = {zoom}) AS e) AS drawn", None)


JOBS += [tiles_of("incidents", zoom, "mercator", "t.id, t.category") for zoom in (14, 15, 16)]
JOBS.append(tiles_of("blocks", 14, "shapes", "t.block_id, t.rank"))


def kind(values):
    """The type of a column, from its values as text; what is empty is NULL."""
    for name, read in (("bigint", int), ("float8", float), ("boolean", lambda text: {"true": 1, "false": 0}[text])):
        try:
            [read(value) for value in values if value]
            return name
        except (KeyError, ValueError):
            pass
    return "text"


def told():
    """The blocks with all that our tiles tell of them, so that the tiles to compare have the same content."""
    path = FOLDER / "blocks_fields.csv"
    with path.open(newline="") as file:
        names, *rows = csv.reader(file)
    columns = ", ".join(f'"{name}" {kind(values)}' for name, values in zip(names, zip(*rows)))
    ready = (f"CREATE TABLE fields ({columns}); COPY fields FROM '{path}' CSV HEADER; "
             "CREATE TABLE told AS SELECT f.*, s.g FROM fields f JOIN shapes s ON s.block_id::text = substring(f.id FROM '[0-9]+$'); "
             "CREATE INDEX ON told USING gist (g); ANALYZE told")
    return [("postgis-told", ready, "SELECT count(*) FROM told"),
            tiles_of("told", 14, "told", ", ".join(f't."{name}"' for name in names))]


JOBS += told()
JOBS += [
    ("postgis-degrees", "CREATE TABLE degrees AS SELECT block_id, rank, ST_Transform(g, 4326) AS g FROM shapes", "SELECT count(*) FROM degrees"),
    ("postgis-geojson-blocks",
     "SELECT length(json_build_object('type', 'FeatureCollection', 'features', "
     "json_agg(ST_AsGeoJSON(d.*, 'g', 7)::json))::text) FROM degrees d", None),
]
# The kernel brings this figure up to date when the process sleeps, as it does before each statement that comes.
CPU = "SELECT split_part(pg_read_file('/proc/self/schedstat'), ' ', 1)::float8 / 1e9"


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
            ask(as_user, folder)
        finally:
            run(programs / "pg_ctl", "-D", folder / "data", "-m", "fast", "stop")
        # Now as a disk that may lose power must be written to.
        with open(folder / "data/postgresql.conf", "a") as settings:
            settings.write("fsync = on\nsynchronous_commit = on\n")
        run(programs / "pg_ctl", "-D", folder / "data", "-l", folder / "log", "-w", "start")
        try:
            for clients in (1, 16):
                insert(run, programs, folder, clients)
        finally:
            run(programs / "pg_ctl", "-D", folder / "data", "-m", "immediate", "stop")
    except subprocess.CalledProcessError as failed:
        sys.exit(failed.stderr)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def insert(run, programs, folder, clients):
    """Single prepared inserts into the table of 1 M incidents with its GiST index, each committed: seconds of the clock for one."""
    script = folder / "insert.sql"
    if not script.exists():
        script.write_text(
            "\\set n random(1, 1000000000)\n"
            "INSERT INTO incidents VALUES (:n, '2018-01-05 13:30Z', 'robbery', "
            "ST_Transform(ST_SetSRID(ST_MakePoint(-90.2 + :n * 1e-11, 38.6 + :n * 1e-11), 4326), 32615));\n")
        script.chmod(0o644)
    told = run(programs / "pgbench", "-n", "-h", folder, "-U", "peers", "-M", "prepared", "-c", clients, "-j", min(clients, 2),
               "-T", 8, "-f", script, "postgres").stdout
    number = lambda begin: float(next(line for line in told.splitlines() if line.startswith(begin)).split(begin)[1].split()[0])
    print(json.dumps({"name": f"postgis-insert-{clients}", "cpu": 1 / number("tps = "),
                      "found": number("number of transactions actually processed: ")}), flush=True)


class Session:
    """One session of psql, so that all is done by one process of the server."""

    def __init__(self, as_user, folder):
        self.psql = subprocess.Popen(
            [*as_user, "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", str(folder), "-U", "peers", "-d", "postgres"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder)

    def tell(self, statement):
        """What a statement answers, as fields of lines."""
        try:
            self.psql.stdin.write(f"{statement};\n\\echo done\n")
            self.psql.stdin.flush()
        except BrokenPipeError:
            pass
        rows = []
        for line in self.psql.stdout:
            if line == "done\n":
                return rows
            rows.append(line.rstrip("\n").split("|"))
        sys.exit(self.psql.stderr.read())

    def cpu(self):
        return float(self.tell(CPU)[0][0])

    def timed(self, statement):
        """Seconds of a statement, and what it answers."""
        before = self.cpu()
        rows = self.tell(statement)
        return self.cpu() - before, rows


def ask(as_user, folder):
    session = Session(as_user, folder)
    session.tell("CREATE EXTENSION postgis")
    session.tell("CREATE TABLE raw (id int, ts timestamptz, category text, x float8, y float8, lon float8, lat float8)")
    # What the two readings of a lap cost beside the statement between them.
    empty = statistics.median(session.timed("SELECT 1")[0] for _ in range(21))
    for name, job, found in JOBS:
        job = job.format(csv=folder / "incidents.csv", blocks=folder / "blocks.geojson")
        laps, begin = [], time.monotonic()
        while not laps or found is None and (len(laps) < LAPS or time.monotonic() - begin < SHORTEST):
            seconds, rows = session.timed(job)
            laps.append(seconds - empty)
        rows = session.tell(found) if found else rows
        line = {"name": name, "cpu": statistics.median(laps), "found": float(rows[0][0]), "laps": len(laps)}
        print(json.dumps(line), flush=True)
    session.psql.communicate()


main()
