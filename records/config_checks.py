"""Checks of the configuration: is the one that was asked for in effect, as told and as seen?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from records.cell import Check
from records.request import RequestRecord
from records.served import AS_IS, MOCKS_OF_CONFIG


def configuration(
    asked: str | None,
    served: str | None,
    named: Sequence[str | None],
    settings: Mapping[str, Any],
    wanted: Mapping[str, Any],
) -> Check:
    """Is the configuration that ``/config`` and every answer name one and the same, and ``asked``, if one
    was asked for? (`AS_IS`: whatever it is.)"""
    if served is None:
        return Check(
            name="configuration",
            status="n/a",
            figure=asked or AS_IS,
            text=f"the service has no /config: its configuration is {AS_IS} and was not proved",
        )
    expected = asked or served
    others = sorted({str(name) for name in named if name is not None and name != expected})
    wrong = [f"{k}={settings.get(k)!r}" for k, v in sorted(wanted.items()) if not _same(settings.get(k), v)]
    if expected != AS_IS and served != expected:
        return Check(
            name="configuration",
            status="fail",
            figure=served,
            bound=expected,
            text=f"{asked} was asked for, the server runs {served}",
        )
    if expected != AS_IS and others:
        return Check(
            name="configuration",
            status="fail",
            figure=", ".join(others),
            bound=expected,
            text=f"answers named another configuration: {', '.join(others)}",
        )
    if wrong:
        return Check(
            name="configuration",
            status="fail",
            figure=", ".join(wrong),
            bound=str(dict(wanted)),
            text=f"settings not in effect: {', '.join(wrong)}",
        )
    said = f"{served}, and none was asked for" if asked is None else "the configuration asked for"
    return Check(
        name="configuration",
        status="pass",
        figure=served,
        bound=asked,
        text=f"the server and its answers name {said}",
    )


def _same(served: Any, wanted: Any) -> bool:
    """Is a setting as served (5.0, True) the one that was set as text (5, yes)?"""
    if isinstance(served, bool):
        return served == (str(wanted).lower() in ("yes", "true", "t", "y", "1"))
    if served is None:
        return bool(wanted == "")
    try:
        return float(served) == float(wanted)
    except (TypeError, ValueError):
        return str(served) == str(wanted) or PurePath(str(served)) == PurePath(str(wanted))


MOCK_STAGE_MS = 1.0
WRONG_EFFECT_SHARE = 0.05


def configuration_effect(config: str, requests: Sequence[RequestRecord]) -> Check:
    """Are the mocks seen in what came back, not only in what the server says of itself?"""
    name = "configuration-effect"
    good = [r for r in requests if r.outcome == "ok"]
    if config not in MOCKS_OF_CONFIG or not good:
        return Check(name=name, status="n/a", text="nothing to hold the configuration's effect against")
    embeddings, llm = MOCKS_OF_CONFIG[config]
    mocked_answers = sum("mock-answer" in r.flags for r in good) / len(good)
    if llm != (mocked_answers == 1.0) or (not llm and mocked_answers > 0):
        return Check(
            name=name,
            status="fail",
            figure=round(mocked_answers, 4),
            bound=1.0 if llm else 0.0,
            text=f"{mocked_answers:.0%} of the answers are the mock LLM's",
        )
    mocked = {"embed": embeddings, "llm": llm}
    # Shares, not medians: a cache that answers every third question would hide behind a median.
    wrong = {
        stage: share for stage in mocked if (share := _wrong_share(good, stage, mocked[stage])) is not None
    }
    if not wrong:
        return Check(name=name, status="n/a", text="the answers carry no time of the mocked stages")
    stage = max(wrong, key=wrong.__getitem__)
    return Check.bounded(
        name,
        wrong[stage],
        WRONG_EFFECT_SHARE,
        f"the stage {stage} took {'more' if mocked[stage] else 'less'} than {MOCK_STAGE_MS:g} ms, "
        f"which is not what {config} does, in {wrong[stage]:.0%} of the answers",
    )


def _wrong_share(good: Sequence[RequestRecord], stage: str, mocked: bool) -> float | None:
    """The share of answers whose stage ran at the wrong speed; None where none gives its time."""
    times = [r.stages[stage].get("running_ms") for r in good if r.stages and stage in r.stages]
    known = [ms for ms in times if ms is not None]
    return sum((ms < MOCK_STAGE_MS) != mocked for ms in known) / len(known) if known else None
