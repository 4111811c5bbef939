"""Whether the reference app can run here at all: a load worker's installation has no torch."""

from __future__ import annotations

from importlib.util import find_spec

from sweep.running.errors import UsageError

_IMPORTED = (
    "fastapi",
    "uvicorn",
    "prometheus_client",
    "pydantic_settings",
    "numpy",
    "faiss",
    "langchain_core",
)
"""What ``target_app`` imports whatever its settings are; of a stage that is mocked it imports nothing."""


def check_installed() -> None:
    """Raises UsageError, before anything is started."""
    lacking = [name for name in _IMPORTED if find_spec(name) is None]
    if lacking:
        raise UsageError(
            f"the reference app, which is measured where no other --deployment is given, needs {lacking[0]}, "
            "which is not installed: make install, or pip install -c constraints.txt '.[target]'; for a "
            "service of your own give --deployment url:http://HOST:PORT or run:COMMAND"
        )
