"""How load is made and timed: what every scenario shares.

Most modules (`events`, `http`, `dialects`, `driver`...) import neither locust nor gevent: they use `socket`,
`ssl` and `time`, which locust makes cooperative. `user` and `plumbing` import locust, `watched` gevent.
"""
