"""geopandas, pyogrio and OWSLib against the served sample (conventions, A-C3 to A-C5, A-X1)."""

import io
import unittest
import urllib.request

import geopandas
import pandas
import pyogrio
from owslib.ogcapi.features import Features

import service


class Python(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.url = service.url()
        cls.blocks = service.features(f"{cls.url}/collections/blocks/items")
        cls.incidents = service.features(f"{cls.url}/collections/incidents/items")

    def file(self, name):
        with urllib.request.urlopen(f"{self.url}/collections/{name}", timeout=60) as answer:
            return io.BytesIO(answer.read())

    def same(self, frame, expected, fields):
        """The same ids, places and values as the GeoJSON."""
        self.assertEqual(set(frame["id"]), expected.keys())
        self.assertEqual(len(frame), len(expected))
        self.assertTrue(frame.geometry.is_valid.all())
        for row in frame.itertuples():
            feature = expected[row.id]
            west, south, east, north = row.geometry.bounds
            coordinates = list(flat(feature["geometry"]["coordinates"]))
            x, y = coordinates[::2], coordinates[1::2]
            self.assertEqual((west, south, east, north), (min(x), min(y), max(x), max(y)), row.id)
            for name in fields:
                found, sent = getattr(row, name), feature["properties"][name]
                if pandas.isna(found):
                    self.assertIsNone(sent, f"{row.id} {name}")
                else:
                    self.assertEqual(found, sent, f"{row.id} {name}")

    def test_a_c3_pyogrio_lists_and_reads_the_service(self):
        names = [name for name, _ in pyogrio.list_layers(f"OAPIF:{self.url}")]
        self.assertIn("incidents", names)
        about = pyogrio.read_info(f"OAPIF:{self.url}", layer="blocks")
        self.assertEqual(about["features"], len(self.blocks))
        frame = pyogrio.read_dataframe(f"OAPIF:{self.url}", layer="incidents")
        self.assertEqual(len(frame), len(self.incidents))
        some = pyogrio.read_dataframe(f"OAPIF:{self.url}", layer="incidents", where="category = 'burglary'")
        self.assertEqual(len(some), sum(f["properties"]["category"] == "burglary" for f in self.incidents.values()))

    def test_a_c4_geopandas_reads_an_address_as_it_stands(self):
        frame = geopandas.read_file(f"{self.url}/collections/incidents/items?limit=10000")
        self.assertEqual(frame.crs.to_epsg(), 4326)
        self.same(frame, self.incidents, ["category", "source", "reports", "held"])
        one = geopandas.read_file(f"{self.url}/collections/blocks/items.fgb?limit=50")
        self.assertEqual(len(one), 50)

    def test_a_x1_each_file_holds_the_same_features(self):
        fields = ["rank", "name", "kind", "incidents", "score", "rate_mean", "reports", "length_m"]
        for name in ("blocks/blocks.gpkg", "blocks/blocks.fgb", "blocks/blocks.parquet"):
            with self.subTest(name):
                parquet = name.endswith("parquet")
                frame = geopandas.read_parquet(self.file(name)) if parquet else geopandas.read_file(self.file(name))
                # Without a word on its CRS GeoParquet is in OGC:CRS84, which is that of GeoJSON.
                self.assertEqual(frame.crs.to_string(), "OGC:CRS84" if parquet else "EPSG:4326")
                self.same(frame, self.blocks, fields)
                days = frame.dropna(subset=["latest"])
                for row in days.itertuples():
                    self.assertEqual(str(row.latest)[:10], self.blocks[row.id]["properties"]["latest"])

    def test_a_x1_times_are_the_same_instants_in_each_file(self):
        expected = {fid: pandas.Timestamp(f["properties"]["from"]) for fid, f in self.incidents.items()}
        frames = {
            "gpkg": geopandas.read_file(self.file("incidents/incidents.gpkg")),
            "fgb": geopandas.read_file(self.file("incidents/incidents.fgb")),
            "parquet": geopandas.read_parquet(self.file("incidents/incidents.parquet")),
        }
        for name, frame in frames.items():
            with self.subTest(name):
                times = pandas.to_datetime(frame["from"], utc=True)
                self.assertEqual(dict(zip(frame["id"], times)), expected)

    def test_geoparquet_is_read_by_its_boxes(self):
        file = self.file("blocks/blocks.parquet")
        box = (-72.93, 41.30, -72.92, 41.31)
        some = geopandas.read_parquet(file, bbox=box)
        whole = geopandas.read_parquet(file)
        sides = whole.bounds
        touch = whole[(sides.minx <= box[2]) & (sides.maxx >= box[0]) & (sides.miny <= box[3]) & (sides.maxy >= box[1])]
        self.assertEqual(set(some["id"]), set(touch["id"]))
        self.assertTrue(0 < len(some) < len(whole))

    def test_a_x4_csv_is_read_by_pandas_and_the_mark_is_for_excel_alone(self):
        plain = self.file("blocks/blocks.csv").getvalue()
        excel = self.file("blocks/blocks.csv?bom=true").getvalue()
        self.assertFalse(plain.startswith(b"\xef\xbb\xbf"))
        self.assertTrue(excel.startswith(b"\xef\xbb\xbf") and b"\r\n" in excel)
        frame = pandas.read_csv(io.BytesIO(plain))
        self.assertEqual(list(frame["id"]), list(pandas.read_csv(io.BytesIO(excel), encoding="utf-8-sig")["id"]))
        shapes = geopandas.GeoSeries.from_wkt(frame["WKT"])
        self.assertTrue(shapes.is_valid.all())
        self.assertEqual(dict(zip(frame["id"], frame["incidents"])),
                         {fid: f["properties"]["incidents"] for fid, f in self.blocks.items()})
        points = pandas.read_csv(self.file("incidents/incidents.csv"))
        self.assertEqual(len(points.dropna(subset=["lon", "lat"])), len(self.incidents))

    def test_a_c5_owslib_goes_from_the_landing_page_to_the_items(self):
        client = Features(f"{self.url}/")
        self.assertTrue(client.conformance()["conformsTo"])
        self.assertTrue(client.api()["openapi"].startswith("3.0"))
        self.assertIn("blocks", client.feature_collections())
        self.assertEqual(client.collection("blocks")["id"], "blocks")
        page = client.collection_items("incidents", limit=5, category="burglary")
        self.assertEqual(page["numberReturned"], 5)
        self.assertEqual({f["properties"]["category"] for f in page["features"]}, {"burglary"})
        self.assertIn("category", client.collection_queryables("incidents")["properties"])
        fid = page["features"][0]["id"]
        self.assertEqual(client.collection_item("incidents", fid)["id"], fid)


def flat(coordinates):
    for one in coordinates:
        if isinstance(one, list):
            yield from flat(one)
        else:
            yield one


if __name__ == "__main__":
    unittest.main()
