"""Runs the peers and our side on the same files and writes one table at the end of DOCUMENT: run.py FOLDER BINARY DOCUMENT.

FOLDER is that of make_data.py and, beside it, of the node packages; BINARY is the bench `peers`. What cannot be run
here is said in the table.
"""
import datetime
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
FOLDER, BINARY, DOCUMENT = Path(sys.argv[1]).resolve(), sys.argv[2], Path(sys.argv[3])

# From here on the document is ours; `make evidence` leaves it as it is.
BEGIN = "<!-- kept: written by make bench-peers -->"

# Our job, what it is, the peers beside it with the ratio that is the goal, if there is one.
ROWS = [
    ("csv", "CSV of 79 MB to typed columns", [("pandas-csv", "pandas, `parse_dates`", 3), ("pyarrow-csv", "PyArrow", None)]),
    ("join", "1 M incidents to 10 k polygons, index included", [
        ("sedonadb-join", "SedonaDB", 7), ("geopandas-join", "GeoPandas `sjoin`", 12), ("shapely-join", "Shapely `STRtree`", None),
        ("postgis-join", "PostGIS `ST_Intersects`", None)]),
    ("csv-to-assigned", "CSV to projected, indexed, assigned incidents", [
        ("postgis-whole", "PostGIS: COPY, geometry, GiST, join", 25), ("composed", "pandas, pyproj, SciPy and Shapely", None)]),
    ("index-build", "Index of 1 M places", [
        ("scipy-build", "SciPy `cKDTree`, unbalanced", 2.5), ("kdbush-build", "kdbush", 2.5), ("flatbush-build", "flatbush", 2.5),
        ("postgis-build", "PostGIS GiST", None)]),
    ("radius-ids", "Ids within 100 m, 10 k times", [("kdbush-ids", "kdbush", 3), ("scipy-ids", "SciPy `cKDTree`", None)]),
    ("radius-count", "Number within 100 m, 10 k times", [
        ("scipy-count", "SciPy `cKDTree`", 5), ("postgis-count", "PostGIS `ST_DWithin`", None)]),
    ("gi-star-cells", "Gi\\*, 100 k cells, queen; W not counted", [
        ("spdep-gi", "spdep `localG`", 200), ("esda-gi", "esda `G_Local`", None)]),
    ("gi-star-band", "Gi\\*, 100 k cells, 200 m; W not counted", [("esda-gi-band", "esda `G_Local`", 1000)]),
    ("gi-star-permuted", "Gi\\* with 999 permutations, 100 k cells; W not counted", [
        ("esda-gi-permuted", "esda `G_Local`", 300)]),
    ("gi-star-blocks", "Neighbors, Gi\\*, 999 permutations of 10 k polygons", [
        ("esda-gi-blocks", "libpysal `Queen`, esda `G_Local`", 50)]),
    ("nearest-10", "10 nearest, 10 k times", [("scipy-nearest", "SciPy `cKDTree`", None), ("flatbush-nearest", "flatbush", None)]),
    ("knox-9", "Knox, 100 k incidents to 400 m, 9 permutations", [("scipy-knox", "NumPy over SciPy `cKDTree`", 50)]),
]

