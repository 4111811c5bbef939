"""Before anything starts: a service that this process cannot reach, and who may be refused for that."""

from types import SimpleNamespace
from typing import Any

import pytest

from loadgen.adapter import preflight
from loadgen.process import target
from reach import config
from reach.failure import ReachFailure
from reach.options import Reach
from records.errors import UsageError
from records.services.served import Served


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Headless, of a service that nobody reaches from here."""
    wanted = SimpleNamespace(reach=Reach(), headers={}, redaction=SimpleNamespace(redact=str))
    task = SimpleNamespace(warnings=lambda: ("all requests are the same",))
    monkeypatch.setattr(preflight, "settings", lambda options: wanted)
    monkeypatch.setattr(preflight, "task_of", lambda scenario, options, wanted: task)
    monkeypatch.setattr(preflight, "origin_of", lambda host, reach: SimpleNamespace(tls=None))
    monkeypatch.setattr(preflight, "check_files", lambda wanted, task: None)
    monkeypatch.setattr(target, "trouble", lambda origin, headers: "connection refused")
    options = SimpleNamespace(
        headless=True, autostart=False, num_users=4, spawn_rate=None, master=False, processes=None,
        cell_spec="",
    )  # fmt: skip
    return SimpleNamespace(parsed_options=options, host="http://a", shape_class=None, web_ui=None)


@pytest.mark.parametrize(("master", "processes"), [(False, None), (True, -1)])
def test_what_asks_from_here_is_refused(
    environment: Any, capsys: pytest.CaptureFixture[str], master: bool, processes: int | None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(preflight.psutil, "Process", lambda: SimpleNamespace(children=list))
    environment.parsed_options.master, environment.parsed_options.processes = master, processes
    with pytest.raises(SystemExit) as ended:
        preflight.check(environment, SimpleNamespace(), is_worker=False)
    assert ended.value.code == 2
    *_, last = capsys.readouterr().err.splitlines()
    assert last == "error: http://a cannot be reached: connection refused"


@pytest.mark.parametrize(("processes", "said"), [
    (None, "error: TARGET_HEADERS wants a line NAME=VALUE\n"), (2, ""),  # its master has the same variables
])  # fmt: skip
def test_a_worker_says_itself_what_its_own_variables_are_refused_for(
    environment: Any, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch,
    processes: int | None, said: str,
) -> None:  # fmt: skip
    def refused(_: Any) -> Any:
        raise UsageError("TARGET_HEADERS wants a line NAME=VALUE")

    monkeypatch.setattr(preflight, "settings", refused)
    environment.parsed_options.processes = processes
    with pytest.raises(SystemExit) as ended:
        preflight.check(environment, SimpleNamespace(), is_worker=True)
    assert (ended.value.code, capsys.readouterr().err) == (2, said)


def test_a_master_whose_workers_ask_from_elsewhere_is_warned(
    environment: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.parsed_options.master = True
    preflight.check(environment, SimpleNamespace(), is_worker=False)
    first, line = capsys.readouterr().err.splitlines()
    assert first == "warning: all requests are the same"
    said = "warning: from this master http://a cannot be reached: connection refused; workers"
    assert line.startswith(said)
    assert environment.parsed_options.spawn_rate == 4


def test_what_a_service_is_stays_unknown_to_such_a_master_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreached(*_: Any) -> Served:
        raise ReachFailure("it speaks TLS", final=True)

    monkeypatch.setattr(config, "served", unreached)
    origin, redaction = SimpleNamespace(url="http://a"), None
    assert target.served(origin, {}, redaction, requested_elsewhere=True) == Served()  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="http://a cannot be reached: it speaks TLS"):
        target.served(origin, {}, redaction)  # type: ignore[arg-type]
