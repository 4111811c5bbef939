"""A running service that is looked into for its cells."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from sweep.deployments import attached
from sweep.deployments.protocol import Setup
from sweep.running import waiting


def test_an_interrupt_meanwhile_ends_what_enters_it_as_it_wants_to_be_ended(
    setup_of: Callable[..., Setup], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody else knows of it but who kills what is left, and it has to take back what it laid there."""

    def interrupt(seconds: float) -> None:
        raise KeyboardInterrupt

    ended: list[Any] = []
    child = SimpleNamespace(exit_code=lambda: None, stop=lambda: ended.append(child))
    monkeypatch.setattr(attached, "Child", lambda *words, **given: child)
    monkeypatch.setattr(waiting.time, "sleep", interrupt)
    with pytest.raises(KeyboardInterrupt):
        attached.attach(setup_of(attach="4"), "http://127.0.0.1:1", tmp_path / "one.inside")
    assert ended == [child]
