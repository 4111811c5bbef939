"""The code of a reader's app: another one where a file of its own differs, and only there."""

from pathlib import Path
from typing import Any

from sweep.deployments import app_code
from sweep.deployments.app_code import code_of


def test_it_differs_with_names_and_contents_of_the_app_s_own_files(tmp_path: Path, monkeypatch: Any) -> None:
    assert code_of(tmp_path) is None
    (tmp_path / "mine.py").write_text("a = 1")
    first = code_of(tmp_path)
    others = (".venv/lib/x.py", "env/lib/y.py", "env/pyvenv.cfg", "node_modules/z.py", "__pycache__/mine.py")
    for other in (*others, "notes.txt"):
        (tmp_path / other).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / other).write_text("b = 2")
    assert first is not None
    assert code_of(tmp_path) == first
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "more.py").write_text("c = 3")
    assert code_of(tmp_path) != first
    (tmp_path / "app" / "more.py").unlink()
    (tmp_path / "mine.py").write_text("a = 2")
    assert code_of(tmp_path) != first
    monkeypatch.setattr(app_code, "MOST_BYTES", 3)
    assert code_of(tmp_path) is None
