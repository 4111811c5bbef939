"""The kinds of places where a request can be, by what one does there.

`profiler.inside` names them, in words of its own: it may import nothing of ours. A test holds that all of its
words are known here.
"""

from __future__ import annotations

from records.evidence.inside import READY, RUNNING

OUTSIDE = "outside"
"""Of the requests that the load has open, those that the app has not met: in its sockets, or on their way."""
STAGE_QUEUE, STAGE = "stage-queue", "stage"
"""As the service's own times say, where nobody looked inside."""
SHARED_QUEUE = "shared-queue"
"""Until a queue that several requests wait at has something for this one: what one gives back to a pool of
the app's own, or whatever else comes for whoever is next."""
LOCKS = frozenset(
    ("lock", "semaphore", "condition", "barrier", "queue-put", "queue-join", "rate-limit", SHARED_QUEUE)
)
THREADS = frozenset(("executor-queue", "thread-limiter"))
PROCESSES, IN_PROCESSES = frozenset(("process-queue",)), frozenset(("process",))
"""Until a process of a pool takes a call, and until it is done there."""
CONNECTIONS = frozenset(("pool",))
NAMES = frozenset(("dns",))
READ, SLEEP = "socket-read", "sleep"
"""For what another service sends; a pause of the app's own."""
QUEUE = "queue-get"
"""Until somebody puts something into a queue."""
READS = frozenset((READ, "future", "event", QUEUE, "executor", "thread")) | IN_PROCESSES
"""How one waits for an answer from elsewhere, or for work that others do."""
HOME_MADE = frozenset(("future", "event", QUEUE))
"""Those of which an app can make a lock or a pool of its own."""
SLEEPS = frozenset((SLEEP,))
AWAY = frozenset((READ, "connect", "dns", "subprocess"))
"""How one waits for what is done elsewhere, by none of the app's threads."""
TURN, RETRY = "turn", "retry"
"""For what the app's own tasks or threads make, fewer than there are requests that wait for them; until what
was refused or failed is tried again."""
OTHERS = frozenset(
    (RETRY, SLEEP, "connect", "socket-write", "client-reads", "request-body", "subprocess", RUNNING, STAGE)
)
QUEUES = LOCKS | THREADS | PROCESSES | CONNECTIONS | {READY, OUTSIDE, STAGE_QUEUE, TURN}
"""Where nobody is served."""
KNOWN = QUEUES | NAMES | READS | OTHERS
