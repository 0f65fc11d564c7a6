#!/usr/bin/env python3
"""Serves the sample and lets others judge the interface: schemathesis with every check, and the OGC registry.

    python3 tests/clients/conformance.py [--quick] [EXAMPLES] [PATHS]

EXAMPLES an operation (500 where nothing is given), PATHS a regular expression of those to ask; `--quick` leaves out
the thousands of cases that schemathesis derives from the bounds of each schema, which is what CI does. The operations
are shared out among as many processes as there are cores. What fails ends with 1, and so does an operation of the
document that was not asked. Nothing but the loopback address is asked; `sh .ci/setup conformance` installs what is needed.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "tests/clients"
VENV = ROOT / "target/conformance"
BIN = VENV / "bin"
BINARY = ROOT / os.environ.get("HOTBLOCKS_BIN", "target/release/hotblocks")


def serve() -> tuple[subprocess.Popen, str]:
    """The service over the sample, and its address."""
    command = [BINARY, "demo", "--listen", "127.0.0.1:0"]
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    for line in child.stdout:
        address = re.search(r"http://127\.0\.0\.1:\d+", line)
        if address:
            threading.Thread(target=child.stdout.read, daemon=True).start()
            return child, address[0]
    raise SystemExit(f"the service ended with {child.wait()}")


def ask(url: str):
    return json.load(urllib.request.urlopen(url))


def registry(url: str, document: dict) -> bool:
    """Whether document and claims fit by the OGC's registry."""
    code = """
import json, sys
from ogcapi_registry import validate_ogc_api
document, classes = json.load(sys.stdin)
told = validate_ogc_api(document, classes)
for error in [] if told.is_valid else told.errors:
    print("ogcapi-registry:", error)
print(f"ogcapi-registry: {len(classes)} classes, {'valid' if told.is_valid else 'NOT valid'}")
sys.exit(0 if told.is_valid else 1)
"""
    # It looks for names of parameters in the paths alone, and follows no reference.
    parts = document["components"]["parameters"]
    follow = lambda one: parts[one["$ref"].rsplit("/", 1)[1]] if "$ref" in one else one
    plain = json.loads(json.dumps(document))
    for method in (method for path in plain["paths"].values() for method in path.values()):
        method["parameters"] = [follow(one) for one in method["parameters"]]
    asked = json.dumps([plain, ask(f"{url}/conformance")["conformsTo"]])
    return subprocess.run([BIN / "python", "-c", code], input=asked, text=True).returncode == 0


def shares(document: dict, paths: str | None, n: int) -> list[list[str]]:
    """The document's paths in `n` shares; neighbors, which take about as long, go to different ones."""
    wanted = [path for path in document["paths"] if re.search(paths or "", path)]
    return [share for at in range(n) if (share := wanted[at::n])]


def start(url: str, share: list[str], at: int, options: argparse.Namespace) -> subprocess.Popen:
    """Schemathesis with every check on some paths."""
    phases = "examples,fuzzing" if options.quick else "examples,coverage,fuzzing"
    command = [
        BIN / "st", "--config-file", HERE / "conformance.toml", "run", f"{url}/api", "--checks", "all",
        "--phases", phases, "--max-examples", options.examples, "--seed", "1", "--continue-on-failure",
        "--request-timeout", "120", "--max-response-time", "110", "--generation-database", "none", "--no-color",
        "--suppress-health-check", "all",
    ]
    for path in share:
        command += ["--include-path", path]
    around = dict(os.environ, SCHEMATHESIS_HOOKS="conformance_hooks", PYTHONPATH=str(HERE), PYTHONDONTWRITEBYTECODE="1")
    with open(VENV / f"told-{at}.txt", "w") as told:
        return subprocess.Popen(command, env=around, cwd=VENV, stdout=told, stderr=subprocess.STDOUT)


def judged(at: int, code: int) -> tuple[int, int]:
    """How many operations and requests a share had; prints what it tells if it failed."""
    told = (VENV / f"told-{at}.txt").read_text()
    if code:
        print(told)
    number = lambda pattern: int(found[1]) if (found := re.search(pattern, told)) else 0
    return number(r"Operations: +(\d+) selected"), number(r"(\d+) generated")


def schemathesis(url: str, document: dict, options: argparse.Namespace) -> bool:
    """Whether every check of schemathesis passes on every operation."""
    began = time.monotonic()
    each = shares(document, options.paths, os.cpu_count() or 1)
    running = [start(url, share, at, options) for at, share in enumerate(each)]
    try:
        codes = [child.wait() for child in running]
    finally:
        for child in running:
            if child.poll() is None:
                child.terminate()
    asked, requests = map(sum, zip(*(judged(at, code) for at, code in enumerate(codes))))
    wanted = sum(len(document["paths"][path]) for share in each for path in share)
    passed = not any(codes) and asked == wanted
    words = "passed" if passed else "FAILED"
    print(f"schemathesis: {words}: {asked} of {wanted} operations, {requests} requests, {time.monotonic() - began:.0f} s")
    return passed


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("examples", nargs="?", default="500")
    parser.add_argument("paths", nargs="?")
    options = parser.parse_args()
    if not (BIN / "st").exists():
        raise SystemExit("schemathesis is missing: run `sh .ci/setup conformance`, then this again")
    child, url = serve()
    try:
        document = ask(f"{url}/api?f=json")
        results = [registry(url, document), schemathesis(url, document, options)]
    finally:
        child.terminate()
        child.wait(30)
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
