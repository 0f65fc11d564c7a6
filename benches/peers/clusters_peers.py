"""Clusters by scikit-learn, hdbscan and fast_hdbscan, outlines by shapely: clusters_peers.py FOLDER prints lines of JSON.

CPU seconds (user and system) on one thread; what takes long is done once. *Found* is the number of clusters, or the area.
"""
from clock import timed  # first: it sets the number of threads

import sys
import warnings

import numpy as np

warnings.filterwarnings("ignore")
AT = np.fromfile(f"{sys.argv[1]}/xy.f64").reshape(-1, 2)


def clusters(name, job, laps):
    timed(name, job, lambda fit: fit.labels_.max() + 1, laps)


def sklearn():
    from sklearn.cluster import DBSCAN

    def fit(n, eps, least, tree):
        return lambda: DBSCAN(eps=eps, min_samples=least, algorithm=tree, n_jobs=1).fit(AT[:n])

    clusters("sklearn-dbscan-100k", fit(100_000, 100, 20, "ball_tree"), 3)
    clusters("sklearn-dbscan-1m", fit(1_000_000, 25, 20, "kd_tree"), 1)


def outlines():
    import shapely
    from scipy.spatial import cKDTree

    count = cKDTree(AT).query_ball_point(AT, 100, return_length=True)
    core = AT[count >= 200]
    core = core[:: len(core) // 10_000][:10_000]
    join = lambda: shapely.union_all(shapely.buffer(shapely.points(core), 100, quad_segs=16))
    timed("shapely-outline-10k", join, lambda shape: shape.area, 3)


def trees():
    import hdbscan

    whole = dict(min_cluster_size=50, min_samples=20)
    one = dict(whole, core_dist_n_jobs=1, algorithm="boruvka_kdtree")
    clusters("hdbscan-100k", lambda: hdbscan.HDBSCAN(**one).fit(AT[:100_000]), 3)
    clusters("hdbscan-exact-100k", lambda: hdbscan.HDBSCAN(**one, approx_min_span_tree=False).fit(AT[:100_000]), 3)


def fast():
    import fast_hdbscan

    whole = dict(min_cluster_size=50, min_samples=20)
    fast_hdbscan.HDBSCAN(**whole).fit(AT[:5_000])  # compiles
    clusters("fast-hdbscan-100k", lambda: fast_hdbscan.HDBSCAN(**whole).fit(AT[:100_000]), 3)
    clusters("fast-hdbscan-1m", lambda: fast_hdbscan.HDBSCAN(**whole).fit(AT), 1)


for peers in (sklearn, trees, fast, outlines):
    try:
        peers()
    except ImportError as absent:
        print(absent, file=sys.stderr)
