"""What the reference app is started with."""

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import pytest

from records.services.served import Served
from records.services.variants import BASELINE, MOCKS
from sweep.deployments import local, process
from sweep.deployments.local import LocalDeployment
from sweep.deployments.protocol import Setup
from sweep.running import cpus
from sweep.running.cpus import Cpus
from sweep.running.errors import UsageError
from sweep.running.ledger import Ledger

_APART = Cpus(mode="auto", load=(0,), target=(1, 2))
_SHARED = Cpus(mode="shared", load=(0, 1, 2), target=(0, 1, 2))


class _Started:
    """A target that ends at once; what it was started with."""

    argv: list[str]
    env: Mapping[str, str]
    cpus: Collection[int] | None
    log = Path("target.log")

    def __init__(
        self, argv: Any, *, log: Path, ledger: Ledger, env: Mapping[str, str], cpus: Collection[int] | None
    ) -> None:
        _Started.argv, _Started.env, _Started.cpus = argv, env, cpus

    def exit_code(self) -> int:
        return 1

    def complaint(self) -> str:
        return "gone"


def _start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, divided: Cpus, **settings: str) -> type[_Started]:
    monkeypatch.setattr(local, "Child", _Started)
    setup = Setup(
        cpus=divided, llm_url="http://127.0.0.1:1/v1", log=tmp_path / "log", ledger=Ledger(tmp_path / "l"),
        report=lambda text: None,
    )  # fmt: skip
    with pytest.raises(UsageError, match="ended before it was ready, with 1: gone"):
        LocalDeployment(setup).start("baseline", settings)
    return _Started


@pytest.fixture(autouse=True)
def _no_threads_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in cpus.THREAD_SETTINGS:
        monkeypatch.delenv(name, raising=False)


def test_a_target_on_cpus_of_its_own_computes_with_as_many_threads(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    started = _start(monkeypatch, tmp_path, _APART)
    assert started.cpus == (1, 2)
    assert {name: started.env[name] for name in cpus.THREAD_SETTINGS} == dict.fromkeys(
        ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TORCH_THREADS"), "2"
    )


def test_a_target_gets_its_llm_s_key_but_not_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TARGET_API_KEY", "sk-1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-2")
    env = _start(monkeypatch, tmp_path, _SHARED).env
    assert "TARGET_API_KEY" not in env
    assert env["OPENAI_API_KEY"] == "sk-2"


def test_threads_that_the_user_asked_for_are_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    started = _start(monkeypatch, tmp_path, _APART, TORCH_THREADS="3")
    assert (started.env["OMP_NUM_THREADS"], started.env["TORCH_THREADS"]) == ("7", "3")
    assert started.env["MKL_NUM_THREADS"] == "2"


class _Ready(_Started):
    """One that stays; what was done to it."""

    pid, stopped = 7, False

    def exit_code(self) -> None:  # type: ignore[override]
        return None

    def ended(self) -> None:
        return None

    def stop(self) -> None:
        _Ready.stopped = True


@pytest.fixture
def ready(monkeypatch: pytest.MonkeyPatch, setup_of: Callable[..., Setup]) -> Callable[[Served], Any]:
    """A deployment whose process is ready at once and says that of itself."""

    def deployment(said: Served) -> LocalDeployment:
        monkeypatch.setattr(local, "Child", _Ready)
        monkeypatch.setattr(process, "status", lambda base_url, path, seconds: 200)
        monkeypatch.setattr(process, "served", lambda base_url: said)
        _Ready.stopped = False
        return LocalDeployment(setup_of())

    return deployment


def test_a_ready_target_is_an_endpoint_until_it_is_stopped(
    ready: Callable[[Served], LocalDeployment],
) -> None:
    said = Served(config="baseline", settings={"RETRIEVAL": "async"})
    deployment = ready(said)
    deployment.stop()  # of what was never started: nothing to do
    assert not _Ready.stopped
    endpoint = deployment.start("one", {"RETRIEVAL": "async"})
    port = endpoint.base_url.removeprefix("http://127.0.0.1:")
    assert _Ready.argv[:3] == ["-m", "uvicorn", "target_app.app:app"]
    assert _Ready.argv[_Ready.argv.index("--port") + 1] == port
    assert (endpoint.pids, endpoint.log, endpoint.served) == ((7,), _Ready.log, said)
    deployment.stop()
    assert _Ready.stopped


def test_what_the_sweep_s_environment_mocks_is_not_mocked_unasked(
    ready: Callable[[Served], LocalDeployment], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("USE_MOCK_LLM", "yes")
    said = Served(config="baseline", settings=dict.fromkeys(MOCKS["mock-both"].settings, "yes"))
    ready(said).start("baseline", {})
    assert _Ready.env["USE_MOCK_LLM"] == BASELINE.settings["USE_MOCK_LLM"]
    ready(said).start("mock-both", MOCKS["mock-both"].settings)
    assert _Ready.env["USE_MOCK_LLM"] == MOCKS["mock-both"].settings["USE_MOCK_LLM"]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (Served(), r"the target at http://127\.0\.0\.1:\d+ answers, but not /config$"),
        (Served(config="x", settings={"RETRIEVAL": "async"}), "^one: the target has no setting A, Z$"),
    ],
)
def test_a_target_that_is_another_or_has_no_such_setting_is_refused(
    ready: Callable[[Served], LocalDeployment], said: Served, why: str
) -> None:
    with pytest.raises(UsageError, match=why):
        ready(said).start("one", {"Z": "1", "RETRIEVAL": "async", "A": "2"})


def test_a_target_that_shares_its_cpus_is_told_of_no_threads(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    started = _start(monkeypatch, tmp_path, _SHARED)
    assert not set(cpus.THREAD_SETTINGS) & set(started.env)
