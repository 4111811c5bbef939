"""A sweep in which a memory limit kills: one line says so, and all else goes on."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import sweep_world
from records.cells.reader import CellData
from records.evidence.limits import CellLimits
from records.files import read_json
from records.services.served import Served
from records.services.variants import Variant
from sweep.deployments.protocol import Endpoint
from sweep.measuring import directory
from sweep.measuring.limited import limits_here, write_limits
from sweep.measuring.workplace import Workplace
from sweep.planning.plan import CellKey
from sweep.running.cgroups.group import Group
from sweep.running.cgroups.limits import Limits
from sweep.running.cgroups.used import Usage
from sweep.running.confined import Confined
from sweep.running.errors import UsageError

KILLED = Usage(oom_kills=1, memory_peak_bytes=64 << 20)


def confined(used: Usage) -> Confined:
    limits = Limits(memory_bytes=64 << 20, cpu_cores=0.5)
    return Confined(group=Group(method="cgroup v2", folders=(), read=lambda: used), limits=limits)


@dataclass
class Tight(sweep_world.World):
    """Where a variant called ``large`` is killed: as it starts, or at so many users."""

    at: int = 0

    def start(self, name: str, settings: Mapping[str, str]) -> Endpoint:
        if name == "large" and not self.at:
            confined(KILLED).check_killed("it/large")
        super().start(name, settings)
        return Endpoint(base_url="http://nowhere", confined=confined(Usage()))

    def measure(self, place: Workplace, key: CellKey, endpoint: Endpoint) -> CellData:
        if key.config == "large" and key.concurrency >= self.at:
            object.__setattr__(endpoint, "confined", confined(KILLED))
        return super().measure(place, key, endpoint)


def planned(path: Path, *names: str) -> Path:
    variants = tuple(Variant(name=name, settings={"A": name}) for name in names)
    return directory.create(path, "run", sweep_world.plan_of("it=local", variants=variants, levels=(1, 5, 9)))


@pytest.mark.parametrize("at", [0, 5, 9])
def test_the_others_cells_go_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    run, world = planned(tmp_path, "large", "small"), Tight(knee=20, at=at)
    _, printed = sweep_world.swept_aloud(run, world, monkeypatch)
    said = [line for line in printed.splitlines() if "killed for want of memory" in line]
    assert len(said) == 2
    assert all("limit of 64 MiB, the most it had was 64 MiB" in line for line in said)
    assert sum("/small/" in cell for cell in world.measured) == 6
    cells = (*world.measured, *read_json(run / "run.json")["not_measured"])
    assert sum("/large/" in cell for cell in cells) == 6


def test_where_nothing_else_is_there_it_is_the_user_s_mistake(tmp_path: Path, monkeypatch: Any) -> None:
    with pytest.raises(UsageError, match=r"^it/large was killed for want of memory"):
        sweep_world.swept_aloud(planned(tmp_path, "large"), Tight(knee=20), monkeypatch)


def test_a_cell_keeps_what_was_used_in_its_time(tmp_path: Path) -> None:
    now = Usage(periods=90, throttled_periods=50, throttled_seconds=2.5, oom_kills=0, memory_peak_bytes=7)
    endpoint = Endpoint(base_url="", confined=confined(now), served=Served(sees={"torch_threads": 2}))
    before = Usage(periods=10, throttled_periods=5, throttled_seconds=0.5, oom_kills=0)
    write_limits(tmp_path, endpoint, limits_here(endpoint, before))
    found = CellLimits.read(tmp_path)
    assert found is not None
    assert (found.by, found.nr_periods, found.nr_throttled) == ("cgroup v2", 80, 45)
    assert found.throttled_seconds == 2
    assert (found.memory_peak_bytes, found.sees, found.cpu_period_us) == (7, {"torch_threads": 2}, 100_000)
