"""Who renders an overlay: what it is kept from, and for how long it is waited for."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from reach.key import VARIABLES
from sweep.deployments.pods import render
from sweep.running.errors import UsageError

KUSTOMIZATIONS = {
    "overlay": "resources: [deployment.yaml, parts/d.yaml, ../base]\ncomponents: [part]\n"
    "configMapGenerator: [{name: s, envs: [settings.env], files: [its-name=settings.env]}]\n",
    "part": "patches: [{path: d.yaml}]\n",
    "base": "resources: [d.yaml]\n",
}


@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/dev/zero")])
@pytest.mark.parametrize("name", [
    "kustomization.yaml", "kustomization.yml", "deployment.yaml", "parts/d.yaml", "part/d.yaml",
    "../base/d.yaml", "settings.env",
])  # fmt: skip
def test_no_overlay_has_a_pipe_or_a_device_that_its_reader_would_wait_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make: Callable[[Path], None], name: str
) -> None:
    monkeypatch.setattr(render, "PROGRAMS", (("true", "renders-nothing"),))
    (overlay := tmp_path / "overlay").mkdir()
    for folder in (overlay, overlay / "part", tmp_path / "base"):
        folder.mkdir(exist_ok=True)
        (folder / "kustomization.yaml").write_text(KUSTOMIZATIONS[folder.name])
    (overlay / "parts").mkdir()
    (overlay / "of-an-editor").symlink_to("/nowhere")
    os.mkfifo(overlay / "named-by-nobody")
    path = overlay / name
    path.unlink(missing_ok=True)
    make(path)
    with pytest.raises(UsageError, match=rf"{overlay}: {name}: this is a (pipe|device), and has to be a"):
        render.container_in(str(overlay), "pod")


@pytest.mark.parametrize("text", [
    "resources: [., ../overlay, ../nowhere, d.yaml]", "a: &a [*a]", "[" * 5000, "a: 2024-99-99", "\x00", "",
    "namespace: /dev/zero\npatches: [{patch: 'a\n\n  b'}]", f"a: {'x' * 5000}",
])  # fmt: skip
def test_what_a_kustomization_names_besides_is_left_to_its_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(render, "PROGRAMS", (("echo", "rendered"),))
    (overlay := tmp_path / "overlay").mkdir()
    (overlay / "kustomization.yaml").write_text(text)
    assert render.rendered(overlay).split() == ["rendered", str(overlay)]


def test_who_renders_has_no_key_of_the_load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the rest of its environment."""
    for name in (*VARIABLES, "KUBECONFIG"):
        monkeypatch.setenv(name, "given")
    (tmp_path / "overlay").mkdir()
    asked = "echo ${TARGET_API_KEY-none} ${TARGET_HEADERS-none} $KUBECONFIG"
    (program := tmp_path / "says").write_text(f"#!/bin/sh\n{asked}\n")
    program.chmod(0o700)
    monkeypatch.setattr(render, "PROGRAMS", ((str(program), ""),))
    assert render.rendered(tmp_path / "overlay") == "none none given\n"


def test_who_renders_without_end_is_waited_for_and_no_longer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = tmp_path / "slow"
    slow.write_text("#!/bin/sh\nexec sleep 30\n")
    slow.chmod(0o700)
    monkeypatch.setattr(render, "PROGRAMS", ((str(slow), "build"),))
    monkeypatch.setattr(render, "_SECONDS", 0.01)
    with pytest.raises(UsageError, match=r"slow does not render it within 0\.01 s: it waits, as for a pipe"):
        render.container_in(str(tmp_path), "pod")
