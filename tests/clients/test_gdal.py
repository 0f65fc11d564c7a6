"""GDAL's own programs against the served sample (conventions, A-C1, A-C2, A-C9)."""

import json
import pathlib
import tempfile
import unittest

import service


class Gdal(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.url = service.url()
        cls.blocks = service.features(f"{cls.url}/collections/blocks/items")
        cls.incidents = service.features(f"{cls.url}/collections/incidents/items")

    def ok(self, command):
        code, out, err = service.run(command)
        self.assertEqual((code, err), (0, ""), command)
        return out

    def test_a_c1_ogrinfo_finds_the_layers_and_counts_their_features(self):
        listed = self.ok(["ogrinfo", "-q", f"OAPIF:{self.url}"])
        for layer in ("incidents", "blocks", "hotspots", "areas"):
            self.assertIn(layer, listed)
        for layer, expected in (("blocks", self.blocks), ("incidents", self.incidents)):
            out = self.ok(["ogrinfo", "-so", f"OAPIF:{self.url}", layer])
            self.assertIn(f"Feature Count: {len(expected)}", out)
        self.assertIn("from: DateTime", out, "times have their type")

    def test_a_c2_ogr2ogr_copies_a_layer_whole_without_a_word(self):
        with tempfile.TemporaryDirectory() as folder:
            copy = pathlib.Path(folder) / "copy.geojson"
            # This GDAL asks for ten a page unless it is told otherwise, and follows the links.
            for layer, expected, more in (
                ("incidents", self.incidents, []),
                ("blocks", self.blocks, ["-oo", "PAGE_SIZE=1000"]),
            ):
                copy.unlink(missing_ok=True)
                self.ok(["ogr2ogr", "-f", "GeoJSON", copy, f"OAPIF:{self.url}", layer, *more])
                copied = {f["properties"]["id"] if "id" in f["properties"] else f["id"]: f
                          for f in json.loads(copy.read_text())["features"]}
                self.assertEqual(copied.keys(), expected.keys())
                for fid, feature in list(expected.items())[:50]:
                    self.assertEqual(copied[fid]["properties"].get("reports"), feature["properties"]["reports"])

    def test_a_c9_a_filter_on_a_declared_parameter_is_the_server_s_work(self):
        expected = [f for f in self.incidents.values() if f["properties"]["category"] == "burglary"]
        self.assertGreater(len(expected), 3)
        with service.relay(self.url) as (url, asked):
            out = self.ok(["ogr2ogr", "-f", "CSV", "/vsistdout/", f"OAPIF:{url}", "incidents",
                           "-where", "category='burglary'"])
            self.assertEqual(len(out.splitlines()) - 1, len(expected))
            pages = [path for path in asked if "/items?" in path and "category=burglary" in path]
            self.assertTrue(pages, asked)
            self.assertLessEqual(len(asked), -(-len(expected) // 10) + 4, asked)

    def test_a_box_is_the_server_s_work_too(self):
        with service.relay(self.url) as (url, asked):
            box = ["-72.93", "41.30", "-72.92", "41.31"]
            out = self.ok(["ogrinfo", "-al", "-so", f"OAPIF:{url}", "incidents", "-spat", *box])
            count = int(out.split("Feature Count: ")[1].split()[0])
            expected = service.get(f"{self.url}/collections/incidents/items?bbox={','.join(box)}")["numberMatched"]
            self.assertEqual(count, expected)
            self.assertTrue(any("bbox=" in path for path in asked), asked)

    def test_each_format_is_read_from_its_address_with_the_same_ids(self):
        for ending in ("geojson", "geojsonseq", "ndjson", "csv", "fgb", "gpkg"):
            with tempfile.TemporaryDirectory() as folder, self.subTest(ending):
                file = pathlib.Path(folder) / f"blocks.{ending}"
                self.ok(["curl", "-sSf", "-o", file, f"{self.url}/collections/blocks/blocks.{ending}"])
                out = pathlib.Path(folder) / "ids.csv"
                layer = self.ok(["ogrinfo", "-q", "-ro", file]).split("\n")[0].split(": ", 1)[1].split(" (")[0]
                self.ok(["ogr2ogr", "-f", "CSV", out, file, "-sql", f'SELECT id FROM "{layer}"'])
                ids = {line.strip().strip('"') for line in out.read_text().splitlines()[1:]}
                self.assertEqual(ids, self.blocks.keys())

    def test_a_remote_file_is_read_as_a_stream(self):
        # Ranges are not offered: a file is made anew for each request.
        out = self.ok(["ogrinfo", "-al", "-so", f"/vsicurl_streaming/{self.url}/collections/blocks/blocks.geojsonseq"])
        self.assertIn(f"Feature Count: {len(self.blocks)}", out)


if __name__ == "__main__":
    unittest.main()
