"""The case study: is the cause found in a published app, and does its own fix gain what was predicted?

A small service on the retrieval of Open WebUI 0.6.41, whose external reranker blocked the event loop
(open-webui#19900), is measured and diagnosed; then the version that mended it (#20049) is measured beside it,
in turns. Each version gets an environment of its own in --output. What is kept there is not done again; a
sweep that told nothing, as on a machine that was too busy, is. Exit 1 if the cause, its line or
its gain is not as docs/case-study.md says it is.

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
from collections.abc import Callable, Iterator, Sequence
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
Told = Callable[[dict[str, Any]], dict[str, Any] | None]
"""What a sweep's results tell of what it was for; None: nothing."""
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


def sweep(output: Path, name: str, fresh: Sequence[str], environment: dict[str, str], told: Told) -> Path:
    """The results of that sweep; what an earlier one left out is measured, and one that has come to its end
    without being ``told`` what it was for is left as it is, and begun anew. Raises Failed."""
    known = sorted(output.glob(f"*-{name}"))
    again = known and (read_json(known[-1] / "run.json")["status"] != "complete" or told(results(known[-1])))
    argv = [sys.executable, "-m", "sweep", *(["--resume", str(known[-1])] if again else fresh)]
    code = subprocess.run(argv, cwd=ROOT, env=environment).returncode
    found = sorted(output.glob(f"*-{name}"))
    if code not in (0, 3) or not found:
        raise Failed(f"the sweep {name} ended with {code}")
    return found[-1]


def results(folder: Path) -> dict[str, Any]:
    written: dict[str, Any] = read_json(folder / "systematic_results.json")
    return written


def cause(first: dict[str, Any]) -> dict[str, Any] | None:
    """The first finding, where it is the one of docs/case-study.md."""
    finding: dict[str, Any] = next(iter(first.get("findings") or ()), {"code": "", "where": ""})
    return finding if finding["code"] == CODE and LINE in finding["where"] else None


def gain(tried: dict[str, Any]) -> dict[str, Any] | None:
    """The fix that was tried, where what it gains can be told from noise."""
    fix: dict[str, Any] = next(iter(tried.get("fixes") or ()), {"rps": None})
    rps = fix["rps"]
    return fix if rps is not None and rps["low"] is not None and rps["low"] > 1 else None


def measure(output: Path) -> Iterator[str]:
    """Measures both, and says what came of each. Raises Failed, CalledProcessError."""
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
        found = sweep(output, DIAGNOSIS, first, environment, cause)
        if (finding := cause(results(found))) is None:
            raise Failed(f"not as docs/case-study.md says: another cause is first, or none. {again(found)}")
        at = f"{finding['code']} at {finding['where']}"
        yield f"cause: {at} ({finding['confidence']}), by {found}/report.md"
        fix = ["--try-fixes", str(found), "--fix", f"{CODE}:OPEN_WEBUI={AFTER}", "--output", str(output)]
        tried = sweep(output, f"{DIAGNOSIS}-fixes", fix, environment, gain)
        if (gained := gain(results(tried))) is None:
            raise Failed(f"not as docs/case-study.md says: no gain can be told from noise. {again(tried)}")
        yield f"predicted: {spread(gained['predicted'])} times the answers a second once it is mended"
        yield f"measured: {spread(gained['rps'])} times, of Open WebUI {AFTER}, by {tried}/report.md"


def again(folder: Path) -> str:
    """How many cells could be believed, and what to do."""
    valid = [cell["valid"] for cell in results(folder)["verdicts"]]
    return (
        f"{sum(valid)} of {len(valid)} cells are valid ({folder}/report.md); called again, it measures anew"
    )


def spread(gained: dict[str, float | None]) -> str:
    value, low, high = gained["value"], gained["low"], gained["high"]
    return f"{value:.2f}" if low is None or high is None else f"{value:.2f} ({low:.2f}-{high:.2f})"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("results/case-study"), metavar="DIR")
    output = parser.parse_args().output.resolve()
    output.mkdir(parents=True, exist_ok=True)
    said = []
    try:
        for line in measure(output):
            said.append(line)
    except (Failed, subprocess.CalledProcessError, OSError) as error:
        said.append(f"error: {error}")
        return 1
    finally:  # below both reports, which are long
        print("", *said, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
