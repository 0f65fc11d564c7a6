#!/usr/bin/env python3
"""Makes the seeds in fuzz/seeds/ from fixtures/ and data/new-haven: `python3 fuzz/seed.py`.

The first bytes of a seed say how the target packs and reads it, see fuzz/src/csv.rs and fuzz/src/features.rs.
Seeds named found-* are inputs that once broke a reader; they are kept as they are.
"""

import json
import struct
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
FIXTURES = HERE.parent / "fixtures"
MADE = FIXTURES / "formats" / "made"
NEW_HAVEN = HERE.parent / "data" / "new-haven"
LIMIT = 300_000

PLAIN, GZIP, UTF16, ZIP = b"0", b"6", b"<", b"B"
ANY, BARE, PARTS, SHIPPED, SHIPPED_FEET, SHIPPED_LATE = b"@", b"A", b"B", b"C", b"K", b"\xe3"


def put(target, name, data):
    folder = HERE / "seeds" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def features(path, count):
    """A collection cut to its first features."""
    whole = json.loads(path.read_text())
    whole["features"] = whole["features"][:count]
    return json.dumps(whole, separators=(",", ":")).encode()


def shapefile(stem, count):
    """The parts of a shapefile cut to its first records; its .prj is the second of those in fuzz/src/features.rs."""
    shp, dbf = stem.with_suffix(".shp").read_bytes(), stem.with_suffix(".dbf").read_bytes()
    at = 100
    for _ in range(count):
        at += 8 + 2 * struct.unpack_from(">I", shp, at + 4)[0]
    head, width = struct.unpack_from("<HH", dbf, 8)
    shp = shp[:24] + struct.pack(">I", at // 2) + shp[28:at]
    dbf = dbf[:4] + struct.pack("<I", count) + dbf[8 : head + count * width]
    return [shp, dbf, b"1"]


def parts(archive):
    with zipfile.ZipFile(archive) as z:
        names = {Path(n).suffix: n for n in z.namelist()}
        shp, dbf, prj = (z.read(names[suffix]) for suffix in (".shp", ".dbf", ".prj"))
        return [shp, dbf, b"raw:" + prj, b"UTF-8"]


def between(parts):
    return b"\n==\n".join(parts)


for old in HERE.glob("seeds/*/*"):
    if not old.name.startswith("found-"):
        old.unlink()

for path in sorted((FIXTURES / "layouts").glob("*.csv")):
    if path.name != "expected.csv":
        feet = path.name.startswith("slmpd")
        put("csv", path.stem, PLAIN + (SHIPPED_FEET if feet else SHIPPED) + path.read_bytes())
lonlat = (FIXTURES / "layouts" / "lonlat.csv").read_bytes()
for name, packing in ("gzip", GZIP), ("utf16", UTF16), ("zip", ZIP):
    put("csv", f"lonlat-{name}", packing + SHIPPED + lonlat)
put("csv", "lonlat-late", PLAIN + SHIPPED_LATE + lonlat)
put("csv", "any", PLAIN + ANY + b'id,day,class,count,x,y,revision,status\n1,2018-01-01,"theft, ""petty""",1,-90.2,38.6,2,W\r\n1,2018-01-01,theft,-1,-90.2,38.6,3,\n')
put("csv", "bare", PLAIN + BARE + b"7;2018-01;9;1;-0.1;51.5\n;Feb 2018;9;-1;1;1\n8;2018-03;\xe9;1;-1;-1")
put("csv", "parts", PLAIN + PARTS + b"sep=|\nid|date|time|untildate|untiltime|recorded|class|address|x|y|domestic\n5|3/11/2018|0230|3/12/2018|01:15:00 PM|2018-04|burglary|12 MAIN ST|-72.9|41.3|Y\n")
put("csv", "open-quote", PLAIN + ANY + b'day,x,y\n2018-01-01,"1,2\n2018-01-02,3,4\n"2018-01-03\n",5,6\n')

for path in sorted(MADE.glob("*.geojson*")):
    if path.suffix != ".gz" and "utf16" not in path.name:
        named = b"1" if path.suffix in (".geojsonl", ".geojsons") else PLAIN
        put("geojson", path.name, named + path.read_bytes())
points = (MADE / "points.geojson").read_bytes()
for name, packing in ("gzip", GZIP), ("utf16", UTF16), ("zip", ZIP):
    put("geojson", f"points-{name}", packing + points)
put("geojson", "new-haven", PLAIN + features(NEW_HAVEN / "derived_newhaven_blocks.geojson", 3))
put("geojson", "bow-tie", PLAIN + b'{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"population":"7"},"geometry":{"type":"Polygon","coordinates":[[[0,0],[4,4],[4,0],[0,4],[0,0]]]}},{"type":"Feature","properties":null,"geometry":{"type":"MultiPolygon","coordinates":[[[[0,0],[2,0],[2,2],[0,2],[0,0]]],[[[1,1],[3,1],[3,3],[1,3],[1,1]]]]}}]}')
put("geojson", "rows", b"2" + b'[{"day":"2018-01-01","x":-90.2,"y":38.6},{"day":null,"x":[1,{"a":"b"}]}]')
put("geojson", "collection", PLAIN + b'{"type":"Feature","properties":{"day":"2018-01-01"},"geometry":{"type":"GeometryCollection","geometries":[{"type":"MultiPoint","coordinates":[[1,2,3]]},{"type":"GeometryCollection","geometries":[]}]}}')

for name in "points", "lines", "polygons":
    archive = MADE / f"{name}.shp.zip"
    put("shapefile", name, between(parts(archive)))
    put("shapefile", f"{name}-zip", archive.read_bytes())
    put("flatgeobuf", name, (MADE / f"{name}.fgb").read_bytes())
    put("geopackage", name, (MADE / f"{name}.gpkg").read_bytes())
put("shapefile", "new-haven-streets", between(shapefile(NEW_HAVEN / "newhaven_nework", 3)))
put("shapefile", "new-haven-incidents", between(shapefile(NEW_HAVEN / "new_haven_merged", 2)))
put("flatgeobuf", "points-indexed", (MADE / "points-indexed.fgb").read_bytes())
put("geopackage", "layers", (MADE / "layers.gpkg").read_bytes())
for name in "crs-absent", "delta", "delta-text", "lines-native", "points-gzip", "points-lz4", "points-native", "points-zstd", "points", "polygons-native", "polygons", "types":
    put("parquet", name, (MADE / f"{name}.parquet").read_bytes())

size = sum(path.stat().st_size for path in HERE.glob("seeds/*/*"))
print(f"{size} bytes of seeds")
assert size < LIMIT, "seeds are to stay small"
