"""Who asks? One thin file a scenario; each runs under plain ``locust -f``."""
