"""Where the collector writes, and for what threads wait that it looks at."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    folder = tmp_path / "inside"
    folder.mkdir()
    return folder


@pytest.fixture
def hold() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()
