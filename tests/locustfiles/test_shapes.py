"""What all shapes share as commands: their options, and how they refuse what cannot be."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


def test_bad_input_is_one_line_and_exit_2(load: Any, trap: Any) -> None:
    """What else can be wrong with options tests/loadgen knows."""
    one = load("search", trap(lambda talk: None).url, "--slo", "ttft:5", "-t", "15s")
    assert one.wait() == 2, one.text
    [error] = [line for line in one.text.splitlines() if line.startswith("error: ")]
    assert "-t 15: a search takes 22 s at the least" in error
    assert "Traceback" not in one.text


def test_two_shapes_are_refused_in_one_line(start: Any) -> None:
    """Locust alone would run the first and say nothing of the other."""
    paths = ",".join(str(ROOT / "locustfiles" / f"{name}.py") for name in ("stream", "steps", "ramp"))
    one = start("locust", "-f", paths, "--headless", "-H", "http://127.0.0.1:1")
    assert one.wait() == 2, one.text
    assert one.text.splitlines() == ["error: a load has one shape, not 2: Ramp, Steps; leave one in -f"]


@pytest.mark.parametrize(("name", "options"), [
    ("steps", "--step-users --step-seconds --steps"), ("ramp", "--ramp-from --ramp-to --ramp-seconds"),
    ("search", "--slo --level-seconds --search-to --search-seconds"),
])  # fmt: skip
def test_the_options_are_explained(name: str, options: str) -> None:
    """By locust's parser once the file is loaded: `locust --help` itself ends before it loads one."""
    code = f"import locust, locustfiles.{name} as m; from locust.argument_parser import get_parser; "
    code += "get_parser().print_help(); print(m.__doc__)"
    shown = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, timeout=90, check=True
    ).stdout
    parser, _, doc = shown.partition(f"locustfiles/{name}.py")
    for option in options.split():
        assert re.search(rf"^  {option} \S+\s+{name.capitalize()}: \w+", parser, re.M), parser
        assert option in doc
