"""A load that ran elsewhere, and has ended."""

from pathlib import Path

import pytest

from sweep.measuring.far import FarLoad


@pytest.mark.parametrize(("log", "said"), [
    ("starting\nError: no such host\nbye\n", "Error: no such host"), ("starting\nbye\n\n", "bye"),
    ("", "no word of why"), (None, "no word of why"),
])  # fmt: skip
def test_its_complaint_is_its_last_error_else_its_last_word(
    tmp_path: Path, log: str | None, said: str
) -> None:
    path = tmp_path / "load.log"
    if log is not None:
        path.write_text(log)
    assert FarLoad(log=path, killed="").complaint() == said
