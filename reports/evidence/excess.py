"""Requests at one place that would not be there if nobody waited for anybody."""

from __future__ import annotations

from dataclasses import dataclass, replace

from records.evidence.inside import Place


@dataclass(frozen=True, kw_only=True)
class Excess:
    place: Place
    requests: float
    share: float
    """Of all that wait because of the load (`Service.waiting`)."""
    ms: float
    """How much longer that makes each answer."""
    before: float = 0.0
    """Of these requests, those that queue before it (`reports.evidence.gates`), to be let in to where others
    wait here."""

    def times(self, factor: float) -> Excess:
        """The same of so many times the requests; none of these queues before it."""
        return replace(
            self, requests=factor * self.requests, share=factor * self.share, ms=factor * self.ms, before=0.0
        )

    def with_queue(self, more: Excess) -> Excess:
        """Those queue before it."""
        return replace(
            self,
            requests=self.requests + more.requests,
            share=self.share + more.share,
            ms=self.ms + more.ms,
            before=self.before + more.requests,
        )
