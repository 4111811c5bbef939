"""``podman[:OVERLAY]``: the target's container of an overlay, played in podman with its limits and probes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

from reach.options import Reach
from sweep.deployments.pod import Pod
from sweep.deployments.podman_target import PodmanDeployment
from sweep.deployments.pods.container import container_of, target_in
from sweep.deployments.pods.played import Changes, image_of, left_out, played
from sweep.deployments.pods.probes import LIVENESS, READINESS, STARTUP, played_probe
from sweep.deployments.pods.render import folder_of, understood
from sweep.deployments.protocol import Setup
from sweep.running import podman
from sweep.running.cgroups.limits import Limits
from sweep.running.errors import UsageError

BUILT_BY = "k8s/images.sh (make images)"


@dataclass(frozen=True)
class Podman(Pod):
    """An overlay, by its name in ``k8s/overlays`` or by its folder."""

    prefix: ClassVar[str] = "podman"
    form = "podman[:OVERLAY]"
    own_environment = True

    def documents(self) -> Sequence[Any]:
        """Raises UsageError where they are not rendered, or could not be played."""
        return understood(self.overlay, self.form, _playable)

    def check(self, reach: Reach, headers: Mapping[str, str]) -> None:
        """Raises UsageError where there is no podman, no image, or no container that can be limited."""
        documents, said = self.documents(), f"--deployment {self.form}"
        try:
            podman.program()
        except UsageError as error:
            raise UsageError(f"{said}: {error}; apt-get install podman brings it") from None
        image = image_of(documents)
        if not _id_of(image):
            raise UsageError(f"{said}: podman has no image {image}; {BUILT_BY} builds ours")
        try:
            podman.run("run", "--rm", "--network=host", "--pull=never", *_words(self.limits()),
                       '--entrypoint=["true"]', image)  # fmt: skip
        except UsageError as error:
            raise UsageError(f"{said}: no container can be limited here: {error} (see docs/pod.md)") from None

    def kept(self) -> dict[str, str]:
        return {**super().kept(), "image": _id_of(image_of(self.documents()))}

    def facts(self) -> dict[str, Any]:
        documents = self.documents()
        given = container_of(documents)
        return {
            "by": podman.version(),
            "overlay": str(folder_of(self.overlay)),
            **self.kept(),
            "environment": dict(given.in_a_cluster),
            "environment_left_out": list(left_out(documents)),
            "ready_seconds": given.ready_seconds,
        }

    def deployment(self, setup: Setup) -> PodmanDeployment:
        return PodmanDeployment(self.documents(), self.form, setup)


def _playable(documents: Sequence[Any]) -> Sequence[Any]:
    """Raises ValueError."""
    played(documents, Changes(name="tried", port=1))
    for name in (STARTUP, READINESS, LIVENESS):
        played_probe(target_in(documents).raw, name)
    return documents


@cache  # a sweep asks before each cell; what it starts is what was there when it began
def _id_of(image: str) -> str:
    """Empty: there is none."""
    return podman.run("images", "--no-trunc", "--format={{.Id}}", f"--filter=reference={image}").partition(
        "\n"
    )[0]


def _words(limits: Limits) -> list[str]:
    cpu = [] if limits.container_cores is None else [f"--cpus={limits.container_cores:g}"]
    return cpu + ([] if limits.memory_bytes is None else [f"--memory={limits.memory_bytes}b"])
