"""A deployment as it was asked for; what its spec means is for its kind to say."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar

from pydantic import ConfigDict

from records.secrets.given import blank_command
from records.secrets.secret_names import path_trouble
from sweep.deployments.app_code import code_of
from sweep.deployments.catalogue import kind_of
from sweep.deployments.protocol import HEALTH_PATH, Kind
from sweep.deployments.start_options import StartOptions
from sweep.running.errors import UsageError

_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,80}")


@dataclass(frozen=True, kw_only=True)
class Target(StartOptions):
    """Its label (also its folder), its spec, and what was said of it besides.

    Raises:
        UsageError: the spec is of no kind, or the label no folder's name.
    """

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    label: str
    spec: str

    def __post_init__(self) -> None:
        if not _LABEL.fullmatch(self.label):
            raise UsageError(
                f"a deployment's label takes letters, digits, '.', '_' and '-', not {self.label!r}"
            )
        _ = self.kind  # raises
        if self.ready_path and (trouble := path_trouble("--ready-path", self.ready_path)):
            raise UsageError(trouble)

    @classmethod
    def of(cls, text: str, *, long: bool = False) -> Target:
        """From ``[LABEL=]SPEC``; without a label it is called what its spec names, ``long`` or short. Raises
        UsageError."""
        label, equals, spec = text.partition("=")
        if equals and _LABEL.fullmatch(label):
            return cls(label=label, spec=spec)
        kind = kind_of(text)
        return cls(label=kind.long_name if long else kind.name, spec=text)

    @property
    def cheap_path(self) -> str:
        """What probes ask for where nothing else was said: where it is asked whether it is ready."""
        return self.ready_path or self.kind.ready_path or HEALTH_PATH

    @cached_property
    def kind(self) -> Kind:
        """What it is, and can do."""
        return kind_of(self.spec)

    def kept(self) -> dict[str, str]:
        """What makes what the sweep starts another service than one of the same label: its spec, without
        secrets, where a command ran, and the code there. Nothing of a service that runs: its address says
        which it is."""
        if not self.kind.started:
            return {}
        folder = {"folder": self.cwd} if self.cwd else {}
        if self.cwd and (code := code_of(Path(self.cwd))):
            folder["code"] = code
        node = {"as_if_cores": str(self.as_if_cores)} if self.as_if_cores else {}
        return {"spec": blank_command(self.spec), **folder, **node, **self.kind.kept()}


def check_settings(targets: Sequence[Target], by_name: Mapping[str, Mapping[str, str]]) -> None:
    """See, once a kind of deployment, that it takes these settings, by the name of whose they are. Raises
    UsageError."""
    for kind in {type(target.kind): target.kind for target in targets}.values():
        kind.check_settings(by_name)
