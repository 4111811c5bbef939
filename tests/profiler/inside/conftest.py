"""Where the collector writes."""

from pathlib import Path

import pytest


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    folder = tmp_path / "inside"
    folder.mkdir()
    return folder
