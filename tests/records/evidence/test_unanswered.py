"""What never answered is told in a line; what answered once is not."""

from pathlib import Path

import orjson
import pytest

from records.evidence.unanswered import unanswered_probes, unanswered_scrapes

URL = "http://me:hunter2@h:8001/"


def written(folder: Path, *raw: object) -> Path:
    path = folder / "x.jsonl"
    path.write_bytes(b"".join(orjson.dumps(one) + b"\n" for one in raw))
    return path


def probe(kind: str, outcome: str, status: int | None = None) -> dict[str, object]:
    return {"kind": kind, "outcome": outcome, "status": status}


def test_a_service_that_is_not_there(tmp_path: Path) -> None:
    refused = [probe(kind, "refused") for kind in ("accept", "accept", "/up")]
    found = unanswered_probes(URL, ["/up"], written(tmp_path, *refused, probe("/up", "error")))
    assert found == {"": "no probe of http://***@h:8001 succeeded (3 refused, 1 error)"}
    assert unanswered_probes(URL, [], tmp_path / "no") == {"": "no probe of http://***@h:8001 was taken"}


def test_a_path_that_fails_where_the_rest_answers(tmp_path: Path) -> None:
    good, bad = probe("accept", "ok"), probe("/up", "status", 503)
    found = unanswered_probes(URL, ["/up"], written(tmp_path, bad, good, bad))
    assert found == {"/up": "no probe of http://***@h:8001/up succeeded (2 HTTP 503)"}
    assert unanswered_probes(URL, ["/up"], written(tmp_path, bad, good, probe("/up", "ok", 200), bad)) == {}


@pytest.mark.parametrize(("errors", "told"), [
    (["ConnectionRefusedError"] * 3, "3 of 3 failed (connection refused)"),
    (["HTTP 503", "HTTP 503", "TimeoutError"], "3 of 3 failed (2 HTTP 503, 1 timeout)"),
    (["gaierror"], "1 of 1 failed (unknown host)"), ([], "no answer came in time"),
    (["HTTP 503", None], None),
])  # fmt: skip
def test_scrapes(errors: list[str | None], told: str | None, tmp_path: Path) -> None:
    other = {"source": "b", "series": {}}
    path = written(tmp_path, other, *({"source": "a"} | ({"error": one} if one else {}) for one in errors))
    found = unanswered_scrapes(["a", "b"], path)
    assert found == ({"a": f"scrape a: {told}"} if told else {})
