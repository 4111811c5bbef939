"""Control groups that a sweep makes for what it starts: their limits, their use, and that none is left."""
