"""What the tests of several rooms share."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import settings

# New examples are looked for at every run of a person; what lands is judged by the same ones each time.
settings.register_profile("steady", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("steady")

THE_MACHINES_OWN = {"generator-lag", "generator-cpu", "lateness"}


@pytest.fixture(scope="session")
def ended_well() -> Callable[[Any], bool]:
    """Did a load end with 0? Or with 3, but for nothing else than that this machine was busy with others?"""

    def well(process: Any) -> bool:
        code = process.wait()
        said = re.findall(r"^invalid: (.*)$", process.text, re.MULTILINE)
        failed = set(re.findall(r"(?:^|; )([a-z-]+): ", said[-1])) if said else set()
        return code == 0 or (code == 3 and bool(failed) and failed <= THE_MACHINES_OWN)

    return well
