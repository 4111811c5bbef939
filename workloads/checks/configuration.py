"""Checks of the configuration: is the one that was asked for in effect, as told and as seen?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from records.cells.cell import Check
from records.cells.flags import MOCK_ANSWER
from records.cells.request import RequestRecord
from records.services.served import AS_IS
from records.services.variants import LLM, MOCKS, SWITCHES, mocked_by
from workloads.checks.advice import advised
from workloads.checks.definition import declared
from workloads.checks.facts import Facts

REQUESTED_AGAIN = "restart the service with it, or ask for the one that it runs"
MIXED_ANSWERS = "see that one service alone answers at this address, started once"
SET_AGAIN = "restart the service with them, or leave them out of --config and --set"
MOCK_ADVICE = "restart the service with the mocks that the configuration names, without a cache before them"


@declared("configuration")
def configuration(facts: Facts) -> Check:
    """Are the settings that were wanted in effect? And is the configuration that ``/config`` and every answer
    name one and the same, and the one asked for, if one was by its name? (`AS_IS`: whatever it is.)

    A mock's own settings are held by its name where a service does not list them.
    """
    asked, served = facts.config, facts.served.config
    settings, wanted = facts.served.settings, facts.settings
    if served is None:
        was = f"its configuration is {AS_IS} and was not proved"
        if wanted or asked not in (None, AS_IS):
            was = f"{asked or 'what it was to run with'} was set, not proved"
        text = f"the service has no /config: {was}"
        return Check(name="configuration", status="n/a", figure=asked or AS_IS, text=text)
    expected = asked or served
    others = sorted({str(r.config) for r in facts.counted if r.config not in (None, expected)})
    wrong = _not_in_effect(settings, wanted, by_name=asked in MOCKS)
    figure, bound, text, advice = served, expected, "", ""
    if expected != AS_IS and served != expected:
        text, advice = f"{asked} was asked for, the server runs {served}", REQUESTED_AGAIN
    elif expected != AS_IS and others:
        figure = ", ".join(others)
        text, advice = f"answers named another configuration: {figure}", MIXED_ANSWERS
    elif wrong:
        figure, bound = ", ".join(wrong), str(dict(wanted))
        text, advice = f"settings not in effect: {figure}", SET_AGAIN
    if text:
        found = Check(name="configuration", status="fail", figure=figure, bound=bound, text=text)
        return advised(found, advice)
    if facts.unproved:
        text = f"/config does not say {', '.join(facts.unproved)}: set, not proved"
        return Check(name="configuration", status="n/a", figure=asked or served, text=text)
    said = f"{served}, and none was asked for" if asked is None else "the configuration asked for"
    if asked is None and wanted:
        said = f"{served}, and the settings asked for are in effect"
    return Check(
        name="configuration",
        status="pass",
        figure=served,
        bound=asked,
        text=f"the server and its answers name {said}",
    )


def _not_in_effect(settings: Mapping[str, Any], wanted: Mapping[str, Any], *, by_name: bool) -> list[str]:
    """Those wanted that are not served so. ``by_name``: mocks that are not listed are held by their name."""
    held = {switch.setting for switch in SWITCHES} - settings.keys() if by_name else set()
    return [
        f"{name}={settings.get(name)!r}"
        for name, value in sorted(wanted.items())
        if name not in held and not _same(settings.get(name), value)
    ]


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


@declared("tls", worth_telling=True, aloud=True)
def tls(facts: Facts) -> Check | None:
    """Is it proved whose service answered? None: without TLS nothing is, and nobody expects it."""
    if facts.insecure is None:
        return None
    if facts.insecure:
        text = "--insecure: nobody verified whose service this is; --ca FILE verifies a private one"
        return Check(name="tls", status="n/a", figure="insecure", text=text)
    if all(r.headers_at_ns is None for r in facts.requests):
        return Check(name="tls", status="n/a", text="no service answered, so none was verified")
    return Check(name="tls", status="pass", text="the service's certificate was verified")


MOCK_STAGE_MS = 1.0
WRONG_EFFECT_SHARE = 0.05
FEWEST_WRONG = 3
"""Answers: one or two of a few were slow because the machine was."""


@declared("configuration-effect")
def configuration_effect(facts: Facts) -> Check:
    """Are the mocks seen in what came back, not only in what the server says of itself?"""
    name, good = "configuration-effect", facts.good
    config = facts.config or facts.served.config or AS_IS
    mocked_parts = mocked_by(config)
    if mocked_parts is None or not good:
        return Check(name=name, status="n/a", text="nothing to hold the configuration's effect against")
    llm = LLM in mocked_parts
    mocked_answers = sum(MOCK_ANSWER in r.flags for r in good) / len(good)
    if llm != (mocked_answers == 1.0) or (not llm and mocked_answers > 0):
        found = Check(
            name=name,
            status="fail",
            figure=round(mocked_answers, 4),
            bound=1.0 if llm else 0.0,
            text=f"{100 * mocked_answers:.0f} % of the answers are the mock LLM's",
        )
        return advised(found, MOCK_ADVICE)
    mocked = {switch.stage: switch in mocked_parts for switch in SWITCHES}
    # Shares, not medians: a cache that answers every third question would hide behind a median.
    wrong = {
        stage: share for stage in mocked if (share := _wrong_share(good, stage, mocked[stage])) is not None
    }
    if not wrong:
        return Check(name=name, status="n/a", text="the answers carry no time of the mocked stages")
    stage = max(wrong, key=wrong.__getitem__)
    check = Check.bounded(
        name,
        wrong[stage],
        WRONG_EFFECT_SHARE,
        f"the stage {stage} took {'more' if mocked[stage] else 'less'} than {MOCK_STAGE_MS:g} ms, "
        f"which is not what {config} does, in {100 * wrong[stage]:.0f} % of the answers",
    )
    return advised(check, MOCK_ADVICE)


def _wrong_share(good: Sequence[RequestRecord], stage: str, mocked: bool) -> float | None:
    """The share of answers whose stage ran at the wrong speed; None where none gives its time."""
    times = [r.stages[stage].get("running_ms") for r in good if r.stages and stage in r.stages]
    known = [ms for ms in times if ms is not None]
    if not known:
        return None
    wrong = sum((ms < MOCK_STAGE_MS) != mocked for ms in known)
    return 0.0 if wrong < min(FEWEST_WRONG, len(known)) else wrong / len(known)
