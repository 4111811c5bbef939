"""What all of our custom messages to and from locust's workers begin with."""

PREFIX = "chokepoint"
