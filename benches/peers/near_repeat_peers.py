"""Knox as it is composed from NumPy and SciPy, on the data of make_data.py: near_repeat_peers.py FOLDER.

The first 100,000 incidents on days of one year, bands of 100, 200 and 400 m and of 7, 14 and 28 days, nine permutations:
each costs the same, so 999 take 111 times as long. Pairs come from a k-d tree; each permutation looks up their days.
"""
from clock import timed  # first: it sets the number of threads

import sys

import numpy as np
from scipy.spatial import cKDTree

N, PERMUTATIONS = 100_000, 9
DISTANCES, DAYS = np.array([100.0, 200.0, 400.0]), np.array([7, 14, 28])


def table(band, i, j, days):
    soon = np.digitize(np.abs(days[i] - days[j]), DAYS)
    return np.bincount(band * 4 + soon, minlength=16).reshape(4, 4)[:3, :3]


def knox(xy, days):
    pairs = cKDTree(xy).query_pairs(DISTANCES[-1], output_type="ndarray").astype(np.int32)
    i, j = pairs[:, 0].copy(), pairs[:, 1].copy()
    band = np.digitize(np.sqrt(((xy[i] - xy[j]) ** 2).sum(axis=1)), DISTANCES).astype(np.int8)
    rng = np.random.default_rng(1)
    observed = table(band, i, j, days)
    as_many = sum(table(band, i, j, rng.permutation(days)) >= observed for _ in range(PERMUTATIONS))
    return observed, (as_many + 1) / (PERMUTATIONS + 1)


xy = np.fromfile(f"{sys.argv[1]}/xy.f64").reshape(-1, 2)[:N]
days = (np.arange(N) * 7_919 % 365).astype(np.int16)
timed("scipy-knox", lambda: knox(xy, days), lambda answer: answer[0].sum(), 3)
