"""How load is made and timed: what every scenario shares, and in `tasks` what each has of its own.

`adapter` imports locust, `client.watched` gevent. All else uses `socket`, `ssl` and `time`, which locust
makes cooperative.
"""
