"""What is scraped, as it is said: `NAME=URL`, and after a `#` the series that are kept."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from records.secrets.secret_names import secret_in_query, secret_within
from records.secrets.urls import blank_urls

METAVAR = "NAME=URL[#SERIES,...]"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,40}")


class ScrapeError(ValueError):
    """What is wrong with it, without its secrets."""


@dataclass(frozen=True, kw_only=True)
class Scrape:
    """One service that says how it is."""

    name: str
    url: str
    wanted: tuple[str, ...] = ()
    """Patterns of the series' names; none: all that are worth it."""

    @classmethod
    def of(cls, text: str) -> Scrape:
        """Raises ScrapeError."""
        name, equals, rest = text.partition("=")
        if not equals or not _NAME.fullmatch(name):
            raise ScrapeError(f"{blank_urls(text)!r} is not {METAVAR}; a NAME is of letters, digits, . _ -")
        url, _, series = rest.partition("#")
        if secret_within("url", url) or secret_in_query(url):
            raise ScrapeError(f"{name}: the URL holds a secret, and it is kept; name a place that needs none")
        try:
            parts = urlsplit(url)
            fine = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:  # broken brackets or port
            fine = False
        if not fine or not url.isprintable() or " " in url:
            raise ScrapeError(f"{name}: {blank_urls(url)!r} is no URL that begins with http:// or https://")
        return cls(name=name, url=url, wanted=tuple(filter(None, series.split(","))))


def scrapes_of(texts: Iterable[str]) -> tuple[Scrape, ...]:
    """Raises ScrapeError, also where two have one name."""
    found: dict[str, Scrape] = {}
    for scrape in map(Scrape.of, texts):
        if scrape.name in found:
            raise ScrapeError(f"two are called {scrape.name}")
        found[scrape.name] = scrape
    return tuple(found.values())
