"""What stands between the load and the service: a proxy, a bound, a probe, connections, the load itself."""
