"""Kinds of deployments are found by their specs, and the one of docs/adding-a-deployment.md is one."""

import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sweep.deployments import catalogue
from sweep.deployments.protocol import Setup
from sweep.measuring.targets import check_services
from sweep.planning.plan import Plan
from sweep.planning.target import Target
from sweep.planning.target_options import with_wait
from sweep.running.errors import UsageError
from sweep_world import plan_of

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "adding-a-deployment.md"


@pytest.fixture
def port_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """The guide's kind, with its line in the catalogue."""
    found = re.search(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    assert found
    module = ModuleType("sweep.deployments.port")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    exec(compile(found[1], str(GUIDE), "exec"), module.__dict__)
    monkeypatch.setattr(catalogue, "KINDS", (*catalogue.KINDS, module.__dict__["Port"]))


@pytest.mark.usefixtures("port_kind")
def test_the_guide_s_kind_is_one_by_its_file_and_its_line(trap: Any, setup_of: Callable[..., Setup]) -> None:
    server = trap(lambda talk: None)
    target = Target.of(f"port:{server.port}")
    assert target.label == f"port-{server.port}"
    assert Plan.from_json(plan_of(targets=(target,)).to_json()).targets == (target,)
    assert not plan_of(targets=(target,)).starts_targets
    check_services(plan_of(targets=(target,)), {})
    endpoint = target.kind.deployment(setup_of()).start("as-is", {})
    assert endpoint.base_url == server.url
    assert endpoint.pids == (os.getpid(),)
    with pytest.raises(UsageError, match="no such command on the PATH: 'no-such-command-x'"):
        check_services(plan_of("run:no-such-command-x"), {})
    with pytest.raises(UsageError, match="port:N wants a number of a port"):
        Target.of("port:x")
    with pytest.raises(UsageError, match=r"local, .* url:http://HOST:PORT or port:N as SPEC, not 'x'"):
        Target.of("x")


def test_only_what_is_started_is_waited_for_and_only_a_command_where_the_user_says() -> None:
    ours, command, theirs = map(Target.of, ("local", "run:app", "http://h"))
    waited = with_wait((ours, command, theirs), cwd="/w", path="/up", seconds=5.0)
    found = [(one.cwd, one.ready_path, one.ready_seconds) for one in waited]
    assert found == [("", "", 5.0), ("/w", "/up", 5.0), ("", "", None)]
    assert with_wait((ours, theirs), cwd="/w", path="", seconds=None) == (ours, theirs)
    with pytest.raises(UsageError, match="--ready-path is where run:COMMAND"):
        with_wait((ours, theirs), cwd="/w", path="/up", seconds=None)
    with pytest.raises(UsageError, match="--ready-seconds is for what the sweep starts"):
        with_wait((theirs,), cwd="/w", path="", seconds=5.0)


@pytest.mark.parametrize("path", ["up", "/a b", "/a#b", "/a?api_key=hidden", "/\n"])
def test_a_path_that_cannot_be_asked_or_kept_is_refused(path: str) -> None:
    with pytest.raises(UsageError, match="--ready-path") as caught:
        with_wait((Target.of("run:app"),), cwd="/w", path=path, seconds=None)
    assert "hidden" not in str(caught.value)
