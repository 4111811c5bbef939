"""Whether the reference app would take settings, asked of it before anything is started."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping

import orjson

from reach.key import without_key
from records.exit_codes import USAGE
from records.services.variants import SWITCHES
from sweep.running.errors import UsageError
from sweep.running.processes import with_project
from sweep.running.redaction import redaction

_SECONDS = 60.0
_KNOWN = {switch.setting for switch in SWITCHES}


def check_app_settings(by_name: Mapping[str, Mapping[str, str]]) -> None:
    """Raises UsageError for what it would not take, by the name of whose settings they are. Of an app that
    cannot answer the start says what it lacks."""
    asked = [[name, settings] for name, settings in by_name.items() if settings.keys() - _KNOWN]
    if not asked:  # a name such as mock-llm
        return
    words = [sys.executable, "-m", "target_app.check_settings"]
    try:
        done = subprocess.run(
            words,
            input=orjson.dumps(asked),
            env=with_project(without_key(os.environ)),
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return
    lines = done.stdout.decode(errors="replace").split("\n")
    if done.returncode == USAGE and len(lines) > 1:  # what a factory's module prints comes before
        raise UsageError(redaction().without_secrets(lines[-2]))
