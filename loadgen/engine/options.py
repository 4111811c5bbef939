"""The options of a load, whatever it asks. How a service is reached is `reach.options`'; a scenario declares
its own."""

from __future__ import annotations

from loadgen.client.connection import Timeouts
from loadgen.engine.arrivals import ARRIVALS
from loadgen.engine.bounds import MOST_AT_ONCE, MOST_COUNT
from loadgen.engine.option_model import OptionModel, choice, count, many, number, text
from reach.key import HEADERS_VARIABLE, KEY_VARIABLE
from records.errors import UsageError

REGION_VARIABLE = "REGION"
CONNECT_TO_VARIABLE = "TARGET_CONNECT_TO"
NO_SEED = -1
"""None was given, or none is drawn yet."""


class LoadOptions(OptionModel):
    """Who asks, how often, and for how long."""

    think_time_s: float = number("--think-time", 0, "Seconds a user waits between its requests")
    arrival: str = choice(
        "--arrival",
        "closed",
        ARRIVALS,
        "closed: each user asks when its answer has come; constant, poisson: --rate requests a second "
        "are due whether answers come or not, whatever the number of users",
    )
    rate: float = number(
        "--rate", 0, "Requests a second of an open loop, over all workers; 0: a closed one", most=MOST_AT_ONCE
    )
    max_inflight: int = count(
        "--max-inflight",
        1000,
        "Open loop: past so many at a time, what is due is dropped",
        least=1,
        most=MOST_AT_ONCE,
    )
    header: tuple[str, ...] = many(
        "--header",
        "NAME=VALUE",
        f"A header of each request; repeatable. A key is better given as {KEY_VARIABLE}, several as lines "
        f"NAME=VALUE of {HEADERS_VARIABLE} [default: none]",
        private=True,
    )
    results: str = text(
        "--results",
        "Write each request as a record, and a verdict, into this new or empty folder [default: nowhere]",
        metavar="DIR",
    )
    request_timeout_s: float = number(
        "--request-timeout", 60, "Seconds a whole request may take", least=0.001
    )
    connect_timeout_s: float = number(
        "--connect-timeout", 10, "Seconds until a connection is made; 0: --request-timeout"
    )
    warmup_requests: int = count(
        "--warmup-requests",
        5,
        "Requests before measuring begins (at least one a user)",
        most=MOST_COUNT,
    )
    requests: int = count(
        "--requests", 0, "Stop once so many measured requests have ended; 0: no limit", most=MOST_COUNT
    )
    min_seconds: float = number(
        "--min-seconds", 3, "Measure for at least so long before --requests stops the run"
    )
    max_seconds: float = number(
        "--max-seconds",
        0,
        "Measure for at most so long, the warm-up left out, and end a warm-up in which nothing is answered "
        "for so long; 0: no limit but -t",
    )
    drain_seconds: float = number(
        "--drain-seconds", 10, "How long requests in flight at the end may take to finish"
    )
    run_name: str = text(
        "--run-name", "Name of the run, in the records [default: that of --results]", names=True
    )
    cell_name: str = text(
        "--cell-name", "Name of the cell, in the records [default: made of its load]", names=True
    )
    cell_spec: str = text(
        "--cell-spec", "A sweep's: what the cell is called and to be, as JSON", metavar="FILE", hidden=True
    )
    turn: str = text("--turn", "A sweep's: what is asked in another order in each turn", hidden=True)
    drawn_seed: int = count(
        "--drawn-seed",
        NO_SEED,
        "A sweep's: the seed of all its loads, where none of their own is given",
        least=NO_SEED,
        most=MOST_COUNT,
        kept=False,
        hidden=True,
    )
    """Of a load without a sweep each start draws one."""
    region: str = text(
        "--region",
        "Where this load worker stands, in the records [default: not said]",
        environment=REGION_VARIABLE,
        names=True,
    )
    connect_to: str = text(
        "--connect-to",
        "Connect there (a link, as mocks.wan; curl's option); requests stay the same [default: where -H is]",
        metavar="HOST:PORT",
        environment=CONNECT_TO_VARIABLE,
    )

    @property
    def open_loop(self) -> bool:
        """Requests are due at times of their own, whether answers come or not."""
        return self.arrival != "closed"

    def timeouts(self, *, first_token: float = 0.0, gap: float = 0.0) -> Timeouts:
        """Of each request; a scenario may have more of them."""
        return Timeouts(
            total=self.request_timeout_s, connect=self.connect_timeout_s, first_token=first_token, gap=gap
        )

    def check_together(self) -> None:
        """Raises UsageError for options that say nothing together."""
        if self.open_loop and not self.rate:
            raise UsageError(f"--arrival {self.arrival} wants a --rate: requests a second")
        if not self.open_loop and self.rate:
            raise UsageError(
                "--rate wants --arrival constant or poisson: a closed loop asks when it is answered"
            )
        if self.open_loop and self.think_time_s:
            raise UsageError("--think-time is of closed loops: in an open one nobody waits for an answer")

    def requested(self) -> dict[str, object]:
        """What is kept with a cell: of a closed loop no rate."""
        of_open_loops = {} if self.open_loop else {"rate": None, "max_inflight": None}
        return self.kept() | of_open_loops
