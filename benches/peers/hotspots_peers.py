"""esda on 100,000 cells and 10,000 blocks of make_data.py: hotspots_peers.py FOLDER prints one line of JSON a job.

Its default transform is wrong for the analytic z of Gi*, so "B" is asked for. Neighbors of cells are made before the
clock starts; those of blocks are part of the job.
"""
from clock import timed  # first: it sets the number of threads

import sys
import warnings

import esda
import geopandas
import libpysal
import numpy as np
import pandas as pd
import shapely

warnings.filterwarnings("ignore")
FOLDER, COLS, ROWS, CELL = sys.argv[1], 250, 400, 40.0
SQUARE = {"transform": "B", "star": True}


def hot(answer):
    return (answer.Zs > 1.96).sum()


def high(answer):
    return ((2 * answer.p_sim <= 0.05) & (answer.Zs > 0)).sum()


xy = np.fromfile(f"{FOLDER}/xy.f64").reshape(-1, 2)
col = np.minimum(((xy[:, 0] - 268_000) / CELL).astype(int), COLS - 1)
row = np.minimum(((xy[:, 1] - 302_000) / CELL).astype(int), ROWS - 1)
counts = np.bincount(row * COLS + col, minlength=COLS * ROWS).astype(float)
queen = libpysal.weights.lat2W(ROWS, COLS, rook=False)
timed("esda-gi", lambda: esda.G_Local(counts, queen, permutations=0, **SQUARE), hot, 3)
permuted = lambda: esda.G_Local(counts, queen, permutations=999, n_jobs=1, seed=1, **SQUARE)
esda.G_Local(counts[:100], libpysal.weights.lat2W(10, 10, rook=False), permutations=99, n_jobs=1, **SQUARE)  # compiles
timed("esda-gi-permuted", permuted, high, 1)
at = np.c_[np.arange(COLS * ROWS) % COLS, np.arange(COLS * ROWS) // COLS] * CELL
band = libpysal.weights.DistanceBand(at, 200.1, binary=True, silence_warnings=True)
timed("esda-gi-band", lambda: esda.G_Local(counts, band, permutations=0, **SQUARE), hot, 1)

blocks = geopandas.GeoDataFrame(geometry=shapely.from_wkb(pd.read_parquet(f"{FOLDER}/blocks.parquet").wkb.values))
tree = shapely.STRtree(blocks.geometry.values)
of_block = np.bincount(tree.query(shapely.points(xy), predicate="intersects")[1], minlength=len(blocks)).astype(float)


def whole():
    w = libpysal.weights.Queen.from_dataframe(blocks, use_index=False, silence_warnings=True)
    return esda.G_Local(of_block, w, permutations=999, n_jobs=1, seed=1, **SQUARE)


timed("esda-gi-blocks", whole, hot, 3)