# Vector tiles of every place with incidents, drawn cold: tiles.rs. Ours stop at 500 kB and say so; PostGIS's grow on.
ROWS += [
    ("mvt-incidents-14", "All tiles of incidents at zoom 14", [("postgis-mvt-incidents-14", "PostGIS `ST_AsMVT`", 50)]),
    ("mvt-incidents-15", "All tiles of incidents at zoom 15", [("postgis-mvt-incidents-15", "PostGIS `ST_AsMVT`", 50)]),
    ("mvt-incidents-16", "All tiles of incidents at zoom 16", [("postgis-mvt-incidents-16", "PostGIS `ST_AsMVT`", 50)]),
    ("mvt-blocks-14", "All tiles of 10 k blocks at zoom 14", [("postgis-mvt-told-14", "PostGIS `ST_AsMVT`, the same properties", 20),
        ("postgis-mvt-blocks-14", "PostGIS `ST_AsMVT`, id and rank alone", None)]),
]
# Text of all blocks, shapes with seven decimals; found are bytes. Ours keeps the text of a shape once it was asked for. The second
# row has all that is told of a block, such as how sure its rank is.
ROWS += [
    ("geojson-blocks-same", "GeoJSON of 10 k ranked blocks: shape, id and rank", [("postgis-geojson-blocks", "PostGIS `ST_AsGeoJSON`, the same", 40)]),
    ("geojson-blocks", "GeoJSON of 10 k ranked blocks with all fields", [("postgis-geojson-blocks", "PostGIS `ST_AsGeoJSON`, shape, id and rank alone", None)]),
]
# By the clock, since all wait for the disk: seconds a report, each on the disk before its sender sends the next; 1 M are there.
CLOCKED = [
    ("append-1", "A report at a time from 1 sender", [("postgis-insert-1", "PostGIS, prepared `INSERT`, GiST", 1)]),
    ("append-16", "A report at a time from each of 16 senders", [("postgis-insert-16", "PostGIS, prepared `INSERT`, GiST", 5)]),
    ("alert-16", "An alert at a time over HTTP from each of 16 senders, resolved, indexed and shown", [
        ("postgis-insert-16", "PostGIS, prepared `INSERT`, GiST", 1.5)]),
]
# Clusters: clusters.rs, clusters_peers.py and clusters_peers.R.
ROWS += [
    ("dbscan-100k", "DBSCAN, 100 k, 100 m, 20 points", [("r-dbscan-100k", "R dbscan", 8), ("sklearn-dbscan-100k", "scikit-learn", None)]),
    ("dbscan-1m", "DBSCAN, 1 M, 25 m, 20 points", [("r-dbscan-1m", "R dbscan", 12), ("sklearn-dbscan-1m", "scikit-learn", 80)]),
    ("dbscan-1m-wide", "DBSCAN, 1 M, 100 m, 200 points", [("r-dbscan-1m-wide", "R dbscan", 15)]),
    ("hdbscan-100k", "HDBSCAN, 100 k, 20 neighbors", [
        ("hdbscan-100k", "hdbscan, not exact by default", 5), ("hdbscan-exact-100k", "hdbscan, exact", None),
        ("fast-hdbscan-100k", "fast_hdbscan", None)]),
    ("hdbscan-1m", "HDBSCAN, 1 M, 20 neighbors", [("fast-hdbscan-1m", "fast_hdbscan", 10)]),
    ("outline-10k", "Dissolved outline of 10 k core points", [("shapely-outline-10k", "shapely `union_all`", None)]),
]
# Density over 1024 x 1024 cells, with a radius of 500 m or a sigma of 500/3 m: density.rs, density_peers.py.
ROWS += [
    ("density-exact", "Density of 1 M incidents, quartic, exact", [
        ("libkdv", "libkdv, Epanechnikov, exact", 80), ("kdepy-quartic", "KDEpy `FFTKDE`, binned", 1)]),
    ("density-binned", "Density of 1 M incidents, quartic, binned, with its bound", [
        ("kdepy-quartic", "KDEpy `FFTKDE`", 12), ("numpy-quartic", "NumPy and SciPy `fftconvolve`", None),
        ("datashader-quartic", "Datashader and SciPy `rfft2`, 32 bits", None)]),
    ("density-binned-gaussian", "Density of 1 M incidents, Gaussian, binned, with its bound", [
        ("datashader-gaussian", "Datashader and SciPy `gaussian_filter`", 6), ("kdepy-gaussian", "KDEpy `FFTKDE`", None)]),
    ("density-from-counts", "Density from counts that were kept", [("datashader-quartic", "Datashader and SciPy `rfft2`, from the incidents", None)]),
]
# What has no peer: our job, and how to tell its two figures.
ALONE = [
    ("density-live", "Live density: an incident inserted or removed, 500 m (goal: 10 µs)", lambda a, _: f"{a * 1e6:.1f} µs"),
    # Row events as the goal counts them: every incident and every row that it reaches, though several share a place.
    ("density-per-event", "Exact density: time for an incident and a row that it reaches (goal: 3.5 ns)", lambda a, b: f"{a * 1e9:.2f} ns ({b / 1e6:.0f} M of them)"),
    ("density-per-place", "The same work, for a distinct place and a row that it reaches (no goal)", lambda a, b: f"{a * 1e9:.2f} ns ({b / 1e6:.0f} M of them)"),
    ("density-error", "Binned density: largest error of the peak, and the bound that comes with it", lambda a, b: f"{a:.1e}, {b:.1e}"),
    ("dbscan-bytes", "DBSCAN of 1 M, peak memory above the points, bytes an incident (goal: 100)", lambda a, _: f"{a:.0f}"),
    ("dbscan-two-threads", "DBSCAN of 1 M, two threads against one, by the clock, median of 15 pairs (goal: 1.7)", lambda a, _: f"{a:.2f}"),
    ("density-two-threads", "Exact density: two threads against one, by the clock, median of 15 pairs (goal: 1.7)", lambda a, _: f"{a:.2f}"),
    ("alert-16-cpu", "An alert over HTTP, 16 senders at once: time of processors in the service, and in its sender", lambda a, b: f"{a * 1e6:.0f} µs, {b * 1e6:.0f} µs"),
    ("knox", "Knox, 100 k incidents, 3 x 3 bands to 400 m, 999 permutations (goal: 10 s)", lambda a, _: f"{a:.2f} s"),
    ("knox-minutes", "The same with times in minutes, which need 32 bits", lambda a, _: f"{a:.2f} s"),
    ("scan", "Spatial scan of 10 k blocks, circles of a tenth of the exposure, 999 simulations", lambda a, _: f"{a:.2f} s"),
    ("space-time-scan", "Space-time scan of 10 k incidents, 500 m, 28 days, 999 permutations", lambda a, _: f"{a:.2f} s"),
]


