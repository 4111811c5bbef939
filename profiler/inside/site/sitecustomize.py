"""Python loads this at its start, in every process of the app: it waits for an event loop, and costs nothing
until there is one. Then it has the next ``sitecustomize`` on the path run, which it hides.

It is read by whatever Python the app runs, so it is written for old ones, too, and imports what Python has
loaded anyway.
"""

import os
import sys
from _frozen_importlib import module_from_spec
from _frozen_importlib_external import PathFinder

TYPE_CHECKING = False  # typing takes longer to import than all else here
if TYPE_CHECKING:
    from typing import Any

HERE = os.path.dirname(os.path.abspath(__file__))
EVENTS = "asyncio.events"
COLLECTOR = "_chokepoint_inside"


class OnImport:
    """A finder that has `watch` called with ``asyncio.events`` once that is imported."""

    @classmethod
    def find_spec(cls, name: str, path: "Any" = None, target: "Any" = None) -> "Any":
        if name != EVENTS:
            return None
        sys.meta_path[:] = [finder for finder in sys.meta_path if finder is not cls]
        finders = [finder for finder in sys.meta_path if hasattr(finder, "find_spec")]
        found = (finder.find_spec(name, path, target) for finder in finders)
        spec: Any = next((one for one in found if one is not None), None)
        if hasattr(spec, "loader") and hasattr(spec.loader, "exec_module"):
            run = spec.loader.exec_module

            def exec_module(module: "Any") -> None:
                run(module)
                watch(module)

            try:
                spec.loader.exec_module = exec_module
            except AttributeError:  # a loader on which nothing can be set: then nobody watches
                return spec
        return spec


def watch(events: "Any") -> None:
    """Have the collector told of each loop as it begins and stops to run; uvloop says so there, too."""
    told = events._set_running_loop
    loaded: list[Any] = []

    def _set_running_loop(loop: "Any") -> None:
        told(loop)
        try:
            if not loaded:
                loaded.append(None)  # where it cannot be loaded, that is not tried again
                loaded[0] = collector()
            if loaded[0] is not None:
                loaded[0].running(loop, runs_it(sys._getframe(1)).f_code)
        except Exception:
            pass

    events._set_running_loop = _set_running_loop


def runs_it(frame: "Any") -> "Any":
    """What stays below all that the loop calls: since Python 3.13 asyncio says it in a function that ends."""
    return frame.f_back if frame.f_code.co_name == "_run_forever_setup" else frame


def collector() -> "Any":
    """The package, under a name that is nobody's, from where it lies: nothing else of ours is on the path."""
    from importlib.util import spec_from_file_location

    folder = os.path.join(os.path.dirname(HERE), "collector")
    spec: Any = spec_from_file_location(
        COLLECTOR, os.path.join(folder, "__init__.py"), submodule_search_locations=[folder]
    )
    module = module_from_spec(spec)
    sys.modules[COLLECTOR] = module
    spec.loader.exec_module(module)
    return module


def chain() -> None:
    """Run the ``sitecustomize`` that comes after ours; what it raises Python reports, as without us."""
    places = [os.path.abspath(entry) for entry in sys.path]
    if HERE not in places:
        return
    spec: Any = PathFinder.find_spec("sitecustomize", sys.path[places.index(HERE) + 1 :])
    if spec is None or spec.loader is None or os.path.dirname(os.path.abspath(spec.origin)) == HERE:
        return
    module = module_from_spec(spec)
    sys.modules["sitecustomize"] = module
    spec.loader.exec_module(module)


if __name__ == "sitecustomize":
    if sys.version_info >= (3, 11) and os.environ.get("CHOKEPOINT_INSIDE"):
        if EVENTS not in sys.modules:
            sys.meta_path.insert(0, OnImport)
        else:  # something that Python loads even before this imported it
            watch(sys.modules[EVENTS])
            vars(sys.modules["asyncio"])["_set_running_loop"] = sys.modules[EVENTS]._set_running_loop
    chain()
