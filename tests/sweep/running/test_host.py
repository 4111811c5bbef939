"""What the figures were taken on."""

import subprocess
from pathlib import Path

import pytest

from sweep.running import host


def test_the_revision_is_of_our_own_checkout_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git = ["git", "-C", str(tmp_path), "-c", "user.name=t", "-c", "user.email=t@example.org"]
    subprocess.run([*git, "init", "-q"], check=True, timeout=20)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "t"], check=True, timeout=20)
    head = subprocess.run([*git, "rev-parse", "HEAD"], check=True, timeout=20, capture_output=True, text=True)
    monkeypatch.setattr(host, "PROJECT", tmp_path)
    assert host.describe_software()["git_revision"] == head.stdout.strip()
    installed = tmp_path / "site-packages"
    installed.mkdir()
    monkeypatch.setattr(host, "PROJECT", installed)
    assert host.describe_software()["git_revision"] is None
