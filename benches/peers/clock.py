"""One thread, and a clock for the Python peers. Import it before NumPy: afterwards threads cannot be told any more."""
import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ[name] = "1"

import json
import statistics
import time


def timed(name, job, found, laps=5):
    """Prints a line of JSON: the median CPU seconds (user and system) of the laps, and a number of the answer."""
    seconds = []
    for _ in range(laps):
        before = time.process_time()
        answer = job()
        seconds.append(time.process_time() - before)
    print(json.dumps({"name": name, "cpu": statistics.median(seconds), "found": float(found(answer))}), flush=True)
    return answer
