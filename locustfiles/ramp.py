"""A load that rises evenly: locust -f locustfiles/stream.py,locustfiles/ramp.py --headless -H http://127.0.0.1:8001

From --ramp-from (1) users to --ramp-to (30) over --ramp-seconds (60), then it ends; downwards, too. In an
open loop (--arrival constant or poisson) from --ramp-from requests a second to --rate.
"""

import sys
from pathlib import Path
from typing import Any, ClassVar

from locust import LoadTestShape, events

try:
    from loadgen.adapter.user import AskingUser
except ModuleNotFoundError:  # a checkout that is not installed: locust puts only this folder on the path
    sys.path.insert(1, str(Path(__file__).resolve().parent.parent))
    from loadgen.adapter.user import AskingUser
from loadgen.adapter.parser import add_model
from loadgen.engine.option_model import OptionModel, count, number
from loadgen.shapes.coordinator import LevelCoordinator
from loadgen.shapes.options import options_of


class RampOptions(OptionModel):
    """What is kept of it, and asked on the command line."""

    ramp_from: float = number("--ramp-from", 1, "Ramp: users at its start (open loop: requests a second)")
    ramp_to: int = count("--ramp-to", 30, "Ramp: users at its end (open loop: --rate is)", least=1)
    ramp_seconds: float = number("--ramp-seconds", 60, "Ramp: how long it takes", least=1)


class Ramp(LoadTestShape):  # type: ignore[misc]  # locust is not typed for mypy
    """A straight line, followed once a second."""

    levels: ClassVar[LevelCoordinator]

    def tick(self) -> tuple[int, float] | None:
        options = self.runner.environment.parsed_options
        elapsed_s = self.levels.elapsed_s
        share = elapsed_s / options.ramp_seconds
        if share >= 1:
            self.levels.end()
            return None
        top = options.rate if self.levels.open_loop else options.ramp_to
        if self.levels.began:
            self.levels.log.ramp(options.ramp_from, top, options.ramp_seconds, elapsed_s)
        return self.levels.tick(options.ramp_from + (top - options.ramp_from) * share)

    def asked(self) -> dict[str, Any]:
        """An open loop's rate is no option of the shape."""
        given = RampOptions.given(self.runner.environment.parsed_options)
        if self.levels.open_loop:
            del given["ramp_to"]
        return given


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]
@options_of(Ramp)
def add_arguments(parser: Any) -> None:
    add_model(parser, RampOptions)


@events.init.add_listener  # type: ignore[untyped-decorator]
def begin(environment: Any, **_: Any) -> None:
    shape = environment.shape_class
    if isinstance(shape, Ramp) and AskingUser.load is not None:
        Ramp.levels = LevelCoordinator(environment, AskingUser.load, asked=shape.asked)


if __name__ == "__main__":
    from loadgen.adapter.user import print_help

    print_help("locustfiles/stream.py,locustfiles/ramp.py", RampOptions)
