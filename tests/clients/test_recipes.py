"""Runs the recipes of docs/clients.md as they stand, against the served sample."""

import os
import pathlib
import re
import sys
import tempfile
import unittest

import service

ADDRESS = "http://127.0.0.1:8080"
PAGE = (service.ROOT / "docs/clients.md").read_text()
RECIPES = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)

# What runs a block, by the word behind its fence; a file of this ending is handed to it.
ALWAYS = {"sh": (["sh", "-eu"], ".sh"), "python": ([sys.executable, "-W", "ignore"], ".py")}
LARGE = {"r": (["Rscript", "--vanilla"], ".R"), "qgis": (["/usr/bin/python3"], ".py")}
# Pages are run in a browser (tests/browser/recipes.test.mjs); ArcGIS by nobody.
ELSEWHERE = {"html", "js"}

# PyQGIS has to be told that it is the program, which in its own console it is.
QGIS = """from qgis.core import QgsApplication as _A
_a = _A([], False)
_A.setPrefixPath("/usr", True)
_A.initQgis()
"""

# QGIS opens whatever GDAL reads to write first, and to read where that is refused.
FIRST_TO_WRITE = "ERROR 6: Update from remote service not supported"


class Recipes(unittest.TestCase):
    maxDiff = None

    def run_all(self, runners):
        run = 0
        for number, (language, text) in enumerate(RECIPES, 1):
            if language not in runners:
                continue
            run += 1
            with self.subTest(f"{language} block {number}"), tempfile.TemporaryDirectory() as folder:
                command, ending = runners[language]
                self.assertIn(ADDRESS, text)
                text = text.replace(ADDRESS, service.url())
                if language == "qgis":
                    text = QGIS + text + "\nprint('whole', flush=True)\nimport os; os._exit(0)\n"
                file = pathlib.Path(folder) / f"recipe{ending}"
                file.write_text(text)
                home = {**os.environ, "HOME": folder, "QT_QPA_PLATFORM": "offscreen", "XDG_RUNTIME_DIR": folder}
                code, out, err = service.run([*command, file], cwd=folder, env=home)
                self.assertEqual(code, 0, f"{text}\n{out}\n{err}")
                self.assertNotIn("ERROR", err.replace(FIRST_TO_WRITE, ""), text)
                if language == "qgis":
                    self.assertIn("whole", out)
        return run

    def test_each_block_is_run_somewhere(self):
        known = {*ALWAYS, *LARGE, *ELSEWHERE}
        self.assertEqual({language for language, _ in RECIPES}, known)
        self.assertIn("no test runs this one", PAGE)

    def test_blocks_of_gdal_and_python_run_as_they_stand(self):
        self.assertGreaterEqual(self.run_all(ALWAYS), 8)

    @unittest.skipUnless(os.environ.get("HOTBLOCKS_CLIENTS") == "all", "R and QGIS are run by `make clients`")
    def test_blocks_of_r_and_qgis_run_as_they_stand(self):
        self.assertEqual(self.run_all(LARGE), 3)


if __name__ == "__main__":
    unittest.main()
