"""A folder for PYTHONPATH; nothing but ``sitecustomize`` may lie here, for the app could import it."""
