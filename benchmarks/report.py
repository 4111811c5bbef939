"""A report on a million requests: how long does it take beside decoding their JSON, and how much memory?

python benchmarks/report.py [--requests 1000000] [--rounds 5] [--json]
Both are measured in turn, CPU time with all imports, for a machine's speed changes: each report is held
against the decodings before and after it. Exit 1 if a bound is missed. A million requests need 1 GB of disk.
"""

from __future__ import annotations

import argparse
import compileall
import json
import sys
import tempfile
from itertools import pairwise
from pathlib import Path
from statistics import median

from frame import printed_by, write_run
from serving import ROOT

BOUND_TIMES, BOUND_MB = 2.5, 2000.0
DECODE = """
import sys, time
from pathlib import Path
import orjson
before, count = time.process_time(), 0
for path in Path(sys.argv[1]).rglob("requests.jsonl"):
    with path.open("rb") as file:
        for line in file:
            orjson.loads(line)
            count += 1
print(count, time.process_time() - before, 0)
"""
REPORT = """
import os, resource, sys
from reports.cli import main
standard, sys.stdout = sys.stdout, open(os.devnull, "w")
try:
    main()
finally:
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(0, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, file=standard)
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--requests", type=int, default=1_000_000)
    parser.add_argument(
        "--rounds", type=int, default=5, help="the interval of 5 is from the least to the most"
    )
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    # As pip does with what it installs; a clone that may write no bytecode is else compiled at each start.
    for room in ("records", "reports", "workloads"):
        compileall.compile_dir(ROOT / room, quiet=1)
    with tempfile.TemporaryDirectory() as folder:
        write_run(Path(folder), wanted.requests)
        decodings = [_decoding_s(folder, wanted.requests)]
        reports, most_mb = [], 0.0
        for _ in range(wanted.rounds):
            _, report_s, megabytes = printed_by(REPORT, folder)
            reports.append(report_s)
            most_mb = max(most_mb, megabytes)
            decodings.append(_decoding_s(folder, wanted.requests))
    each = [2 * took / sum(around) for took, around in zip(reports, pairwise(decodings), strict=True)]
    times = median(each)
    met = times <= BOUND_TIMES and most_mb <= BOUND_MB
    if wanted.json:
        found = {"requests": wanted.requests, "decoding_s": decodings, "report_s": reports, "rss_mb": most_mb}
        print(json.dumps({**found, "times": times, "least": min(each), "most": max(each), "met": met}))
    else:
        print(f"{wanted.requests} requests, {wanted.rounds} rounds: ", end="")
        print(f"decoded in {median(decodings):.1f} s of CPU, reported in {median(reports):.1f}: ", end="")
        print(f"{times:.2f} times ({min(each):.2f}-{max(each):.2f}; at most {BOUND_TIMES:g}); ", end="")
        print(f"{most_mb:.0f} MB (at most {BOUND_MB:g})")
    return 0 if met else 1


def _decoding_s(folder: str, requests: int) -> float:
    count, seconds, _ = printed_by(DECODE, folder)
    assert count == requests
    return seconds


if __name__ == "__main__":
    sys.exit(main())
