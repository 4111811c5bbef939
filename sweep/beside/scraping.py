"""What services say of themselves while a cell runs: whom the profiler is told to ask."""

from __future__ import annotations

from collections.abc import Iterable

from records.evidence.scrape import ScrapeError, scrapes_of
from sweep.deployments.protocol import Endpoint
from sweep.planning.plan import Plan
from sweep.running.errors import UsageError

TARGET = "{target}"
"""In a URL: where the target is, whose port the sweep may have chosen."""
OWN = "app"
"""What the target's own metrics are called, where it is known to have some."""


def check_scrapes(texts: Iterable[str]) -> None:
    """Raises UsageError for one that cannot be scraped."""
    try:
        scrapes_of(text.replace(TARGET, "http://target") for text in texts)
    except ScrapeError as error:
        raise UsageError(f"--scrape {error}") from None


def scrape_words(plan: Plan, endpoint: Endpoint) -> list[str]:
    """The profiler's arguments. Who has named something as the target's own metrics has that instead."""
    base = endpoint.base_url.rstrip("/")
    texts = [text.replace(TARGET, base) for text in plan.scrape]
    if endpoint.metrics and not any(text.startswith(f"{OWN}=") for text in texts):
        texts.append(f"{OWN}={endpoint.metrics}")
    return [word for text in texts for word in ("--scrape", text)]
