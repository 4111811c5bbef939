"""The cases as a table in Markdown, for docs/diagnosis.md."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from plants.judging import Judged, Loss

HEAD = "| case | dose | RPS | TTFT p50 | counts | first finding | right | also found | gain | predicted |"


def matrix(judged: Sequence[Judged]) -> str:
    """A row a case and dose, and what they come to."""
    return "\n".join([HEAD, "|---" * 10 + "|", *map(_row, judged), "", *summary(judged), ""])


def _row(one: Judged) -> str:
    first, *others = one.codes or ("-",)
    cells = [one.case, one.dose, _loss(one.rps), _loss(one.ttft), _yes(one.counted), first, _yes(one.right)]
    cells += [", ".join(others) or "-", _gain(one.gain), _gain(one.predicted if one.gain else None)]
    return f"| {' | '.join(cells)} |"


def _loss(loss: Loss | None) -> str:
    if loss is None:
        return "-"
    return f"{loss.value:.2f}x ({loss.low:.2f}-{loss.high:.2f}){'' if loss.compared else '*'}"


def _gain(gain: tuple[float, float | None, float | None] | None) -> str:
    if gain is None:
        return "-"
    value, low, high = gain
    return f"{value:.2f}x" if low is None or high is None else f"{value:.2f}x ({low:.2f}-{high:.2f})"


def _yes(it_is: bool) -> str:
    return "yes" if it_is else "no"


def summary(judged: Sequence[Judged]) -> Iterator[str]:
    """How many count at each dose, and how many of these are right."""
    for dose in dict.fromkeys(one.dose for one in judged):
        counted = [one for one in judged if one.dose == dose and one.counted]
        right = sum(one.right for one in counted)
        tried = sum(one.dose == dose for one in judged)
        yield f"{dose} dose: {len(counted)} of {tried} cases count; the first finding is right in {right}.  "
    yield (
        "Planted over healthy at the heavy load, with an interval of 95 %; a case counts where it loses 15 % "
        "of RPS or TTFT, its interval clear of 5 %."
    )
    yield (
        "gain: how many times the answers a second mending really gives, as the healthy side beside it shows "
        "where that is what the advice makes of the planted one; predicted: by the first finding."
    )
    if any(loss and not loss.compared for one in judged for loss in (one.rps, one.ttft)):
        yield (
            "*: no valid cell on one side; a wider interval, of both sides' own figures. That counts only "
            "where the plant itself is what the cell fails by."
        )
