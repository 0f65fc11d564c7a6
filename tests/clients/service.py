"""The real service on a free port of this machine, and a proxy that writes down what clients ask of it."""

import atexit
import contextlib
import http.client
import http.server
import json
import os
import pathlib
import re
import subprocess
import threading
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = ROOT / os.environ.get("HOTBLOCKS_BIN", "target/release/hotblocks")


@contextlib.contextmanager
def service():
    """Serves the sample and gives its address; ended by its own process id."""
    if not BINARY.exists():
        raise SystemExit(f"No binary at {BINARY}: run `make build`, or set HOTBLOCKS_BIN.")
    said = []
    child = subprocess.Popen(
        [BINARY, "demo", "--listen", "127.0.0.1:0"],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )
    found = threading.Event()

    def read():
        for line in child.stdout:
            said.append(line)
            if "http://127.0.0.1:" in line:
                found.set()
        found.set()

    threading.Thread(target=read, daemon=True).start()
    try:
        found.wait(120)
        address = re.search(r"http://127\.0\.0\.1:\d+", "".join(said))
        if not address:
            raise SystemExit("No address within 120 s. It said:\n" + "".join(said))
        yield address[0]
    finally:
        child.terminate()
        try:
            child.wait(10)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


class _Relay(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _relay(self):
        self.server.asked.append(self.path)
        upstream = http.client.HTTPConnection(self.server.upstream, timeout=60)
        # The Host stays that of the proxy, so that links lead here again.
        upstream.request(self.command, self.path, headers=dict(self.headers.items()))
        answer = upstream.getresponse()
        body = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "content-length", "connection", "date", "server"):
                self.send_header(name, value)
        length = answer.getheader("content-length") if self.command == "HEAD" else str(len(body))
        if length is not None:
            self.send_header("Content-Length", length)
        self.end_headers()
        self.wfile.write(body)
        upstream.close()

    do_GET = do_HEAD = _relay

    def log_message(self, *_):
        """What was asked is kept, not printed."""


@contextlib.contextmanager
def relay(url):
    """An address beside that of the service, and the list of what was asked of it."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Relay)
    server.daemon_threads = True
    server.upstream = url.removeprefix("http://")
    server.asked = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", server.asked
    finally:
        server.shutdown()
        server.server_close()


def get(url, **headers):
    """JSON of an address."""
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as answer:
        return json.load(answer)


def run(command, timeout=120, **options):
    """Exit code, stdout and stderr of a program."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, **options)
    return done.returncode, done.stdout, done.stderr


def features(url):
    """All features of a collection, page by page, by their ids."""
    found, page = {}, f"{url}?limit=1000"
    while page:
        answer = get(page)
        for feature in answer["features"]:
            assert feature["id"] not in found, f"{feature['id']} comes twice"
            found[feature["id"]] = feature
        page = next((link["href"] for link in answer["links"] if link["rel"] == "next"), None)
    assert len(found) == answer["numberMatched"], "numberMatched is what there is"
    return found


_running = contextlib.ExitStack()
atexit.register(_running.close)
_url = None


def url():
    """The address of one service for all tests of a run."""
    global _url
    if _url is None:
        _url = _running.enter_context(service())
        for _ in range(100):
            with contextlib.suppress(OSError):
                get(f"{_url}/collections")
                break
            time.sleep(0.1)
    return _url
