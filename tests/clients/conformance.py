#!/usr/bin/env python3
"""Serves the sample and lets others judge the interface: schemathesis with every check, and the OGC registry.

    python3 tests/clients/conformance.py [EXAMPLES] [PATHS]

EXAMPLES an operation (500 where nothing is given), PATHS a regular expression of those to ask. What is missing
is installed below target/; what fails ends with 1. Nothing but the loopback address is asked.
"""
import json
import os
import re
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "tests/clients"
VENV = ROOT / "target/conformance"
BINARY = ROOT / os.environ.get("HOTBLOCKS_BIN", "target/release/hotblocks")


def install() -> Path:
    """A folder of Python's own with the pinned packages."""
    wanted = HERE / "conformance-requirements.txt"
    done, bin = VENV / "installed.txt", VENV / "bin"
    if not done.exists() or done.read_text() != wanted.read_text():
        subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], check=True)
        subprocess.run([bin / "pip", "install", "-q", "--disable-pip-version-check", "-r", wanted], check=True)
        done.write_text(wanted.read_text())
    return bin


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


def registry(url: str, bin: Path) -> bool:
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
    get = lambda path: json.load(urllib.request.urlopen(url + path))
    asked = json.dumps([get("/api?f=json"), get("/conformance")["conformsTo"]])
    return subprocess.run([bin / "python", "-c", code], input=asked, text=True).returncode == 0


def schemathesis(url: str, bin: Path, examples: str, paths: str | None) -> bool:
    """Whether every check of schemathesis passes."""
    command = [
        bin / "st", "--config-file", HERE / "conformance.toml", "run", f"{url}/api", "--checks", "all",
        "--phases", "examples,coverage,fuzzing", "--max-examples", examples, "--seed", "1", "--continue-on-failure",
        "--request-timeout", "120", "--generation-database", "none", "--no-color", "--suppress-health-check", "all",
    ]
    # A stream of events never ends, and schemathesis waits for the end of every answer.
    command += ["--exclude-path", "/events"]
    if paths:
        command += ["--include-path-regex", paths]
    around = dict(os.environ, SCHEMATHESIS_HOOKS="conformance_hooks", PYTHONPATH=str(HERE), PYTHONDONTWRITEBYTECODE="1")
    return subprocess.run(command, env=around, cwd=VENV).returncode == 0


def main() -> int:
    examples = sys.argv[1] if len(sys.argv) > 1 else "500"
    paths = sys.argv[2] if len(sys.argv) > 2 else None
    bin = install()
    child, url = serve()
    try:
        results = [registry(url, bin), schemathesis(url, bin, examples, paths)]
    finally:
        child.terminate()
        child.wait(30)
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
