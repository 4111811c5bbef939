"""Evidence that a sweep was to keep and that is gone, or not of the cell's time, is named."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from records.evidence.expected import expected_files
from records.files import write_json
from reported import analysed, words
from reports.analysis.analysis import Analysis
from reports.analysis.of_missing import Missing, Partial
from reports.findings.catalogue import diagnosis

ALL = ("inside", "probes", "scrape", "otlp", "stacks", "dial")
OF_ANY = {"probes.jsonl", "profile.scraped.jsonl"}
FILES = OF_ANY | {"inside.jsonl", "profile.jsonl", "spans.jsonl", "stacks.jsonl", "dial.jsonl"}
HEAVY, LIGHT = [f"it/as-is/c08-r{n}" for n in (1, 2)], ["it/as-is/c01-r1", "it/as-is/c01-r2"]
Damage = Callable[[Path], None]


def plan(spec: str, *keys: str) -> dict[str, Any]:
    return {"targets": [{"label": "it", "spec": spec}], **{key: key in keys for key in ALL}}


@pytest.mark.parametrize(("spec", "files"), [
    ("run:uvicorn a:b", FILES), *((kind, FILES) for kind in ("local", "local-equal-cpu", "pod", "podman:o")),
    ("url:http://h", OF_ANY), ("k8s:a/b/c,via=forward", OF_ANY),
    ("k8s:a/b/c,port=8", {"profile.scraped.jsonl"}), ("k8s:a/b/c,via=pod,load=here", OF_ANY),
])  # fmt: skip
def test_a_plan_says_what_is_kept_of_what_it_starts(spec: str, files: set[str]) -> None:
    assert set(expected_files(plan(spec, *ALL), "it")) == files
    assert set(expected_files(plan(spec), "it")) == ({"profile.jsonl"} if "inside.jsonl" in files else set())
    assert not {
        *expected_files(None, "it"),
        *expected_files({"targets": [1]}, "it"),
        *expected_files({}, "it"),
    }


@pytest.fixture
def swept(made: Any, tmp_path: Path) -> Callable[..., Analysis]:
    """1 and 8 users, each twice and seen ten times a second, once ``damage`` was done to ``cells``."""

    def run(damage: Damage, cells: list[str], spec: str = "run:a") -> Analysis:
        rates = {1: 10.0, 8: 12.0}
        specs = [
            made.spec(deployment="it", config="as-is", concurrency=n, repeat=r, rps=rps)
            for n, rps in rates.items()
            for r in (1, 2)
        ]
        made.run(tmp_path / "run", specs, plan=plan(spec, "inside"))
        for one in specs:
            start = made.start_ns + (one.repeat - 1) * 3_600_000_000_000
            waits = [
                {"of": "request", "kind": "socket-read", "at": "a", "where": "", "count": one.concurrency}
            ]
            sample = {
                "pid": 1, "requests": one.concurrency, "others": 0, "server": 1, "groups": waits, "loops": [],
                "executors": [], "threads": {"count": 1, "groups": []},
                "gc": {"collections": 0, "ms": 0, "longest_ms": 0},
                "errors": 0, "took_us": 9, "profiler": {}, "system": {}, "processes": {},
            }  # fmt: skip
            text = b"".join(
                orjson.dumps({**sample, "at_ns": start + i * 100_000_000}) + b"\n" for i in range(50)
            )
            for name in ("inside.jsonl", "profile.jsonl"):
                (tmp_path / "run/cells" / one.name / name).write_bytes(text)
        for name in cells:
            damage(tmp_path / "run/cells" / name)
        return analysed(tmp_path / "run")

    return run


def gone(name: str) -> Damage:
    return lambda cell: (cell / name).unlink()


def kept(begin: int, end: int) -> Damage:
    """These lines alone."""

    def cut(cell: Path) -> None:
        lines = (cell / "inside.jsonl").read_bytes().splitlines(keepends=True)
        (cell / "inside.jsonl").write_bytes(b"".join(lines[begin:end]))

    return cut


def of_another(cell: Path) -> None:
    text = (cell.parent / "c01-r2/inside.jsonl").read_bytes()
    (cell / "inside.jsonl").write_bytes(text)


@pytest.mark.parametrize(("damage", "cells", "kind", "file"), [
    (gone("inside.jsonl"), HEAVY, Missing, "inside.jsonl"),
    (gone("inside.jsonl"), HEAVY[1:], Missing, "inside.jsonl"),
    (gone("inside.jsonl"), LIGHT, Missing, "inside.jsonl"),
    (gone("profile.jsonl"), HEAVY, Missing, "profile.jsonl"),
    (kept(20, 50), HEAVY, Partial, "inside.jsonl"), (kept(0, 20), LIGHT[:1], Partial, "inside.jsonl"),
    (kept(0, 0), HEAVY, Partial, "inside.jsonl"), (of_another, HEAVY[:1], Partial, "inside.jsonl"),
])  # fmt: skip
def test_what_is_lost_is_named_with_its_cells(
    swept: Any, damage: Damage, cells: list[str], kind: Any, file: str
) -> None:
    analysis = swept(damage, cells)
    [note] = (*analysis.noted(Missing), *analysis.noted(Partial))
    assert (type(note), note.file, set(note.cells)) == (kind, file, set(cells))
    said = " is missing, which" if kind is Missing else "says nothing of up to"
    assert said in words(analysis)


def test_nothing_is_said_of_what_is_whole_or_can_be_read_elsewhere(swept: Any) -> None:
    def as_document(cell: Path) -> None:
        lines = map(orjson.loads, (cell / "profile.jsonl").read_bytes().splitlines())
        write_json(cell / "profile.json", {"data_points": list(lines)})
        (cell / "profile.jsonl").unlink()

    analysis = swept(as_document, HEAVY)
    assert not (*analysis.noted(Missing), *analysis.noted(Partial))


@pytest.mark.parametrize(("damage", "cells", "spec", "advice"), [
    (gone("inside.jsonl"), HEAVY, "run:a", "measure these loads again: a part of"),
    (gone("inside.jsonl"), LIGHT, "run:a", "measure these loads again: a part of"),
    (kept(0, 0), [*HEAVY, *LIGHT], "run:a", "have the sweep take stacks"),
    (gone("inside.jsonl"), [*HEAVY, *LIGHT], "url:http://h", "start the service by the sweep"),
])  # fmt: skip
def test_the_advice_is_by_why_nothing_is_known(
    swept: Any, damage: Damage, cells: list[str], spec: str, advice: str
) -> None:
    """Nor is all that is seen at one load more than at another of which nothing is."""
    [found] = [one for one in diagnosis(swept(damage, cells, spec)) if one.binds == "throughput"]
    assert found.code == "unknown"
    assert found.advice.startswith(f"To see where its requests wait, {advice}")
