"""A Python that lets itself be looked into, where there is one."""

import os
import shutil

import pytest

NEW = os.environ.get("CHOKEPOINT_PYTHON314") or shutil.which("python3.14")
needs_new = pytest.mark.skipif(
    NEW is None, reason="no python3.14 on the PATH, and CHOKEPOINT_PYTHON314 names none"
)
