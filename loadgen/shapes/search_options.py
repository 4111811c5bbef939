"""The options of a search for the highest load, and what they make of it together. No locust."""

from __future__ import annotations

from typing import Any

from loadgen.engine.option_model import OptionModel, count, number, text
from loadgen.shapes.measured import SETTLE_S
from loadgen.shapes.search import Search
from loadgen.shapes.slo import Slo, example
from records.errors import UsageError
from workloads.workload import Workload


class SearchOptions(OptionModel):
    """What is kept of it, and asked on the command line."""

    slo: str = text(
        "--slo",
        'Search: what is to be met, such as "ttft:500 percentile:95": bounds on metrics of the '
        "scenario, in their units, that so many of 100 answers keep (95 by default); a failed request none. "
        "It has to be given",
    )
    level_seconds: float = number(
        "--level-seconds",
        10,
        "Search: how long a level is measured once it has settled; longer where answers are too few",
        least=1,
    )
    search_to: int = count(
        "--search-to",
        1000,
        "Search: no level above so many users (open loop: requests a second)",
        least=1,
    )
    search_seconds: float = number(
        "--search-seconds",
        300,
        "Search: at most so long altogether; -u (open loop: --rate) is where it starts",
        least=1,
    )

    def objective(self, workload: Workload) -> Slo:
        """Raises UsageError for none, or what is none."""
        if not self.slo:
            raise UsageError(f'which objective? Give its bounds: --slo "{example(workload)}"')
        try:
            return Slo.parse(self.slo, workload)
        except ValueError as error:
            raise UsageError(f"--slo {error}") from None

    def bracket(self, options: Any) -> Search:
        """Where the search begins, by the load's own ``options``, and where it ends at the latest. Raises
        UsageError."""
        open_loop = options.arrival != "closed"
        name, first = ("--rate", options.rate) if open_loop else ("-u", options.num_users or 1)
        if self.search_to < first:
            raise UsageError(
                f"--search-to {self.search_to:g} is below where the search begins: {name} {first:g}"
            )
        return Search(first=first, most=self.search_to, whole=not open_loop)

    def limit_s(self, run_time_s: float | None) -> float:
        """How long the search may take; ``run_time_s``: the load's own -t."""
        return float(min(self.search_seconds, run_time_s or self.search_seconds))

    def check_time(self, run_time_s: float | None) -> None:
        """Raises UsageError where there is no time for an answer: a level is measured twice before it is
        one."""
        given_s = self.limit_s(run_time_s)
        least_s = 2 * (SETTLE_S + self.level_seconds)
        if given_s < least_s:
            option = "--search-seconds" if given_s == self.search_seconds else "-t"
            raise UsageError(
                f"{option} {given_s:g}: a search takes {least_s:g} s at the least, two levels of "
                f"--level-seconds {self.level_seconds:g} after {SETTLE_S:g} in which each settles, and as "
                "much for every level more"
            )
