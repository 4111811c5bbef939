"""The case study: is the cause found in a published app, and does its own fix gain what was predicted?

A small service on the retrieval of Open WebUI 0.6.41, whose external reranker blocked the event loop
(open-webui#19900), is measured and diagnosed; then the version that mended it (#20049) is measured beside it,
in turns. Each version gets an environment of its own in --output. What is kept there is not done again.
Exit 1 if the cause, its line or its gain is not as docs/case-study.md says it is.

python benchmarks/case.py [--output DIR]
"""

from __future__ import annotations

import argparse
import os
import shlex
import signal
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # runs from a clone that is not installed too

from plants.sweeping import Failed, server  # noqa: E402

from records.files import read_json  # noqa: E402
from sweep.running.processes import free_port  # noqa: E402

HERE = Path(__file__).resolve().parent / "case_study"
BEFORE, AFTER = "0.6.41", "0.6.43"
USERS, REPEATS = 20, 4
CODE, LINE = "event-loop-blocked", "open_webui/retrieval/models/external.py:52"
DIAGNOSIS = "diagnosis"
INSTALLED = ".installed"
LOAD = ("--", "--dialect", "openai", "--llm-model", "made-up")

signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that a timeout, too, ends the servers


def install(folder: Path, version: str) -> None:
    """That version of Open WebUI and what its retrieval imports: all of it would bring torch, too.
    Raises CalledProcessError."""
    home = folder / version
    if (home / INSTALLED).exists():
        return
    print(f"installing what Open WebUI {version} retrieves with", flush=True)
    venv.create(home, with_pip=True, clear=True)
    pip = [str(home / "bin" / "pip"), "install", "--quiet", "--no-deps"]
    subprocess.run([*pip, "-r", str(HERE / f"requirements-{version}.txt")], check=True)
    (home / INSTALLED).touch()


def sweep(output: Path, name: str, fresh: Sequence[str], environment: dict[str, str]) -> Path:
    """The results of that sweep; what an earlier one left out is measured. Raises Failed."""
    known = sorted(output.glob(f"*-{name}"))
    argv = [sys.executable, "-m", "sweep", *(["--resume", str(known[-1])] if known else fresh)]
    code = subprocess.run(argv, cwd=ROOT, env=environment).returncode
    found = sorted(output.glob(f"*-{name}"))
    if code not in (0, 3) or not found:
        raise Failed(f"the sweep {name} ended with {code}")
    return found[-1]


def measure(output: Path) -> dict[str, Any]:
    """What the second sweep comes to. Raises Failed, CalledProcessError."""
    for version in (BEFORE, AFTER):
        install(output / "versions", version)
    port = free_port()
    environment = {
        **os.environ,
        "CASE_STUDY": str(output / "versions"),
        "MODELS_URL": f"http://127.0.0.1:{port}",
        "PYTHONPATH": str(ROOT),
    }
    environment.pop("OPENAI_BASE_URL", None)  # the sweep's own
    python = shlex.quote(sys.executable)
    app = f"rag=run:{python} {shlex.quote(str(HERE / 'start.py'))} {{port}}"
    first = ["--name", DIAGNOSIS, "--output", str(output), "--deployment", app, "--ready-path", "/health"]
    first += ["--config", f"before:OPEN_WEBUI={BEFORE}", "--concurrency", f"1,{USERS}"]
    first += ["--repeats", str(REPEATS), *LOAD]
    with server([str(HERE / "models.py"), str(port)], port, output, "models"):
        found = sweep(output, DIAGNOSIS, first, environment)
        fix = ["--try-fixes", str(found), "--fix", f"{CODE}:OPEN_WEBUI={AFTER}", "--output", str(output)]
        tried = sweep(output, f"{DIAGNOSIS}-fixes", fix, environment)
    return {
        "first": read_json(found / "systematic_results.json"),
        "tried": read_json(tried / "systematic_results.json"),
    }


def complaints(results: dict[str, Any]) -> list[str]:
    """What is not as the page says."""
    findings = results["first"].get("findings") or [{"code": "nothing", "where": ""}]
    first, wrong = findings[0], []
    if first["code"] != CODE or LINE not in first["where"]:
        wrong.append(f"the first finding is {first['code']} at {first['where'] or 'no line'}")
    fixes = results["tried"].get("fixes") or [{"rps": None}]
    gained = fixes[0]["rps"]
    if gained is None or gained["low"] is None or gained["low"] <= 1:
        wrong.append("the fix gained nothing that can be told from noise")
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("results/case-study"), metavar="DIR")
    output = parser.parse_args().output.resolve()
    output.mkdir(parents=True, exist_ok=True)
    try:
        wrong = complaints(measure(output))
    except (Failed, subprocess.CalledProcessError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    for line in wrong:
        print(f"not as docs/case-study.md says: {line}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
