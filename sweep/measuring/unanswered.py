"""Says once what never answered while a cell was measured: a probe, a scrape; the cell is none the worse."""

from __future__ import annotations

from dataclasses import dataclass, field

from records.cells import layout
from records.evidence.unanswered import unanswered_probes, unanswered_scrapes
from sweep.beside.scraping import scrape_words
from sweep.deployments.protocol import Endpoint
from sweep.measuring.workplace import Workplace
from sweep.planning.cell_key import CellKey


@dataclass(kw_only=True)
class Unanswered:
    """What was said by now."""

    _said: set[tuple[str, str]] = field(default_factory=set)

    def lines(self, place: Workplace, key: CellKey, endpoint: Endpoint) -> list[str]:
        """What is to be said of a cell, and was not said of its deployment. Raises OSError."""
        plan, folder = place.plan, place.folder(key)
        [target] = [one for one in plan.targets if one.label == key.deployment]
        found = {}
        if plan.probes and endpoint.load is None:
            paths = plan.probe_paths or (target.cheap_path,)
            probes = unanswered_probes(endpoint.base_url, paths, folder / layout.PROBES)
            found = {f"probe {what}": line for what, line in probes.items()}
        names = [text.partition("=")[0] for text in scrape_words(plan, endpoint) if text != "--scrape"]
        if names:
            found |= unanswered_scrapes(names, folder / layout.SCRAPED)
        new = {what: line for what, line in found.items() if (key.deployment, what) not in self._said}
        self._said |= {(key.deployment, what) for what in new}
        return [f"{key.path}: {line}" for line in new.values()]
