"""The project's own images, and its manifests run in containers of them (`make podman-test`).

It builds the images that are missing, and is skipped, with the reason, where there is no podman or they
cannot be built.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from records.evidence.limits import CellLimits
from records.evidence.pods import CellPods
from records.files import read_json
from support import ROOT, Process, environment, sweep_ended_well, wait_until
from sweep.deployments.catalogue import kind_of
from sweep.deployments.podman import Podman
from sweep.deployments.pods.played import image_of
from sweep.deployments.protocol import Endpoint, Setup
from sweep.running import podman
from sweep.running.cpus import Cpus
from sweep.running.ledger import Ledger

MOST_SECONDS = 1200.0
"""On half a core an index may be built."""
WORDS = ("--requests", "20", "--repeats", "1", "--concurrency", "1")
PATCHED = """
resources: [{base}]
patches:
  - target: {{kind: Deployment, name: target}}
    patch: '[{patch}]'
"""
_CONTAINER = "/spec/template/spec/containers/0"
TIGHT = ", ".join(
    f'{{"op": "replace", "path": "{_CONTAINER}/resources/{which}/memory", "value": "200Mi"}}'
    for which in ("limits", "requests")
)
SICKLY = (
    f'{{"op": "replace", "path": "{_CONTAINER}/livenessProbe", "value": '
    '{"exec": {"command": ["test", "!", "-e", "/tmp/sick"]}, "periodSeconds": 1, "failureThreshold": 2}}'
)


def overlay(folder: Path, patch: str) -> str:
    """Of ours with a patch: its spec."""
    folder.mkdir()
    base = os.path.relpath(ROOT / "k8s" / "overlays" / "local", folder)
    (folder / "kustomization.yaml").write_text(PATCHED.format(base=base, patch=patch))
    return f"podman:{folder}"


def sweep(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sweep", *words], cwd=cwd, env=environment(), stdin=subprocess.DEVNULL,
        capture_output=True, text=True, timeout=MOST_SECONDS,
    )  # fmt: skip


def ours() -> list[str]:
    return podman.run("pod", "ps", f"--filter=label={podman.LABEL}", "--format={{.Name}}").split()


def target() -> str:
    kind = kind_of("podman")
    assert isinstance(kind, Podman)
    return image_of(kind.documents())


def worker() -> str:
    return target().replace("-target:", "-worker:")


@pytest.fixture(scope="session", autouse=True)
def images() -> None:
    if shutil.which("podman") is None:
        pytest.skip("podman is not on the PATH")
    if os.geteuid() != 0:
        pytest.skip("podman may limit containers as root alone")
    exist = [subprocess.run(["podman", "image", "exists", one], check=False) for one in (target(), worker())]
    if any(one.returncode for one in exist):
        built = subprocess.run(
            [ROOT / "k8s" / "images.sh"],
            env={**os.environ, "PYTHON": sys.executable},
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
        if built.returncode:
            why = (built.stderr.strip().splitlines() or ["it does not say why"])[-1]
            pytest.skip(f"the images cannot be built here: {why}")


def test_the_worker_s_image_has_the_load() -> None:
    said = podman.run("run", "--rm", "--network=none", worker(), "-f", "locustfiles/stream.py", "--list")
    assert "StreamUser" in said


def test_a_sweep_in_a_pod_s_limits_and_in_a_container(tmp_path: Path) -> None:
    words = ("--deployment", "pod", "--deployment", "podman", "--config", "mock-llm", *WORDS)
    done = sweep(*words, "--output", str(tmp_path), cwd=tmp_path)
    [run] = [one for one in tmp_path.iterdir() if one.is_dir()]
    assert sweep_ended_well(done.returncode, run), done.stderr
    said = read_json(run / "run.json")["limits"]
    assert said["podman"]["environment"]["CACHE_DIR"] == "/cache/chokepoint"  # of the ConfigMap
    for label in ("pod", "podman"):
        [cell] = (run / "cells" / label).glob("mock-llm/c*-r1")
        kept = CellLimits.read(cell)
        assert kept is not None
        assert (kept.cpu_limit_cores, kept.memory_limit_bytes, kept.oom_kills) == (0.5, 2 << 30, 0)
        assert kept.nr_periods
        # As the profiler has it from the process itself.
        seen = read_json(cell / "profile.json")["data_points"][-1]["system"]["cgroup"]
        assert (seen["cpu_limit_cores"], seen["memory_limit_gb"]) == (0.5, 2.0)
    pods = CellPods.read(cell)
    assert pods is not None
    assert [(one.container, one.restarts) for one in pods.containers] == [("target", 0)]
    assert "Uvicorn running on" in (run / "targets" / "podman" / "mock-llm-r1.log").read_text()
    assert not ours()


def test_without_the_memory_that_it_needs_it_is_said_so_in_one_line(tmp_path: Path) -> None:
    spec = overlay(tmp_path / "tight", TIGHT)
    words = ("--deployment", spec, "--config", "baseline", *WORDS, "--output", str(tmp_path / "results"))
    done = sweep(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert "killed for want of memory: its limit of 200 MiB, the most it had was 200 MiB" in done.stderr
    assert not ours()


def test_one_that_fails_its_liveness_probe_is_killed_and_started_again(tmp_path: Path) -> None:
    kind = kind_of(overlay(tmp_path / "sickly", SICKLY))
    setup = Setup(
        cpus=Cpus(mode="shared", load=(0,), target=None), llm_url="", log=tmp_path / "log",
        ledger=Ledger(tmp_path / "ledger"), report=lambda text: None,
    )  # fmt: skip
    deployment = kind.deployment(setup)
    try:
        endpoint = deployment.start("mock-llm", {"USE_MOCK_LLM": "yes"})
        [pod] = ours()
        assert endpoint.watch is not None
        endpoint.watch.begin("")
        podman.run("exec", f"{pod}-target", "touch", "/tmp/sick")
        wait_until(lambda: _other(endpoint), MOST_SECONDS)
        podman.run("exec", f"{pod}-target", "rm", "-f", "/tmp/sick")
        endpoint.watch.end(tuple)
        [note] = [one for one in endpoint.watch.notes() if "restarted" in one]
        assert "killed: its liveness probe" in note
        wait_until(lambda: setup.log.read_text().count("Started server process") == 2)
    finally:
        deployment.stop()
    assert not ours()


def _other(endpoint: Endpoint) -> bool:
    return endpoint.as_it_is().pids not in ((), endpoint.pids)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_sweep_that_ends_leaves_no_pod(tmp_path: Path, number: int) -> None:
    words = ("--deployment", "podman", "--config", "mock-llm", *WORDS, "--output", str(tmp_path / "results"))
    process = Process(tmp_path / "said", "sweep", *words)
    try:
        wait_until(ours)
        process.send(number)
        process.wait()
        wait_until(lambda: not ours())
    finally:
        process.kill()
