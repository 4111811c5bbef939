"""A headless load ends with what to do about its failures, and on a terminal with what comes next."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from loadgen.adapter.last_lines import RequestFailed, last_lines
from records.cells.cell import Cell


def _run(**more: Any) -> Any:
    wanted = SimpleNamespace(headers={"Authorization": "Bearer x"})
    task = SimpleNamespace(fields=["model", "stream"], facts=dict)
    return SimpleNamespace(settings=wanted, task=task, finished=None, cell=None, **more)


def _stats(*errors: tuple[object, int]) -> Any:
    shown = {n: SimpleNamespace(error=error, occurrences=count) for n, (error, count) in enumerate(errors)}
    return SimpleNamespace(errors=shown, total=SimpleNamespace(num_failures=9, num_requests=10))


REFUSED = RequestFailed('http_error: HTTP 401 it\'s "no"; sorry')


@pytest.mark.parametrize("error", [REFUSED, repr(REFUSED)])  # in one process, and in a master
def test_without_records_failures_have_their_advice_all_the_same(error: object) -> None:
    other = (ValueError("of a locustfile"), 9), (RequestFailed("timeout: slow"), 2)
    [line] = last_lines(_run(), _stats(*other, (error, 7)), terminal=True)
    assert line.startswith('9 of 10 requests failed (7 times: HTTP 401 it\'s "no"; sorry); the key in Auth')
    assert "--key-header" in line


def test_where_nothing_failed_nothing_is_said() -> None:
    assert list(last_lines(_run(), _stats(), terminal=True)) == []


def test_the_next_step_is_named_on_a_terminal_alone() -> None:
    run = _run()
    run.finished = SimpleNamespace(cell=Cell(deployment="d", config="c", concurrency=1, repeat=1))
    run.cell = SimpleNamespace(folder=Path("results/my run"))
    assert len(list(last_lines(run, _stats(), terminal=False))) == 1
    assert list(last_lines(run, _stats(), terminal=True))[-1] == "Now: report 'results/my run'"
