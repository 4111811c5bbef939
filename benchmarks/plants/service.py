"""The reference app with what `PLANT` names put into it; `uvicorn plants.service:app`, from benchmarks/.

It says nothing of how it is set (no `/config`), as the apps of other people. What is planted lies in modules
of this folder, by the name of what they do, and `PLANT_AMOUNT` says how much of it.
"""

from __future__ import annotations

import os
from importlib import import_module

if plant := os.environ.get("PLANT"):
    import_module(f"plants.put.{plant}").put(float(os.environ.get("PLANT_AMOUNT", "1")))

from target_app.app import app

app.router.routes[:] = [route for route in app.router.routes if getattr(route, "path", "") != "/config"]
__all__ = ["app"]
