"""Findings are values; the renderer alone words them. The one that the documentation shows is found."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest

from reported import head, what_this_says
from reports.analysis.subject import Subject
from reports.as_json.results import results_json
from reports.blocks import blocks
from reports.document.render import markdown
from reports.findings import catalogue
from reports.findings.common.finding import Effect, Evidence, Finding
from reports.words.headline import LINES
from support import ROOT

EFFECT = {"figure": "RPS", "unit": "", "now": 20.0, "mended": 45.0, "low": 40.0, "high": 50.0}
EVIDENCE = ({"figure": "CPU", "value": 99.5, "unit": "%"}, {"figure": "cores", "value": 1, "unit": ""})


def finder(*found: tuple[str, Any, Any]) -> Any:
    """Finds these: code, severity, confidence."""
    return lambda analysis: (
        Finding(
            code=code, about=Subject.of(analysis.levels[0]), binds="throughput", confidence=confidence,
            severity=severity, effect=Effect(**EFFECT), evidence=tuple(Evidence(**one) for one in EVIDENCE),
            advice="Give it a second core",
        )
        for code, severity, confidence in found
    )  # fmt: skip


@pytest.fixture
def found(monkeypatch: pytest.MonkeyPatch, made: Any, of: Any) -> Any:
    """A report with three findings of two finders, the most important last, and those of ``more``."""
    small = finder(("some-lock", "low", "shown"), ("slow-disk", "high", "possible"))
    great = finder(("one-core", "high", "shown"))

    def analysis(*more: Any) -> Any:
        monkeypatch.setattr(catalogue, "FINDERS", (small, great, *more))
        return of(made.spec())

    return analysis


def test_without_finders_it_is_unknown(made: Any, of: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(catalogue, "FINDERS", ())
    analysis = of(made.spec())
    [one] = results_json(analysis)["findings"]
    assert (one["code"], one["binds"], one["severity"]) == ("unknown", "nothing", "info")
    assert "unknown" not in head(analysis)
    assert "local/baseline at 10 users: whether it scales is not known" in markdown(blocks(analysis), "t")


def test_all_forms_of_a_report_are_of_one_diagnosis(found: Any) -> None:
    asked: list[Any] = []
    analysis = found(lambda analysis: asked.append(analysis) or ())
    assert len(results_json(analysis)["findings"]) == len(what_this_says(analysis)[:3]) == 3
    assert blocks(analysis)
    assert asked == [analysis]


def test_a_report_begins_with_what_was_found_the_worst_first(found: Any) -> None:
    analysis = found()
    first, second, third, *others = what_this_says(analysis)
    assert first == (
        "local/baseline at 10 users: one core. It holds throughput down: 20.0 RPS now, 45.0 (40.0-50.0) once "
        "it is fixed. How sure: shown (chance and other causes are excluded). What to do: give it a second "
        "core."
    )
    assert second.startswith("local/baseline at 10 users: slow disk (possible")
    assert third.startswith("local/baseline at 10 users: some lock (shown")
    assert others[0] == "The cell (a measurement) is valid."
    text = markdown(blocks(analysis), "t")
    assert text.index("## What was found, and what it rests on") > text.index("## local: baseline")
    below = text.partition("## What was found, and what it rests on\n\n")[2].splitlines()
    assert below[:2] == [  # a finding that is above in full has its evidence alone
        "- local/baseline at 10 users: one core, as said above.", "  - Evidence: CPU: 99.5 %; cores: 1."
    ]  # fmt: skip
    assert below[2].startswith("- local/baseline at 10 users: slow disk. It holds throughput down: 20.0 RPS")
    assert below[3:5] == [below[1], "  - What to do: give it a second core."]  # above it is in short
    assert analysis.exit_code == 0
    written = json.loads(orjson.dumps(results_json(analysis)))
    assert [one["code"] for one in written["findings"]] == ["one-core", "slow-disk", "some-lock"]
    point = {"concurrency": 10, "load": "10", "point": {"users": 10}}
    assert written["findings"][0] == {
        "code": "one-core", "about": {"deployment": "local", "config": "baseline", **point}, "where": "",
        "binds": "throughput", "confidence": "shown", "severity": "high", "effect": EFFECT,
        "evidence": list(EVIDENCE), "advice": "Give it a second core",
    }  # fmt: skip
    assert written["says"] == what_this_says(analysis)


def test_the_first_finding_is_said_however_little_room_there_is(found: Any) -> None:
    lines = what_this_says(found(finder(*((f"lock-{n}", "low", "possible") for n in range(20)))))
    assert "one core" in lines[0]
    assert lines[0].endswith("What to do: give it a second core.")
    assert len(lines) <= LINES
    assert "Findings below: 20 more." in lines


def test_the_documents_finder_is_one_file_and_one_line_in_the_catalogue(made: Any, tmp_path: Path) -> None:
    for room in ("records", "workloads", "reports"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    text = (ROOT / "docs" / "adding-a-finding.md").read_text()
    [(name, code)] = re.findall(r"`([a-z_/]+\.py)`:\n\n```python\n(.*?)```", text, re.DOTALL)
    assert not (tmp_path / name).exists(), f"{name} is no new file"
    (tmp_path / name).write_text(code)
    [(name, diff)] = re.findall(r"`([a-z_/]+\.py)`:\n\n```diff\n(.*?)```", text, re.DOTALL)
    (tmp_path / name).write_text(patched((tmp_path / name).read_text(), diff))
    slow = (900.0, *[100.0] * 99)
    loads = [made.spec(ttfts=slow, concurrency=n, repeat=r, late_s=n) for n in (1, 10) for r in (1, 2)]
    even = [made.spec(config="even", concurrency=n, late_s=60.0 + n) for n in (1, 10)]
    run = made.run(tmp_path / "run", [*loads, *even])
    done = subprocess.run(
        [sys.executable, "-m", "reports", "run", "--json"], cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    [one] = (f for f in json.loads(done.stdout)["findings"] if f["code"] == "slow-first-request")
    assert one["about"] == {"deployment": "local", "config": "baseline"}
    assert (one["effect"]["now"], one["effect"]["mended"]) == (900.0, 100.0)
    assert one["evidence"][0] == {"figure": "first requests", "value": 4, "unit": ""}
    quoted = " ".join(line.removeprefix("> ") for line in re.findall(r"^> .*$", text, re.MULTILINE))
    shown, said = (re.sub(r" \([\d.-]+\)", "", x) for x in (quoted, (run / "report.md").read_text()))
    assert "load models and open connections before" in shown
    assert shown in said


def patched(text: str, diff: str) -> str:
    """With the diff's lines, each of whose old ones is there once."""
    for kind, old, added in re.findall(r"([ -])(.*\n)((?:\+.*\n)*)", diff):
        assert text.count(old) == 1, old
        text = text.replace(old, (old if kind == " " else "") + re.sub(r"(?m)^\+", "", added))
    return text
