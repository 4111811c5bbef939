"""A sweep's loop with a clock and a service that are made up."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from records.cells.cell import Cell, Check, Verdict
from records.cells.other_programs import OtherProgram
from records.cells.point import Point
from records.cells.reader import CellData, read_cell
from records.cells.request import Outcome, RequestRecord
from records.files import write_json
from records.services.variants import Variant
from sweep.deployments.protocol import Endpoint, Setup
from sweep.measuring import directory, runner, targets
from sweep.measuring.parts import begun, set_aside
from sweep.measuring.progress import Progress
from sweep.measuring.workplace import Workplace
from sweep.planning.cell_key import CellKey
from sweep.planning.grid import BASE_LEVELS
from sweep.planning.options import parse_targets
from sweep.planning.plan import Plan
from sweep.planning.target import Target

CELL_SECONDS = 10.0
START_SECONDS = 4.0


@dataclass
class World:
    """Time, and a service whose throughput stops growing at ``knee`` users."""

    knee: int
    answers_up_to: float = float("inf")
    """Users; more than these get no good answer at all."""
    now: float = 0.0
    starts: int = 0
    measured: list[str] = field(default_factory=list)
    spoils: dict[str, int] = field(default_factory=dict)
    """So many measurements of a cell the machine spoils yet; "" stands for every other cell."""
    others: tuple[OtherProgram, ...] = ()
    """What other programs take of a core meanwhile."""

    def monotonic(self) -> float:
        return self.now

    def deployment_of(self, target: Target, setup: Setup) -> "World":
        return self

    def start(self, name: str, settings: Mapping[str, str]) -> Endpoint:
        self.now += START_SECONDS
        self.starts += 1
        return Endpoint(base_url="http://nowhere")

    def stop(self) -> None:
        pass

    def measure(self, place: Workplace, key: CellKey, endpoint: Endpoint) -> CellData:
        self.now += CELL_SECONDS
        self.measured.append(key.path)
        folder = place.folder(key)
        if begun(folder):
            set_aside(folder)
        folder.mkdir(parents=True)
        names: dict[str, Any] = {"deployment": key.deployment, "config": key.config, "repeat": key.repeat}
        outcome: Outcome = "ok" if key.concurrency <= self.answers_up_to else "http_error"
        rate = float(min(key.concurrency, self.knee))
        rps = rate if outcome == "ok" else 0.0
        achieved = {"rps": rps, "requests": 2, "window": {"start_ns": 0, "end_ns": round(2e9 / rate)}}
        judged = Verdict(checks=self.judge(key))
        names |= {"concurrency": key.concurrency, "other_programs": self.others}
        cell = Cell(**names, complete=True, achieved=achieved, verdict=judged)
        write_json(folder / "cell.json", cell.to_json())
        known: dict[str, Any] = {"run": "t", "cell": "c", "worker": "local", "region": "", "user": 0}
        two = (
            RequestRecord(**known, seq=seq, sent_at_ns=1, ended_at_ns=2, outcome=outcome) for seq in (1, 2)
        )
        (folder / "requests.jsonl").write_bytes(b"".join(one.encode() for one in two))
        return read_cell(folder)

    def judge(self, key: CellKey) -> tuple[Check, ...]:
        left = self.spoils.get(key.path, self.spoils.get("", 0))
        self.spoils[key.path] = left - 1
        if left > 0:
            return (Check(name="generator-lag", status="fail", text="the load was late"),)
        return (Check(name="workers", status="pass"),)


def plan_of(*specs: str, **changes: Any) -> Plan:
    """One load of these deployments as they are, but for what is said."""
    base: dict[str, Any] = {"name": "t", "variants": (Variant(name="as-is"),), "levels": (1,), "auto": False}
    return Plan(**{**base, "targets": parse_targets(list(specs)), **changes})


def planned(**changes: Any) -> Plan:
    return plan_of("it=url:http://127.0.0.1:1", **{"levels": BASE_LEVELS, "auto": True, **changes})


def key_of(users: int = 2, repeat: int = 1, deployment: str = "mine", config: str = "as-is") -> CellKey:
    return CellKey(deployment=deployment, config=config, point=Point.of_users(users), repeat=repeat)


def swept_aloud(path: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> tuple[runner.Sweep, str]:
    """The sweep when it is done, and all that was printed."""
    monkeypatch.setattr(runner, "time", world)
    monkeypatch.setattr(runner, "measure", world.measure)
    monkeypatch.setattr(targets, "time", world)
    monkeypatch.setattr(targets, "deployment_of", world.deployment_of)
    printed = io.StringIO()
    progress = Progress(Console(file=printed, width=200))
    sweep = runner.Sweep(directory=path, plan=directory.load(path), progress=progress, started=world.now)
    sweep.run()
    return sweep, printed.getvalue()
