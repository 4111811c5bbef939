"""What rendered manifests say of the target's container: its limits, environment and probes."""
