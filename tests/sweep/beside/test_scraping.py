"""Whom the profiler of a cell is told to ask."""

from pathlib import Path
from typing import Any

import pytest

from records.cells.point import Point
from records.services.variants import Variant
from sweep.beside.ended import Ended as Gone
from sweep.beside.scraping import check_scrapes, scrape_words
from sweep.deployments.protocol import Endpoint
from sweep.measuring import cell
from sweep.measuring.cell import Workplace
from sweep.measuring.parts import collect
from sweep.planning.cell_key import CellKey
from sweep.planning.options import parse_targets
from sweep.planning.plan import Plan
from sweep.running.cpus import Cpus
from sweep.running.errors import UsageError
from sweep.running.processes import Ledger


def plan(*scrape: str) -> Plan:
    targets, variants = parse_targets(["url:http://h:9"]), (Variant(name="as-is"),)
    return Plan(name="t", targets=targets, variants=variants, levels=(2,), auto=False, scrape=scrape)


def test_the_target_s_own_is_asked_where_it_is_known_and_others_are_found_from_it() -> None:
    silent = Endpoint(base_url="http://h:9/")
    telling = Endpoint(base_url="http://h:9", metrics="http://h:9/metrics")
    assert scrape_words(plan(), silent) == []
    assert scrape_words(plan(), telling) == ["--scrape", "app=http://h:9/metrics"]
    llm, mine = "llm=http://l/metrics#a,b", "app={target}/stats"
    assert scrape_words(plan(llm), telling) == ["--scrape", llm, "--scrape", "app=http://h:9/metrics"]
    assert scrape_words(plan(mine), silent) == ["--scrape", "app=http://h:9/stats"]
    assert scrape_words(plan(mine), telling) == ["--scrape", "app=http://h:9/stats"]


@pytest.mark.parametrize("texts", [["x"], ["x=ftp://h"], ["x={target}/a", "x=http://h"], ["x=http://a:b@h"]])
def test_what_cannot_be_scraped_is_refused_before_anything_starts(texts: list[str]) -> None:
    with pytest.raises(UsageError, match="--scrape"):
        check_scrapes(texts)
    check_scrapes(["x={target}/metrics#a*", "y=https://h"])


def test_a_plan_is_read_with_what_it_scrapes() -> None:
    whole = plan("x={target}/metrics")
    assert Plan.from_json(whole.to_json()) == whole
    older = {name: value for name, value in whole.to_json().items() if name != "scrape"}
    assert Plan.from_json(older).scrape == ()


@pytest.mark.parametrize(("pids", "kept"), [((), False), ((7,), True)])
def test_of_a_service_elsewhere_only_what_it_says_is_kept(
    pids: tuple[int, ...], kept: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the profiler saw beside it is the load's own machine, and would be taken for the service's."""
    started: list[list[str]] = []

    class Ended:
        def __init__(self, argv: list[str], log: Path, **_: Any) -> None:
            started.append(argv)
            for name in ("profile.jsonl", "profile.scraped.jsonl"):
                log.with_name(f".cell.{name}").write_text("{}\n")

        def wait(self, _: float) -> int:
            return 0

        def was_killed(self) -> bool:
            return False

        def interrupt(self) -> None: ...
        def stop(self) -> None: ...

    monkeypatch.setattr(cell, "Child", Ended)
    monkeypatch.setattr(Workplace, "folder", lambda *_: tmp_path / "cell")
    divided = Cpus(mode="shared", load=(0,), target=(0,))
    place = Workplace(
        run=tmp_path, plan=plan("x=http://h"), ledger=Ledger(tmp_path / "l"), llm=None, cpus=divided
    )
    key = CellKey(deployment="h-9", config="as-is", point=Point.of_users(2), repeat=1)
    cell._load(place, key, Endpoint(base_url="http://h:9", pids=pids), Gone())
    assert [w for w in started[0] if "scrape" in w or w == "x=http://h"] == ["--scrape", "x=http://h"]
    (tmp_path / "cell").mkdir()
    collect(tmp_path / "cell")
    found = {path.name for path in (tmp_path / "cell").iterdir()}
    assert found == {"profile.scraped.jsonl"} | ({"profile.jsonl"} if kept else set())
