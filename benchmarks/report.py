"""A report on a million requests: how long does it take beside decoding their JSON, and how much memory?

python benchmarks/report.py [--requests 1000000] [--json]
Both are measured in turn, CPU time with all imports. Exit 1 if a bound is missed. A million requests need
1 GB of disk.
"""

from __future__ import annotations

import argparse
import compileall
import json
import sys
import tempfile
from pathlib import Path

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
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    # As pip does with what it installs; a clone that may write no bytecode is else compiled at each start.
    for room in ("records", "reports", "workloads"):
        compileall.compile_dir(ROOT / room, quiet=1)
    with tempfile.TemporaryDirectory() as folder:
        write_run(Path(folder), wanted.requests)
        count, decoding_s, _ = printed_by(DECODE, folder)
        _, report_s, megabytes = printed_by(REPORT, folder)
    assert count == wanted.requests
    times = report_s / decoding_s
    met = times <= BOUND_TIMES and megabytes <= BOUND_MB
    if wanted.json:
        found = {"requests": count, "decoding_s": decoding_s, "report_s": report_s, "rss_mb": megabytes}
        print(json.dumps({**found, "times": times, "met": met}))
    else:
        print(
            f"{count:.0f} requests: decoded in {decoding_s:.1f} s of CPU, reported in {report_s:.1f}: ",
            end="",
        )
        print(f"{times:.1f} times (at most {BOUND_TIMES:g}); {megabytes:.0f} MB (at most {BOUND_MB:g})")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
