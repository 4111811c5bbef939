"""Which cells are one, or one row, and which may be compared."""
