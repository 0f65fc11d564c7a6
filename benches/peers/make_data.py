"""Seeded incidents and blocks for the comparison with peers: make_data.py FOLDER [N]

A city of 10 x 16 km in metres of EPSG:26996: 10,000 blocks in 80 columns and 125 rows with bent, shared edges of
four pieces a side. Blocks draw incidents very unevenly (a smooth field times a capped Pareto), as streets do. Of the
incidents, 40 % lie exactly on one of 30 addresses of their block, 45 % within some 6 m of one, 15 % anywhere near.

Writes: xy.f64 (x, y), incidents.csv, blocks.geojson (degrees), blocks_xy.geojson (metres), blocks.parquet (WKB, metres).
"""
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import shapely
from pyproj import Transformer
from scipy.ndimage import gaussian_filter

SEED = 20260101
X, Y, WIDTH, HEIGHT = 268_000.0, 302_000.0, 10_000.0, 16_000.0
COLS, ROWS, PIECES = 80, 125, 4
WORDS = ["larceny", "assault", "burglary", "vehicle_theft", "destruction", "drug", "fraud", "robbery", "weapons",
         "disorderly", "arson", "homicide"]


def make_blocks(rng):
    """Polygons of 16 corners on one lattice of vertices, so that neighbors share their edges exactly."""
    xs = np.linspace(X, X + WIDTH, COLS * PIECES + 1)
    ys = np.linspace(Y, Y + HEIGHT, ROWS * PIECES + 1)
    lattice = np.stack(np.meshgrid(xs, ys), axis=-1)
    corner = np.zeros((ROWS + 1, COLS + 1, 2))
    corner[1:-1, 1:-1] = rng.uniform(-0.22, 0.22, (ROWS - 1, COLS - 1, 2)) * (WIDTH / COLS, HEIGHT / ROWS)
    # Between two corners the shift goes evenly from one to the other, and every vertex has a little of its own.
    along = np.arange(PIECES * COLS + 1) / PIECES
    left, part = np.minimum(along.astype(int), COLS - 1), along - np.minimum(along.astype(int), COLS - 1)
    shift = corner[:, left] * (1 - part)[:, None] + corner[:, left + 1] * part[:, None]
    along = np.arange(PIECES * ROWS + 1) / PIECES
    low, part = np.minimum(along.astype(int), ROWS - 1), along - np.minimum(along.astype(int), ROWS - 1)
    shift = shift[low] * (1 - part)[:, None, None] + shift[low + 1] * part[:, None, None]
    shift[1:-1, 1:-1] += rng.normal(size=shift[1:-1, 1:-1].shape) * 2.0
    lattice += shift
    polygons = []
    for r in range(0, ROWS * PIECES, PIECES):
        for c in range(0, COLS * PIECES, PIECES):
            south, east = lattice[r, c:c + PIECES], lattice[r:r + PIECES, c + PIECES]
            north, west = lattice[r + PIECES, c + PIECES:c:-1], lattice[r + PIECES:r:-1, c]
            polygons.append(shapely.Polygon(np.concatenate([south, east, north, west])))
    return np.array(polygons)


def collection(polygons):
    features = [{"type": "Feature", "properties": {"block_id": k}, "geometry": json.loads(shapely.to_geojson(p))}
                for k, p in enumerate(polygons)]
    return json.dumps({"type": "FeatureCollection", "features": features})


def main():
    folder, n = Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1_000_000
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(SEED)
    polygons = make_blocks(rng)
    assert shapely.is_valid(polygons).all()
    to_degrees = Transformer.from_crs(26996, 4326, always_xy=True)
    degrees = shapely.transform(polygons, lambda at: np.c_[to_degrees.transform(at[:, 0], at[:, 1])])
    (folder / "blocks.geojson").write_text(collection(shapely.set_precision(degrees, 1e-7)))
    (folder / "blocks_xy.geojson").write_text(collection(polygons))
    pd.DataFrame({"block_id": np.arange(len(polygons)), "wkb": shapely.to_wkb(polygons)}).to_parquet(
        folder / "blocks.parquet")

    field = gaussian_filter(rng.normal(size=(ROWS, COLS)), 7.0, mode="reflect")
    weight = np.exp(0.9 * (field - field.mean()) / field.std()).ravel()
    weight *= np.minimum(rng.pareto(1.35, ROWS * COLS), 25.0) + 0.05
    addresses = np.stack([shapely.get_coordinates(shapely.line_interpolate_point(
        polygon.exterior, rng.uniform(0, 1, 30), normalized=True)) for polygon in polygons])
    middle = shapely.get_coordinates(shapely.centroid(polygons))
    addresses += (middle[:, None] - addresses) * 0.03
    zipf = 1 / np.arange(1, 31) ** 1.1
    block = rng.choice(ROWS * COLS, n, p=weight / weight.sum())
    at = addresses[block, rng.choice(30, n, p=zipf / zipf.sum())]
    kind, box = rng.uniform(size=n), shapely.bounds(polygons)[block]
    near, anywhere = (kind >= 0.4) & (kind < 0.85), kind >= 0.85
    at[near] += rng.normal(size=(near.sum(), 2)) * 6.0
    at[anywhere] = box[anywhere, :2] + rng.uniform(size=(anywhere.sum(), 2)) * (box[:, 2:] - box[:, :2])[anywhere]
    at = np.round(np.clip(at, (X + 0.01, Y + 0.01), (X + WIDTH - 0.01, Y + HEIGHT - 0.01)), 2)
    at.astype("<f8").tofile(folder / "xy.f64")

    # Within 17 years, most of them in the evening.
    hour = (18 + rng.normal(size=n) * 5) % 24
    seconds = (1_199_145_600 + rng.integers(0, 17 * 365, n) * 86_400 + hour * 3_600).astype(np.int64)
    word = 1 / np.arange(1, len(WORDS) + 1)
    lon, lat = to_degrees.transform(at[:, 0], at[:, 1])
    pd.DataFrame({
        "id": np.arange(n),
        "ts": pd.to_datetime(seconds, unit="s").strftime("%Y-%m-%dT%H:%M:%SZ"),
        "category": np.array(WORDS)[rng.choice(len(WORDS), n, p=word / word.sum())],
        "x": at[:, 0], "y": at[:, 1], "lon": np.round(lon, 7), "lat": np.round(lat, 7),
    }).to_csv(folder / "incidents.csv", index=False)


main()
