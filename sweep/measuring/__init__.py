"""Targets started, cells measured one after the other, and kept in a run's directory."""
