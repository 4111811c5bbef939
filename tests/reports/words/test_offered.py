"""At a fixed rate throughput is the load's own: what is compared is the latency, and what was served."""

import re
from typing import Any

from reported import head, words

RATE = {"requested": {"rate": 20.0, "arrival": "constant"}, "concurrency": 1}


def test_variants_are_compared_by_latency_and_by_what_they_served(made: Any, of: Any) -> None:
    """One as fast as the other by its answers a second, and half as fast by its first token."""
    own = (("baseline", 100.0, 20.0), ("quick", 50.0, 20.0), ("full", 100.0, 12.0))
    text = head(
        of(*(
            made.spec(config=config, ttft_ms=ttft, rps=rps, repeat=n, late_s=100.0 * i + 10 * n, **RATE)
            for i, (config, ttft, rps) in enumerate(own) for n in (1, 2)
        ))
    )  # fmt: skip
    assert re.search(r"configuration quick has TTFT p50 (1\.9|2\.0)\dx \(\S+\) better than baseline", text)
    assert "configuration full shows no difference in TTFT p50 to baseline" in text
    assert re.search(r"of the requests offered baseline served 100 % .*, full served (59|60)\.\d % \(", text)
    assert re.search(r"baseline served 100 % \S+ of the requests offered at 20/s, with TTFT p50 of", text)
    assert "RPS" not in text


def test_deployments_are_compared_by_latency_too(made: Any, of: Any) -> None:
    own = (("local", 50.0), ("k8s", 100.0))
    analysis = of(*(made.spec(deployment=name, ttft_ms=ttft, **RATE) for name, ttft in own))
    text = head(analysis)
    assert "as long as the service keeps up: compare the TTFT." in words(analysis)
    assert re.search(r"baseline at 20/s: the TTFT of k8s is (1\.9|2\.0)\dx \(\S+\) that of local; of", text)
    assert re.search(r"of the requests offered local served 100 % \S+ and k8s served 100 % \S+\.", text)
    assert "the RPS of" not in text


def test_what_a_change_is_worth_at_a_rate_is_its_latency(made: Any, of: Any) -> None:
    own = (("1", 100.0), ("2", 50.0))
    specs = (
        made.spec(ttft_ms=ttft, settings={"N": n}, repeat=2 * int(n) + again, **RATE)
        for n, ttft in own
        for again in (0, 1)
    )
    text = head(of(*specs))
    assert re.match(
        r"local: baseline N=2 has TTFT p50 (1\.9|2\.0)\dx \(\S+\) better than baseline N=1; of", text
    )
