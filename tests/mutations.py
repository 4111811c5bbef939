"""Faults put into the code one by one, which the tests named with them have to find: do they hold anything?

python tests/mutations.py [NAME...]     all, or those named; exit 1 where one is missed

Works on a copy of the files that git tracks (of the working tree). A mutation that no longer fits its file
is an error: it is kept up with the code.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LIMIT_S = 300.0
"""Of the tests of one mutation: a fault may make them wait for ever, which finds it, too."""
FOUND, PASSED = 1, 0
"""pytest's exit codes."""


@dataclass(frozen=True, kw_only=True)
class Mutation:
    """One text of one file in another's place, and the tests that have to fail."""

    name: str
    path: str
    old: str
    new: str
    tests: tuple[str, ...]


MUTATIONS = (
    Mutation(
        name="random arrivals do not add up",
        path="loadgen/engine/arrivals.py",
        old="        due += generator.expovariate(share)\n",
        new="        due = generator.expovariate(share)\n",
        tests=("tests/loadgen/engine",),
    ),
    Mutation(
        name="a CRLF in two chunks ends two lines",
        path="loadgen/tasks/ask/sse.py",
        old='            data = data.removeprefix(b"\\n")\n        if',
        new="            pass\n        if",
        tests=("tests/loadgen/tasks",),
    ),
    Mutation(
        name="a thought is the first token",
        path="loadgen/tasks/ask/answer.py",
        old="        self.thoughts += 1\n        if self.first_generated_ns is None:\n",
        new="        self.first_token_ns = self.first_token_ns or at_ns\n        self.thoughts += 1\n"
        "        if self.first_generated_ns is None:\n",
        tests=("tests/loadgen/tasks",),
    ),
    Mutation(
        name="a worker that lost records counts as whole",
        path="loadgen/process/merge.py",
        old='            if self.records[worker] == report["records"]:\n                self.whole',
        new="            if self.records[worker]:\n                self.whole",
        tests=("tests/loadgen/process/test_merge.py",),
    ),
    Mutation(
        name="a run lasts until the last idle user",
        path="loadgen/process/merge.py",
        old='end = min((s["end_ns"] for s',
        new='end = max((s["end_ns"] for s',
        tests=("tests/loadgen/process/test_merge.py",),
    ),
    Mutation(
        name="a secret shows in hexadecimal",
        path="records/secrets/redaction.py",
        old="for form in _forms(one)}",
        new="for form in [one]}",
        tests=("tests/records",),
    ),
    Mutation(
        name="users that wait between requests pass",
        path="workloads/checks/load.py",
        old="    off = abs(rate * cycle_s / users - 1)\n",
        new="    off = max(0.0, rate * cycle_s / users - 1)\n",
        tests=("tests/workloads",),
    ),
    Mutation(
        name="times out of order are believed",
        path="workloads/checks/streams.py",
        old="pairwise(moments) if after < before]",
        new="pairwise(moments) if after > before + 10**15]",
        tests=("tests/workloads",),
    ),
    Mutation(
        name="a new process's CPU time counts since its start",
        path="profiler/sampling/sampler.py",
        old="before_s = 0.0 if 0 <= time.time() - process.create_time() <= over_s + 0.01 else cpu_s",
        new="before_s = 0.0",
        tests=("tests/profiler",),
    ),
    Mutation(
        name="a batch's first question gets no company",
        path="target_app/batching.py",
        old="for _ in range(min(MAX_BATCH, len(self._waiting)))]",
        new="for _ in range(min(1, len(self._waiting)))]",
        tests=("tests/target_app/test_batching.py",),
    ),
    Mutation(
        name="the knee's gaps are never filled in",
        path="sweep/choosing/knee.py",
        old="    if at > 0 and knee > WIDE_BELOW * valid[at - 1]:\n",
        new="    if at > 0 and knee > 10**6 * valid[at - 1]:\n",
        tests=("tests/sweep/choosing/test_knee.py",),
    ),
    Mutation(
        name="another seed, the same order",
        path="sweep/planning/plan.py",
        old='random.Random(f"{self.seed}/{cell.path}")',
        new='random.Random(f"{cell.path}")',
        tests=("tests/sweep/planning/test_plan.py",),
    ),
)


def copied(to: Path) -> None:
    """The tracked files, as they are in the working tree."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True, timeout=60
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)


def exit_code(root: Path, tests: Sequence[str], shown: int, limit_s: float = LIMIT_S) -> int:
    """pytest's exit code over those tests of that tree, which is shown there; FOUND if they do not end."""
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    environment = {**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1", "CI": "yes"}
    with subprocess.Popen(
        command, cwd=root, env=environment, stdout=shown, stderr=subprocess.STDOUT
    ) as process:
        try:
            return process.wait(limit_s)
        except subprocess.TimeoutExpired:
            process.kill()
            return FOUND


def judged(mutation: Mutation, root: Path) -> str:
    """``found``, or what is wrong instead."""
    path = root / mutation.path
    whole = path.read_text(encoding="utf-8")
    if whole.count(mutation.old) != 1:
        return f"stale: its text stands {whole.count(mutation.old)} times in {mutation.path}"
    path.write_text(whole.replace(mutation.old, mutation.new), encoding="utf-8")
    try:
        code = exit_code(root, mutation.tests, subprocess.DEVNULL)
    finally:
        path.write_text(whole, encoding="utf-8")
    return {FOUND: "found", PASSED: "MISSED"}.get(code, f"pytest could not run (exit {code})")


def main(names: Sequence[str]) -> int:
    wanted = [one for one in MUTATIONS if not names or one.name in names]
    if unknown := set(names) - {one.name for one in MUTATIONS}:
        print(f"error: no such mutation: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="mutations-") as folder:
        root = Path(folder)
        copied(root)
        every = sorted({test for one in wanted for test in one.tests})
        if exit_code(root, every, sys.stderr.fileno(), LIMIT_S * len(wanted)) != PASSED:
            print("error: the tests do not pass without a mutation either", file=sys.stderr)
            return 1
        verdicts = []
        for one in wanted:
            began = time.monotonic()
            verdicts.append(judged(one, root))
            print(f"{verdicts[-1]:7} {time.monotonic() - began:5.1f} s  {one.name}", flush=True)
    return 0 if set(verdicts) == {"found"} else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
