"""The Python peers of density on the data of make_data.py: density_peers.py FOLDER prints one line of JSON a peer.

CPU seconds on one thread, the median of the laps. All draw 1024 x 1024 cells of 15.625 m, 16 km in both directions, with a
radius of 500 m, or sigma = 500/3 m. What is found is the number of incidents under the surface.
"""
from clock import timed  # first: it sets the number of threads

import sys

import numpy as np

X, Y, CELL, SIDE, H = 265_000.0, 302_000.0, 15.625, 1024, 500.0


def kernel(p):
    offset = np.arange(-int(H / CELL), int(H / CELL) + 1) * CELL / H
    k = np.maximum(1 - offset[:, None] ** 2 - offset[None] ** 2, 0) ** p
    return k / k.sum()


def kdepy(xy):
    from KDEpy import FFTKDE

    axis = (np.arange(SIDE) + 0.5) * CELL
    # FFTKDE wants every incident strictly inside.
    gx, gy = X + axis, np.linspace(Y - 1, Y + SIDE * CELL + 1, SIDE)
    grid = np.stack(np.meshgrid(gx, gy, indexing="ij"), -1).reshape(-1, 2)
    cell = (gx[1] - gx[0]) * (gy[1] - gy[0])
    whole = lambda density: density.sum() * cell * len(xy)
    timed("kdepy-quartic", lambda: FFTKDE(kernel="biweight", bw=H / 7**0.5).fit(xy).evaluate(grid), whole)
    timed("kdepy-gaussian", lambda: FFTKDE(kernel="gaussian", bw=H / 3).fit(xy).evaluate(grid), whole)


def numpy_scipy(xy):
    from scipy.signal import fftconvolve

    extent = ((X, X + SIDE * CELL), (Y, Y + SIDE * CELL))
    k = kernel(2)
    count = lambda: np.histogram2d(xy[:, 0], xy[:, 1], bins=SIDE, range=extent)[0]
    timed("numpy-quartic", lambda: fftconvolve(count(), k, mode="same"), np.sum)


def datashader(xy):
    import datashader as ds
    import pandas as pd
    from scipy import fft
    from scipy.ndimage import gaussian_filter

    frame = pd.DataFrame({"x": xy[:, 0].copy(), "y": xy[:, 1].copy()})
    canvas = ds.Canvas(SIDE, SIDE, x_range=(X, X + SIDE * CELL), y_range=(Y, Y + SIDE * CELL))
    count = lambda: canvas.points(frame, "x", "y", ds.count()).values.astype(np.float32)
    count()
    timed("datashader-gaussian", lambda: gaussian_filter(count(), H / 3 / CELL, mode="constant", truncate=4), np.sum)
    k = kernel(2).astype(np.float32)
    size = fft.next_fast_len(SIDE + len(k), real=True)
    half = len(k) // 2

    def quartic():
        product = fft.rfft2(count(), (size, size)) * fft.rfft2(k, (size, size))
        return fft.irfft2(product, (size, size))[half:half + SIDE, half:half + SIDE]

    timed("datashader-quartic", quartic, np.sum)


def libkdv(xy):
    import libkdv

    asked = libkdv.kdv(xy, GPS=False, KDV_type="KDV", bandwidth=H, row_pixels=SIDE, col_pixels=SIDE, num_threads=1)
    asked.bandwidth = H  # the constructor doubles it
    timed("libkdv", asked.compute, lambda _: len(xy), laps=1)


def main():
    xy = np.fromfile(f"{sys.argv[1]}/xy.f64").reshape(-1, 2)
    for peer in (kdepy, numpy_scipy, datashader, libkdv):
        if len(sys.argv) > 2 and peer.__name__ not in sys.argv[2:]:
            continue
        try:
            peer(xy)
        except ImportError as absent:
            print(f"{peer.__name__}: {absent}", file=sys.stderr)


main()
