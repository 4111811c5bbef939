"""A run of 100,000 requests as a DataFrame: how long does that take, and how much memory?

python benchmarks/frame.py [--requests 100000] [--json]
Exit 1 if a bound is missed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from measuring import ROOT

BOUND_S, BOUND_MB = 3.0, 300.0
"""CPU of the frame alone, which others on the machine do not lengthen; memory with all imports."""
CELLS, TOKENS, STAGES = 10, 32, ("embed", "search", "llm")
CHILD = """
import resource, sys, time
from reports.frame import frame
before = time.process_time()
made = frame(sys.argv[1:])
print(len(made), time.process_time() - before, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--requests", type=int, default=100_000)
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        write_run(Path(folder), wanted.requests)
        rows, seconds, megabytes = printed_by(CHILD, folder)
    assert rows == wanted.requests
    met = seconds <= BOUND_S and megabytes <= BOUND_MB
    if wanted.json:
        print(json.dumps({"rows": rows, "seconds": seconds, "rss_mb": megabytes, "met": met}))
    else:
        print(f"{rows:.0f} requests: {seconds:.2f} s of CPU (at most {BOUND_S:g}), ", end="")
        print(f"{megabytes:.0f} MB with all imports (at most {BOUND_MB:g})")
    return 0 if met else 1


def printed_by(code: str, folder: str) -> list[float]:
    """The numbers that a Python process of its own prints. Raises CalledProcessError."""
    done = subprocess.run(
        [sys.executable, "-c", code, folder], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True
    )
    return [float(word) for word in done.stdout.split()]


def write_run(folder: Path, requests: int) -> None:
    """Cells of ten users in turn, each answer of 32 tokens, with stages, from two regions."""
    from records.cells.cell import SCHEMA_VERSION, Cell, Check, Verdict
    from records.cells.request import RequestRecord
    from records.files import write_json

    write_json(folder / "run.json", {"schema_version": SCHEMA_VERSION, "status": "complete"})
    checks = Verdict(checks=(Check(name="configuration", status="pass"),))
    each, start = requests // CELLS, 1_800_000_000_000_000_000
    for number in range(1, CELLS + 1):
        begun = start + number * 3_600_000_000_000
        window = {"start_ns": begun, "end_ns": begun + each * 10_000_000}
        cell = Cell(
            deployment="local", config="baseline", concurrency=10, repeat=number, complete=True,
            achieved={"window": window}, verdict=checks,
        )  # fmt: skip
        path = folder / "cells" / cell.name
        path.mkdir(parents=True)
        write_json(path / "cell.json", cell.to_json())
        with (path / "requests.jsonl").open("wb") as file:
            for i in range(each):
                sent, first = begun + i * 10_000_000, begun + i * 10_000_000 + 100_000_000 + i
                gap_us = 5000 + i % 7
                record = RequestRecord(
                    run="sweep", cell=cell.name, worker=f"w{i % 2}", region=("eu", "us")[i % 2], user=i % 10,
                    seq=i, sent_at_ns=sent, headers_at_ns=first - 9_000_000,
                    first_event_at_ns=first, first_generated_at_ns=first, first_token_at_ns=first,
                    last_token_at_ns=first + gap_us * 1000 * (TOKENS - 1), ended_at_ns=sent + 261_000_000,
                    body_ended_at_ns=sent + 261_500_000, outcome="ok", events=TOKENS + 2, tokens=TOKENS,
                    gaps_us=[gap_us] * (TOKENS - 1), bytes=4096, question=f"q{i % 500}", documents=5,
                    stages={stage: {"queued_ms": 1.5, "running_ms": i % 9 + 0.5} for stage in STAGES},
                    values={"texts": 1.0}, labels={"model": "m"},
                )  # fmt: skip
                file.write(record.encode())


if __name__ == "__main__":
    sys.exit(main())