def lines(command, missing, **more):
    """The lines of JSON that a command prints; if it fails, what it says is noted for what it leaves out."""
    print(" ".join(map(str, command)), flush=True)
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, **more)
    if done.returncode:
        missing.append((done.stderr.strip().splitlines() or ["no reason given"])[-1])
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def ours(job, missing):
    found = lines([BINARY, "--job", job, FOLDER], missing, env={**os.environ, "RAYON_NUM_THREADS": "1"})
    return found[0] if found else None


def main():
    peers, missing, begin = {}, [], os.getloadavg()[0]
    ours("blocks-fields", missing)
    python = [[sys.executable, HERE / "peers.py", job, FOLDER] for job in ("csv", "join", "sedona", "trees", "composed")]
    python.append([sys.executable, HERE / "density_peers.py", FOLDER])
    node = ["node", HERE / "trees.mjs", FOLDER]
    rooms = [("clusters", True), ("hotspots", True), ("near_repeat", False)]
    for room, in_r in rooms:
        python.append([sys.executable, HERE / f"{room}_peers.py", FOLDER])
        if in_r:
            python.append(["Rscript", HERE / f"{room}_peers.R", FOLDER])
    for command in [*python, node, [sys.executable, HERE / "postgis.py", FOLDER]]:
        try:
            for line in lines(command, missing, cwd=FOLDER.parent):
                peers[line["name"]] = line
        except FileNotFoundError as absent:
            missing.append(str(absent))
    whole = ["postgis-copy", "postgis-geometry", "postgis-build", "postgis-blocks", "postgis-join"]
    if all(name in peers for name in whole):
        peers["postgis-whole"] = {"cpu": sum(peers[name]["cpu"] for name in whole), "found": peers["postgis-join"]["found"]}

    now = datetime.datetime.now(datetime.timezone.utc)
    text = [
        BEGIN, "", "## Beside the peers", "", f"Generated by `make bench-peers` on {now:%Y-%m-%d %H:%M} UTC; do not edit, run it again.", "",
        f"CPU seconds on one thread, the median of several laps (PostGIS: of five at least, and a second in all, where it only asks, in "
        f"nanoseconds of the kernel less what reading them takes; what makes a table or an index is done once), each peer in a process of its own, one after "
        f"the other on the same machine ({os.cpu_count()} cores, {processor()}). Load over a minute: {begin:.1f} before, "
        f"{os.getloadavg()[0]:.1f} after; what others do inflates all figures, so compare ratios. Data: `benches/peers/make_data.py`. "
        "*Found* is what the answers add up to: hits, rows, or matched incidents. PostGIS asks in UTM, whose metres are "
        "0.04 % longer than those of the other files: a few hits differ.", "",
        "| job | hotblocks | found | peer | its CPU | found | peer ÷ hotblocks | goal |", "|---|--:|--:|---|--:|--:|--:|--:|",
    ]
    for job, title, beside in ROWS:
        mine = ours(job, missing)
        for name, called, goal in beside:
            peer = peers.get(name)
            own = f"| {title} | {seconds(mine)} | {found(mine)} | {called} "
            ratio = f"{peer['cpu'] / mine['cpu']:.1f}" if peer and mine else "–"
            text.append(own + (f"| {seconds(peer)} | {found(peer)} " if peer else "| could not be run here | – ")
                        + f"| {ratio} | {f'≥ {goal}' if goal else '–'} |")
    text += ["", "Tiles: ours are drawn from ranked features that are ready, those of PostGIS from a table of the same properties with a GiST "
             "index. GeoJSON: ours is the text of ranked features that are ready, their shapes' texts kept since the first lap; PostGIS has the "
             "shapes in degrees and the ranks in a table. Both sides have all in memory, and neither result is stored or sent."]
    text += ["", "By the clock, on the same disk, each report on the disk before its sender sends the next (PostGIS: pgbench with `fsync` on; over HTTP from when the service has shown a first alert); "
             "*found* is how many there were in eight seconds.", "",
             "| job | hotblocks | found | peer | its time | found | peer ÷ hotblocks | goal |", "|---|--:|--:|---|--:|--:|--:|--:|"]
    for job, title, beside in CLOCKED:
        mine = ours(job, missing)
        for name, called, goal in beside:
            peer = peers.get(name)
            ratio = f"{peer['cpu'] / mine['cpu']:.1f}" if peer and mine else "–"
            other = f"{micros(peer)} | {found(peer)}" if peer else "could not be run here | –"
            text.append(f"| {title} | {micros(mine)} | {found(mine)} | {called} | {other} | {ratio} | ≥ {goal} |")
    memory, index, near = ours("memory", missing), ours("index-bytes", missing), ours("join-and-edges", missing)
    text += ["", "| ours alone | |", "|---|--:|"]
    if memory:
        text.append(f"| Peak memory above idle for CSV to assigned incidents, bytes an incident (goal: 200) | {memory['cpu']:.0f} |")
    if index:
        text.append(f"| Packed index, bytes an incident | {index['cpu']:.1f} |")
    if near:
        text.append(f"| The join, and whether a polygon's edge lies within 10 m of each incident | {seconds(near)} |")
    for job, title, told in ALONE:
        if mine := ours(job, missing):
            text.append(f"| {title} | {told(mine['cpu'], mine['found'])} |")
    if missing:
        text += ["", "Not run here:", "", *(f"- {reason}" for reason in missing)]
    before = DOCUMENT.read_text().split(BEGIN)[0].rstrip()
    DOCUMENT.write_text(before + "\n\n" + "\n".join(text) + "\n")


def seconds(line):
    if not line:
        return "–"
    return f"{line['cpu'] * 1e3:.1f} ms" if line["cpu"] < 1 else f"{line['cpu']:.2f} s"


def micros(line):
    return f"{line['cpu'] * 1e6:.0f} µs" if line else "–"


def found(line):
    return f"{line['found']:,.0f}" if line else "–"


def processor():
    names = [line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")]
    return names[0] if names else platform.machine()


main()
