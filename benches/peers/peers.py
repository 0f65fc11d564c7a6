"""The Python peers on the data of make_data.py: peers.py JOB FOLDER prints one line of JSON a peer.

CPU seconds (user and system) on one thread, the median of the laps. What is found is printed beside, to compare.
"""
from clock import timed  # first: it sets the number of threads

import json
import sys

import numpy as np
import pandas as pd

RADIUS, ASKED = 100.0, 10_000
JOB, FOLDER = sys.argv[1], sys.argv[2]


def places():
    return np.fromfile(f"{FOLDER}/xy.f64").reshape(-1, 2)


def polygons():
    import shapely

    return shapely.from_wkb(pd.read_parquet(f"{FOLDER}/blocks.parquet").wkb.values)


def csv():
    import pyarrow as pa
    import pyarrow.csv

    path = f"{FOLDER}/incidents.csv"
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)
    timed("pandas-csv", lambda: pd.read_csv(path, parse_dates=["ts"]), len)
    one = pyarrow.csv.ReadOptions(use_threads=False)
    timed("pyarrow-csv", lambda: pyarrow.csv.read_csv(path, read_options=one), len)


def join():
    import geopandas
    import shapely

    xy, blocks = places(), polygons()
    points = shapely.points(xy)

    def geopandas_join():
        left, right = geopandas.GeoDataFrame(geometry=points), geopandas.GeoDataFrame(geometry=blocks.copy())
        return geopandas.sjoin(left, right, predicate="intersects")

    def tree_join():
        tree = shapely.STRtree(blocks)
        shapely.prepare(blocks)
        pairs = tree.query(points, predicate="intersects")
        shapely.destroy_prepared(blocks)
        return pairs

    timed("geopandas-join", geopandas_join, len, laps=3)
    timed("shapely-join", tree_join, lambda pairs: pairs.shape[1], laps=3)


def sedona():
    import sedonadb

    xy, db = places(), sedonadb.connect()
    db.sql("SET datafusion.execution.target_partitions = 1").execute()
    db.create_data_frame(pd.DataFrame({"x": xy[:, 0], "y": xy[:, 1]})).to_view("rows", overwrite=True)
    db.create_data_frame(pd.read_parquet(f"{FOLDER}/blocks.parquet")).to_view("shapes", overwrite=True)
    db.sql("SELECT ST_Point(x, y) g FROM rows").to_memtable().to_view("incidents", overwrite=True)
    db.sql("SELECT block_id, ST_GeomFromWKB(wkb) g FROM shapes").to_memtable().to_view("blocks", overwrite=True)
    query = "SELECT count(*) n FROM blocks b JOIN incidents i ON ST_Intersects(b.g, i.g)"
    timed("sedonadb-join", lambda: db.sql(query).to_pandas(), lambda frame: frame.n[0])


def trees():
    from scipy.spatial import cKDTree

    xy = places()
    asked = xy[:: len(xy) // ASKED][:ASKED]
    tree = timed("scipy-build", lambda: cKDTree(xy, balanced_tree=False, compact_nodes=False), lambda tree: tree.n)
    timed("scipy-ids", lambda: tree.query_ball_point(asked, RADIUS), lambda hits: sum(map(len, hits)), laps=3)
    timed("scipy-count", lambda: tree.query_ball_point(asked, RADIUS, return_length=True), np.sum)
    timed("scipy-nearest", lambda: tree.query(asked, 10), lambda found: found[1].size)


def composed():
    """What a person would put together: read, project, index for radius questions, assign to polygons."""
    import shapely
    from pyproj import Transformer
    from scipy.spatial import cKDTree

    def whole():
        frame = pd.read_csv(f"{FOLDER}/incidents.csv", parse_dates=["ts"])
        project = Transformer.from_crs(4326, 32615, always_xy=True)
        xy = np.c_[project.transform(frame.lon.values, frame.lat.values)]
        shapes = json.load(open(f"{FOLDER}/blocks.geojson"))["features"]
        blocks = shapely.from_geojson([json.dumps(feature["geometry"]) for feature in shapes])
        blocks = shapely.transform(blocks, lambda at: np.c_[project.transform(at[:, 0], at[:, 1])])
        tree = shapely.STRtree(blocks)
        shapely.prepare(blocks)
        return cKDTree(xy, balanced_tree=False, compact_nodes=False), tree.query(
            shapely.points(xy), predicate="intersects")

    timed("composed", whole, lambda made: len(np.unique(made[1][0])), laps=3)


{"csv": csv, "join": join, "sedona": sedona, "trees": trees, "composed": composed}[JOB]()
