"""How often the collector looks, by clocks of its own."""

import pytest

from profiler.inside.collector import pace
from profiler.inside.collector.pace import OF_CORE, OF_PROCESS, SELDOM_S, Pace

CELL_S = 8.0


class Clocks:
    """Of a process that uses so many cores, in which a look costs so many seconds of CPU."""

    def __init__(self, used: float, look_s: float) -> None:
        self.now_s, self.cpu_s, self.thread_s = 1e3, 50.0, 0.0
        self._used, self._look_s = used, look_s

    def monotonic(self) -> float:
        return self.now_s

    def process_time(self) -> float:
        return self.cpu_s

    def thread_time(self) -> float:
        return self.thread_s

    def look(self) -> None:
        self.thread_s += self._look_s
        self.pause(2 * self._look_s)  # it waits for the interpreter, too

    def pause(self, seconds: float) -> None:
        self.now_s += seconds
        self.cpu_s += seconds * self._used


@pytest.mark.parametrize(("used", "look_s", "looks_a_second"), [
    (1.0, 0.0001, 10.0),  # a full core, some requests: as often as wanted
    (1.0, 0.00024, 5.0),  # more of them, or a slow machine: its share of the process's
    (1.0, 0.0015, 3.0),  # many of them: often enough for the diagnosis,
    (1.0, 0.003, 2.0),  # but never more than its share of a core
    (4.0, 0.0015, 3.2),  # whatever the process uses
    (1.0, 0.03, 0.2),  # thousands: however seldom
    (0.05, 0.000006, 10.0), (0.05, 0.000012, 5.0),  # an idle process: its share of that,
    (0.05, 0.0003, 3.0), (0.0, 0.0003, 3.0),  # but often enough for the diagnosis of a light load
])  # fmt: skip
def test_a_look_takes_its_share_and_a_light_load_is_seen_all_the_same(
    monkeypatch: pytest.MonkeyPatch, used: float, look_s: float, looks_a_second: float
) -> None:
    clocks, looking, looks = Clocks(used, look_s), Pace(0.1), 20_000
    monkeypatch.setattr(pace, "time", clocks)
    looking.begins()
    looking.pause_s()
    began_s = clocks.now_s
    for _ in range(looks):
        looking.begins()
        clocks.look()
        clocks.pause(looking.pause_s())
    over_s = clocks.now_s - began_s
    assert looks / over_s == pytest.approx(looks_a_second, rel=0.02)
    share = looks * look_s / over_s
    assert share <= 1.01 * OF_CORE
    seldom = CELL_S / SELDOM_S
    assert share <= 1.02 * OF_PROCESS * used or looks / over_s * CELL_S <= 1.02 * seldom
    assert looks / over_s * CELL_S >= 0.98 * seldom or share >= 0.98 * OF_CORE


def test_who_wants_to_look_seldom_looks_no_more_often(monkeypatch: pytest.MonkeyPatch) -> None:
    clocks, looking, pauses_s = Clocks(0.05, 0.0003), Pace(1.0), []
    monkeypatch.setattr(pace, "time", clocks)
    for _ in range(2_000):
        looking.begins()
        clocks.look()
        pauses_s.append(looking.pause_s() + 0.0006)
    assert sum(pauses_s) / len(pauses_s) == pytest.approx(1.0, rel=0.05)
    assert (min(pauses_s), max(pauses_s)) == (pytest.approx(0.5, abs=0.05), pytest.approx(1.5, abs=0.05))


@pytest.mark.parametrize("cycle_s", [1 / 3, 2 / 3, 1.0])
def test_who_goes_round_as_regularly_is_met_at_each_place_for_its_share(
    monkeypatch: pytest.MonkeyPatch, cycle_s: float
) -> None:
    """A user who waits for the search for a third of each of its rounds, and for the LLM for the rest."""
    clocks, looking, at_search, looks = Clocks(0.05, 0.0003), Pace(0.1), 0, 6_000
    monkeypatch.setattr(pace, "time", clocks)
    for _ in range(looks):
        looking.begins()
        at_search += clocks.now_s % cycle_s < cycle_s / 3
        clocks.look()
        clocks.pause(looking.pause_s())
    assert at_search / looks == pytest.approx(1 / 3, abs=0.05)
