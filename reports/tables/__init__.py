"""The report's tables, a module a subject."""
