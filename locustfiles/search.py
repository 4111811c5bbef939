"""The highest load that meets an objective:

locust -f locustfiles/stream.py,locustfiles/search.py --headless -H http://127.0.0.1:8001 --slo "ttft:500"

Starts at -u users (open loop: at --rate requests a second), doubles until the objective is missed, halves
what lies between, measures the answer once more, prints it with its goodput, and stops by itself.

--slo            bounds on metrics of the scenario (in milliseconds, a stream's: ttft, e2e, itl, tpot...), and
                 the percentile of answers that is to keep them (95)
--level-seconds  how long a level is measured once it has settled; then for what began in it to be known,
                 so give it a sixth of the longest answer at least
--search-to      no level above so many users, or requests a second
--search-seconds at most so long altogether, as -t; two levels are the least

Exit codes: 0 found, 1 a fault of ours, 2 wrong usage, 3 inconclusive (or, with --results, an invalid run,
whatever it found), 4 not even the lowest level meets, 130 interrupted.
"""

import sys
from pathlib import Path
from typing import Any, ClassVar

import gevent
from locust import LoadTestShape, events

try:
    from loadgen.adapter.user import AskingUser
except ModuleNotFoundError:  # a checkout that is not installed: locust puts only this folder on the path
    sys.path.insert(1, str(Path(__file__).resolve().parent.parent))
    from loadgen.adapter.user import AskingUser
from loadgen.adapter.parser import add_model
from loadgen.shapes.highest_load import HighestLoadSearch
from loadgen.shapes.options import options_of
from loadgen.shapes.search_options import SearchOptions


class HighestLoad(LoadTestShape):  # type: ignore[misc]  # locust is not typed for mypy
    """Follows a search."""

    use_common_options = True
    search: ClassVar[HighestLoadSearch]

    def tick(self) -> tuple[int, float] | None:
        return self.search.tick()


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]
@options_of(HighestLoad)
def add_arguments(parser: Any) -> None:
    add_model(parser, SearchOptions)


@events.init.add_listener  # type: ignore[untyped-decorator]
def begin(environment: Any, **_: Any) -> None:
    if isinstance(environment.shape_class, HighestLoad) and AskingUser.load is not None:
        HighestLoad.search = HighestLoadSearch(environment, AskingUser.load)
        gevent.spawn(HighestLoad.search.reports.run)


if __name__ == "__main__":
    from loadgen.adapter.user import print_help

    print_help("locustfiles/stream.py,locustfiles/search.py", SearchOptions)
