"""What a task waits for, and what work a thread does, told by the library's function that it is in. Data; the
walk looks it up here.

``primitive`` kinds are what libraries are built of: where one of the others is met between it and the app,
that one says more (a pool hands out connections by an event).

Reports know the kinds by the same words, in `reports/evidence/kinds.py`, which this file may not import: a
test holds the two together (`tests/reports/evidence/test_kinds.py`).
"""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple


class Rule(NamedTuple):
    kind: str
    at: str
    """What it is called, where its function's own name says less."""
    primitive: bool


QUEUE = "queue-get"
SHARED_QUEUE = "shared-queue"
"""A queue that several requests wait at: what comes is for whichever of them is next, as what a pool hands
out. Where each has one of its own, as for its tokens, it waits for whoever makes what comes."""
EXECUTOR, EXECUTOR_QUEUE = "executor", "executor-queue"
PROCESS, PROCESS_QUEUE = "process", "process-queue"
"""Until a call that an executor has is done, or begun: by a thread, or by a process of a pool."""
_PRIMITIVES: dict[str, dict[str, str]] = {
    "asyncio.locks": {
        "Lock.acquire": "lock",
        "Semaphore.acquire": "semaphore",
        "Condition.wait": "condition",
        "Event.wait": "event",
        "Barrier.wait": "barrier",
    },
    "asyncio.queues": {"Queue.get": QUEUE, "Queue.put": "queue-put", "Queue.join": "queue-join"},
    "anyio._backends._asyncio": {
        "Lock.acquire": "lock",
        "Semaphore.acquire": "semaphore",
        "Event.wait": "event",
    },
    "anyio._core._synchronization": {
        "Lock.acquire": "lock",
        "Semaphore.acquire": "semaphore",
        "Condition.wait": "condition",
    },
    "anyio.streams.memory": {
        "MemoryObjectReceiveStream.receive": QUEUE,
        "MemoryObjectSendStream.send": "queue-put",
    },
    "asyncio.tasks": {"sleep": "sleep"},
}
_OTHERS: dict[str, dict[str, str]] = {
    "asyncio.threads": {"to_thread": EXECUTOR},
    "asyncio.streams": {
        "StreamReader._wait_for_data": "socket-read",
        "FlowControlMixin._drain_helper": "socket-write",
        "StreamWriter.drain": "socket-write",
        "open_connection": "connect",
    },
    "asyncio.selector_events": {
        "BaseSelectorEventLoop.sock_recv": "socket-read",
        "BaseSelectorEventLoop.sock_recv_into": "socket-read",
        "BaseSelectorEventLoop.sock_sendall": "socket-write",
        "BaseSelectorEventLoop.sock_connect": "connect",
    },
    "asyncio.base_events": {
        "BaseEventLoop.getaddrinfo": "dns",
        "BaseEventLoop.create_connection": "connect",
    },
    "asyncio.subprocess": {"Process.wait": "subprocess", "Process.communicate": "subprocess"},
    "anyio._core._sockets": {"getaddrinfo": "dns", "connect_tcp": "connect"},
    "anyio._backends._asyncio": {
        "AsyncIOBackend.getaddrinfo": "dns",
        "AsyncIOBackend.connect_tcp": "connect",
        "AsyncIOBackend.run_sync_in_worker_thread": "thread",
        "CapacityLimiter.acquire_on_behalf_of": "thread-limiter",
        "SocketStream.receive": "socket-read",
        "SocketStream.send": "socket-write",
    },
    "aiohttp.connector": {
        "BaseConnector._wait_for_available_connection": "pool",
        "TCPConnector._resolve_host": "dns",
        "TCPConnector._create_connection": "connect",
        "TCPConnector._wrap_create_connection": "connect",
    },
    "aiohttp.streams": {"DataQueue.read": "socket-read", "StreamReader._wait": "socket-read"},
    "aiohttp.base_protocol": {"BaseProtocol._drain_helper": "socket-write"},
    "asyncpg.pool": {"Pool._acquire": "pool"},
    "uvicorn.protocols.http.flow_control": {"FlowControl.drain": "client-reads"},
}
_NAMES = {
    "to_thread": "asyncio.to_thread",
    "AsyncIOBackend.run_sync_in_worker_thread": "anyio worker thread",
    "CapacityLimiter.acquire_on_behalf_of": "CapacityLimiter.acquire",
    "BaseConnector._wait_for_available_connection": "aiohttp connection pool",
    "AsyncPoolRequest.wait_for_connection": "httpcore connection pool",
    "AsyncSemaphore.acquire": "httpcore streams of a connection",
    "Pool._acquire": "asyncpg Pool.acquire",
    "sleep": "asyncio.sleep",
}


