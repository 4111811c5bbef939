"""Whom the profiler of a cell is told to ask."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sweep.beside import profiling
from sweep.beside.ended import Ended as Gone
from sweep.beside.scraping import check_scrapes, scrape_words
from sweep.deployments.protocol import Endpoint
from sweep.measuring import cell
from sweep.measuring.parts import collect
from sweep.measuring.workplace import Workplace
from sweep.planning.plan import Plan
from sweep.running.errors import UsageError
from sweep_world import key_of, plan_of


def plan(*scrape: str) -> Plan:
    return plan_of("url:http://h:9", levels=(2,), scrape=scrape)


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


@pytest.mark.parametrize(("pids", "kept"), [((), False), ((7,), True)])
def test_of_a_service_elsewhere_only_what_it_says_is_kept(
    pids: tuple[int, ...], kept: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place_of: Any
) -> None:
    """What the profiler saw beside it is the load's own machine, and would be taken for the service's."""
    started: list[list[str]] = []

    def ended(argv: list[str], log: Path, **_: Any) -> Any:
        started.append(argv)
        for name in ("profile.jsonl", "profile.scraped.jsonl"):
            log.with_name(f".cell.{name}").write_text("{}\n")
        return SimpleNamespace(
            wait=lambda _: 0,
            exit_code=lambda: 0,
            was_killed=lambda: False,
            finish=lambda _: None,
            stop=lambda: None,
        )

    monkeypatch.setattr(cell, "Child", ended)
    monkeypatch.setattr(profiling, "Child", ended)
    monkeypatch.setattr(Workplace, "folder", lambda *_: tmp_path / "cell")
    endpoint = Endpoint(base_url="http://h:9", pids=pids)
    cell._load(place_of(plan("x=http://h")), key_of(deployment="h-9"), endpoint, Gone())
    assert [w for w in started[0] if "scrape" in w or w == "x=http://h"] == ["--scrape", "x=http://h"]
    (tmp_path / "cell").mkdir()
    collect(tmp_path / "cell")
    found = {path.name for path in (tmp_path / "cell").iterdir()}
    assert found == {"profile.scraped.jsonl"} | ({"profile.jsonl"} if kept else set())
