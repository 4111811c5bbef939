"""Brings the collector of `profiler.inside` into Python processes that run already (3.14 and newer, Linux).

PEP 768 has a process run a script of somebody else's between two of its own instructions. Who asks for it
must be a Python of the same minor version, so that the target's own interpreter is told to ask.
"""
