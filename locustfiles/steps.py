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
from loadgen.engine.usage import number
from loadgen.shapes.options import options_of
from loadgen.shapes.teller import LevelTeller


class Steps(LoadTestShape):  # type: ignore[misc]  # locust is not typed for mypy
    """One step after the other, all of one height and length."""

    levels: ClassVar[LevelTeller]

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
        options = self.runner.environment.parsed_options
        users = {} if self.levels.open_loop else {"step_users": options.step_users}
        return {**users, "step_seconds": options.step_seconds, "steps": options.steps}


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]
@options_of(Steps)
def add_arguments(parser: Any) -> None:
    parser.add_argument(
        "--step-users",
        type=number("--step-users", int, 1),
        default=5,
        help="Steps: users that each adds (open loop: each adds --rate)",
    )
    parser.add_argument(
        "--step-seconds",
        type=number("--step-seconds", float, 1),
        default=10.0,
        help="Steps: how long each lasts",
    )
    parser.add_argument("--steps", type=number("--steps", int, 1), default=6, help="Steps: how many")


@events.init.add_listener  # type: ignore[untyped-decorator]
def begin(environment: Any, **_: Any) -> None:
    shape = environment.shape_class
    if isinstance(shape, Steps) and AskingUser.load is not None:
        Steps.levels = LevelTeller(environment, AskingUser.load, asked=shape.asked)
