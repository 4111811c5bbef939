"""What a deployment's tests start it with."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sweep.deployments.protocol import Setup
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
