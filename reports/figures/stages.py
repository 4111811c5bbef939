"""The stages that a service times, in their order."""

from __future__ import annotations

import numpy as np

from records.services.variants import STAGES
from reports.columns.kinds import Mask
from reports.columns.requests import Requests
from workloads.checks.streams import STAGE_EXCESS_MS

STAGE_ORDER = (*STAGES, "embeddings", "retrieval", "chat")


def stage_names(requests: Requests) -> list[str]:
    """Those that the service names, ours and those of spans in the order of an answer."""
    seen = set(requests.stages.names)
    return [n for n in STAGE_ORDER if n in seen] + sorted(seen - set(STAGE_ORDER))


def with_stages(timed: Requests) -> Requests:
    """The answers that have stages and a first token."""
    return timed.where(timed.stages.there & timed.has("first_token_at_ns"))


def impossible_stages(requests: Requests) -> Mask:
    """As `workloads.checks.streams.impossible_stages` says of one. A request without a token has none."""
    with np.errstate(invalid="ignore"):
        wrong = requests.stages_ms > requests.service_ttft_ms + STAGE_EXCESS_MS
    stages = requests.stages
    for name in stages.names:
        wrong |= (stages.at(name, "queued_ms") < 0) | (stages.at(name, "running_ms") < 0)
    return stages.there & requests.has("first_token_at_ns") & wrong
