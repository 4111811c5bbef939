"""A question asked, and its answer timed as it streams."""
