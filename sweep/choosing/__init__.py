"""Which cells come next, and which are measured again. Pure."""
