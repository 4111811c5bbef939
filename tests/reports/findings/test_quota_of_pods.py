"""Pods of a cluster, of which counters alone are known: what is found, what an autoscaler would do."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from records.cells import layout
from records.cells.cell import Cell
from records.cells.point import Point
from records.evidence.limits import CellLimits
from records.evidence.pods import Autoscaler, CellPods, ContainerUse
from reported import analysed, words
from reports.analysis.analysis import Analysis
from reports.figures.load import Load
from reports.findings.catalogue import diagnosis

SECONDS = 10.0


@pytest.fixture
def in_pods(made: Any, tmp_path: Path) -> Callable[..., Analysis]:
    """By deployment: (answers a second at 10 users, cores of the app, its share of stopped periods, pods);
    ``proxy``: (cores, request, share) of a sidecar. ``local`` has no limit."""

    def run(
        proxy: tuple[float, str, float] | None = None, hpa: Autoscaler | None = None, **arms: Any
    ) -> Analysis:
        specs = [
            made.spec(deployment=label, concurrency=users, rps=rps * share)
            for label, (rps, *_) in arms.items() for users, share in ((1, 0.5), (10, 1.0))
        ]  # fmt: skip
        made.run(tmp_path / "run", specs, plan={"targets": [{"label": label} for label in arms]})
        for spec in specs:
            _, cores, stopped, replicas = arms[spec.deployment]
            folder, limit = (
                tmp_path / "run" / layout.CELLS / spec.name,
                None if "local" in spec.deployment else 0.5,
            )
            CellLimits(
                cpu_limit_cores=limit, cpu_period_us=100_000, cpu_request_cores=0.25, seconds=SECONDS,
                nr_periods=100, nr_throttled=round(100 * stopped), cpu_seconds=cores * SECONDS,
                sees={"cpu_count": 8, "torch_threads": 8}, replicas=replicas,
                memory_limit_bytes=64 << 20, memory_peak_bytes=63 << 20,
            ).write(folder)  # fmt: skip
            app = {
                "pod": "p",
                "container": "app",
                "cpu_seconds": cores * SECONDS,
                "requests": {"cpu": "250m"},
            }
            uses = [ContainerUse(**app)]
            if proxy:
                used, request, share = proxy
                uses.append(ContainerUse(
                    pod="p", container="proxy", cpu_seconds=used * SECONDS, nr_periods=1000,
                    nr_throttled=round(1000 * share), requests={"cpu": request} if request else {},
                ))  # fmt: skip
            named: dict[str, Any] = {
                "context": "c",
                "namespace": "n",
                "deployment": "d",
                "of": "d",
                "via": "pod",
            }
            CellPods(
                **named, replicas=replicas, container="app", autoscaler=hpa, containers=tuple(uses)
            ).write(folder)
        return analysed(tmp_path / "run")

    return run


def test_a_throttled_pod_is_found_by_its_counters(in_pods: Any) -> None:
    analysis = in_pods(local=(60.0, 1.5, 0.0, 1), k8s=(20.0, 0.5, 0.9, 1))
    first = diagnosis(analysis)[0]
    found = (first.code, first.about.deployment, first.confidence, first.severity)
    assert found == ("cpu-throttled", "k8s", "shown", "high")
    figures = {one.figure: one.value for one in first.evidence}
    assert figures["periods in which it was stopped"] == pytest.approx(90)
    assert (figures["torch threads"], figures["of which fit the limit"]) == (8, 1)
    assert (figures["processor time an answer"], figures["in local"]) == pytest.approx((25, 25), rel=0.1)


def test_limits_are_of_each_replica_and_counters_of_all(in_pods: Any) -> None:
    analysis = in_pods(k8s=(20.0, 0.75, 0.0, 3))
    [machine] = [s.heavy.machine for s in analysis.services]
    assert (machine.cpu_cores, machine.cores, machine.quota) == pytest.approx((0.75, 1.5, 0.5))


def test_a_sidecar_that_is_stopped_is_named(in_pods: Any) -> None:
    [found] = [
        f
        for f in diagnosis(in_pods(k8s=(20.0, 0.3, 0.0, 1), proxy=(0.1, "100m", 0.6)))
        if "throttled" in f.code
    ]
    assert "sidecar proxy was stopped" in found.evidence[0].figure
    assert found.evidence[0].value == pytest.approx(60)


HPA = Autoscaler(name="web", cpu_percent=70, max_replicas=4)


@pytest.mark.parametrize(("cores", "proxy", "hpa", "told"), [
    (0.5, None, None, "200 % of its request: an HPA at 80 %, its default, would have fired, and asked for 3"),
    (0.2, None, None, "would have added no pod"),
    (0.215, None, None, "would have added no pod"),  # within the tolerance of a tenth
    (2.0, None, HPA, "the HPA web, at 70 %, would have fired, and asked for 4 pods"),  # its most
    (0.5, (0.1, "", 0.0), None, "would not have acted, for proxy requests no CPU"),
    (0.2, (0.5, "100m", 0.0), None, "200 % of its request"),  # the pod's, with its sidecar
])  # fmt: skip
def test_what_an_autoscaler_would_have_done(
    in_pods: Any, cores: float, proxy: Any, hpa: Any, told: str
) -> None:
    assert told in words(in_pods(k8s=(20.0, cores, 0.0, 1), proxy=proxy, hpa=hpa))


def test_ways_are_rows_of_their_own() -> None:
    points = (Point.of({"via": via, "users": 10}) for via in ("service", "ingress"))
    cells = [Cell(deployment="k", config="c", concurrency=10, repeat=1, factors=one) for one in points]
    assert [Load.of(cell).label for cell in cells] == ["via=service users=10", "via=ingress users=10"]
