"""What a deployment's tests start it with."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sweep.deployments.protocol import Setup
from sweep.running import kubectl
from sweep.running.cpus import Cpus
from sweep.running.ledger import Ledger

ALL = Cpus(mode="shared", load=(0,), target=None)


@pytest.fixture
def setup_of(tmp_path: Path) -> Callable[..., Setup]:
    def make(**changes: Any) -> Setup:
        given: dict[str, Any] = {
            "cpus": ALL, "llm_url": "http://127.0.0.1:1/v1", "log": tmp_path / "targets" / "log",
            "ledger": Ledger(tmp_path / "ledger.jsonl"), "report": lambda text: None,
        }  # fmt: skip
        return Setup(**{**given, **changes})

    return make


@pytest.fixture
def fake_kubectl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """In place of kubectl this program."""

    def write(text: str) -> None:
        fake = tmp_path / "kubectl"
        fake.write_text(text)
        fake.chmod(0o755)
        monkeypatch.setattr(kubectl, "program", lambda: str(fake))

    return write
