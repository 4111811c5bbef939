"""What the figures were taken on."""

import subprocess
from pathlib import Path

import pytest

from sweep.running import host


def test_the_revision_is_of_our_own_checkout_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git = ["git", "-C", str(tmp_path), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "t"]):
        subprocess.run([*git, *words], check=True, timeout=20)
    head = subprocess.check_output([*git, "rev-parse", "HEAD"], timeout=20, text=True).strip()
    monkeypatch.setattr(host, "PROJECT", tmp_path)
    assert host.describe_software()["git_revision"] == head
    installed = tmp_path / "site-packages"
    installed.mkdir()
    monkeypatch.setattr(host, "PROJECT", installed)
    assert host.describe_software()["git_revision"] is None
