"""Where targets run: a file a kind, all of them in ``catalogue.py``. See docs/adding-a-deployment.md."""
