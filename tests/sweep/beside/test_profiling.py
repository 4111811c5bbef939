"""What looks on while a cell is measured has begun before the load, which may leave it no time to start."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sweep.beside import profiling, seen
from sweep.beside.ended import Ended
from sweep.deployments.protocol import Endpoint
from sweep.running import waiting
from sweep.running.cpus import Cpus
from sweep.running.ledger import Ledger
from sweep_world import plan_of

CPUS = Cpus(mode="auto", load=(0,), target=(1,), realtime=True)
ENDPOINT = Endpoint(base_url="http://127.0.0.1:9", pids=(7,))


class Slow:
    """A child that has made its file, or ended, when it is looked at the third time."""

    def __init__(self, file: Path | None) -> None:
        self._file, self._looks, self.done = file, 0, list[float]()

    def exit_code(self) -> int | None:
        self._looks += 1
        if self._looks < 3:
            return None
        if self._file is None:
            return 1
        self._file.touch()
        return None

    def was_killed(self) -> bool:
        return False

    def finish(self, seconds: float) -> None:
        self.done.append(seconds)


@pytest.fixture
def starting(monkeypatch: pytest.MonkeyPatch) -> Callable[[Slow], None]:
    def start(child: Slow) -> None:
        for module in (profiling, seen):
            monkeypatch.setattr(module, "Child", lambda *_, **__: child)

    monkeypatch.setattr(waiting, "_POLL_SECONDS", 0)
    return start


def profiled(folder: Path, ended: Ended | None = None) -> Any:
    ledger, ended = Ledger(folder / "l"), ended or Ended()
    return profiling.profiling(
        plan_of("local"), ENDPOINT, output=folder / ".c.profile.json", log=folder / "log", seconds=5,
        ledger=ledger, cpus=CPUS, ended=ended,
    )  # fmt: skip


def stacked(folder: Path) -> Any:
    ledger = Ledger(folder / "l")
    plan = plan_of("local", stacks=True)
    return seen.taking_stacks(plan, ENDPOINT, folder / "stacks", folder / "log", ledger, CPUS, Ended())


@pytest.mark.parametrize(("within", "name", "seconds"), [
    (profiled, ".c.profile.jsonl", 5.0), (stacked, "stacks", 0.0),  # which has nothing left to write
])  # fmt: skip
def test_it_is_waited_for_before_the_load_and_ended_after_it(
    within: Callable[[Path], Any], name: str, seconds: float, tmp_path: Path,
    starting: Callable[[Slow], None],
) -> None:  # fmt: skip
    starting(child := Slow(tmp_path / name))
    with within(tmp_path):
        assert (tmp_path / name).exists()
        assert not child.done
    assert child.done == [seconds]


@pytest.mark.parametrize("within", [profiled, stacked])
def test_the_load_begins_without_one_that_ended(
    within: Callable[[Path], Any], tmp_path: Path, starting: Callable[[Slow], None]
) -> None:
    starting(Slow(None))
    with within(tmp_path):
        pass


def test_of_one_that_was_killed_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, starting: Callable[[Slow], None]
) -> None:
    starting(child := Slow(tmp_path / ".c.profile.jsonl"))
    monkeypatch.setattr(child, "was_killed", lambda: True)
    monkeypatch.setattr(child, "how_ended", lambda: "was killed by SIGKILL", raising=False)
    with profiled(tmp_path, ended := Ended()):
        pass
    assert ended.watchers == ["the profiler was killed by SIGKILL"]


def test_a_short_cell_is_sampled_more_often() -> None:
    paces = {longest: profiling.interval_s(plan_of(max_seconds=longest)) for longest in (1, 4, 6, 8, 600)}
    assert paces == {1: 0.5, 4: 0.5, 6: 0.75, 8: 1.0, 600: 1.0}
