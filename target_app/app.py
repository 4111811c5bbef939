"""`uvicorn target_app.app:app --port 8001`"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from types import FrameType
from urllib.parse import urlsplit

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from starlette.routing import Route

from target_app.corpus import CorpusError
from target_app.dial import Dial
from target_app.embeddings import ModelError
from target_app.endpoints import BareASGI, Endpoints
from target_app.factories import FactoryError
from target_app.index import use_one_thread
from target_app.llm import make_llm
from target_app.metrics import Metrics
from target_app.pipeline import Pipeline
from target_app.service import Service
from target_app.settings import USAGE_EXIT_CODE, Settings, die, load_settings
from target_app.vitals import sees

UVICORN_FAULT_EXIT_CODE = 3  # what uvicorn itself ends with where it cannot start
INTERRUPTED_EXIT_CODE = 130
log = logging.getLogger("uvicorn.error")


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # broken brackets or port
        return False


async def _load_or_leave(service: Service) -> None:
    """Load in the background. What cannot be loaded will not get better: one line, and out."""
    try:
        await service.load()
    except Exception as error:  # whatever it is, the process is of no use without it
        known = isinstance(error, ModelError | CorpusError | FactoryError)
        log.error("cannot start: %s", error if known else f"{type(error).__name__}: {error}")
        sys.stderr.flush()
        # uvicorn knows no way to be told its exit code, and a SystemExit in a task ends in a traceback.
        os._exit(USAGE_EXIT_CODE)


class Signals:
    """Whether a signal that ends the process has come; what was done at one before is still done."""

    def __init__(self) -> None:
        self.came = False
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._also_note(number)

    def _also_note(self, number: signal.Signals) -> None:
        before = signal.getsignal(number)
        if not callable(before):
            return

        def note(received: int, frame: FrameType | None) -> None:
            self.came = True
            before(received, frame)

        signal.signal(number, note)


def _make_dial(settings: Settings) -> Dial | None:
    """None where no stage is to be slowed. Raises SystemExit."""
    if not settings.dial_seconds:
        return None
    if settings.dial_dir is None:
        raise die("DIAL_SECONDS wants DIAL_DIR, where it is written which stage was slowed when")
    try:
        return Dial(settings.dial_dir, settings.dial_seconds, settings.dial_seed)
    except OSError as error:
        raise die(f"DIAL_DIR={settings.dial_dir}: {error.strerror}") from None


def make_app(settings: Settings) -> FastAPI:
    """The application under these settings."""
    if not settings.use_mock_llm and not _is_http(settings.openai_base_url):
        raise die("OPENAI_BASE_URL: not an address that begins with http:// or https://")
    dial = _make_dial(settings)
    service = Service(settings, dial)
    metrics = Metrics()
    llm = make_llm(settings, metrics.upstream, dial)
    pipeline = Pipeline(service, llm, metrics)
    endpoints = Endpoints(service, pipeline, metrics)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        use_one_thread()
        signals = Signals()
        metrics.vitals.start()
        if settings.default_executor_threads is not None:
            pool = ThreadPoolExecutor(settings.default_executor_threads, "asyncio")
            asyncio.get_running_loop().set_default_executor(pool)
        loading = None if settings.model_loading == "lazy" else asyncio.create_task(_load_or_leave(service))
        yield
        if loading is not None and not loading.done():
            # Python would wait for the loading thread, a minute or more. Without a signal it is uvicorn
            # that cannot start (the port is in use), and it has said so.
            os._exit(INTERRUPTED_EXIT_CODE if signals.came else UVICORN_FAULT_EXIT_CODE)
        metrics.vitals.stop()
        await llm.close()
        pipeline.close()
        service.close()
        if dial is not None:
            dial.close()

    app = FastAPI(title="Chokepoint's target", lifespan=lifespan)
    app.state.metrics = metrics
    _add_state(app, settings, pipeline, service)
    # First in the list: the path that is asked most is matched first.
    answering = (
        ("POST", "/ask/stream", endpoints.ask_stream),
        ("POST", "/ask", endpoints.ask),
        ("POST", "/v1/chat/completions", endpoints.chat),
        ("GET", "/health", endpoints.health),
        ("GET", "/metrics", endpoints.metrics),
    )
    app.router.routes[:0] = [
        Route(path, BareASGI(handle), methods=[method]) for method, path, handle in answering
    ]
    return app


def _add_state(app: FastAPI, settings: Settings, pipeline: Pipeline, service: Service) -> None:
    """The paths at which the application says how it is, and what it runs."""

    @app.get("/ready")
    async def ready() -> JSONResponse:
        return JSONResponse({"ready": service.ready}, 200 if service.ready else 503)

    @app.get("/config")
    async def config() -> dict[str, object]:
        return {
            "config": settings.configuration,
            "settings": settings.public(),
            "paths": pipeline.paths(),
            "sees": sees(settings.default_executor_threads, service.torch_threads),
        }


app = make_app(load_settings())
