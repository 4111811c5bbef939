"""Run in a process that runs already, by `sys.remote_exec`: loads the collector there, and starts it.

What `profiler.attach` hands over is this text with a call of `enter`: nothing of ours is on the path there,
and what is raised here the app would print.
"""

import os
import sys

TYPE_CHECKING = False  # typing takes longer to import than all else here
if TYPE_CHECKING:
    from typing import Any

COLLECTOR = "_chokepoint_inside"
PIPE = "lines"


def enter(folder: str, digest: str, interval_s: float) -> None:
    """Begin to load it, in a thread of its own: this one's loop must not wait for that.

    ``digest`` is that of the collector's source: one that is there already is used if it looks just now, or
    is the same.
    """
    import _thread

    try:
        pipe = os.open(os.path.join(folder, PIPE), os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:  # whoever wanted it has gone
        return
    events = sys.modules.get("asyncio.events")
    loop = events._get_running_loop() if events is not None else None  # this thread's
    _thread.start_new_thread(begin, (pipe, folder, digest, interval_s, _thread.get_ident(), loop))


def begin(pipe: int, folder: str, digest: str, interval_s: float, thread: int, loop: "Any") -> None:
    """Say into the pipe how it went, in a line of JSON, and have samples follow."""
    try:
        try:
            module: Any = sys.modules.get(COLLECTOR)
            if module is None or not (getattr(module, "digest", "") == digest or module.at_work()):
                module = load(os.path.join(folder, "collector"))
                module.digest = digest
            refusal = module.refusal()
        except Exception as error:
            refusal = "the collector cannot be loaded there: " + type(error).__name__
        os.write(pipe, f'{{"refused": "{refusal}"}}\n'.encode())
        if refusal:
            os.close(pipe)
        else:
            module.attach(pipe, interval_s, thread, loop)
    except Exception:  # it is nobody's here
        pass


def load(folder: str) -> "Any":
    """The package, under a name that is nobody's, in place of an older one; its folder is gone soon after."""
    from importlib.util import module_from_spec, spec_from_file_location

    for name in [name for name in sys.modules if name.partition(".")[0] == COLLECTOR]:
        del sys.modules[name]
    spec: Any = spec_from_file_location(
        COLLECTOR, os.path.join(folder, "__init__.py"), submodule_search_locations=[folder]
    )
    module = sys.modules[COLLECTOR] = module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[COLLECTOR]
        raise
    return module
