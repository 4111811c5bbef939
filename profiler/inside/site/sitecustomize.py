"""Python loads this at its start, in every process of the app: it waits for an event loop, or for a server
that answers in threads, and costs nothing until there is one. Then it has the next ``sitecustomize`` on the
path run, which it hides.

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
SERVERS = {
    "gunicorn.workers.base": ("Worker", "init_process"),
    "waitress.server": ("BaseWSGIServer", "run"),
    "werkzeug.serving": ("BaseWSGIServer", "serve_forever"),
}
"""What a server runs in each of its processes, by the module that has it."""


class OnImport:
    """A finder that has `watch` or `watch_server` called with what they watch once that is imported."""

    awaited = (EVENTS, *SERVERS)

    @classmethod
    def find_spec(cls, name: str, path: "Any" = None, target: "Any" = None) -> "Any":
        if name not in cls.awaited:
            return None
        cls.awaited = tuple(one for one in cls.awaited if one != name)
        finders = [one for one in sys.meta_path if one is not cls and hasattr(one, "find_spec")]
        found = (finder.find_spec(name, path, target) for finder in finders)
        spec: Any = next((one for one in found if one is not None), None)
        if hasattr(spec, "loader") and hasattr(spec.loader, "exec_module"):
            run = spec.loader.exec_module

            def exec_module(module: "Any") -> None:
                run(module)
                if name == EVENTS:
                    watch(module)
                else:
                    watch_server(module, *SERVERS[name])

            try:
                spec.loader.exec_module = exec_module
            except AttributeError:  # a loader on which nothing can be set: then nobody watches
                return spec
        return spec


def watch(events: "Any") -> None:
    """Have the collector told of each loop as it begins and stops to run; uvloop says so there, too."""
    told = events._set_running_loop

    def _set_running_loop(loop: "Any") -> None:
        told(loop)
        try:
            if (inside := collector()) is not None:
                inside.running(loop, runs_it(sys._getframe(1)).f_code)
        except Exception:
            pass

    events._set_running_loop = _set_running_loop


def runs_it(frame: "Any") -> "Any":
    """What stays below all that the loop calls: since Python 3.13 asyncio says it in a function that ends."""
    return frame.f_back if frame.f_code.co_name == "_run_forever_setup" else frame


def watch_server(module: "Any", of: str, name: str) -> None:
    """Have the collector told when a server begins."""
    server = getattr(module, of, None)
    run = getattr(server, name, None)
    if run is None:
        return

    def runs(self: "Any", *arguments: "Any", **named: "Any") -> "Any":
        try:
            if (inside := collector()) is not None:
                inside.serves()
        except Exception:
            pass
        return run(self, *arguments, **named)

    setattr(server, name, runs)


LOADED: "dict[int, Any]" = {}
"""By process: one that is forked while another thread loads it never gets what that was to load."""


def collector() -> "Any":
    """The package; None where it cannot be loaded, which is not tried again."""
    process = os.getpid()
    if process not in LOADED:
        before = [one for one in LOADED.values() if one is not None]
        name = f"{COLLECTOR}_{process}" if LOADED else COLLECTOR
        LOADED[process] = before[0] if before else None
        LOADED[process] = LOADED[process] or load(name)
    return LOADED[process]


def load(name: str) -> "Any":
    """The package, under a name that is nobody's, from where it lies: nothing else of ours is on the path."""
    from importlib.util import spec_from_file_location

    folder = os.path.join(os.path.dirname(HERE), "collector")
    spec: Any = spec_from_file_location(
        name, os.path.join(folder, "__init__.py"), submodule_search_locations=[folder]
    )
    module = module_from_spec(spec)
    sys.modules[name] = module
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
        sys.meta_path.insert(0, OnImport)
        if EVENTS in sys.modules:  # something that Python loads even before this imported it
            OnImport.awaited = tuple(SERVERS)
            watch(sys.modules[EVENTS])
            vars(sys.modules["asyncio"])["_set_running_loop"] = sys.modules[EVENTS]._set_running_loop
    chain()
