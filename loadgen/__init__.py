"""How load is made and timed: what every scenario shares.

Pure modules (`sse`, `http`, `dialects`, `questions`, `session`...) import neither locust nor gevent: they
use `socket`, `ssl` and `time`, which locust makes cooperative. Only `user` and `plumbing` import locust.
"""