def _rules() -> dict[tuple[str, str], Rule]:
    made: dict[tuple[str, str], Rule] = {}
    for table, primitive in ((_PRIMITIVES, True), (_OTHERS, False)):
        for module, names in table.items():
            for name, kind in names.items():
                made[module, name] = Rule(kind, _NAMES.get(name, name), primitive)
    return made


RULES = _rules()

_PATTERNS: tuple[tuple[re.Pattern[str], re.Pattern[str], str], ...] = tuple(
    (re.compile(module), re.compile(name), kind)
    for module, name, kind in (
        # httpcore goes by more than one name, and has a file for each backend.
        (r"httpcore\d*\._a?sync\.connection_pool", r"(Async)?PoolRequest\.wait_for_connection", "pool"),
        # Of a connection over HTTP/2 as many streams as its server allows; nothing else there has one.
        (r"httpcore\d*\._synchronization", r"(Async)?Semaphore\.acquire", "pool"),
        (r"httpcore\d*\._backends\.", r"\w*Stream\.read", "socket-read"),
        (r"httpcore\d*\._backends\.", r"\w*Stream\.write", "socket-write"),
        (r"httpcore\d*\._backends\.", r"\w*\.(connect_tcp|start_tls)", "connect"),
        (r"uvicorn\.protocols\.", r"RequestResponseCycle\.receive", "request-body"),
        (r"hypercorn\.", r".*\.app_receive|HTTPStream\.receive", "request-body"),
        # Of databases and caches, whoever wrote them.
        (r"(?!asyncio|anyio)", r"\w*Pool\.(_?acquire|_?(do_)?get\w*|connection|checkout)", "pool"),
        # Who lets only so many begin in a time; and who tries again what was refused or failed.
        (r"(?!asyncio|anyio)",
         r"\w*(Limiter|Throttler?)\.(_?(try_)?a?acquire\w*|__aenter__|wait\w*|limit\w*)", "rate-limit"),
        (r"(?!asyncio|anyio)", r"\w*\._sleep_for_retry", "retry"),
        (r"(tenacity|backoff|stamina|aiohttp_retry|httpx_retries)\b", r".*", "retry"),
    )
)  # fmt: skip


def by_pattern(module: str, name: str) -> Rule | None:
    for modules, names, kind in _PATTERNS:
        if modules.match(module) and names.fullmatch(name):
            return Rule(kind, _NAMES.get(name, name), False)
    return None


_WORK = tuple(
    (re.compile(module), re.compile(name), kind)
    for module, name, kind in (
        # Sockets that are read without an event loop: whoever is there waits, and computes nothing.
        (r"socket$", r"SocketIO\.\w+|create_connection|getaddrinfo", "blocking-io"),
        (r"ssl$", r"SSLSocket\.(read|write|recv\w*|send\w*|do_handshake)", "blocking-io"),
        (r"httpcore\d*\._backends\.sync$", r"Sync\w+\.\w+", "blocking-io"),
        (r"(urllib3|pymysql|pymongo|redis)\b", r".*(create_connection|\._read\w*|\.recv\w*|_recv_msg)",
         "blocking-io"),
        (r"threading$", r"(Semaphore|_RLock)\.acquire|Condition\.__enter__|Barrier\.wait", "lock-wait"),
        (r"(threading|queue|subprocess)$", r"(Event|Condition|Queue|Popen)\.(wait|get|put|communicate)",
         "blocking-wait"),
        # What a client has to be made with, once a process: trusted certificates alone take some 10 ms.
        (r"ssl$", r"create_default_context|SSLContext\.load_(default_c|verify_l)\w+", "client-setup"),
        (r"(httpx|openai|anthropic|aiohttp|requests|litellm|groq|mistralai)\b",
         r"\w*(Client|Session|Connector|OpenAI|Anthropic|Transport|Groq|Mistral)\.__init__", "client-setup"),
        (r"httpx\._config", r"create_ssl_context", "client-setup"),
        (r"botocore\.session", r"Session\.create_client", "client-setup"),
        (r"(transformers|diffusers|peft)\b", r".*from_pretrained", "model-load"),
        (r"sentence_transformers\b", r".*(__init__|_load_\w+)", "model-load"),
        (r"torch\.(serialization|hub)", r"load\w*", "model-load"),
        (r"(safetensors|huggingface_hub|joblib|pickle)\b", r".*", "model-load"),
        (r"onnxruntime\b", r"InferenceSession\.(__init__|_create_inference_session)", "model-load"),
        (r"faiss\b", r"read_index\w*", "model-load"),
    )
)  # fmt: skip


@cache
def work_of(module: str, name: str) -> str:
    """The kind of work that a library's function is known for; empty: none."""
    return next(
        (kind for modules, names, kind in _WORK if modules.match(module) and names.fullmatch(name)), ""
    )
