"""A sweep's probes: of every cell, before its load, with the key only where it belongs, none after it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from records.evidence.probes import idle, read
from support import wait_until
from sweep.beside import probing
from sweep.beside.ended import Ended
from sweep.planning.load_words import parse_locust_args
from sweep.planning.options import parse_targets
from sweep.planning.plan import Plan
from sweep.running.cpus import Cpus, available
from sweep.running.errors import UsageError
from sweep.running.processes import Ledger
from sweep_world import plan_of

CPUS = Cpus(mode="shared", load=available(), target=None)


def plan(spec: str, *words: str, **changes: Any) -> Plan:
    changes = {"probes": True, "locust_args": parse_locust_args(words, "stream"), **changes}
    return plan_of(f"mine={spec}", **changes)


@pytest.fixture
def server(trap: Any) -> Any:
    found = trap(lambda talk: None)
    found.asked = []
    found.on_get = lambda talk: (found.asked.append(talk.head), talk.raw(b"HTTP/1.1 200 OK\r\n\r\n"))
    return found


@pytest.fixture
def probe(tmp_path: Path) -> Callable[[Plan, str], Any]:
    return lambda of, url: probing.probing(
        of, "mine", url, output=tmp_path / "probes.jsonl", log=tmp_path / "probes.log",
        ledger=Ledger(tmp_path / "l"), cpus=CPUS, ended=Ended(),
    )  # fmt: skip


def test_idle_ones_are_taken_before_the_load_and_none_after_it(
    probe: Any, server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TARGET_API_KEY", "sk-very-secret")
    before = set(psutil.Process().children())
    with probe(plan(f"url:{server.url}", "--header", "x-team=blue", probe_paths=("/up",)), server.url):
        taken = len(idle(read(tmp_path / "probes.jsonl")))
        assert taken > 0
        wait_until(lambda: len(read(tmp_path / "probes.jsonl")) > taken)
    assert set(psutil.Process().children()) == before
    assert {one.kind for one in read(tmp_path / "probes.jsonl")} == {"accept", "/up"}
    assert b"\r\nAuthorization: Bearer sk-very-secret" in server.asked[0]
    assert b"\r\nx-team: blue" in server.asked[0]
    assert not [path for path in tmp_path.iterdir() if b"sk-very" in path.read_bytes()]


def test_a_process_of_our_own_gets_no_key(probe: Any, server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TARGET_API_KEY", "sk-very-secret")
    with probe(plan("run:app", "--header", "x-team=blue"), server.url):
        wait_until(lambda: server.asked)
    assert server.asked[0].startswith(b"GET / HTTP/1.1\r\n")
    assert not [one for one in server.asked if b"sk-very" in one or b"x-team" in one]


def test_a_cell_is_none_the_worse_for_probes_that_failed_or_are_not_wanted(
    probe: Any, tmp_path: Path
) -> None:
    with probe(plan("url:http://h", probe_paths=("/up",)), "ftp://h"):
        assert "error: a service is probed at a URL" in (tmp_path / "probes.log").read_text()
    with probe(plan("url:http://h", probes=False), "http://h"):
        pass
    assert not (tmp_path / "probes.jsonl").exists()


@pytest.mark.parametrize(("paths", "probes", "told"), [
    (("/a", "/b", "/c"), True, "2 times at most"), (("health",), True, "--probe-path wants a path"),
    (("/x?api_key=abcdefghijkl",), True, "looks like a secret"),
    (("/a", "b"), True, r"begins with a slash \(number 2\)$"), (("b",), True, "begins with a slash$"),
    (("/a",), False, "--no-probes switches them off"),
])  # fmt: skip
def test_what_cannot_be_probed_is_refused(paths: tuple[str, ...], probes: bool, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        probing.check_paths(paths, probes=probes)


@pytest.mark.parametrize("paths", [["health"], ["/a", "/b", "/c"]])
def test_a_damaged_plan_has_no_probes_that_could_not_be_asked_for(paths: list[str]) -> None:
    said = parse_targets(["local", "run:app", "url:http://h"])
    assert [target.cheap_path for target in said] == ["/health", "/", "/health"]  # where nothing was said
    with pytest.raises(UsageError, match="probe_paths"):
        Plan.from_json(plan("run:app").to_json() | {"probe_paths": paths})
