"""Whose a task, a thread or a module is: a request's, a server's, a framework's; and which functions hand
work to others, and in what they have it. Data, as that in `kinds`.
"""

from __future__ import annotations

import re

REQUESTS: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = (
    (re.compile(r"uvicorn\.protocols\."), re.compile(r".*\brun_asgi")),
    (re.compile(r"hypercorn\.\w+\.task_group"), re.compile("_handle")),
    (re.compile(r"aiohttp\.web_protocol"), re.compile(r"RequestHandler\.start")),
)
"""The outermost coroutine of a task that is a request. aiohttp's is a connection: idle, while it waits in
that coroutine itself."""
SERVED: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = (
    (re.compile(r"gunicorn\.workers\.\w+"), re.compile(r"\w+\.handle_request")),
    (re.compile(r"waitress\.task"), re.compile(r"\w+\.service")),
    (re.compile(r"werkzeug\.serving"), re.compile(r"WSGIRequestHandler\.run_wsgi")),
)
"""The function of a server's in which a thread answers a request."""
SERVERS = re.compile(
    r"(uvicorn\.(server|lifespan|supervisors|workers)\b|hypercorn\.(asyncio|middleware)\b|aiohttp\.web$)"
)
"""Whose other tasks are the server's own: its main loop, its lifespan."""
FRAMEWORKS = re.compile(
    r"(uvicorn|hypercorn|gunicorn|waitress|werkzeug|flask|django|bottle|starlette|fastapi|aiohttp|anyio|sse_starlette|sanic|quart|litestar|uvloop"
    r"|opentelemetry|ddtrace|sentry_sdk|newrelic|elasticapm|prometheus\w*|slowapi|asgi_correlation_id|gradio"
    r"|click|threading|concurrent)\b"
)
"""What runs an app, and never is one, be it installed like these."""
LISTENERS = {
    ("starlette.responses", "StreamingResponse.listen_for_disconnect"),
    ("sse_starlette.sse", "EventSourceResponse._listen_for_disconnect"),
    ("sse_starlette.sse", "EventSourceResponse._listen_for_exit_signal"),
}
"""Tasks that a request has beside itself, and that only watch for its end."""
RECEIVES = LISTENERS | {("anyio.streams.memory", "MemoryObjectReceiveStream.receive")}
"""How a request waits for what another task of its anyio group sends it, or for its end while that works."""
IN_A_THREAD = {
    ("starlette.concurrency", "run_in_threadpool"): "func",
    ("starlette.concurrency", "iterate_in_threadpool"): "as_iterator",
}
"""Functions that have another one run in a thread, and what they call it."""
GREENLETS = {
    (module, "greenlet_spawn"): "context"
    for module in ("sqlalchemy.util.concurrency", "sqlalchemy.util._concurrency_py3k")
}
"""Functions that run what is not asynchronous in a greenlet, which awaits by means of them, and in what they
have it: between it and what it awaits there are frames, and no coroutine."""
CHILDREN = {
    ("asyncio.tasks", "wait_for"): "fut",
    ("asyncio.tasks", "_wait"): "fs",
    ("asyncio.taskgroups", "TaskGroup.__aexit__"): "self",
    ("asyncio.taskgroups", "TaskGroup._aexit"): "self",  # Python 3.13
    ("anyio._backends._asyncio", "TaskGroup.__aexit__"): "self",
}
"""Functions that wait for other tasks by a future that does not say so, and in what they have them."""
