"""What the reference app is started with."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from records.services.served import Served
from records.services.variants import BASELINE, MOCKS
from sweep.deployments import local, process
from sweep.deployments.local import LocalDeployment
from sweep.deployments.protocol import Endpoint, Setup
from sweep.running import cpus
from sweep.running.cpus import Cpus
from sweep.running.errors import UsageError

_APART = Cpus(mode="auto", load=(0,), target=(1, 2))
_SHARED = Cpus(mode="shared", load=(0, 1, 2), target=(0, 1, 2))
SETTINGS = dict.fromkeys([*MOCKS["mock-both"].settings, "RETRIEVAL"], "yes")
SAID = Served(config="baseline", settings=SETTINGS)


class _Child:
    """A target that stays, or ends at once."""

    pid, code, log, stopped = 7, None, Path("target.log"), False

    def __init__(self, argv: list[str], **given: Any) -> None:
        self.argv, self.env, self.cpus = argv, given["env"], given["cpus"]
        self.exit_code, self.ended, self.complaint = lambda: self.code, lambda: None, lambda: "gone"

    def stop(self) -> None:
        self.stopped = True


@pytest.fixture(autouse=True)
def _ready_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in cpus.THREAD_SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(local, "Child", _Child)
    monkeypatch.setattr(process, "status", lambda base_url, path, seconds: 200)
    monkeypatch.setattr(process, "served", lambda base_url: SAID)


@pytest.fixture
def start(setup_of: Callable[..., Setup]) -> Callable[..., tuple[LocalDeployment, Endpoint, Any]]:
    def started(divided: Cpus = _SHARED, name: str = "one", **settings: str) -> Any:
        deployment = LocalDeployment(setup_of(cpus=divided))
        deployment.stop()  # of what was never started: nothing to do
        return deployment, deployment.start(name, settings), deployment._child

    return started


def test_a_target_on_cpus_of_its_own_computes_with_as_many_threads(start: Any, monkeypatch: Any) -> None:
    *_, child = start(_APART)
    assert child.cpus == (1, 2)
    names = {"OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TORCH_THREADS"}
    assert names == set(cpus.THREAD_SETTINGS)
    assert {child.env[name] for name in names} == {"2"}
    *_, child = start(_SHARED)
    assert not names & set(child.env)
    monkeypatch.setenv("OMP_NUM_THREADS", "7")  # what the user asked for is kept
    monkeypatch.setattr(process, "served", lambda base_url: Served(config="x", settings={"TORCH_THREADS": 3}))
    *_, child = start(_APART, TORCH_THREADS="3")
    assert [child.env[f"{name}_THREADS"] for name in ("OMP_NUM", "TORCH", "MKL_NUM")] == ["7", "3", "2"]


def test_a_target_gets_its_llm_s_key_but_not_its_own(start: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TARGET_API_KEY", "sk-1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-2")
    *_, child = start()
    assert "TARGET_API_KEY" not in child.env
    assert child.env["OPENAI_API_KEY"] == "sk-2"


def test_a_ready_target_is_an_endpoint_until_it_is_stopped(start: Any) -> None:
    deployment, endpoint, child = start(RETRIEVAL="async")
    port = endpoint.base_url.removeprefix("http://127.0.0.1:")
    assert child.argv[:3] == ["-m", "uvicorn", "target_app.app:app"]
    assert child.argv[child.argv.index("--port") + 1] == port
    assert (endpoint.pids, endpoint.log, endpoint.served) == ((7,), child.log, SAID)
    assert not child.stopped
    deployment.stop()
    assert child.stopped


def test_what_the_sweep_s_environment_mocks_is_not_mocked_unasked(start: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("USE_MOCK_LLM", "yes")
    for variant in (BASELINE, MOCKS["mock-both"]):
        *_, child = start(**variant.settings)
        assert child.env["USE_MOCK_LLM"] == variant.settings["USE_MOCK_LLM"]
    *_, child = start()
    assert child.env["USE_MOCK_LLM"] == BASELINE.settings["USE_MOCK_LLM"]


@pytest.mark.parametrize(("code", "said", "why"), [
    (1, SAID, "ended before it was ready, with 1: gone"),
    (None, Served(), r"the target at http://127\.0\.0\.1:\d+ answers, but not /config$"),
    (None, SAID, "^one: the target has no setting A, Z$"),
])  # fmt: skip
def test_a_target_that_ends_or_is_another_or_has_no_such_setting_is_refused(
    start: Any, monkeypatch: pytest.MonkeyPatch, code: int | None, said: Served, why: str
) -> None:
    monkeypatch.setattr(_Child, "code", code)
    monkeypatch.setattr(process, "served", lambda base_url: said)
    with pytest.raises(UsageError, match=why):
        start(Z="1", RETRIEVAL="async", A="2")
