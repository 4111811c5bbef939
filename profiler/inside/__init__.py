"""Looks inside an asyncio app while it runs: where its requests wait, and what holds its event loop.

``site/`` goes on the PYTHONPATH of the app, where Python itself loads it; ``collector/`` is what it loads
once an event loop runs. Both import the standard library alone, for they live in somebody else's process.
"""
