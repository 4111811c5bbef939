"""Deployments that run or are reached otherwise: what is compared, and what is said."""

from pathlib import Path
from typing import Any

import pytest

from alike_cells import spec
from reported import notes, of_cells, what_this_says
from reports.analysis.of_machine import Drift
from reports.as_json.results import results_json


def test_deployments_may_be_set_differently_but_run_the_same_code(made: Any, tmp_path: Path) -> None:
    pod = spec(
        made, "baseline", settings={"RETRIEVAL": "blocking"}, deployment="k8s", ttft_ms=200.0, rps=10.0
    )
    analysis = of_cells(made, tmp_path, spec(made, "baseline"), pod)
    [ratio] = analysis.deployment_ratios
    assert (ratio.differ_in, ratio.set_apart) == ((), ("RETRIEVAL",))
    assert "Local and K8s are set differently: RETRIEVAL." in " ".join(notes(analysis))
    assert ratio.throughput is not None
    assert ratio.throughput.value == pytest.approx(2.0)


def test_deployments_that_run_other_code_are_not_compared(made: Any, tmp_path: Path) -> None:
    pod = spec(made, "baseline", paths={"search": "Hnsw@pool"}, deployment="k8s", rps=5.0)
    analysis = of_cells(made, tmp_path, spec(made, "baseline"), pod)
    [ratio] = analysis.deployment_ratios
    assert (ratio.throughput, ratio.compared, ratio.second_is_bottleneck) == (None, None, False)
    said = (
        "local/baseline is not compared with k8s at 10 users: they also differ in "
        "stage search (Hnsw@loop against Hnsw@pool)."
    )
    assert said in " ".join(notes(analysis))
    assert said in what_this_says(analysis)


def test_the_ttft_of_two_deployments_is_compared_like_their_rps(made: Any, tmp_path: Path) -> None:
    """Above 1 the first is faster, in both."""
    slow = spec(made, "baseline", deployment="k8s", ttft_ms=200.0, rps=10.0)
    analysis = of_cells(made, tmp_path, spec(made, "baseline"), slow)
    [written] = results_json(analysis)["deployment_ratios"]
    assert written["ttft"]["value"] == pytest.approx(2.0, rel=0.1)
    assert written["ttft"]["low"] > 1.5
    assert written["rps"]["value"] == pytest.approx(2.0)
    assert "TTFT p50, K8s over Local: 2.0" in " ".join(notes(analysis))
    head = " ".join(what_this_says(analysis))
    assert "baseline at 10 users: local has 2.00x (" in head
    assert "and the TTFT of k8s is 2.0" in head


def test_deployments_at_the_ends_of_other_ways_are_compared_and_it_is_said(made: Any, tmp_path: Path) -> None:
    tls = {"ca": None, "insecure": False, "cert": None, "cert_key": None, "server_name": None}
    one = spec(made, "baseline", requested={"proxy": None, "tls": tls})
    ways = {"proxy": "proxy:3128", "tls": tls | {"insecure": True, "server_name": "a"}}
    analysis = of_cells(made, tmp_path, one, spec(made, "baseline", deployment="k8s", requested=ways))
    [ratio] = analysis.deployment_ratios
    assert ratio.throughput is not None
    assert ratio.reached_apart == ("--insecure", "--server-name", "proxy")
    told = "reached differently"
    assert f"Local and K8s were {told}: --insecure, --server-name and proxy." in " ".join(notes(analysis))
    assert f"local and k8s were {told} (--insecure, --server-name and proxy)" in " ".join(
        what_this_says(analysis)
    )


TLS = {"ca": None, "insecure": False, "cert": None, "cert_key": None, "server_name": None}


def test_plain_against_tls_is_said(made: Any, tmp_path: Path) -> None:
    plain = spec(made, "baseline", requested={"proxy": None, "tls": None})
    verified = spec(made, "baseline", deployment="k8s", requested={"proxy": None, "tls": TLS})
    analysis = of_cells(made, tmp_path, plain, verified)
    assert "Local and K8s were reached differently: TLS." in " ".join(notes(analysis))


@pytest.mark.parametrize("way", ["server_name", "cert", None])
def test_services_behind_one_address_are_no_repeats_unsaid(
    made: Any, tmp_path: Path, way: str | None
) -> None:
    tls = None if way is None else TLS | {way: "a"}
    one = spec(made, "baseline", requested={"proxy": None, "tls": TLS})
    two = spec(made, "baseline", rps=50.0, repeat=2, requested={"proxy": None, "tls": tls})
    analysis = of_cells(made, tmp_path, one, two)
    named = "tls=none" if way is None else f"--{way.replace('_', '-')}=a"
    assert len(analysis.levels) == 2
    assert f"baseline {named}" in {level.config for level in analysis.levels}
    assert not analysis.noted(Drift)
    trusted = spec(made, "baseline", repeat=2, requested={"proxy": None, "tls": TLS | {"ca": "b"}})
    assert "differently" not in " ".join(what_this_says(of_cells(made, tmp_path / "ca", one, trusted)))


def test_of_ways_that_are_not_told_or_the_same_nothing_is_said(made: Any, tmp_path: Path) -> None:
    plain = {"proxy": None, "tls": None}
    for n, other in enumerate((plain, {})):
        two = (
            spec(made, "baseline", requested=plain),
            spec(made, "baseline", deployment="k8s", requested=other),
        )
        [ratio] = of_cells(made, tmp_path / str(n), *two).deployment_ratios
        assert ratio.reached_apart == ()
