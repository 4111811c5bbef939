"""The same app with what a dashboard is usually drawn from: prometheus-fastapi-instrumentator's metrics at
/metrics, and Open WebUI's own, scraped where they are otherwise pushed (port 9464, by a thread).

Its middleware is the package's, unchanged. What else it imports is not installed and not used: the accounts
that its gauges count, an exporter over HTTP.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

from app import app
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.resources import Resource
from prometheus_client import start_http_server
from prometheus_fastapi_instrumentator import Instrumentator


def stand_in(module: str, **holds: Any) -> None:
    made = ModuleType(module)
    vars(made).update(holds)
    sys.modules[module] = made


HTTP = "opentelemetry.exporter.otlp.proto.http"
stand_in("open_webui.models.users", Users=None)
stand_in(HTTP)
stand_in(f"{HTTP}.metric_exporter", OTLPMetricExporter=None)

from open_webui.utils.telemetry import metrics  # noqa: E402

metrics._build_meter_provider = lambda resource: MeterProvider([PrometheusMetricReader()], resource)
metrics.setup_metrics(app, Resource.create())
Instrumentator().instrument(app).expose(app)
start_http_server(9464, "127.0.0.1")
