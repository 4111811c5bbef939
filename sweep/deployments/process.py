"""What kinds share whose targets are processes of this machine: their environment, and the wait for them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from reach.key import without_key
from records.services.served import Served
from sweep.deployments.protocol import Setup
from sweep.running.asking import served, status
from sweep.running.cpu_got import Watched
from sweep.running.dial import with_dial
from sweep.running.errors import UsageError
from sweep.running.inside import with_inside
from sweep.running.processes import Child
from sweep.running.spans import with_spans

READY_PATH = "/ready"
"""Of the reference app."""
_POLL_SECONDS = 0.1
_ANSWER_SECONDS = 1.0


def environment_of(
    setup: Setup, settings: Mapping[str, str], environment: Mapping[str, str]
) -> dict[str, str]:
    """The sweep's own, without the key of the target itself; then its LLM; last the variant's settings."""
    llm = {"OPENAI_BASE_URL": setup.llm_url} if setup.llm_url else {}
    # First the threads: what the user set says more.
    whole = {**setup.cpus.environment(), **without_key(environment), **llm, **settings}
    if setup.inside is not None:
        whole = with_inside(whole, setup.inside)
    if setup.dial is not None:
        whole = with_dial(whole, setup.dial)
    if setup.otlp_url:
        whole = with_spans(whole, setup.otlp_url, settings)
    if setup.llm_url:
        whole.setdefault("OPENAI_API_KEY", "none")  # the OpenAI SDK insists on a key; the mock ignores it
    return whole


def wait_ready(child: Child, setup: Setup, url: str, ready: Callable[[int], bool]) -> None:
    """Until a GET of ``url`` has an answer whose status is ``ready``.

    Raises:
        OutOfTime: the budget ended first.
        UsageError: the process ended first, or there was none in time; with its last words.
    """
    base_url, _, path = url.removeprefix("http://").partition("/")
    wait, found = setup.wait(), None
    watched = Watched(wait.began, setup.note)
    while not wait.is_over:
        if (code := child.exit_code()) is not None:
            raise UsageError(
                f"the target ended before it was ready, with {code}: {child.complaint()} ({child.log})"
            )
        found = status(f"http://{base_url}", f"/{path}", _ANSWER_SECONDS)
        if found is not None and ready(found):
            return
        seen = _elsewhere(child, base_url) or _awaited(path, found)
        # Its own last words may be that it runs, long before it is ready.
        setup.report(f"{seen}{watched.got(child.pid)}; {child.last_words()}")
        time.sleep(_POLL_SECONDS)
    why = f"{url} answers {found}"
    if found is None:
        elsewhere = _elsewhere(child, base_url)
        why = f"nothing answers at {url}{f', but {elsewhere}' if elsewhere else ''}"
    why += watched.got(child.pid)
    raise wait.error(f"{why}; its last words: {child.complaint()} ({child.log})")


def reference_app_at(base_url: str, name: str, settings: Mapping[str, str]) -> Served:
    """What it says of itself. Raises UsageError where it says nothing, or does not know a setting."""
    said = served(base_url)
    if said.config is None:
        raise UsageError(f"the target at {base_url} answers, but not /config")
    unknown = sorted(set(settings) - set(said.settings))
    if unknown:
        raise UsageError(f"{name}: the target has no setting {', '.join(unknown)}")
    return said


def _awaited(path: str, found: int | None) -> str:
    """What it is waited for."""
    return f"no answer at /{path} yet" if found is None else f"/{path} answers {found}"


def _elsewhere(child: Child, base_url: str) -> str:
    """That it listens, but not where it was told to; nothing where that is not so."""
    port = int(base_url.rpartition(":")[2])
    ports = child.listens_on()
    if not ports or port in ports:
        return ""
    numbers = ", ".join(map(str, sorted(ports)))
    return f"it listens on port {numbers}, not on {port}, which {{port}} in its words and PORT say"
