"""A full loop: one function of the app's own holds it in long pieces, or many small things fill it."""

from typing import Any

import pytest

HAD = {"cpu_percent": 97.0, "main_cpu": 0.97}


def line(function: str, number: int, **more: str) -> dict[str, str]:
    return {"at": function, "where": f"{function} (mine.py:{number})", **more}


SENDS = line("stream", 50, called="openai.resources.chat.completions.completions:AsyncCompletions.create")
READS = line("stream", 52, called="openai._streaming:AsyncStream.__aiter__")
FINDS = line("find", 60, called="faiss.class_wrappers:replacement_search")
OTHERS = (SENDS, READS, FINDS)
SCORES = (line("score", 7), line("score", 9))
CLEANS = (line("clean", 3, called=":sub"), line("clean", 4))
HELPERS = tuple(line(f"helper_{number}", number) for number in range(5))


@pytest.mark.parametrize(("running", "rps", "lag_ms", "found"), [
    # Of each answer it takes 13 ms that are seen, and 5 more.
    ((*SCORES, *OTHERS), 30, 80, ("event-loop-blocked", "score (mine.py:9)", "likely")),
    ((*CLEANS, *OTHERS), 30, 80, ("preprocessing-on-loop", "clean (mine.py:4)", "likely")),
    # 2 ms of each answer: its pieces may be as small as all others.
    ((*SCORES, *OTHERS), 200, 80, ("interpreter-bound", "", "shown")),
    ((*SCORES, *OTHERS), 30, 2, ("interpreter-bound", "", "shown")),  # whoever comes is met at once
    (HELPERS, 30, 80, ("interpreter-bound", "", "shown")),
    ((line("stream", 51), *OTHERS), 30, 80, ("interpreter-bound", "", "shown")),  # most of it the client's
    ((line("naps", 7, called=":sleep"), *SCORES[:1], *OTHERS), 30, 80, ("interpreter-bound", "", "shown")),
])  # fmt: skip
def test_of_a_full_loop_a_function_is_blamed_with_what_of_its_pieces_is_not_seen(
    diagnose: Any, seen: Any, running: tuple[dict[str, str], ...], rps: float, lag_ms: float,
    found: tuple[str, str, str],
) -> None:  # fmt: skip
    light = seen(users=1, rps=30, waits=({"kind": "running", "at": "", "where": "", "count": 1},))
    waits = ({"kind": "ready", "at": "", "where": "", "count": 20},)
    heavy = seen(users=20, rps=rps, waits=waits, running=running, lag_ms=lag_ms, **HAD)
    [one, *_] = diagnose(light, heavy)
    assert (one.code, one.where, one.confidence) == found
    figures = {evidence.figure: evidence.value for evidence in one.evidence}
    if one.where:
        assert figures["of that in this function"] == pytest.approx(100 * (0.4 + 0.005 * rps), rel=0.05)
        assert figures["of which nobody sees 5 ms an answer"] == pytest.approx(0.5 * rps, rel=0.05)
