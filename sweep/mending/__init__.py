"""``--try-fixes``: what was found in a run, mended by settings and measured beside the original."""
