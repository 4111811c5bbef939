"""How load is made and timed: what every scenario shares. `client` is the streaming client that asks.

Most modules (`driver`, `session`, `client.events`...) import neither locust nor gevent: they use `socket`,
`ssl` and `time`, which locust makes cooperative. `user` and `plumbing` import locust, `client.watched`
imports gevent.
"""
