"""What Locust is told of a cell: what it is, and the words of its command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from records.cells.cell_spec import CellSpec
from records.cells.cpus import CLUSTER, SHARED, CpuDivision
from records.cells.layout import SAMPLES, beside
from records.services.variants import MOCKS, SWITCHES
from sweep.beside.profiling import interval_s
from sweep.choosing import again
from sweep.deployments.protocol import Endpoint
from sweep.measuring.expected import given_besides, is_expected
from sweep.measuring.parts import spec_of
from sweep.measuring.workplace import Workplace
from sweep.planning.bounds import load_seconds
from sweep.planning.cell_key import CellKey
from sweep.planning.division import divisible
from sweep.planning.load_words import own_words, words
from sweep.planning.regions import parse_regions
from sweep.planning.scenario import locustfile
from sweep.running.redaction import redaction

_IN_CLUSTER = CpuDivision(mode=CLUSTER, target=None)
"""How CPUs are divided for a load in a cluster: that is the cluster's to say."""


@dataclass(frozen=True)
class LoadFiles:
    """Where a load finds and leaves its files, and what followed ``--``, by files' names there."""

    locustfile: str
    results: str
    spec: str
    words: Sequence[str]


def cell_spec(place: Workplace, key: CellKey, endpoint: Endpoint) -> CellSpec:
    """What Locust is told of the cell, which it judges by that and writes down."""
    folder, served, redact = place.folder(key), endpoint.served, redaction()
    settings = {name: redact.redact(text) for name, text in place.plan.settings_of(key.config).items()}
    [target] = [target for target in place.plan.targets if target.label == key.deployment]
    # A command may read more from its environment than it says; what we set and it says is held against that.
    unsaid = set(settings) - set(served.settings) if target.kind.configurable and served.config else set()
    if key.config in MOCKS:  # its name says it
        unsaid -= {switch.setting for switch in SWITCHES}
    return CellSpec(
        deployment=key.deployment,
        config=key.config,
        point=key.point.to_json(),
        repeat=key.repeat,
        expected_config=key.config if is_expected(key.config, served) else None,
        expected_settings={name: text for name, text in settings.items() if name not in unsaid},
        unproved_settings=tuple(sorted(unsaid)),
        variant=redact.value(place.plan.variant(key.config).settings),
        settings={**redact.value(given_besides(place.plan, target, served)), **settings},
        service=redact.value(target.kept() if endpoint.kept is None else endpoint.kept),
        served=served,
        cpus=(_IN_CLUSTER if endpoint.load else place.cpus_for(endpoint)).to_json(),
        quota=place.plan.has_quota,
        divisible=place.cpus.mode != SHARED or divisible(place.plan, place.cpus.load),
        machine=endpoint.load.place if endpoint.load else "",
        earlier_tries=again.times(folder),
        pids=endpoint.pids,
        regions={region.name: region.link for region in parse_regions(place.plan.regions)},
        samples=str(beside(folder, SAMPLES)) if endpoint.pids else "",
        interval_s=interval_s(place.plan),
    )


def files_here(place: Workplace, key: CellKey) -> LoadFiles:
    folder, plan = place.folder(key), place.plan
    paths = str(locustfile(plan.scenario)), str(folder), str(spec_of(folder))
    return LoadFiles(*paths, words=plan.locust_args)


def _turn(folder: Path) -> str:
    """The same for all services that are compared at a load, in a repeat: another one asks other questions,
    which no cache between cells knows; so does another try. Those of another sweep are others by its seed."""
    return f"{folder.name}/{again.times(folder)}"


def locust_argv(place: Workplace, key: CellKey, endpoint: Endpoint, files: LoadFiles) -> list[str]:
    plan, users = place.plan, str(key.concurrency)
    least, most = plan.cell_seconds
    own = {
        "--locustfile": files.locustfile,
        "--host": endpoint.base_url,
        **({"--connect-to": endpoint.connect_to} if endpoint.connect_to else {}),
        "--users": users,
        "--spawn-rate": users,
        "--run-time": f"{load_seconds(most):.0f}s",
        "--max-seconds": f"{most:g}",
        "--requests": str(plan.requests_at(key.point)),
        "--warmup-requests": str(plan.warmup_requests),
        "--results": files.results,
        "--run-name": place.run.resolve().name,  # also where the directory was given as "."
        "--cell-spec": files.spec,
        "--turn": _turn(place.folder(key)),
        "--drawn-seed": str(plan.seed),
    }
    return [
        *("--headless", *own_words(own)),
        # These may be said otherwise after --, or as an option of the sweep's.
        *("--only-summary", "--loglevel", "WARNING", "--min-seconds", f"{least:g}"),
        *(("--server-name", endpoint.server_name) if endpoint.server_name else ()),
        *words(plan, key.point, files.words),
    ]
