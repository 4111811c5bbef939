"""500 users for three minutes, records written: what memory does the load generator take, does it grow?

python benchmarks/memory.py [--users 500] [--seconds 180] [--json]
Exit 1 if a bound is missed. Takes 200 s: `make bench-memory`.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from measuring import ROOT, process

BOUND_MB = 250.0
GROWTH_MB = 15.0
"""From the first third to the end; locust's own statistics keep a second of history each."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--users", type=int, default=500)
    parser.add_argument("--seconds", type=float, default=180.0)
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    server = [
        sys.executable,
        "benchmarks/stream_server.py",
        "--tokens",
        "128",
        "--ttft-ms",
        "200",
        "--itl-ms",
        "20",
    ]
    with tempfile.TemporaryDirectory() as folder, process(server, 0) as served:
        assert served.stdout
        url = served.stdout.readline().split()[-1]
        load = ["-m", "locust", "-f", "locustfiles/stream.py", "--headless", "-H", url, "--only-summary"]
        load += ["-u", str(wanted.users), "-t", f"{wanted.seconds:.0f}s", "--dialect", "openai"]
        load += ["--results", f"{folder}/results"]
        generator = subprocess.Popen(
            [sys.executable, *load], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
        )
        rss_mb = []
        try:
            ends = time.monotonic() + wanted.seconds + 120
            while time.monotonic() < ends and generator.poll() is None:  # judging the run at its end, too
                with contextlib.suppress(psutil.NoSuchProcess):
                    rss_mb.append(psutil.Process(generator.pid).memory_info().rss / 1e6)
                time.sleep(1.0)
        finally:
            if generator.poll() is None:
                generator.kill()
                generator.wait()
        records = Path(folder, "results", "requests.jsonl").read_bytes().count(b"\n")
    rss_mb = [mb for mb in rss_mb if mb]  # a process that is just gone has none
    third, end = int(wanted.seconds / 3), int(wanted.seconds) - 5
    first, last = max(rss_mb[third - 10 : third]), max(rss_mb[end - 10 : end])
    good = max(rss_mb) <= BOUND_MB and last - first <= GROWTH_MB
    if wanted.json:
        print(json.dumps({"rss_mb": rss_mb, "records": records, "good": good}))
    else:
        print(f"{wanted.users} users, {records} answers of 128 tokens recorded in {wanted.seconds:.0f} s")
        print(f"memory: {first:.0f} MB after a third, {last:.0f} MB at the end of the load")
        print(f"at most {max(rss_mb):.0f} MB, with the judging of the run after it")
        print(f"bounds: at most {BOUND_MB:.0f} MB, no more than {GROWTH_MB:.0f} MB of growth")
        print("met" if good else "missed")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
