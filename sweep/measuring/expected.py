"""What a target is expected to have of settings and names, beside what its variant says."""

from __future__ import annotations

import os

from records.secrets.secret_names import is_secret
from records.secrets.urls import blank_urls
from records.services.served import AS_IS, Served
from records.services.variants import MOCKS
from sweep.beside.llm import named_llm
from sweep.planning.plan import Plan
from sweep.planning.target import Target
from sweep.running.cpus import THREAD_SETTINGS

SIZES = (*THREAD_SETTINGS, "WEB_CONCURRENCY", "TOKENIZERS_PARALLELISM")
"""Variables by which libraries and servers have more threads or processes, whatever a service says."""


def given_besides(plan: Plan, target: Target, served: Served) -> dict[str, str]:
    """What the environment sets of what is started: the LLM, how many threads and processes compute, and
    whatever else the service says it has, in capitals or not, as pydantic's settings are read."""
    if not (target.kind.started and target.kind.configurable) or target.kind.elsewhere:
        return {}
    settings = {name.upper(): name for name in (*SIZES, *served.settings) if not is_secret(name)}
    said = sorted(os.environ, key=str.isupper)  # in capitals last: that is what counts
    given = {settings[name.upper()]: os.environ[name] for name in said if name.upper() in settings}
    if target.kind.own_environment:
        given = {}
    if target.kind.reaches_loopback and (llm := named_llm(plan)):
        given["OPENAI_BASE_URL"] = llm
    return {name: blank_urls(text) for name, text in given.items()}


def is_expected(config: str, served: Served) -> bool:
    """Is it a service's own name for what it runs? Any other variant is known by its settings; one that
    nobody can prove is named all the same."""
    return config in MOCKS or (served.config is None and config != AS_IS)
