"""The load in steps: locust -f locustfiles/stream.py,locustfiles/steps.py --headless -H http://127.0.0.1:8001

Every --step-seconds (10) there are --step-users (5) more, --steps (6) times, then it ends. In an open
loop (--arrival constant or poisson) each step adds --rate requests a second instead.
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


class StepOptions(OptionModel):
    """What is kept of it, and asked on the command line."""

    step_users: int = count(
        "--step-users", 5, "Steps: users that each adds (open loop: each adds --rate)", least=1
    )
    step_seconds: float = number("--step-seconds", 10, "Steps: how long each lasts", least=1)
    steps: int = count("--steps", 6, "Steps: how many", least=1)


class Steps(LoadTestShape):  # type: ignore[misc]  # locust is not typed for mypy
    """One step after the other, all of one height and length."""

    levels: ClassVar[LevelCoordinator]

    def tick(self) -> tuple[int, float] | None:
        options = self.runner.environment.parsed_options
        step = 1 + int(self.levels.elapsed_s / options.step_seconds)
        if step > options.steps:
            self.levels.end()
            return None
        level = step * (options.rate if self.levels.open_loop else options.step_users)
        self.levels.log.step(level)
        return self.levels.tick(level)

    def asked(self) -> dict[str, Any]:
        """An open loop's rate is no option of the shape."""
        given = StepOptions.given(self.runner.environment.parsed_options)
        if self.levels.open_loop:
            del given["step_users"]
        return given


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]
@options_of(Steps)
def add_arguments(parser: Any) -> None:
    add_model(parser, StepOptions)


@events.init.add_listener  # type: ignore[untyped-decorator]
def begin(environment: Any, **_: Any) -> None:
    shape = environment.shape_class
    if isinstance(shape, Steps) and AskingUser.load is not None:
        Steps.levels = LevelCoordinator(environment, AskingUser.load, asked=shape.asked)


if __name__ == "__main__":
    from loadgen.adapter.user import print_help

    print_help("locustfiles/stream.py,locustfiles/steps.py", StepOptions)
