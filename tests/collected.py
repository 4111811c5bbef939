"""Programs into which the collector comes by their environment alone, and what it wrote of them."""

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import profiler.inside

SITE = Path(profiler.inside.__file__).parent / "site"
LIMIT_S = 60
Line = dict[str, Any]


def environment(kept: Path, *more: Path, **variables: str) -> dict[str, str]:
    own = {name: text for name, text in os.environ.items() if not name.startswith("COVERAGE")}
    inside = {"CHOKEPOINT_INSIDE": str(kept), "CHOKEPOINT_INSIDE_MS": "5"}
    return {**own, **inside, "PYTHONPATH": os.pathsep.join(map(str, [SITE, *more])), **variables}


def ran(program: str, kept: Path, *more: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-c", textwrap.dedent(program)]
    env = environment(kept, *more, **variables)
    return subprocess.run(argv, env=env, capture_output=True, text=True, timeout=LIMIT_S)


def ran_well(program: str, kept: Path, **variables: str) -> str:
    told = ran(program, kept, **variables)
    assert (told.stderr, told.returncode) == ("", 0)
    return told.stdout


def lines(kept: Path) -> list[Line]:
    whole = [path.read_text().rpartition("\n")[0] for path in kept.iterdir()]
    return [json.loads(line) for text in whole for line in text.splitlines()]


UNTIL = """
    import json, os, time
    def until(told):
        "Until a line of this process's tells it."
        ends = time.monotonic() + 60
        path = os.path.join(os.environ["CHOKEPOINT_INSIDE"], f"{os.getpid()}.jsonl")
        while time.monotonic() < ends:
            if os.path.exists(path):
                whole = open(path).read().rpartition("\\n")[0]
                if any(told(json.loads(line)) for line in whole.splitlines()):
                    return
            time.sleep(0.005)
        os._exit(9)
"""
