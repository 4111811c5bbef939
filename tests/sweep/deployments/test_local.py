"""What the reference app is started with."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import pytest

from sweep.deployments import local
from sweep.deployments.local import LocalDeployment
from sweep.deployments.protocol import Setup
from sweep.running import cpus
from sweep.running.cpus import Cpus
from sweep.running.errors import UsageError
from sweep.running.processes import Ledger

_APART = Cpus(mode="auto", load=(0,), target=(1, 2))
_SHARED = Cpus(mode="shared", load=(0, 1, 2), target=(0, 1, 2))


class _Started:
    """A target that ends at once; what it was started with."""

    env: Mapping[str, str]
    cpus: Collection[int] | None
    log = Path("target.log")

    def __init__(
        self, argv: Any, *, log: Path, ledger: Ledger, env: Mapping[str, str], cpus: Collection[int] | None
    ) -> None:
        _Started.env, _Started.cpus = env, cpus

    def exit_code(self) -> int:
        return 1

    def complaint(self) -> str:
        return "gone"


def _start(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, divided: Cpus, **settings: str) -> type[_Started]:
    monkeypatch.setattr(local, "Child", _Started)
    setup = Setup(
        cpus=divided,
        llm_url="http://127.0.0.1:1/v1",
        log=tmp_path / "log",
        ledger=Ledger(tmp_path / "l"),
        report=lambda text: None,
    )
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


def test_a_target_that_shares_its_cpus_is_told_of_no_threads(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    started = _start(monkeypatch, tmp_path, _SHARED)
    assert not set(cpus.THREAD_SETTINGS) & set(started.env)
